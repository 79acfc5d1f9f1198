/* clock.c - hearth.clock/1. */
#include "check.h"

static hearth_status run(hearth_ctx *ctx, hearth_req *req)
{
    const hearth_clock *api = hearth_clock_get(ctx);
    char text[HEARTH_RFC3339_SIZE];
    CHECK(api->wall_ms(ctx) > INT64_C(1700000000000));
    uint64_t before = api->mono_ns(ctx);
    CHECK(api->mono_ns(ctx) >= before);
    CHECK(api->loop_ms(ctx) == api->loop_ms(ctx));
    CHECK(before / 1000000 + 1000 > api->loop_ms(ctx));
    api->rfc3339(INT64_C(1763690400999), text);
    CHECK(strcmp(text, "2025-11-21T02:00:00Z") == 0);
    return ok(ctx, req);
}

static const hearth_use uses[] = {
    USE(HEARTH_CLOCK_ID, hearth_clock), USE(HEARTH_HTTP_ID, hearth_http), {0}};
static const hearth_route routes[] = {{.method = "GET", .path = "/clock", .handler = run}, {0}};
HEARTH_PLUGIN("sdk-clock", "1.0.0", .uses = uses, .routes = routes);
