/*
 * gamedata.c - the rule data of this process: read at start and at SIGHUP, never changed once read.
 * Snapshots stay until the process ends: clients may still ask for the version of an older
 * character, and a folder of rule data takes some hundred kilobytes.
 */
#include "plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct ruleset *load(const struct characters_conf *conf, char error[RULESET_ERROR_SIZE])
{
    return ruleset_load(conf->gamedata.ptr, conf->currency_limit, error);
}

hearth_status gamedata_check(const struct characters_conf *conf, char *err, size_t err_size)
{
    char error[RULESET_ERROR_SIZE];
    struct ruleset *rules = load(conf, error);
    if (!rules) {
        snprintf(err, err_size, "gamedata: %s", error);
        return HEARTH_EINVAL;
    }
    ruleset_destroy(rules);
    return HEARTH_OK;
}

/* Takes the rules. */
static struct gamedata *gamedata_create(struct ruleset *rules, struct gamedata *older)
{
    struct gamedata *data = calloc(1, sizeof(*data));
    if (!data) {
        ruleset_destroy(rules);
        return NULL;
    }
    data->rules = rules;
    data->older = older;
    snprintf(data->etag, sizeof(data->etag), "\"%s\"", rules->version);
    return data;
}

hearth_status gamedata_open(hearth_ctx *ctx)
{
    char error[RULESET_ERROR_SIZE];
    struct characters_shared *shared = ctx->shared;
    const hearth_log *log = hearth_log_get(ctx);
    struct ruleset *rules = load(ctx->conf, error);
    if (!rules) {
        HEARTH_LOG(log, ctx, NULL, HEARTH_LOG_ERROR, "gamedata: %s", error);
        return HEARTH_EINVAL;
    }
    shared->newest = gamedata_create(rules, NULL);
    return shared->newest ? HEARTH_OK : HEARTH_ENOMEM;
}

void gamedata_close(hearth_ctx *ctx)
{
    struct characters_shared *shared = ctx->shared;
    while (shared->newest) {
        struct gamedata *older = shared->newest->older;
        ruleset_destroy(shared->newest->rules);
        free(shared->newest);
        shared->newest = older;
    }
}

/* ---- reload: read on the task pool, adopted by every loop ---- */

struct reload {
    const struct characters_conf *conf; /* stays valid until close */
    struct ruleset *rules;
    struct gamedata *data;
    char error[RULESET_ERROR_SIZE];
};

static void reload_work(void *arg)
{
    struct reload *reload = arg;
    reload->rules = load(reload->conf, reload->error);
}

static void adopt(hearth_ctx *ctx, void *arg)
{
    struct reload *reload = arg;
    loop_of(ctx)->data = reload->data;
}

static void reload_end(hearth_ctx *ctx, void *arg)
{
    struct characters_loop *loop = loop_of(ctx);
    free(arg);
    loop->reloading = 0;
    if (loop->reload_again)
        gamedata_reload(ctx);
}

static int is_same(const struct ruleset *a, const struct ruleset *b)
{
    return strcmp(a->version, b->version) == 0 && a->coin_ceiling == b->coin_ceiling;
}

static void reload_done(hearth_ctx *ctx, void *arg)
{
    struct characters_loop *loop = loop_of(ctx);
    struct characters_shared *shared = ctx->shared;
    struct reload *reload = arg;
    if (!reload->rules) {
        HEARTH_LOG(loop->log, ctx, NULL, HEARTH_LOG_ERROR, "the rule data stays as it was: %s",
                   reload->error);
        reload_end(ctx, reload);
        return;
    }
    if (is_same(reload->rules, shared->newest->rules)) {
        ruleset_destroy(reload->rules);
        reload_end(ctx, reload);
        return;
    }
    reload->data = gamedata_create(reload->rules, shared->newest);
    if (!reload->data) {
        reload_end(ctx, reload);
        return;
    }
    HEARTH_LOG(loop->log, ctx, NULL, HEARTH_LOG_INFO, "rule data %s replaces %s",
               reload->data->rules->version, shared->newest->rules->version);
    shared->newest = reload->data;
    if (loop->loops->each(ctx, adopt, reload_end, reload) != HEARTH_OK)
        reload_end(ctx, reload);
}

void gamedata_reload(hearth_ctx *ctx)
{
    struct characters_loop *loop = loop_of(ctx);
    loop->reload_again = loop->reloading;
    if (loop->reloading)
        return;
    struct reload *reload = calloc(1, sizeof(*reload));
    if (!reload)
        return;
    reload->conf = ctx->conf;
    loop->reloading = 1;
    if (loop->task->run(ctx, reload_work, reload_done, reload) == HEARTH_OK)
        return;
    HEARTH_LOG(loop->log, ctx, NULL, HEARTH_LOG_ERROR,
               "the rule data stays as it was: the task pool is full");
    loop->reloading = 0;
    free(reload);
}

/* ---- GET /gamedata/{version} ---- */

hearth_status handle_gamedata(hearth_ctx *ctx, hearth_req *req)
{
    struct characters_loop *loop = loop_of(ctx);
    const hearth_http *http = loop->api.http;
    hearth_str version = http->param(req, "version");
    struct gamedata *data = loop->data;
    while (data && (strlen(data->rules->version) != version.len ||
                    memcmp(data->rules->version, version.ptr, version.len) != 0))
        data = data->older;
    if (!data)
        return http->error(req, 404, "NOT_FOUND", "This version of the rule data is not here.");
    (void)http->set_header(req, "ETag", str_of(data->etag));
    (void)http->set_header(req, "Cache-Control", HEARTH_STR("public, max-age=31536000, immutable"));
    if (condition_none_match(http->header(req, "If-None-Match"), str_of(data->etag)))
        return http->reply(req, 304, HEARTH_STR(""), HEARTH_STR(""));
    return http->reply(req, 200, HEARTH_STR("application/json"),
                       (hearth_str){data->rules->published, data->rules->published_len});
}
