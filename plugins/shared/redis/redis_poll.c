/*
 * redis_poll.c - a connection's socket on the loop: what is queued goes out, what comes in becomes
 * answers for those who wait, in their order. hiredis reads the answers.
 */
#include <stdio.h>
#include <stdlib.h>

#include "redis_link.h"

#define READ_SIZE  65536
#define ANSWER_MAX ((size_t)512 << 20) /* bytes of an answer that is not complete yet */

/* Who waits for an answer. */
struct waiter {
    struct waiter *next;
    redis_reply_fn fn;
    void *arg;
    bool ours; /* of the log-in: not counted as in flight */
};

bool redis_poll_send(struct redis_connection *connection, const char *bytes, size_t len, bool ours,
                     redis_reply_fn fn, void *arg)
{
    struct waiter *waiter = malloc(sizeof(*waiter));
    if (!waiter)
        return false;
    *waiter = (struct waiter){NULL, fn, arg, ours};
    if (!redis_socket_write(&connection->socket, bytes, len)) {
        free(waiter);
        return false;
    }
    *connection->last_waiter = waiter;
    connection->last_waiter = &waiter->next;
    redis_poll_watch(connection);
    return true;
}

/* ---- answers ---- */

static void answer(struct redis_connection *connection, struct waiter *waiter,
                   const redisReply *reply)
{
    if (!waiter->ours) {
        connection->in_flight--;
        connection->progress_ms = connection->clock->loop_ms(connection->ctx);
    }
    waiter->fn(connection->ctx, reply, waiter->arg);
    free(waiter);
}

static void take_reply(struct redis_connection *connection, redisReply *reply)
{
    struct waiter *waiter = connection->first_waiter;
    if (!waiter) {
        redis_link_give_up(connection, "an answer without a command");
        return;
    }
    connection->first_waiter = waiter->next;
    if (!connection->first_waiter)
        connection->last_waiter = &connection->first_waiter;
    answer(connection, waiter, reply);
}

static void feed(struct redis_connection *connection, const char *bytes, size_t len)
{
    redisReader *reader = connection->reader;

    if (redisReaderFeed(reader, bytes, len) != REDIS_OK || reader->len > ANSWER_MAX) {
        redis_link_give_up(connection, "an answer takes too much memory");
        return;
    }
    while (!connection->broken) {
        void *reply = NULL;
        if (redisReaderGetReply(reader, &reply) != REDIS_OK)
            redis_link_give_up(connection, reader->errstr);
        if (!reply)
            return;
        take_reply(connection, reply);
        freeReplyObject(reply);
    }
}

/* ---- readiness ---- */

/* A server that wants TLS hangs up on what it takes for a bad handshake. */
static void give_up_socket(struct redis_connection *connection)
{
    const struct redis_socket *socket = &connection->socket;
    char why[REDIS_SOCKET_REASON + 64];
    bool hung_up = socket->connected && connection->state == REDIS_CONNECTING;

    snprintf(why, sizeof(why), "%s%s", socket->reason,
             hung_up && !socket->session ? " at once: if that port is for TLS, set tls" : "");
    redis_link_give_up(connection, why);
}

static void pump(struct redis_connection *connection)
{
    char bytes[READ_SIZE];
    long len = 0;

    if (!redis_socket_flush(&connection->socket))
        give_up_socket(connection);
    while (!connection->broken &&
           (len = redis_socket_read(&connection->socket, bytes, sizeof(bytes))) > 0)
        feed(connection, bytes, (size_t)len);
    if (!connection->broken && (len < 0 || !redis_socket_flush(&connection->socket)))
        give_up_socket(connection);
}

static void on_ready(hearth_ctx *ctx, int fd, uint32_t events, void *arg)
{
    struct redis_connection *connection = arg;

    (void)ctx;
    (void)fd;
    (void)events;
    connection->pumping = true;
    pump(connection);
    connection->pumping = false;
    if (connection->broken)
        redis_link_break(connection);
    else
        redis_poll_watch(connection);
}

void redis_poll_watch(struct redis_connection *connection)
{
    uint32_t events = HEARTH_POLL_READ;

    if (redis_socket_wants_write(&connection->socket))
        events |= HEARTH_POLL_WRITE;
    if (connection->pumping || connection->events == events || !connection->poll)
        return;
    connection->events = events;
    if (connection->poll_api->update(connection->poll, events) == HEARTH_OK || connection->broken)
        return;
    /* Perhaps inside a call, whose callback must not run yet: the next tick breaks it off. */
    connection->broken = true;
    redis_link_report_down(connection, "the socket cannot be watched");
}

/* ---- life ---- */

bool redis_poll_attach(struct redis_connection *connection)
{
    connection->reader = redisReaderCreate();
    connection->events = HEARTH_POLL_READ | HEARTH_POLL_WRITE;
    connection->first_waiter = NULL;
    connection->last_waiter = &connection->first_waiter;
    if (connection->reader)
        connection->poll = connection->poll_api->start(connection->ctx, connection->socket.fd,
                                                       connection->events, on_ready, connection);
    return connection->poll != NULL;
}

void redis_poll_detach(struct redis_connection *connection)
{
    struct waiter *waiter = connection->first_waiter, *next;

    connection->first_waiter = NULL;
    connection->poll_api->stop(connection->poll);
    connection->poll = NULL;
    if (connection->reader)
        redisReaderFree(connection->reader);
    connection->reader = NULL;
    redis_socket_close(&connection->socket);
    for (; waiter; waiter = next) {
        next = waiter->next;
        answer(connection, waiter, NULL);
    }
}
