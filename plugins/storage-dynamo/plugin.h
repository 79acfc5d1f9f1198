/*
 * plugin.h - what the files of this plugin share.
 */
#ifndef STORAGE_DYNAMO_PLUGIN_H
#define STORAGE_DYNAMO_PLUGIN_H

#include <hearth/client.h>
#include <hearth/json.h>
#include <hearth/metrics.h>
#include <hearth/plugin.h>
#include <hearth/poll.h>
#include <hearth/random.h>
#include <hearth/service/storage.h>
#include <hearth/task.h>
#include <hearth/timer.h>

#include "errors.h"

#include <stdbool.h>

#define MAX_TRANSACT 100

struct config {
    hearth_str region;
    hearth_str endpoint;
    hearth_str table;
    uint32_t create_table;
    uint32_t credentials;
    hearth_str profile;
    hearth_str ca_file;
    int64_t timeout;
    int64_t connect_timeout;
    int64_t retry_for;
    int64_t max_in_flight;
    int64_t max_queued;
};

enum metric {
    METRIC_REQUESTS,
    METRIC_SECONDS,
    METRIC_RETRIES,
    METRIC_RETRIES_DENIED,
    METRIC_CAPACITY,
    METRIC_REFRESHES,
    METRIC_IN_FLIGHT,
    METRIC_QUEUED
};

enum operation {
    OPERATION_GET,
    OPERATION_QUERY,
    OPERATION_SCAN,
    OPERATION_PUT,
    OPERATION_DELETE,
    OPERATION_BATCH,
    OPERATION_TRANSACT,
    OPERATION_CREATE_TABLE,
    OPERATION_EXPIRY,
    OPERATION_COUNT
};

struct sources;
struct credentials;
struct transport;
struct requests;
struct table;

/* One per process, immutable after open. */
struct shared {
    const hearth_log *log;
    const hearth_loop_api *loop;
    const hearth_task *task;
    const hearth_clock *clock;
    const hearth_timer_api *timer;
    const hearth_metrics *metrics;
    const hearth_poll_api *poll;
    const hearth_random *random;
    const hearth_json *json;
    const hearth_arena_api *arena;
    const hearth_client *client;
    char region[64];
    char endpoint[512];
    char table[256];
    char identity[900];
    struct sources *sources; /* where credentials may come from */
    hearth_storage_caps caps;
};

/* One per loop. */
struct local {
    struct credentials *credentials;
    struct transport *transport;
    struct requests *requests;
    struct table *table;
    size_t pending; /* calls and requests that have not ended yet */
    bool draining;
    hearth_series *requests_total[OPERATION_COUNT][OUTCOME_COUNT];
    hearth_series *seconds[OPERATION_COUNT];
    hearth_series *retries, *retries_denied, *refreshes, *in_flight, *queued;
    hearth_series *capacity[2]; /* read, write */
};

static inline const struct shared *shared_of(hearth_ctx *ctx)
{
    return (const struct shared *)ctx->shared;
}

static inline struct local *local_of(hearth_ctx *ctx)
{
    return (struct local *)ctx->state;
}

/* Ends a drain that waits, if nothing is in flight on this loop any more. [loop] */
void plugin_check_drained(hearth_ctx *ctx);
/* A call of the service has begun; and has ended, with its callback. [loop] */
void plugin_call_begun(hearth_ctx *ctx);
void plugin_call_ended(hearth_ctx *ctx);

/* ---- writes.c, reads.c: the functions of the service [loop] ---- */
void dynamo_write(hearth_ctx *ctx, const hearth_storage_op *const *ops, size_t count,
                  hearth_storage_write_fn done, void *arg);
void dynamo_transact(hearth_ctx *ctx, const hearth_storage_op *const *ops, size_t count,
                     hearth_storage_write_fn done, void *arg);
void dynamo_get(hearth_ctx *ctx, const hearth_key *key, hearth_storage_get_fn done, void *arg);
void dynamo_query(hearth_ctx *ctx, hearth_str collection, hearth_str partition, hearth_str prefix,
                  uint32_t limit, hearth_str cursor, hearth_storage_page_fn done, void *arg);
void dynamo_scan(hearth_ctx *ctx, hearth_str collection, uint32_t limit, hearth_str cursor,
                 hearth_storage_page_fn done, void *arg);

#endif
