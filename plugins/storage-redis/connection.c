/*
 * connection.c - hiredis's asynchronous context on the loop's poll interface.
 *
 * Names are looked up on the task pool. The first commands of a connection log in and check that
 * this is a Redis we can keep our promises on; until they are answered, further commands queue
 * behind them. hiredis 0.14 knows no timeouts: a tick ends a connection that owes an answer for too
 * long, so that a frozen Redis looks like a lost one.
 */
#include "connection.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

#define TICK_MS          50
#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS   5000

enum state { DOWN, RESOLVING, CONNECTING, READY };

struct connection {
    hearth_ctx *ctx;
    enum state state;
    bool closing, reported_down;
    redisAsyncContext *redis;
    hearth_poll *poll;
    uint32_t events;
    hearth_timer *tick;
    unsigned attempts;    /* since the last success */
    uint64_t retry_at_ms; /* DOWN */
    uint64_t progress_ms; /* when the last answer came, or the first command was sent */
    size_t in_flight;
    struct command command;         /* that is being built */
    char address[INET6_ADDRSTRLEN]; /* as resolved; written by the task while RESOLVING */
};

/* What hiredis keeps for each command. */
struct waiter {
    struct connection *connection;
    reply_fn fn;
    void *arg;
};

static const struct config *conf_of(const struct connection *connection)
{
    return connection->ctx->conf;
}

static uint64_t now_ms(const struct connection *connection)
{
    return shared_of(connection->ctx)->clock->loop_ms(connection->ctx);
}

/* ---- state and its report ---- */

static void report_down(struct connection *connection, const char *why)
{
    char reason[400];

    snprintf(reason, sizeof(reason), "redis %s:%u: %s", shared_of(connection->ctx)->host,
             shared_of(connection->ctx)->port, why);
    if (!connection->reported_down && !connection->closing)
        HEARTH_LOG(shared_of(connection->ctx)->log, connection->ctx, NULL, HEARTH_LOG_ERROR, "%s",
                   reason);
    connection->reported_down = true;
    connection->ctx->host->health(connection->ctx, "storage", HEARTH_DEGRADED, reason);
}

static void report_up(struct connection *connection)
{
    connection->attempts = 0;
    connection->state = READY;
    shared_of(connection->ctx)->metrics->add(local_of(connection->ctx)->connects, 1);
    if (connection->reported_down) {
        HEARTH_LOG(shared_of(connection->ctx)->log, connection->ctx, NULL, HEARTH_LOG_INFO,
                   "redis is back");
        connection->ctx->host->health(connection->ctx, "storage", HEARTH_HEALTHY, "");
    }
    connection->reported_down = false;
}

/* Full jitter: anything between now and the present ceiling, so that loops do not come back at
 * once. */
static void schedule_retry(struct connection *connection)
{
    uint64_t ceiling = BACKOFF_FIRST_MS;

    for (unsigned i = 0; i < connection->attempts && ceiling < BACKOFF_MAX_MS; i++)
        ceiling *= 2;
    if (ceiling > BACKOFF_MAX_MS)
        ceiling = BACKOFF_MAX_MS;
    connection->attempts++;
    connection->state = DOWN;
    connection->retry_at_ms =
        now_ms(connection) +
        shared_of(connection->ctx)->random->below(connection->ctx, (uint32_t)ceiling + 1);
}

/* ---- hiredis on our poll interface ---- */

static void on_ready(hearth_ctx *ctx, int fd, uint32_t events, void *arg)
{
    struct connection *connection = arg;
    redisAsyncContext *redis = connection->redis;

    (void)ctx;
    (void)fd;
    if (redis && (events & (HEARTH_POLL_READ | HEARTH_POLL_ERROR)))
        redisAsyncHandleRead(redis);
    if (redis && connection->redis == redis && (events & HEARTH_POLL_WRITE))
        redisAsyncHandleWrite(redis);
}

static void watch(struct connection *connection, uint32_t events)
{
    if (connection->events == events || !connection->poll)
        return;
    connection->events = events;
    if (shared_of(connection->ctx)->poll->update(connection->poll, events) != HEARTH_OK)
        report_down(connection, "the socket cannot be watched");
}

