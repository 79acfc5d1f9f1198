/*
 * redis_link.c - how a connection comes up. Names are looked up on the task pool; each attempt
 * takes the next of a name's addresses. The first commands log in and check that this is a Redis we
 * can keep our promises on; until they are answered, further commands queue behind them.
 */
#include "redis_link.h"

#include <backoff.h>
#include <stdio.h>
#include <string.h>

#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS   5000
#define LOG_AGAIN_MS     10000 /* between the log's lines about one outage */

/* ---- state and its report ---- */

/* An outage that goes on for another reason than the log has is said again, now and then. */
static bool is_news(struct redis_connection *connection, const char *why)
{
    uint64_t now = connection->clock->loop_ms(connection->ctx);

    if (connection->reported_down &&
        (strncmp(connection->logged, why, sizeof(connection->logged) - 1) == 0 ||
         now < connection->logged_ms + LOG_AGAIN_MS))
        return false;
    snprintf(connection->logged, sizeof(connection->logged), "%s", why);
    connection->logged_ms = now;
    return true;
}

void redis_link_report_down(struct redis_connection *connection, const char *why)
{
    char reason[400];

    snprintf(reason, sizeof(reason), "redis %s:%u%s: %s", connection->owner.place->host,
             connection->owner.place->port, connection->where, why);
    if (is_news(connection, why) && !connection->closing)
        HEARTH_LOG(connection->log, connection->ctx, NULL, connection->owner.loss, "%s", reason);
    connection->reported_down = true;
    connection->ctx->host->health(connection->ctx, connection->owner.component, HEARTH_DEGRADED,
                                  reason);
}

static void report_up(struct redis_connection *connection)
{
    connection->attempts = 0;
    connection->next = NULL;
    connection->state = REDIS_READY;
    connection->serial++;
    connection->metrics->add(connection->series[REDIS_METRIC_CONNECTS], 1);
    if (connection->reported_down) {
        HEARTH_LOG(connection->log, connection->ctx, NULL, HEARTH_LOG_INFO, "redis is back");
        connection->ctx->host->health(connection->ctx, connection->owner.component, HEARTH_HEALTHY,
                                      "");
    }
    connection->reported_down = false;
}

static void schedule_retry(struct redis_connection *connection)
{
    connection->state = REDIS_DOWN;
    connection->retry_at_ms =
        connection->clock->loop_ms(connection->ctx) +
        backoff_ms(connection->ctx, BACKOFF_FIRST_MS, BACKOFF_MAX_MS, connection->attempts++);
}

void redis_link_break(struct redis_connection *connection)
{
    if (connection->state == REDIS_READY)
        connection->metrics->add(connection->series[REDIS_METRIC_LOST], 1);
    schedule_retry(connection);
    redis_poll_detach(connection);
}

void redis_link_give_up(struct redis_connection *connection, const char *why)
{
    if (connection->broken)
        return;
    connection->broken = true;
    redis_link_report_down(connection, why);
    if (!connection->pumping)
        redis_link_break(connection);
}

/* ---- the first commands ---- */

/* A server without AUTH (renamed, or behind a proxy) repeats the arguments of what it does not
 * know, password included: of these words only those in front of a quotation are shown. */
static void on_auth(hearth_ctx *ctx, const redisReply *reply, void *arg)
{
    char said[128];

    (void)ctx;
    if (!reply || reply->type != REDIS_REPLY_ERROR)
        return;
    size_t len = strcspn(reply->str, "`'\"\r\n");
    snprintf(said, sizeof(said), "AUTH was refused: %.*s", (int)(len < 100 ? len : 100),
             reply->str);
    redis_link_give_up(arg, said);
}

static void on_select(hearth_ctx *ctx, const redisReply *reply, void *arg)
{
    (void)ctx;
    if (reply && reply->type == REDIS_REPLY_ERROR)
        redis_link_give_up(arg, reply->str);
}

