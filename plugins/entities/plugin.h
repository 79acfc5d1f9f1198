/*
 * plugin.h - what the files of this plugin share: configuration, the host's interfaces, the process
 * (struct shared) and one loop (struct local).
 */
#ifndef ENTITIES_PLUGIN_H
#define ENTITIES_PLUGIN_H

#include <hearth/command.h>
#include <hearth/json.h>
#include <hearth/mail.h>
#include <hearth/metrics.h>
#include <hearth/plugin.h>
#include <hearth/random.h>
#include <hearth/service/entities.h>
#include <hearth/timer.h>

#include <stdatomic.h>

#include "journal.h"
#include "list.h"
#include "table.h"

enum { MODE_EXCLUSIVE, MODE_SHARED };

struct config {
    uint32_t mode;
    uint32_t reserved;
    int64_t flush_interval, flush_max, max_pending, cache_size;
    int64_t max_attempts, retry_max, lease, drain_flush, cache_wait;
};

enum metric {
    METRIC_HITS,
    METRIC_MISSES,
    METRIC_EVICTIONS,
    METRIC_CACHED,
    METRIC_CACHED_BYTES,
    METRIC_PENDING,
    METRIC_PERSISTENCE,
    METRIC_WRITE,
    METRIC_FAILURES,
    METRIC_CONFLICTS,
    METRIC_DEAD,
    METRIC_FSYNC,
    METRIC_JOURNAL_ROWS,
    METRIC_JOURNAL_FAILURES,
    METRIC_OVERTAKEN,
    METRIC_SECOND_HITS,
    METRIC_SECOND_MISSES,
    METRIC_COUNT
};

struct replayed;
struct lease;
struct second;

/* One per process; immutable after open but for the atomics and what has its own lock. */
struct shared {
    const hearth_log *log;
    const hearth_loop_api *loop;
    const hearth_clock *clock;
    const hearth_timer_api *timer;
    const hearth_metrics *metrics;
    const hearth_random *random;
    const hearth_json *json;
    const hearth_arena_api *arena;
    const hearth_mail *mail;
    const hearth_command_api *command;
    const hearth_storage *storage;
    const hearth_storage_caps *caps;
    struct journal *journal;
    struct replayed **replayed; /* per loop: what the journal held; each loop takes its own */
    uint64_t seed[2];
    _Atomic int64_t pending;         /* versions on their way to storage, of all loops */
    _Atomic uint64_t lease_until_ns; /* monotonic; until then our acknowledgements count */
    _Atomic uint32_t flushed_loops;  /* that have drained */
    _Atomic uint32_t unflushed;      /* versions that drained loops left in the journal */
};

/* A call that has to wait until the lease is held and storage was reached once. */
struct parked {
    struct list node;
    void (*go)(hearth_ctx *ctx, struct parked *parked, hearth_status status);
};

enum gate { GATE_WAITING, GATE_OPEN, GATE_SHUT };

/* One per loop. */
#define DEPARTED_SLOTS 256

/* A claim that was seen without its entity, and since when: orphans.h. */
#define WATCHED_CLAIMS 64
struct watched {
    uint64_t claim, since_ms;
};

struct local {
    hearth_ctx *ctx;
    hearth_ctx *storage; /* the provider's */
    enum gate gate;
    struct list parked;
    hearth_timer *gate_timer;

    struct list collections;
    struct table entities, partitions, claims;
    struct list lru; /* entities that may be evicted, least recently used first */
    struct list claims_lru;
    struct watched watched[WATCHED_CLAIMS];
    uint64_t started_ms;
    size_t bytes, ceiling;
    uint64_t removals; /* entities that went away since the start */
    uint64_t confirmations;
    uint64_t departed[DEPARTED_SLOTS]; /* by partition: see partition_departed */

    struct list dirty; /* entities with a version for storage, oldest first */
    size_t dirty_count, flying, dead_count, conflict_count;
    uint32_t outage_failures;
    uint64_t outage_until_ms;
    bool write_outage; /* the newest write failed */
    hearth_timer *flush_timer;
    int flush_posted;
    struct list evictions;
    struct list creates, removes; /* in progress */
    struct list letters;          /* conflicts */
    size_t journaling;            /* entries handed to the journal */

    int drain; /* enum drain_step */
    int drain_deferred;
    size_t drain_left; /* versions that stay in the journal */
    hearth_timer *drain_timer, *drain_deadline;
    struct lease *lease;   /* loop 0 only */
    struct second *second; /* NULL: no cache */
    int backlog_reported, storage_reported, journal_reported, probing;
    hearth_series *series[METRIC_COUNT];
};

static inline struct shared *shared_of(hearth_ctx *ctx)
{
    return (struct shared *)ctx->shared;
}

static inline struct local *local_of(hearth_ctx *ctx)
{
    return (struct local *)ctx->state;
}

static inline const struct config *config_of(hearth_ctx *ctx)
{
    return (const struct config *)ctx->conf;
}

/* Several processes write: nothing that is in memory counts. */
static inline bool mode_shared(hearth_ctx *ctx)
{
    return config_of(ctx)->mode == MODE_SHARED;
}

static inline uint64_t now_ms(hearth_ctx *ctx)
{
    return shared_of(ctx)->clock->mono_ns(ctx) / 1000000;
}

static inline bool str_equal(hearth_str a, hearth_str b)
{
    return a.len == b.len && (a.len == 0 || __builtin_memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool key_equal(const hearth_key *a, const hearth_key *b)
{
    return str_equal(a->sort, b->sort) && str_equal(a->partition, b->partition) &&
           str_equal(a->collection, b->collection);
}

/* Whether acknowledgements count: the lease is ours for a while yet. */
bool lease_held(hearth_ctx *ctx);

#endif
