/*
 * plugin.c - matchmaking, the Metadata Service: the descriptor and its tables, and the life of one
 * loop.
 */
#include "plugin.h"

#include "fleet/fleet.h"
#include "players/held.h"
#include "players/ticket.h"
#include "players/turns.h"
#include "reports/reports.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WEIGHT_MAX 1000000

/* A whole number of at most `most`, nothing else. */
static bool is_number(hearth_str text, uint64_t most)
{
    uint64_t number = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || number > most)
            return false;
        number = number * 10 + (uint64_t)(text.ptr[i] - '0');
    }
    return text.len > 0 && number <= most;
}

static bool read_protocol_id(hearth_str hex, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < hex.len; i++) {
        const char *digits = "0123456789abcdef", *digit = strchr(digits, hex.ptr[i] | 0x20);
        if (!hex.ptr[i] || !digit)
            return false;
        value = value << 4 | (uint64_t)(digit - digits);
    }
    *out = value;
    return hex.len == 16;
}

static hearth_status check(const void *conf, char *err, size_t err_size)
{
    const struct matchmaking_conf *c = conf;
    uint64_t protocol_id;
    if (!read_protocol_id(c->protocol_id, &protocol_id)) {
        snprintf(err, err_size, "protocol_id: expected 16 hexadecimal digits, found \"%.*s\"",
                 (int)c->protocol_id.len, c->protocol_id.ptr);
        return HEARTH_EINVAL;
    }
    for (size_t i = 0; i < c->weights.count; i++) {
        const hearth_conf_pair *pair = &c->weights.items[i];
        if (!is_number(pair->value, WEIGHT_MAX)) {
            snprintf(err, err_size, "weights: expected a whole number up to %d, found %.*s: %.*s",
                     WEIGHT_MAX, (int)pair->key.len, pair->key.ptr, (int)pair->value.len,
                     pair->value.ptr);
            return HEARTH_EINVAL;
        }
    }
    return HEARTH_OK;
}

static hearth_status open_plugin(hearth_ctx *ctx)
{
    (void)ctx;
    return sodium_init() < 0 ? HEARTH_EINTERNAL : HEARTH_OK;
}

static void find_interfaces(hearth_ctx *ctx, struct mm_loop *loop)
{
    loop->ctx = ctx;
    loop->api = (body_api){hearth_http_get(ctx), hearth_json_get(ctx)};
    loop->arena = hearth_arena_get(ctx);
    loop->clock = hearth_clock_get(ctx);
    loop->random = hearth_random_get(ctx);
    loop->log = hearth_log_get(ctx);
    loop->loops = hearth_loop_get(ctx);
    loop->timer = hearth_timer_get(ctx);
    loop->metrics = hearth_metrics_get(ctx);
    loop->storage = hearth_storage_get(ctx);
    loop->storage_ctx = ctx->host->provider(ctx, HEARTH_STORAGE_ID);
    loop->characters = hearth_characters_get(ctx);
    loop->characters_ctx = ctx->host->provider(ctx, HEARTH_CHARACTERS_ID);
    loop->identity = hearth_identity_get(ctx);
    loop->identity_ctx = ctx->host->provider(ctx, HEARTH_IDENTITY_ID);
}

static void loop_destroy(struct mm_loop *loop)
{
    fleet_destroy(loop->fleet);
    reports_destroy(loop->reports);
    turns_destroy(loop->turns);
    free(loop);
}

static hearth_status start(hearth_ctx *ctx)
{
    struct mm_loop *loop = calloc(1, sizeof(*loop));
    if (!loop)
        return HEARTH_ENOMEM;
    find_interfaces(ctx, loop);
    ctx->state = loop;
    (void)read_protocol_id(mm_conf(loop)->protocol_id, &loop->protocol_id);
    loop->turns = turns_create();
    hearth_status status = loop->turns ? held_start(loop) : HEARTH_ENOMEM;
    if (status == HEARTH_OK) {
        loop->reports = reports_create(loop);
        status = loop->reports ? HEARTH_OK : HEARTH_ENOMEM;
    }
    if (status == HEARTH_OK && ctx->loop == FLEET_LOOP) {
        loop->fleet = fleet_create(loop);
        status = loop->fleet ? HEARTH_OK : HEARTH_ENOMEM;
    }
    if (status != HEARTH_OK) {
        ctx->state = NULL;
        loop_destroy(loop);
    }
    return status;
}

static void on_drained(void *arg)
{
    hearth_ctx *ctx = arg;
    ctx->host->drained(ctx);
}

/* Requests have ended by now; what may be on its way is a write that nobody waits for. */
static void on_reports_drained(void *arg)
{
    struct mm_loop *loop = mm_loop_of(arg);
    if (loop->fleet)
        fleet_drain(loop->fleet, on_drained, arg);
    else
        on_drained(arg);
}

static hearth_status drain(hearth_ctx *ctx)
{
    reports_drain(mm_loop_of(ctx)->reports, on_reports_drained, ctx);
    return HEARTH_DEFERRED;
}

