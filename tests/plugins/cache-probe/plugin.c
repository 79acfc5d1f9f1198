/*
 * plugin.c - cache-probe: hearth.cache/1 as three routes, each on the home loop of its user.
 *
 *     PUT /cache/{user}/{id}/{version}      puts the body; ?expires= in unix ms; 204
 *     GET /cache/{user}/{id}                200 {"version","epoch","writeId","expires","body"}, 404
 *     DELETE /cache/{user}/{id}/{version}   invalidates; 204
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hearth/mail.h>
#include <hearth/plugin.h>
#include <hearth/service/cache.h>

enum action { ACTION_PUT, ACTION_GET, ACTION_INVALIDATE };

/* One request, on its way to the home loop of its user and back. */
struct call {
    hearth_ctx *ctx; /* on the home loop */
    hearth_async *async;
    enum action action;
    bool returned; /* cache->get has: its callback must not run before */
    char user[600], id[600];
    hearth_doc doc;
    int status; /* of the answer */
    char *body, *answer;
};

static void reply(hearth_ctx *ctx, hearth_req *req, void *arg)
{
    struct call *call = arg;
    hearth_str body = {call->answer, call->answer ? strlen(call->answer) : 0};

    if (req && hearth_http_get(ctx)->reply(
                   req, call->status, body.ptr ? HEARTH_STR("application/json") : HEARTH_STR(""),
                   body) < 0)
        abort();
    free(call->body);
    free(call->answer);
    free(call);
}

static void finish(struct call *call, int status)
{
    call->status = status;
    hearth_http_get(call->ctx)->complete(call->async, reply, call);
}

static void found(const hearth_doc *doc, void *arg)
{
    struct call *call = arg;

    if (!call->returned)
        abort();
    if (doc && asprintf(&call->answer,
                        "{\"version\":%" PRIu64 ",\"epoch\":%" PRIu64
                        ",\"writeId\":\"%.*s\",\"expires\":%" PRId64 ",\"body\":%.*s}",
                        doc->version, doc->epoch, HEARTH_ARG(doc->write_id), doc->expires_ms,
                        HEARTH_ARG(doc->body)) < 0)
        abort();
    finish(call, doc ? 200 : 404);
}

static void at_home(hearth_ctx *ctx, void *arg)
{
    struct call *call = arg;
    hearth_ctx *provider = ctx->host->provider(ctx, HEARTH_CACHE_ID);
    const hearth_cache *cache = hearth_cache_get(ctx);

    call->ctx = ctx;
    if (call->action == ACTION_GET) {
        cache->get(provider, &call->doc.key, found, call);
        call->returned = true;
        return;
    }
    if (call->action == ACTION_PUT)
        cache->put(provider, &call->doc);
    else
        cache->invalidate(provider, &call->doc.key, call->doc.version);
    finish(call, 204);
}

static hearth_str copy(char *out, size_t size, hearth_str s)
{
    return (hearth_str){out, (size_t)snprintf(out, size, "%.*s", HEARTH_ARG(s))};
}

static uint64_t number(hearth_str s)
{
    char text[32];
    copy(text, sizeof(text), s);
    return strtoull(text, NULL, 10);
}

static hearth_status handle(hearth_ctx *ctx, hearth_req *req, enum action action)
{
    const hearth_http *http = hearth_http_get(ctx);
    struct call *call = calloc(1, sizeof(*call));
    hearth_str body = http->body(req);

    if (!call)
        return HEARTH_ENOMEM;
    call->ctx = ctx;
    call->action = action;
    call->body = strndup(body.ptr ? body.ptr : "", body.len);
    call->doc = (hearth_doc){
        .struct_size = sizeof(call->doc),
        .key = {HEARTH_STR("probes"),
                copy(call->user, sizeof(call->user), http->param(req, "user")),
                copy(call->id, sizeof(call->id), http->param(req, "id"))},
        .body = {call->body, body.len},
        .version = number(http->param(req, "version")),
        .epoch = 7,
        .write_id = HEARTH_STR("probe-1"),
        .expires_ms = (int64_t)number(http->query(req, "expires")),
    };
    call->async = http->defer(req, NULL, NULL);
    if (!call->async) {
        free(call->body);
        free(call);
        return HEARTH_ENOMEM;
    }
    if (hearth_mail_get(ctx)->send(ctx, call->doc.key.partition, at_home, call) != HEARTH_OK)
        finish(call, 503);
    return HEARTH_DEFERRED;
}

static hearth_status on_put(hearth_ctx *ctx, hearth_req *req)
{
    return handle(ctx, req, ACTION_PUT);
}

static hearth_status on_get(hearth_ctx *ctx, hearth_req *req)
{
    return handle(ctx, req, ACTION_GET);
}

static hearth_status on_invalidate(hearth_ctx *ctx, hearth_req *req)
{
    return handle(ctx, req, ACTION_INVALIDATE);
}

HEARTH_PLUGIN(
    "cache-probe", "1.0.0", .summary = "hearth.cache/1 over plain HTTP, for tests.",
    .uses = (const hearth_use[]){{HEARTH_HTTP_ID, sizeof(hearth_http), HEARTH_REQUIRED, 0},
                                 {HEARTH_MAIL_ID, sizeof(hearth_mail), HEARTH_REQUIRED, 0},
                                 {HEARTH_CACHE_ID, sizeof(hearth_cache), HEARTH_REQUIRED, 0},
                                 {0}},
    .routes = (const hearth_route[]){{"PUT", "/cache/{user}/{id}/{version}", on_put, HEARTH_PUBLIC,
                                      HEARTH_AFFINITY_ANY, NULL, 0, 0, "Puts a document"},
                                     {"GET", "/cache/{user}/{id}", on_get, HEARTH_PUBLIC,
                                      HEARTH_AFFINITY_ANY, NULL, 0, 0, "Gets a document"},
                                     {"DELETE", "/cache/{user}/{id}/{version}", on_invalidate,
                                      HEARTH_PUBLIC, HEARTH_AFFINITY_ANY, NULL, 0, 0,
                                      "Invalidates a document"},
                                     {0}});
