/* stall.c - holds its loop on purpose, for the watchdog. */
#include <time.h>

#include "check.h"

static hearth_status run(hearth_ctx *ctx, hearth_req *req)
{
    nanosleep(&(struct timespec){.tv_nsec = 400000000}, NULL);
    return ok(ctx, req);
}

static const hearth_use uses[] = {USE(HEARTH_HTTP_ID, hearth_http), {0}};
static const hearth_route routes[] = {{.method = "GET", .path = "/stall", .handler = run}, {0}};
HEARTH_PLUGIN("sdk-stall", "1.0.0", .uses = uses, .routes = routes);