static void on_info(hearth_ctx *ctx, const redisReply *reply, void *arg)
{
    struct redis_connection *connection = arg;
    const char *problem = NULL;

    if (!reply)
        return;
    if (reply->type == REDIS_REPLY_STRING && connection->owner.problem)
        problem = connection->owner.problem(ctx, reply->str);
    if (reply->type != REDIS_REPLY_STRING)
        redis_link_give_up(connection,
                           reply->type == REDIS_REPLY_ERROR ? reply->str : "INFO has no answer");
    else if (strstr(reply->str, "redis_mode:cluster"))
        redis_link_give_up(connection, "this is a Redis Cluster, which is not supported; use one "
                                       "Redis, with replicas if you like");
    else if (problem)
        redis_link_give_up(connection, problem);
    else
        report_up(connection);
}

static void send_own(struct redis_connection *connection, redis_reply_fn fn)
{
    struct redis_command *command = &connection->command;

    if (connection->broken)
        return;
    if (command->failed ||
        !redis_poll_send(connection, command->bytes, command->len, true, fn, connection))
        redis_link_give_up(connection, "out of memory");
}

static void log_in(struct redis_connection *connection)
{
    const struct redis_config *config = connection->owner.config;
    struct redis_command *command = &connection->command;

    if (config->password.len) {
        redis_command_begin(command, config->username.len ? 3 : 2);
        redis_command_add(command, HEARTH_STR("AUTH"));
        if (config->username.len)
            redis_command_add(command, config->username);
        redis_command_add(command, config->password);
        send_own(connection, on_auth);
        explicit_bzero(command->bytes, command->len);
    }
    if (config->database != 0) {
        redis_command_begin(command, 2);
        redis_command_add(command, HEARTH_STR("SELECT"));
        redis_command_add_number(command, (uint64_t)config->database);
        send_own(connection, on_select);
    }
    redis_command_begin(command, 1);
    redis_command_add(command, HEARTH_STR("INFO"));
    send_own(connection, on_info);
}

/* " (ADDRESS)" where the name has several. */
static void note_where(struct redis_connection *connection, const struct addrinfo *to)
{
    char address[sizeof(connection->where) - sizeof(" ()")];

    connection->where[0] = '\0';
    if (connection->addresses->ai_next &&
        getnameinfo(to->ai_addr, to->ai_addrlen, address, sizeof(address), NULL, 0,
                    NI_NUMERICHOST) == 0)
        snprintf(connection->where, sizeof(connection->where), " (%s)", address);
}

static void connect_next(struct redis_connection *connection)
{
    const struct redis_place *place = connection->owner.place;
    const struct addrinfo *to = connection->next;

    connection->next = to->ai_next;
    note_where(connection, to);
    connection->state = REDIS_CONNECTING;
    connection->progress_ms = connection->clock->loop_ms(connection->ctx);
    connection->broken = false;
    if (!redis_socket_open(&connection->socket, to, place->speaks_tls ? &place->tls : NULL))
        redis_link_give_up(connection, connection->socket.reason);
    else if (!redis_poll_attach(connection))
        redis_link_give_up(connection, "the socket cannot be watched");
    else
        log_in(connection);
}

/* ---- looking the name up ---- */

void redis_link_forget_addresses(struct redis_connection *connection)
{
    if (connection->addresses)
        freeaddrinfo(connection->addresses);
    connection->addresses = NULL;
    connection->next = NULL;
    connection->where[0] = '\0';
}

static void resolve(void *arg)
{
    struct redis_connection *connection = arg;
    const struct redis_place *place = connection->owner.place;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    char port[8];

    snprintf(port, sizeof(port), "%u", place->port);
    if (getaddrinfo(place->host, port, &hints, &connection->addresses) != 0)
        connection->addresses = NULL;
}

static void resolved(hearth_ctx *ctx, void *arg)
{
    struct redis_connection *connection = arg;

    (void)ctx;
    connection->state = REDIS_DOWN;
    connection->next = connection->addresses;
    if (connection->closing) {
        redis_connection_settle(connection);
    } else if (!connection->next) {
        redis_link_report_down(connection, "the name has no address");
        schedule_retry(connection);
    } else {
        connect_next(connection);
    }
}

void redis_link_begin(struct redis_connection *connection)
{
    if (connection->next) {
        connect_next(connection);
        return;
    }
    redis_link_forget_addresses(connection);
    connection->state = REDIS_RESOLVING;
    if (connection->task->run(connection->ctx, resolve, resolved, connection) != HEARTH_OK) {
        redis_link_report_down(connection, "the task pool has no room to look its name up");
        schedule_retry(connection);
    }
}