static void add_read(void *data)
{
    struct connection *connection = data;
    watch(connection, connection->events | HEARTH_POLL_READ);
}

static void del_read(void *data)
{
    struct connection *connection = data;
    watch(connection, connection->events & ~(uint32_t)HEARTH_POLL_READ);
}

static void add_write(void *data)
{
    struct connection *connection = data;
    watch(connection, connection->events | HEARTH_POLL_WRITE);
}

static void del_write(void *data)
{
    struct connection *connection = data;
    watch(connection, connection->events & ~(uint32_t)HEARTH_POLL_WRITE);
}

/* hiredis calls this whenever it gives a context up, whatever the reason. */
static void cleanup(void *data)
{
    struct connection *connection = data;

    shared_of(connection->ctx)->poll->stop(connection->poll);
    connection->poll = NULL;
    connection->redis = NULL;
    if (connection->state == READY)
        shared_of(connection->ctx)->metrics->add(local_of(connection->ctx)->lost, 1);
    schedule_retry(connection);
}

/* ---- the first commands ---- */

static void give_up(struct connection *connection, const char *why)
{
    report_down(connection, why);
    if (connection->redis)
        redisAsyncFree(connection->redis);
}

static void on_login(redisAsyncContext *redis, void *answer, void *data)
{
    struct connection *connection = data;
    const redisReply *reply = answer;

    (void)redis;
    if (reply && reply->type == REDIS_REPLY_ERROR)
        give_up(connection, reply->str); /* never holds the password */
}

static void on_info(redisAsyncContext *redis, void *answer, void *data)
{
    struct connection *connection = data;
    const redisReply *reply = answer;

    (void)redis;
    if (!reply)
        return;
    if (reply->type != REDIS_REPLY_STRING)
        give_up(connection, reply->type == REDIS_REPLY_ERROR ? reply->str : "INFO has no answer");
    else if (strstr(reply->str, "redis_mode:cluster"))
        give_up(connection,
                "this is a Redis Cluster, which storage-redis does not support; use one "
                "Redis, with replicas if you like");
    else
        report_up(connection);
}

static void on_connect(const redisAsyncContext *redis, int status)
{
    struct connection *connection = redis->data;
    if (status != REDIS_OK)
        report_down(connection, redis->errstr);
}

static void on_disconnect(const redisAsyncContext *redis, int status)
{
    struct connection *connection = redis->data;
    if (status != REDIS_OK)
        report_down(connection, redis->errstr);
}

static void log_in(struct connection *connection)
{
    const struct config *conf = conf_of(connection);
    redisAsyncContext *redis = connection->redis;

    if (conf->password.len && conf->username.len)
        redisAsyncCommand(redis, on_login, connection, "AUTH %b %b", conf->username.ptr,
                          conf->username.len, conf->password.ptr, conf->password.len);
    else if (conf->password.len)
        redisAsyncCommand(redis, on_login, connection, "AUTH %b", conf->password.ptr,
                          conf->password.len);
    if (conf->database != 0)
        redisAsyncCommand(redis, on_login, connection, "SELECT %lld", (long long)conf->database);
    redisAsyncCommand(redis, on_info, connection, "INFO server");
}

static void connect_now(struct connection *connection)
{
    connection->state = CONNECTING;
    connection->progress_ms = now_ms(connection);
    redisAsyncContext *redis =
        redisAsyncConnect(connection->address, shared_of(connection->ctx)->port);
    if (!redis || redis->err) {
        report_down(connection, redis ? redis->errstr : "out of memory");
        if (redis)
            redisAsyncFree(redis);
        schedule_retry(connection);
        return;
    }
    connection->redis = redis;
    connection->events = 0;
    redis->data = connection;
    redis->ev.data = connection;
    redis->ev.addRead = add_read;
    redis->ev.delRead = del_read;
    redis->ev.addWrite = add_write;
    redis->ev.delWrite = del_write;
    redis->ev.cleanup = cleanup;
    connection->poll = shared_of(connection->ctx)
                           ->poll->start(connection->ctx, redis->c.fd, 0, on_ready, connection);
    if (!connection->poll) {
        give_up(connection, "the socket cannot be watched");
        return;
    }
    redisAsyncSetConnectCallback(redis, on_connect);
    redisAsyncSetDisconnectCallback(redis, on_disconnect);
    log_in(connection);
}