static void stop(hearth_ctx *ctx)
{
    loop_destroy(mm_loop_of(ctx));
    ctx->state = NULL;
}

static const hearth_conf_field config[] = {
    {"policy", HEARTH_CONF_ENUM, HEARTH_CONF_RELOADABLE, offsetof(struct matchmaking_conf, policy),
     "pack", 0, 0, "pack|spread", "fill instances one after another, or evenly"},
    {"default_region", HEARTH_CONF_STR, HEARTH_CONF_RELOADABLE,
     offsetof(struct matchmaking_conf, default_region), "local", 1, INSTANCE_NAME_SIZE - 1, NULL,
     "region of instances and players that name none"},
    {"weights", HEARTH_CONF_MAP, HEARTH_CONF_RELOADABLE, offsetof(struct matchmaking_conf, weights),
     NULL, 0, 0, NULL, "how new sessions are divided between server versions, as VERSION: number"},
    {"heartbeat", HEARTH_CONF_DURATION, 0, offsetof(struct matchmaking_conf, heartbeat_ms), "30s",
     1000, 3600000, NULL, "how often an instance is heard of; three times that, and it is lost"},
    {"token_lifetime", HEARTH_CONF_DURATION, 0,
     offsetof(struct matchmaking_conf, token_lifetime_ms), "30s", 5000, 3600000, NULL,
     "how long a player may take to connect"},
    {"rejoin_timeout", HEARTH_CONF_DURATION, 0, offsetof(struct matchmaking_conf, rejoin_ms),
     "120s", 0, 86400000, NULL, "how long the seat of a disconnected player is kept"},
    {"token_grace", HEARTH_CONF_DURATION, 0, offsetof(struct matchmaking_conf, grace_ms), "10s", 0,
     600000, NULL, "how long behind a token's expiry its seat is kept for a late connection"},
    {"instance_token_ttl", HEARTH_CONF_DURATION, HEARTH_CONF_RELOADABLE,
     offsetof(struct matchmaking_conf, instance_token_ttl_ms), "1h", 60000, 604800000, NULL,
     "life of an instance's own token, beyond report_window; heartbeats renew it"},
    {"report_window", HEARTH_CONF_DURATION, 0, offsetof(struct matchmaking_conf, report_window_ms),
     "24h", 60000, 2592000000, NULL,
     "how long an ended session is known, and a lost one takes reports"},
    {"refresh_interval", HEARTH_CONF_DURATION, HEARTH_CONF_RELOADABLE,
     offsetof(struct matchmaking_conf, refresh_ms), "2s", 50, 60000, NULL,
     "pause between two passes over the registry in storage"},
    {"max_live_tokens", HEARTH_CONF_INT, HEARTH_CONF_RELOADABLE,
     offsetof(struct matchmaking_conf, max_live_tokens), "10", 1, TICKET_TOKENS_MAX, NULL,
     "connect tokens of one player that may be alive at once"},
    {"list_limit", HEARTH_CONF_INT, HEARTH_CONF_RELOADABLE,
     offsetof(struct matchmaking_conf, list_limit), "1000", 1, 20000, NULL,
     "game sessions in one listing"},
    {"protocol_id", HEARTH_CONF_STR, 0, offsetof(struct matchmaking_conf, protocol_id),
     "4865617274680001", 16, 16, NULL, "netcode's protocol id, as 16 hexadecimal digits"},
    {0},
};

#define ROUTE(method_, path_, handler_, access_, scope_, help_)                                    \
    {                                                                                              \
        method_, path_, handler_, access_, HEARTH_AFFINITY_USER, scope_, 0, ROUTE_TIMEOUT_MS,      \
            help_                                                                                  \
    }

