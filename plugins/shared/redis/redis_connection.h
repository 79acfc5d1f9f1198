/*
 * redis_connection.h - a loop's one connection to Redis: it comes up by itself, comes back by
 * itself, answers everything that was in flight when it breaks, and drains the plugin. The plugin
 * declares in `uses` what REDIS_CONNECTION_USES names, and has the metrics of
 * REDIS_CONNECTION_METRICS.
 */
#ifndef REDIS_CONNECTION_H
#define REDIS_CONNECTION_H

#include <hearth/metrics.h>
#include <hearth/plugin.h>
#include <hearth/poll.h>
#include <hearth/random.h>
#include <hearth/task.h>
#include <hearth/timer.h>

#include <hiredis/hiredis.h>
#include <stdbool.h>

#include "redis_command.h"
#include "redis_config.h"

#define REDIS_CONNECTION_USES                                                                      \
    {HEARTH_LOG_ID, sizeof(hearth_log), HEARTH_REQUIRED, 0},                                       \
        {HEARTH_TASK_ID, sizeof(hearth_task), HEARTH_REQUIRED, 0},                                 \
        {HEARTH_CLOCK_ID, sizeof(hearth_clock), HEARTH_REQUIRED, 0},                               \
        {HEARTH_TIMER_ID, sizeof(hearth_timer_api), HEARTH_REQUIRED, 0},                           \
        {HEARTH_METRICS_ID, sizeof(hearth_metrics), HEARTH_REQUIRED, 0},                           \
        {HEARTH_POLL_ID, sizeof(hearth_poll_api), HEARTH_REQUIRED, 0},                             \
    {                                                                                              \
        HEARTH_RANDOM_ID, sizeof(hearth_random), HEARTH_REQUIRED, 0                                \
    }

enum redis_metric {
    REDIS_METRIC_COMMANDS,
    REDIS_METRIC_CONNECTS,
    REDIS_METRIC_LOST,
    REDIS_METRIC_CALLS,
    REDIS_METRIC_COUNT
};

/* clang-format off */
/* The rows at `first` of the plugin's metrics, whose names begin with `prefix`. */
#define REDIS_CONNECTION_METRICS(first, prefix)                                                    \
    [first + REDIS_METRIC_COMMANDS] = {prefix "_commands_total", HEARTH_COUNTER, 1, NULL,          \
                                       "Commands sent to Redis", NULL, 0, NULL},                   \
    [first + REDIS_METRIC_CONNECTS] = {prefix "_connects_total", HEARTH_COUNTER, 1, NULL,          \
                                       "Connections to Redis that came up", NULL, 0, NULL},        \
    [first + REDIS_METRIC_LOST] = {prefix "_connections_lost_total", HEARTH_COUNTER, 1, NULL,      \
                                   "Connections to Redis that broke", NULL, 0, NULL},              \
    [first + REDIS_METRIC_CALLS] = {prefix "_calls_in_flight", HEARTH_GAUGE, 1, NULL,              \
                                    "Calls that wait for an answer of Redis", NULL, 0, NULL}
/* clang-format on */

struct redis_connection;

/* What the connection belongs to; copied, but what it points to must outlive it. */
struct redis_owner {
    const struct redis_config *config;
    const struct redis_place *place;
    const char *component; /* as GET /health/ready names it */
    hearth_log_level loss; /* the level of the line that says that Redis is away */
    uint32_t metrics;      /* `first` of REDIS_CONNECTION_METRICS */
    /* NULL, or judges the answer to INFO: a sentence why this Redis will not do, or NULL. [loop] */
    const char *(*problem)(hearth_ctx *ctx, const char *info);
};

/* The answer to a command, NULL when the connection was lost before it came: the command may or may
 * not have been carried out. Never runs before redis_connection_send has returned. [loop] */
typedef void (*redis_reply_fn)(hearth_ctx *ctx, const redisReply *reply, void *arg);

/* Starts connecting; NULL: out of memory. [loop] */
struct redis_connection *redis_connection_create(hearth_ctx *ctx, const struct redis_owner *owner);
/* Answers what is in flight with NULL, then ends. NULL is fine. [loop] */
void redis_connection_destroy(struct redis_connection *connection);

/* A call of the plugin's service has begun; and has ended, with its callback. [loop] */
void redis_connection_call_begun(struct redis_connection *connection);
void redis_connection_call_ended(struct redis_connection *connection);

/* For the plugin's drain: stops coming back, and ends when no call is left. [loop] */
hearth_status redis_connection_drain(struct redis_connection *connection);

/* Whether commands are answered at present. [loop] */
bool redis_connection_healthy(const struct redis_connection *connection);

/* How many times it has come up. [loop] */
uint64_t redis_connection_serial(const struct redis_connection *connection);

/* The buffer to build the next command in. [loop] */
struct redis_command *redis_connection_command(struct redis_connection *connection);

/* Sends the command that was built. false: there is no connection, too much is in flight, or memory
 * is out; fn will not run and Redis has seen nothing. [loop] */
bool redis_connection_send(struct redis_connection *connection, redis_reply_fn fn,
                           void *arg) HEARTH_MUST_CHECK;

#endif
