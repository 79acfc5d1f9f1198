/*
 * plugin.h - what the folders of this plugin share: its configuration and the state of one loop.
 *
 *   model/      one instance, its sessions and seats: pure
 *   fleet/      all instances: the view in memory, combined writes, choice, loss. Lives on loop 0
 *   players/    what players ask: create, find, join, leave, read. On the user's home loop
 *   instances/  what instances ask: register, heartbeat, drain, leave
 *   reports/    what instances report of their sessions: exactly once into characters
 */
#ifndef MATCHMAKING_PLUGIN_H
#define MATCHMAKING_PLUGIN_H

#include <hearth/json.h>
#include <hearth/metrics.h>
#include <hearth/plugin.h>
#include <hearth/random.h>
#include <hearth/service/characters.h>
#include <hearth/service/identity.h>
#include <hearth/service/storage.h>
#include <hearth/timer.h>

#include "body.h"
#include "model/instance.h"

#define COLLECTION_INSTANCES "gamesim-instances" /* partition: first digit of the id; sort: id */
#define COLLECTION_ADDRESSES "gamesim-addresses" /* see fleet/address.h */
#define COLLECTION_SESSIONS  "gamesims"          /* partition: gameSimId; see reports/record.h */
#define COLLECTION_PLAYERS   "gamesim-players"   /* partition: user */

#define BUCKETS              "0123456789abcdef" /* partitions of COLLECTION_INSTANCES */
#define FLEET_LOOP           0u                 /* the loop on which the fleet lives */
#define ROUTE_TIMEOUT_MS     10000
#define WORK_DEADLINE_MS     9000         /* storage is asked again until then */
#define HEARTBEAT_BODY_MAX   (512u << 10) /* thousands of sessions */
#define DOCUMENT_ARENA       (16u << 20)  /* ceiling, for reading or writing one document */

enum {
    METRIC_ALLOCATIONS, /* result: created, joined, no_capacity */
    METRIC_CONFLICTS,
    METRIC_INSTANCES, /* state */
    METRIC_SESSIONS,
    METRIC_PLAYERS,
    METRIC_LOST,
    METRIC_SILENT,  /* 1 while more than half of the fleet is silent and nobody is marked */
    METRIC_REPORTS, /* result: applied, repeated, gap, refused */
    METRIC_EVENTS   /* result: applied, rejected */
};

enum policy { POLICY_PACK, POLICY_SPREAD };

struct matchmaking_conf {
    uint32_t policy; /* enum policy */
    hearth_str default_region;
    hearth_conf_map weights; /* server version -> weight */
    int64_t heartbeat_ms;
    int64_t token_lifetime_ms;
    int64_t rejoin_ms;
    int64_t grace_ms; /* behind a token's expiry */
    int64_t instance_token_ttl_ms;
    int64_t report_window_ms; /* how long a lost session takes reports, and an ended one is known */
    int64_t refresh_ms;
    int64_t max_live_tokens;
    int64_t list_limit;
    hearth_str protocol_id; /* 16 hex */
};

struct fleet;   /* fleet/fleet.h */
struct turns;   /* players/turns.h */
struct reports; /* reports/ */

struct mm_loop {
    hearth_ctx *ctx;
    body_api api; /* http and json */
    const hearth_arena_api *arena;
    const hearth_clock *clock;
    const hearth_random *random;
    const hearth_log *log;
    const hearth_loop_api *loops;
    const hearth_timer_api *timer;
    const hearth_metrics *metrics;
    const hearth_storage *storage;
    hearth_ctx *storage_ctx;
    const hearth_characters *characters;
    hearth_ctx *characters_ctx;
    const hearth_identity_service *identity;
    hearth_ctx *identity_ctx;
    uint64_t protocol_id;
    struct fleet *fleet;     /* NULL on every loop but FLEET_LOOP */
    struct turns *turns;     /* of players on this loop */
    struct reports *reports; /* that are being taken in on this loop */
};

static inline struct mm_loop *mm_loop_of(hearth_ctx *ctx)
{
    return (struct mm_loop *)ctx->state;
}

static inline const struct matchmaking_conf *mm_conf(const struct mm_loop *loop)
{
    return (const struct matchmaking_conf *)loop->ctx->conf;
}

hearth_str str_of(const char *text);

/* The document of an instance: a key whose strings live in `bucket` and id. */
hearth_key instance_key(const char *id, char bucket[2]);

/* ---- handlers ---- */

/* players/ */
hearth_status handle_create(hearth_ctx *ctx, hearth_req *req);
hearth_status handle_find(hearth_ctx *ctx, hearth_req *req);
hearth_status handle_join(hearth_ctx *ctx, hearth_req *req);
hearth_status handle_leave(hearth_ctx *ctx, hearth_req *req);
hearth_status handle_get(hearth_ctx *ctx, hearth_req *req);
hearth_status handle_list(hearth_ctx *ctx, hearth_req *req);
hearth_status handle_regions(hearth_ctx *ctx, hearth_req *req);
/* instances/ */
hearth_status handle_register(hearth_ctx *ctx, hearth_req *req);
hearth_status handle_heartbeat(hearth_ctx *ctx, hearth_req *req);
hearth_status handle_deregister(hearth_ctx *ctx, hearth_req *req);
hearth_status handle_instances(hearth_ctx *ctx, hearth_req *req);
hearth_status handle_drain(hearth_ctx *ctx, hearth_req *req);
/* reports/ */
hearth_status handle_updates(hearth_ctx *ctx, hearth_req *req);
hearth_status handle_end(hearth_ctx *ctx, hearth_req *req);

#endif