/* ---- looking the name up ---- */

static void resolve(void *arg)
{
    struct connection *connection = arg;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;

    connection->address[0] = '\0';
    if (getaddrinfo(shared_of(connection->ctx)->host, NULL, &hints, &found) != 0)
        return;
    if (getnameinfo(found->ai_addr, found->ai_addrlen, connection->address,
                    sizeof(connection->address), NULL, 0, NI_NUMERICHOST) != 0)
        connection->address[0] = '\0';
    freeaddrinfo(found);
}

static void resolved(hearth_ctx *ctx, void *arg)
{
    struct connection *connection = arg;

    connection->state = DOWN;
    if (connection->closing) {
        plugin_check_drained(ctx);
    } else if (!connection->address[0]) {
        report_down(connection, "the name has no address");
        schedule_retry(connection);
    } else {
        connect_now(connection);
    }
}

static void begin(struct connection *connection)
{
    connection->state = RESOLVING;
    if (shared_of(connection->ctx)->task->run(connection->ctx, resolve, resolved, connection) !=
        HEARTH_OK) {
        report_down(connection, "the task pool has no room to look its name up");
        schedule_retry(connection);
    }
}

/* ---- time ---- */

static void on_tick(hearth_ctx *ctx, void *arg)
{
    struct connection *connection = arg;
    uint64_t now = now_ms(connection);
    bool connecting = connection->state == CONNECTING;
    int64_t patience =
        connecting ? conf_of(connection)->connect_timeout : conf_of(connection)->timeout;

    (void)ctx;
    if (connection->state == DOWN && !connection->closing && now >= connection->retry_at_ms)
        begin(connection);
    else if (connection->redis && (connecting || connection->in_flight > 0) &&
             now > connection->progress_ms + (uint64_t)patience)
        give_up(connection, "no answer in time");
}

/* ---- commands ---- */

static void on_reply(redisAsyncContext *redis, void *answer, void *data)
{
    struct waiter *waiter = data;
    struct connection *connection = waiter->connection;

    (void)redis;
    connection->in_flight--;
    connection->progress_ms = now_ms(connection);
    waiter->fn(connection->ctx, answer, waiter->arg);
    free(waiter);
    plugin_check_drained(connection->ctx);
}

bool connection_send(struct connection *connection, reply_fn fn, void *arg)
{
    const struct local *local = local_of(connection->ctx);

    if (!connection->redis || connection->command.failed ||
        connection->in_flight >= (size_t)conf_of(connection)->max_in_flight)
        return false;
    struct waiter *waiter = malloc(sizeof(*waiter));
    if (!waiter)
        return false;
    *waiter = (struct waiter){connection, fn, arg};
    if (redisAsyncFormattedCommand(connection->redis, on_reply, waiter, connection->command.bytes,
                                   connection->command.len) != REDIS_OK) {
        free(waiter);
        return false;
    }
    if (connection->in_flight++ == 0)
        connection->progress_ms = now_ms(connection);
    shared_of(connection->ctx)->metrics->add(local->commands, 1);
    return true;
}

/* ---- life ---- */

struct command *connection_command(struct connection *connection)
{
    return &connection->command;
}

bool connection_healthy(const struct connection *connection)
{
    return connection->state == READY;
}

bool connection_busy(const struct connection *connection)
{
    return connection->state == RESOLVING;
}

void connection_close(struct connection *connection)
{
    connection->closing = true;
}

struct connection *connection_create(hearth_ctx *ctx)
{
    struct connection *connection = calloc(1, sizeof(*connection));
    if (!connection)
        return NULL;
    connection->ctx = ctx;
    connection->tick = shared_of(ctx)->timer->start(ctx, TICK_MS, TICK_MS, on_tick, connection);
    if (!connection->tick) {
        free(connection);
        return NULL;
    }
    begin(connection);
    return connection;
}

void connection_destroy(struct connection *connection)
{
    if (!connection)
        return;
    connection->closing = true;
    if (connection->redis)
        redisAsyncFree(connection->redis);
    shared_of(connection->ctx)->timer->stop(connection->tick);
    command_finish(&connection->command);
    free(connection);
}
