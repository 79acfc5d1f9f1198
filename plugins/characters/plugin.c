/*
 * plugin.c - characters: the descriptor and its tables, and the life of one loop.
 */
#include "plugin.h"

#include <sodium.h>
#include <stdlib.h>

static void on_last_logout(hearth_str user, void *arg)
{
    struct characters_loop *loop = arg;
    hearth_status status = loop->entities->evict(loop->entities_ctx, user, NULL, NULL);
    if (status < 0)
        HEARTH_LOG(loop->log, loop->ctx, NULL, HEARTH_LOG_WARNING,
                   "the last session ended: expected to flush its characters now, found status %d; "
                   "they are flushed later",
                   (int)status);
}

static hearth_status check(const void *conf, char *err, size_t err_size)
{
    return gamedata_check(conf, err, err_size);
}

static hearth_status open_plugin(hearth_ctx *ctx)
{
    if (sodium_init() < 0)
        return HEARTH_EINTERNAL;
    ctx->shared = calloc(1, sizeof(struct characters_shared));
    if (!ctx->shared)
        return HEARTH_ENOMEM;
    hearth_status status = gamedata_open(ctx);
    if (status != HEARTH_OK) {
        free(ctx->shared);
        ctx->shared = NULL;
    }
    return status;
}

static void find_interfaces(hearth_ctx *ctx, struct characters_loop *loop)
{
    loop->ctx = ctx;
    loop->api = (body_api){hearth_http_get(ctx), hearth_json_get(ctx)};
    loop->arena = hearth_arena_get(ctx);
    loop->clock = hearth_clock_get(ctx);
    loop->random = hearth_random_get(ctx);
    loop->log = hearth_log_get(ctx);
    loop->loops = hearth_loop_get(ctx);
    loop->mail = hearth_mail_get(ctx);
    loop->task = hearth_task_get(ctx);
    loop->timer = hearth_timer_get(ctx);
    loop->metrics = hearth_metrics_get(ctx);
    loop->entities = hearth_entities_get(ctx);
    loop->entities_ctx = ctx->host->provider(ctx, HEARTH_ENTITIES_ID);
    loop->identity = hearth_identity_get(ctx);
    loop->identity_ctx = ctx->host->provider(ctx, HEARTH_IDENTITY_ID);
}

static hearth_status start(hearth_ctx *ctx)
{
    const struct characters_shared *shared = ctx->shared;
    struct characters_loop *loop = calloc(1, sizeof(*loop));
    if (!loop)
        return HEARTH_ENOMEM;
    find_interfaces(ctx, loop);
    loop->data = shared->newest;
    loop->created = loop->metrics->series(ctx, METRIC_CREATED, NULL, 0);
    loop->deleted = loop->metrics->series(ctx, METRIC_DELETED, NULL, 0);
    loop->applied = loop->metrics->series(ctx, METRIC_INTENTS, NULL, 0);
    hearth_status status = collection_define(loop);
    if (status == HEARTH_OK)
        status = loop->identity->on_last_logout(loop->identity_ctx, on_last_logout, loop);
    if (status != HEARTH_OK) {
        free(loop);
        return status;
    }
    ctx->state = loop;
    return HEARTH_OK;
}

static void stop(hearth_ctx *ctx)
{
    free(ctx->state);
    ctx->state = NULL;
}

static void close_plugin(hearth_ctx *ctx)
{
    if (!ctx->shared)
        return;
    gamedata_close(ctx);
    free(ctx->shared);
    ctx->shared = NULL;
}

static void reconfigured(hearth_ctx *ctx)
{
    if (ctx->loop == 0)
        gamedata_reload(ctx);
}

static const hearth_conf_field config[] = {
    {"gamedata", HEARTH_CONF_STR, HEARTH_CONF_RELOADABLE | HEARTH_CONF_PATH,
     offsetof(struct characters_conf, gamedata), "../gamedata", 1, 4000, NULL,
     "folder of the rule data; SIGHUP reads it again"},
    {"currency_limit", HEARTH_CONF_INT, HEARTH_CONF_RELOADABLE,
     offsetof(struct characters_conf, currency_limit), "9999999", 1, 1000000000000, NULL,
     "how many coins of one kind a character can carry"},
    {"durability", HEARTH_CONF_ENUM, HEARTH_CONF_RELOADABLE,
     offsetof(struct characters_conf, durability), "journal", 0, 0, "memory|journal|durable",
     "what a change has survived when it is acknowledged"},
    {"during_session", HEARTH_CONF_ENUM, HEARTH_CONF_RELOADABLE,
     offsetof(struct characters_conf, during_session), "deny", 0, 0, "deny|allow",
     "whether players may change a character while it sits in a game session"},
    {"max_per_user", HEARTH_CONF_INT, HEARTH_CONF_RELOADABLE,
     offsetof(struct characters_conf, max_per_user), "50", 1, 1000, NULL,
     "how many characters one player can have"},
    {0},
};

