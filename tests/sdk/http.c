/* http.c - hearth.http/1: reading, answering, identifying, taking over, and what a hook sees. */
#include <pthread.h>

#include <hearth/timer.h>

#include "check.h"

static hearth_status run(hearth_ctx *ctx, hearth_req *req)
{
    const hearth_http *api = hearth_http_get(ctx);
    CHECK(same(api->method(req), "POST"));
    CHECK(same(api->path(req), "/http/a b/echo") && same(api->param(req, "name"), "a b"));
    CHECK(!api->param(req, "nobody").ptr);
    CHECK(same(api->query(req, "q"), "1 2") && same(api->query(req, "empty"), "") &&
          api->query(req, "empty").ptr && !api->query(req, "missing").ptr);
    CHECK(same(api->header(req, "x-TWICE"), "a, b") && !api->header(req, "X-None").ptr);
    CHECK(same(api->body(req), "{\"a\":1}") && same(api->peer(req), "127.0.0.1"));
    CHECK(same(api->request_id(req), "my-id") && same(api->route(req), "/http/{name}/echo"));
    CHECK(api->identity(req) == NULL && api->status(req) == 0);
    hearth_identity who = {.struct_size = sizeof(who), .user = HEARTH_STR("x")};
    CHECK(api->identify(req, &who) == HEARTH_EINVAL); /* not in its phase */
    CHECK(api->set_header(req, "X-Bad\r\n", HEARTH_STR("v")) == HEARTH_EINVAL);
    CHECK(api->set_header(req, "X-Bad", HEARTH_STR("a\r\nb")) == HEARTH_EINVAL);
    CHECK(api->set_header(req, "X-Good", HEARTH_STR("v")) == HEARTH_OK);
    hearth_status status = ok(ctx, req);
    return status == HEARTH_OK && ok(ctx, req) == HEARTH_ECONFLICT ? HEARTH_OK : HEARTH_EINTERNAL;
}

static hearth_status me(hearth_ctx *ctx, hearth_req *req)
{
    const hearth_http *api = hearth_http_get(ctx);
    const hearth_identity *who = api->identity(req);
    hearth_str text = hearth_arena_get(ctx)->printf(
        api->arena(req), "%.*s on %u of %u, home %u", HEARTH_ARG(who ? who->user : HEARTH_STR("-")),
        ctx->loop, ctx->loops, who ? hearth_loop_get(ctx)->home(ctx, who->user) : ctx->loop);
    return api->reply(req, 200, HEARTH_STR("text/plain"), text);
}

static hearth_status status_of(hearth_ctx *ctx, hearth_req *req)
{
    hearth_str number = hearth_http_get(ctx)->param(req, "number");
    return (hearth_status)-atoi(
        hearth_arena_get(ctx)->dup(hearth_http_get(ctx)->arena(req), number).ptr);
}

static hearth_status silent(hearth_ctx *ctx, hearth_req *req)
{
    (void)ctx;
    (void)req;
    return HEARTH_OK;
}

/* ---- taken over ---- */

static unsigned cancelled;

static void on_cancel(hearth_ctx *ctx, void *arg)
{
    (void)ctx;
    (void)arg;
    __atomic_fetch_add(&cancelled, 1, __ATOMIC_RELAXED);
}

static void answer(hearth_ctx *ctx, hearth_req *req, void *arg)
{
    (void)arg;
    if (req)
        (void)ok(ctx, req);
}

static void *from_elsewhere(void *arg)
{
    pending *item = arg;
    ((const hearth_http *)item->more)->complete(item->async, answer, NULL);
    free(item);
    return NULL;
}

/* Completed by a thread of the plugin's own. */
static hearth_status threaded(hearth_ctx *ctx, hearth_req *req)
{
    pending *item = pend(ctx, req);
    pthread_t thread;
    item->more = (void *)(uintptr_t)hearth_http_get(ctx);
    if (pthread_create(&thread, NULL, from_elsewhere, item) != 0)
        abort();
    pthread_detach(thread);
    return HEARTH_DEFERRED;
}

static hearth_status at_once(hearth_ctx *ctx, hearth_req *req)
{
    const hearth_http *api = hearth_http_get(ctx);
    api->complete(api->defer(req, NULL, NULL), answer, NULL);
    return HEARTH_DEFERRED;
}

static void late(hearth_ctx *ctx, void *async)
{
    hearth_http_get(ctx)->complete(async, answer, NULL);
}

static hearth_status slow(hearth_ctx *ctx, hearth_req *req)
{
    hearth_async *async = hearth_http_get(ctx)->defer(req, on_cancel, NULL);
    return hearth_timer_get(ctx)->start(ctx, 400, 0, late, async) ? HEARTH_DEFERRED : HEARTH_ENOMEM;
}

static hearth_status count_cancelled(hearth_ctx *ctx, hearth_req *req)
{
    const hearth_http *api = hearth_http_get(ctx);
    hearth_str text = hearth_arena_get(ctx)->printf(api->arena(req), "%u",
                                                    __atomic_load_n(&cancelled, __ATOMIC_RELAXED));
    return api->reply(req, 200, HEARTH_STR("text/plain"), text);
}

