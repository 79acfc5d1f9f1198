/*
 * plugin.h - what the files of this plugin share.
 */
#ifndef STORAGE_REDIS_PLUGIN_H
#define STORAGE_REDIS_PLUGIN_H

#include <hearth/json.h>
#include <hearth/plugin.h>
#include <hearth/service/storage.h>

#include <redis_connection.h>

struct config {
    struct redis_config redis;
    hearth_str prefix;
};

enum metric { METRIC_REFUSED, METRIC_CONNECTION }; /* and those behind it */

/* One per process, immutable after open. */
struct shared {
    const hearth_log *log;
    const hearth_loop_api *loop;
    const hearth_timer_api *timer;
    const hearth_clock *clock;
    const hearth_metrics *metrics;
    const hearth_json *json;
    const hearth_arena_api *arena;
    struct redis_place place;
    char identity[400];
    hearth_storage_caps caps;
};

/* One per loop. */
struct local {
    struct redis_connection *connection;
    struct refusal *refusal;
    hearth_series *refused;
    bool warned; /* keeping.c has, on loop 0 */
};

static inline const struct shared *shared_of(hearth_ctx *ctx)
{
    return (const struct shared *)ctx->shared;
}

static inline struct local *local_of(hearth_ctx *ctx)
{
    return (struct local *)ctx->state;
}

/* A call of the service has begun; and has ended, with its callback. [loop] */
void plugin_call_begun(hearth_ctx *ctx);
void plugin_call_ended(hearth_ctx *ctx);

/* ---- writes.c, reads.c: the functions of the service [loop] ---- */
void redis_write(hearth_ctx *ctx, const hearth_storage_op *const *ops, size_t count,
                 hearth_storage_write_fn done, void *arg);
void redis_transact(hearth_ctx *ctx, const hearth_storage_op *const *ops, size_t count,
                    hearth_storage_write_fn done, void *arg);
void redis_get(hearth_ctx *ctx, const hearth_key *key, hearth_storage_get_fn done, void *arg);
void redis_query(hearth_ctx *ctx, hearth_str collection, hearth_str partition, hearth_str prefix,
                 uint32_t limit, hearth_str cursor, hearth_storage_page_fn done, void *arg);
void redis_scan(hearth_ctx *ctx, hearth_str collection, uint32_t limit, hearth_str cursor,
                hearth_storage_page_fn done, void *arg);

#define MAX_TRANSACT 100

#endif