#define ROUTE(method_, path_, handler_, help_)                                                     \
    {                                                                                              \
        method_, path_, handler_, HEARTH_SCOPE, HEARTH_AFFINITY_USER, "player", 0,                 \
            ROUTE_TIMEOUT_MS, help_                                                                \
    }

static const hearth_route routes[] = {
    ROUTE("POST", "/characters", handle_create, "Makes a character"),
    ROUTE("GET", "/characters", handle_list, "The caller's own characters, by creation time"),
    ROUTE("GET", "/characters/{id}", handle_get, "One character"),
    ROUTE("DELETE", "/characters/{id}", handle_delete, "Deletes a character"),
    ROUTE("PATCH", "/characters/{id}/stats/hitpoints", handle_hitpoints,
          "Adds to the hitpoints, or takes from them"),
    ROUTE("POST", "/characters/{id}/equipment/armor", handle_equip_armor, "Puts armour on"),
    ROUTE("POST", "/characters/{id}/equipment/shield", handle_equip_shield, "Takes up a shield"),
    ROUTE("POST", "/characters/{id}/equipment/weapon", handle_equip_weapon, "Takes up a weapon"),
    /* A path that has a route of its own is not looked for among the parameters (nor by the readers
     * of an OpenAPI document), so these three are spelled out; "weapon" is no slot, and says so. */
    ROUTE("DELETE", "/characters/{id}/equipment/armor", handle_unequip, "Takes the armour off"),
    ROUTE("DELETE", "/characters/{id}/equipment/shield", handle_unequip, "Puts the shield away"),
    ROUTE("DELETE", "/characters/{id}/equipment/weapon", handle_unequip,
          "Refused: the slots are mainHand and offHand"),
    ROUTE("DELETE", "/characters/{id}/equipment/{slot}", handle_unequip, "Empties a slot"),
    ROUTE("POST", "/characters/{id}/inventory/use", handle_use, "Uses up a consumable"),
    ROUTE("PATCH", "/characters/{id}/currency/modify", handle_currency_modify,
          "Adds coins, or takes them"),
    ROUTE("POST", "/characters/{id}/currency/exchange", handle_currency_exchange,
          "Exchanges coins of one kind for another"),
    ROUTE("POST", "/characters/{id}/rest", handle_rest, "A short or a long rest"),
    {"GET", "/gamedata/{version}", handle_gamedata, HEARTH_PUBLIC, HEARTH_AFFINITY_ANY, NULL, 0, 0,
     "The rule data that characters of this version were made with"},
    {0},
};

static const hearth_metric metrics[] = {
    [METRIC_CREATED] = {"hearth_characters_created_total", HEARTH_COUNTER, 1, NULL,
                        "Characters made", NULL, 0, NULL},
    [METRIC_DELETED] = {"hearth_characters_deleted_total", HEARTH_COUNTER, 1, NULL,
                        "Characters deleted", NULL, 0, NULL},
    [METRIC_INTENTS] = {"hearth_characters_intents_total", HEARTH_COUNTER, 1, NULL,
                        "Intents that were applied", NULL, 0, NULL},
    [METRIC_REFUSALS] = {"hearth_characters_refusals_total", HEARTH_COUNTER, 16, NULL,
                         "Intents that the rules refused, by code", NULL, 0, "code"},
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
    {HEARTH_MAIL_ID, sizeof(hearth_mail), HEARTH_REQUIRED, 0},
    {HEARTH_TASK_ID, sizeof(hearth_task), HEARTH_REQUIRED, 0},
    {HEARTH_TIMER_ID, sizeof(hearth_timer_api), HEARTH_REQUIRED, 0},
    {HEARTH_METRICS_ID, sizeof(hearth_metrics), HEARTH_REQUIRED, 0},
    {HEARTH_ENTITIES_ID, sizeof(hearth_entities), HEARTH_REQUIRED, 0},
    {HEARTH_IDENTITY_ID, sizeof(hearth_identity_service), HEARTH_REQUIRED, 0},
    {0},
};

static const hearth_provide provides[] = {{HEARTH_CHARACTERS_ID, &characters_service}, {0}};

HEARTH_PLUGIN("characters", "1.0.0", .summary = "Role-playing characters: rules and routes.",
              .uses = uses, .provides = provides, .config = config,
              .config_size = sizeof(struct characters_conf), .routes = routes, .metrics = metrics,
              .check = check, .open = open_plugin, .start = start, .stop = stop,
              .close = close_plugin, .reconfigured = reconfigured);
