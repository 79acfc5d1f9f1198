/* log.c - hearth.log/1. */
#include "check.h"

static int evaluated;

static const char *costly(void)
{
    evaluated++;
    return "costly";
}

static hearth_status run(hearth_ctx *ctx, hearth_req *req)
{
    const hearth_log *api = hearth_log_get(ctx);
    evaluated = 0;
    HEARTH_LOG(api, ctx, req, HEARTH_LOG_DEBUG, "not written: %s", costly());
    CHECK(evaluated == 0 && !api->enabled(ctx, HEARTH_LOG_DEBUG));
    HEARTH_LOG(api, ctx, req, HEARTH_LOG_INFO, "of a request: %s", costly());
    HEARTH_LOG(api, ctx, NULL, HEARTH_LOG_WARNING, "of nobody \"quoted\"\n");
    CHECK(evaluated == 1);
    return ok(ctx, req);
}

static const hearth_use uses[] = {
    USE(HEARTH_LOG_ID, hearth_log), USE(HEARTH_HTTP_ID, hearth_http), {0}};
static const hearth_route routes[] = {{.method = "GET", .path = "/log", .handler = run}, {0}};
HEARTH_PLUGIN("sdk-log", "1.0.0", .uses = uses, .routes = routes);
