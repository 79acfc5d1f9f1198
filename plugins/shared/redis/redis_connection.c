/*
 * redis_connection.c - commands, time and life of a connection. A tick ends a connection that owes
 * an answer for too long, so that a frozen Redis looks like a lost one.
 */
#include "redis_connection.h"

#include <stdlib.h>

#include "redis_link.h"

#define TICK_MS 50

/* ---- time ---- */

static void on_tick(hearth_ctx *ctx, void *arg)
{
    struct redis_connection *connection = arg;
    const struct redis_config *config = connection->owner.config;
    uint64_t now = connection->clock->loop_ms(ctx);
    bool connecting = connection->state == REDIS_CONNECTING;
    int64_t patience = connecting ? config->connect_timeout : config->timeout;

    /* While the loop was held up, answers may have come that nobody has read: not Redis's fault. */
    if (now > connection->tick_ms + TICK_MS)
        connection->progress_ms += now - connection->tick_ms - TICK_MS;
    connection->tick_ms = now;
    if (connection->state == REDIS_DOWN && !connection->closing && now >= connection->retry_at_ms)
        redis_link_begin(connection);
    else if (connection->poll && connection->broken)
        redis_link_break(connection);
    else if (connection->poll && (connecting || connection->in_flight > 0) &&
             now > connection->progress_ms + (uint64_t)patience)
        redis_link_give_up(connection, connection->socket.session && connecting
                                           ? "no answer in time: is this a port for TLS?"
                                           : "no answer in time");
}

/* ---- commands ---- */

bool redis_connection_send(struct redis_connection *connection, redis_reply_fn fn, void *arg)
{
    struct redis_command *command = &connection->command;

    if (!connection->poll || connection->broken || command->failed ||
        connection->in_flight >= (size_t)connection->owner.config->max_in_flight ||
        !redis_poll_send(connection, command->bytes, command->len, false, fn, arg))
        return false;
    if (connection->in_flight++ == 0)
        connection->progress_ms = connection->clock->loop_ms(connection->ctx);
    connection->metrics->add(connection->series[REDIS_METRIC_COMMANDS], 1);
    return true;
}

/* ---- life ---- */

struct redis_command *redis_connection_command(struct redis_connection *connection)
{
    return &connection->command;
}

bool redis_connection_healthy(const struct redis_connection *connection)
{
    return connection->state == REDIS_READY;
}

uint64_t redis_connection_serial(const struct redis_connection *connection)
{
    return connection->serial;
}

/* A name look-up on the task pool has to end before destroy. */
static bool is_idle(const struct redis_connection *connection)
{
    return connection->calls == 0 && connection->state != REDIS_RESOLVING;
}

void redis_connection_settle(struct redis_connection *connection)
{
    if (!connection->draining || !is_idle(connection))
        return;
    connection->draining = false;
    connection->ctx->host->drained(connection->ctx);
}

void redis_connection_call_begun(struct redis_connection *connection)
{
    connection->calls++;
    connection->metrics->add(connection->series[REDIS_METRIC_CALLS], 1);
}

void redis_connection_call_ended(struct redis_connection *connection)
{
    connection->calls--;
    connection->metrics->add(connection->series[REDIS_METRIC_CALLS], -1);
    redis_connection_settle(connection);
}

hearth_status redis_connection_drain(struct redis_connection *connection)
{
    connection->closing = true;
    connection->draining = !is_idle(connection);
    return connection->draining ? HEARTH_DEFERRED : HEARTH_OK;
}

struct redis_connection *redis_connection_create(hearth_ctx *ctx, const struct redis_owner *owner)
{
    struct redis_connection *connection = calloc(1, sizeof(*connection));
    if (!connection)
        return NULL;
    connection->ctx = ctx;
    connection->socket.fd = -1;
    connection->owner = *owner;
    connection->log = hearth_log_get(ctx);
    connection->task = hearth_task_get(ctx);
    connection->clock = hearth_clock_get(ctx);
    connection->timer = hearth_timer_get(ctx);
    connection->metrics = hearth_metrics_get(ctx);
    connection->poll_api = hearth_poll_get(ctx);
    for (uint32_t i = 0; i < REDIS_METRIC_COUNT; i++)
        connection->series[i] = connection->metrics->series(ctx, owner->metrics + i, NULL, 0);
    connection->tick_ms = connection->clock->loop_ms(ctx);
    connection->tick = connection->timer->start(ctx, TICK_MS, TICK_MS, on_tick, connection);
    if (!connection->tick) {
        free(connection);
        return NULL;
    }
    redis_link_begin(connection);
    return connection;
}

void redis_connection_destroy(struct redis_connection *connection)
{
    if (!connection)
        return;
    connection->closing = true;
    redis_poll_detach(connection);
    connection->timer->stop(connection->tick);
    redis_command_finish(&connection->command);
    redis_link_forget_addresses(connection);
    free(connection);
}