static hearth_status twice(hearth_ctx *ctx, hearth_req *req)
{
    const hearth_http *api = hearth_http_get(ctx);
    hearth_async *async = api->defer(req, NULL, NULL);
    api->complete(async, answer, NULL);
    api->complete(async, answer, NULL);
    return HEARTH_DEFERRED;
}

/* ---- hooks: "Bearer NAME SCOPE" is who it says; a deferred LIMIT; headers at REPLY ---- */

static hearth_status identify(hearth_ctx *ctx, hearth_req *req)
{
    const hearth_http *api = hearth_http_get(ctx);
    hearth_str token = api->header(req, "Authorization");
    if (token.len < 8)
        return HEARTH_OK;
    const char *end = memchr(token.ptr + 7, ' ', token.len - 7);
    size_t name = end ? (size_t)(end - token.ptr) - 7 : token.len - 7;
    hearth_identity who = {.struct_size = sizeof(who), .user = {token.ptr + 7, name}};
    if (end)
        who.scope = (hearth_str){end + 1, token.len - 8 - name};
    if (same(who.user, "banned"))
        return HEARTH_EFORBIDDEN;
    return api->identify(req, &who);
}

static void let_go(hearth_ctx *ctx, hearth_req *req, void *arg)
{
    (void)ctx;
    (void)req;
    (void)arg;
}

static void release(hearth_ctx *ctx, void *async)
{
    hearth_http_get(ctx)->complete(async, let_go, NULL);
}

static hearth_status limit(hearth_ctx *ctx, hearth_req *req)
{
    const hearth_http *api = hearth_http_get(ctx);
    const hearth_identity *who = api->identity(req);
    if (who && same(who->user, "busy"))
        return api->error(req, 429, "TOO_MANY_REQUESTS", "Slower.");
    if (!who || !same(who->user, "patient"))
        return HEARTH_OK;
    hearth_async *async = api->defer(req, NULL, NULL);
    return hearth_timer_get(ctx)->start(ctx, 50, 0, release, async) ? HEARTH_DEFERRED
                                                                    : HEARTH_ENOMEM;
}

static hearth_status decorate(hearth_ctx *ctx, hearth_req *req)
{
    return hearth_http_get(ctx)->set_header(req, "X-Hook", HEARTH_STR("reply"));
}

static hearth_status look(hearth_ctx *ctx, hearth_req *req)
{
    const hearth_http *api = hearth_http_get(ctx);
    if (api->status(req) == 418 && api->duration_ns(req) > 0)
        HEARTH_LOG(hearth_log_get(ctx), ctx, req, HEARTH_LOG_INFO, "saw %d", api->status(req));
    return HEARTH_OK;
}

static hearth_status teapot(hearth_ctx *ctx, hearth_req *req)
{
    return hearth_http_get(ctx)->error_with(req, 418, "TEAPOT", HEARTH_STR("\"cups\":[1,2]"),
                                            "Short and %s.", "stout");
}

static const hearth_use uses[] = {
    USE(HEARTH_HTTP_ID, hearth_http),       USE(HEARTH_ARENA_ID, hearth_arena_api),
    USE(HEARTH_LOOP_ID, hearth_loop_api),   USE(HEARTH_LOG_ID, hearth_log),
    USE(HEARTH_TIMER_ID, hearth_timer_api), {0}};
static const hearth_hook hooks[] = {{HEARTH_PHASE_IDENTIFY, 0, identify},
                                    {HEARTH_PHASE_LIMIT, 0, limit},
                                    {HEARTH_PHASE_REPLY, 0, decorate},
                                    {HEARTH_PHASE_LOG, 0, look},
                                    {0}};
static const hearth_route routes[] = {
    {.method = "POST", .path = "/http/{name}/echo", .handler = run},
    {.method = "GET", .path = "/http/status/{number}", .handler = status_of},
    {.method = "GET", .path = "/http/silent", .handler = silent},
    {.method = "GET", .path = "/http/teapot", .handler = teapot},
    {.method = "GET", .path = "/http/threaded", .handler = threaded},
    {.method = "GET", .path = "/http/at-once", .handler = at_once},
    {.method = "GET", .path = "/http/slow", .handler = slow, .timeout_ms = 100},
    {.method = "GET", .path = "/http/patient", .handler = slow},
    {.method = "GET", .path = "/http/cancelled", .handler = count_cancelled},
    {.method = "GET", .path = "/http/twice", .handler = twice},
    {.method = "GET", .path = "/http/me", .handler = me, .access = HEARTH_BEARER},
    {.method = "GET", .path = "/http/maybe", .handler = me, .access = HEARTH_BEARER_OPTIONAL},
    {.method = "GET",
     .path = "/http/admin",
     .handler = me,
     .access = HEARTH_SCOPE,
     .scope = "admin root"},
    {0}};
HEARTH_PLUGIN("sdk-http", "1.0.0", .uses = uses, .routes = routes, .hooks = hooks);