static const hearth_route routes[] = {
    ROUTE("POST", "/gamesims", handle_create, HEARTH_SCOPE, "player", "Opens a game session"),
    ROUTE("POST", "/gamesims/find", handle_find, HEARTH_SCOPE, "player",
          "Joins the best open session, or opens one"),
    ROUTE("POST", "/gamesims/{gameSimId}/join", handle_join, HEARTH_SCOPE, "player",
          "Joins a session, or comes back to it"),
    ROUTE("POST", "/gamesims/{gameSimId}/leave", handle_leave, HEARTH_SCOPE, "player",
          "Gives up the seat"),
    ROUTE("GET", "/gamesims/{gameSimId}", handle_get, HEARTH_BEARER, NULL, "One game session"),
    ROUTE("GET", "/gamesims", handle_list, HEARTH_BEARER, NULL, "Running game sessions"),
    ROUTE("GET", "/regions", handle_regions, HEARTH_BEARER, NULL,
          "Regions that have ready instances"),
    ROUTE("POST", "/gamesim-instances", handle_register, HEARTH_SCOPE, "gamesim",
          "Registers an instance"),
    {"PUT", "/gamesim-instances/{id}/heartbeat", handle_heartbeat, HEARTH_SCOPE,
     HEARTH_AFFINITY_USER, "gamesim", HEARTBEAT_BODY_MAX, ROUTE_TIMEOUT_MS,
     "An instance says that it is alive, and who plays there"},
    ROUTE("DELETE", "/gamesim-instances/{id}", handle_deregister, HEARTH_SCOPE, "gamesim",
          "An instance leaves"),
    ROUTE("GET", "/gamesim-instances", handle_instances, HEARTH_SCOPE, "admin gamesim",
          "All instances"),
    ROUTE("POST", "/gamesim-instances/{id}/drain", handle_drain, HEARTH_SCOPE, "admin",
          "Asks an instance to finish its sessions and leave"),
    {"POST", "/gamesims/{gameSimId}/updates", handle_updates, HEARTH_SCOPE, HEARTH_AFFINITY_USER,
     "gamesim", REPORT_BODY_MAX, ROUTE_TIMEOUT_MS, "What happened to characters in a session"},
    {"POST", "/gamesims/{gameSimId}/end", handle_end, HEARTH_SCOPE, HEARTH_AFFINITY_USER, "gamesim",
     REPORT_BODY_MAX, ROUTE_TIMEOUT_MS, "A session has ended"},
    {0},
};

static const hearth_metric metrics[] = {
    [METRIC_ALLOCATIONS] = {"hearth_matchmaking_allocations_total", HEARTH_COUNTER, 4, NULL,
                            "Seats asked for, by result", NULL, 0, "result"},
    [METRIC_CONFLICTS] = {"hearth_matchmaking_conflicts_total", HEARTH_COUNTER, 1, NULL,
                          "Writes of an instance's document that another hearthd forestalled", NULL,
                          0, NULL},
    [METRIC_INSTANCES] = {"hearth_matchmaking_instances", HEARTH_GAUGE, 4, NULL,
                          "Instances in the fleet, as this process sees it", NULL, 0, "state"},
    [METRIC_SESSIONS] = {"hearth_matchmaking_sessions", HEARTH_GAUGE, 1, NULL,
                         "Running game sessions in the fleet, as this process sees it", NULL, 0,
                         NULL},
    [METRIC_PLAYERS] = {"hearth_matchmaking_seats_taken", HEARTH_GAUGE, 1, NULL,
                        "Seats taken in the fleet, as this process sees it", NULL, 0, NULL},
    [METRIC_LOST] = {"hearth_matchmaking_instances_lost_total", HEARTH_COUNTER, 1, NULL,
                     "Instances that this process has marked lost", NULL, 0, NULL},
    [METRIC_SILENT] = {"hearth_matchmaking_mass_silence", HEARTH_GAUGE, 1, NULL,
                       "1 while more than half of the instances are silent and none is marked",
                       NULL, 0, NULL},
    [METRIC_REPORTS] = {"hearth_matchmaking_reports_total", HEARTH_COUNTER, 8, NULL,
                        "Reports of instances, by result", NULL, 0, "result"},
    [METRIC_EVENTS] = {"hearth_matchmaking_events_total", HEARTH_COUNTER, 4, NULL,
                       "Events in reports, by result", NULL, 0, "result"},
    {0},
};

static const hearth_use uses[] = {
    {HEARTH_HTTP_ID, sizeof(hearth_http), HEARTH_REQUIRED, 0},
    {HEARTH_JSON_ID, sizeof(hearth_json), HEARTH_REQUIRED, 0},
    {HEARTH_ARENA_ID, sizeof(hearth_arena_api), HEARTH_REQUIRED, 0},
    {HEARTH_CLOCK_ID, sizeof(hearth_clock), HEARTH_REQUIRED, 0},
    {HEARTH_RANDOM_ID, sizeof(hearth_random), HEARTH_REQUIRED, 0},
    {HEARTH_LOG_ID, sizeof(hearth_log), HEARTH_REQUIRED, 0},
    {HEARTH_LOOP_ID, sizeof(hearth_loop_api), HEARTH_REQUIRED, 0},
    {HEARTH_TIMER_ID, sizeof(hearth_timer_api), HEARTH_REQUIRED, 0},
    {HEARTH_METRICS_ID, sizeof(hearth_metrics), HEARTH_REQUIRED, 0},
    {HEARTH_STORAGE_ID, sizeof(hearth_storage), HEARTH_REQUIRED, 0},
    {HEARTH_CHARACTERS_ID, sizeof(hearth_characters), HEARTH_REQUIRED, 0},
    {HEARTH_IDENTITY_ID, sizeof(hearth_identity_service), HEARTH_REQUIRED, 0},
    {0},
};

HEARTH_PLUGIN("matchmaking", "1.0.0",
              .summary = "Game sessions, the instances they run on, and seats.", .uses = uses,
              .config = config, .config_size = sizeof(struct matchmaking_conf), .routes = routes,
              .metrics = metrics, .check = check, .open = open_plugin, .start = start,
              .drain = drain, .stop = stop);
