/*
 * plugin.h - what the files of this plugin share.
 */
#ifndef CACHE_REDIS_PLUGIN_H
#define CACHE_REDIS_PLUGIN_H

#include <hearth/service/cache.h>

#include <redis_connection.h>
#include <sys/queue.h>

#include "generation.h"

struct config {
    struct redis_config redis;
    hearth_str prefix;
    int64_t call_timeout;
    int64_t ttl;
    int64_t refuse_older;
    int64_t max_body;
    int64_t max_buffered;
};

enum metric {
    METRIC_GETS,
    METRIC_WRITES,
    METRIC_GET_SECONDS,
    METRIC_CONNECTION, /* and all of the connection's */
};

/* What became of a get: every one but a hit is a miss to whoever asked. */
enum get_result {
    GET_HIT,
    GET_MISS,  /* it is not there, or what is there is not to be believed */
    GET_LATE,  /* no answer within call_timeout */
    GET_AWAY,  /* not asked: there is no connection */
    GET_SLOW,  /* not asked: an earlier answer is late */
    GET_BUSY,  /* not asked: too much is in flight, or memory is out */
    GET_ERROR, /* Redis refused, or answered something else than a document */
    GET_RESULTS
};

/* What became of a put or an invalidation. */
enum write_result {
    WRITE_KEPT,
    WRITE_OLDER,   /* Redis has a newer version */
    WRITE_REFUSED, /* Redis is full: nothing is kept, nothing older either */
    WRITE_LOST,    /* not sent, or no answer that says what is there now: the generation ends */
    WRITE_RESULTS
};

/* One per process, immutable after open. */
struct shared {
    const hearth_log *log;
    const hearth_loop_api *loop;
    const hearth_clock *clock;
    const hearth_timer_api *timer;
    const hearth_metrics *metrics;
    struct redis_place place;
    char start[HEARTH_UUID_SIZE]; /* names this process */
};

struct get;
TAILQ_HEAD(get_list, get);

/* One per loop. */
struct local {
    struct redis_connection *connection;
    struct generation generation;
    struct get_list waiting;   /* gets without answer, oldest first */
    hearth_timer *deadline;    /* of the first of them */
    size_t late;               /* gets that were answered with a miss while Redis owes the answer */
    size_t write_bytes;        /* of the writes in flight */
    uint64_t scripts_known[2]; /* the serial of the connection that was sent the source */
    bool refused;
    hearth_series *gets[GET_RESULTS], *writes[WRITE_RESULTS], *get_seconds;
};

static inline const struct shared *shared_of(hearth_ctx *ctx)
{
    return (const struct shared *)ctx->shared;
}

static inline struct local *local_of(hearth_ctx *ctx)
{
    return (struct local *)ctx->state;
}

static inline const struct config *conf_of(hearth_ctx *ctx)
{
    return (const struct config *)ctx->conf;
}

/* ---- gets.c, writes.c: the functions of the service [loop] ---- */
void cache_get(hearth_ctx *ctx, const hearth_key *key,
               void (*done)(const hearth_doc *doc, void *arg), void *arg);
void cache_put(hearth_ctx *ctx, const hearth_doc *doc);
void cache_invalidate(hearth_ctx *ctx, const hearth_key *key, uint64_t version);

#endif
