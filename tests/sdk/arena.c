/* arena.c - hearth.arena/1. */
#include "check.h"

static int order;

static void first(void *arg)
{
    *(int *)arg = ++order;
}

static hearth_status run(hearth_ctx *ctx, hearth_req *req)
{
    const hearth_arena_api *api = hearth_arena_get(ctx);
    hearth_arena *request = hearth_http_get(ctx)->arena(req);
    char *bytes = api->alloc(request, 100);
    CHECK(bytes && (uintptr_t)bytes % _Alignof(max_align_t) == 0);
    hearth_str copy = api->dup(request, HEARTH_STR("abc"));
    CHECK(same(copy, "abc") && copy.ptr[3] == '\0');
    CHECK(same(api->printf(request, "%d-%s", 7, "x"), "7-x"));
    hearth_arena *own = api->create(ctx, 4096);
    CHECK(own);
    CHECK(api->alloc(own, 4097) == NULL);
    CHECK(api->dup(own, (hearth_str){"", 0}).ptr);
    int a = 0, b = 0;
    order = 0;
    CHECK(api->defer(own, first, &a) == HEARTH_OK && api->defer(own, first, &b) == HEARTH_OK);
    api->destroy(own);
    CHECK(b == 1 && a == 2);
    api->destroy(NULL);
    return ok(ctx, req);
}

static const hearth_use uses[] = {
    USE(HEARTH_ARENA_ID, hearth_arena_api), USE(HEARTH_HTTP_ID, hearth_http), {0}};
static const hearth_route routes[] = {{.method = "GET", .path = "/arena", .handler = run}, {0}};
HEARTH_PLUGIN("sdk-arena", "1.0.0", .uses = uses, .routes = routes);
