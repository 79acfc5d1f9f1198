/* host.c - hearth_host itself: services, health, data_dir, the order of life, a deferred drain. */
#include <hearth/timer.h>

#include "check.h"

typedef struct number_service {
    uint32_t struct_size;
    int (*number)(hearth_ctx *ctx);
} number_service;

#define NUMBER_ID "test.number/1"

static hearth_status run(hearth_ctx *ctx, hearth_req *req)
{
    const number_service *service = ctx->host->get(ctx, NUMBER_ID, sizeof(number_service));
    hearth_ctx *provider = ctx->host->provider(ctx, NUMBER_ID);
    CHECK(service && provider && provider != ctx && provider->loop == ctx->loop);
    CHECK(service->number(provider) == 42);
    CHECK(ctx->host->get(ctx, NUMBER_ID, sizeof(number_service) + 1) == NULL);
    CHECK(ctx->host->get(ctx, "test.absent/1", 4) == NULL);
    CHECK(ctx->host->get(ctx, "hearth.mail/1", 4) == NULL); /* not declared */
    CHECK(ctx->host->provider(ctx, HEARTH_HTTP_ID) == ctx);
    CHECK(ctx->host->data_dir(ctx).ptr[0] == '/');
    CHECK(ctx->shared == provider && ctx->state == ctx);
    return ok(ctx, req);
}

static hearth_status sick(hearth_ctx *ctx, hearth_req *req)
{
    ctx->host->health(ctx, "pump", HEARTH_NOT_READY, "The pump is dry.");
    return ok(ctx, req);
}

static hearth_status weak(hearth_ctx *ctx, hearth_req *req)
{
    ctx->host->health(ctx, "pump", HEARTH_DEGRADED, "The pump leaks.");
    return ok(ctx, req);
}

static hearth_status well(hearth_ctx *ctx, hearth_req *req)
{
    ctx->host->health(ctx, "pump", HEARTH_HEALTHY, "");
    return ok(ctx, req);
}

static hearth_status open(hearth_ctx *ctx)
{
    (void)ctx;
    return HEARTH_OK;
}

static hearth_status start(hearth_ctx *ctx)
{
    ctx->state = ctx;
    ctx->shared = ctx->host->provider(ctx, NUMBER_ID);
    return HEARTH_OK;
}

static void drained(hearth_ctx *ctx, void *arg)
{
    (void)arg;
    hearth_log_get(ctx)->write(ctx, NULL, HEARTH_LOG_INFO, "user drained on %u", ctx->loop);
    ctx->host->drained(ctx);
}

static hearth_status drain(hearth_ctx *ctx)
{
    return hearth_timer_get(ctx)->start(ctx, 100, 0, drained, NULL) ? HEARTH_DEFERRED : HEARTH_OK;
}

static const hearth_use uses[] = {USE(NUMBER_ID, number_service),
                                  {.id = "test.absent/1", .min_size = 4, .flags = HEARTH_OPTIONAL},
                                  USE(HEARTH_HTTP_ID, hearth_http),
                                  USE(HEARTH_LOG_ID, hearth_log),
                                  USE(HEARTH_TIMER_ID, hearth_timer_api),
                                  {0}};
static const hearth_route routes[] = {{.method = "GET", .path = "/host", .handler = run},
                                      {.method = "GET", .path = "/host/sick", .handler = sick},
                                      {.method = "GET", .path = "/host/weak", .handler = weak},
                                      {.method = "GET", .path = "/host/well", .handler = well},
                                      {0}};
HEARTH_PLUGIN("sdk-host", "1.0.0", .uses = uses, .routes = routes, .open = open, .start = start,
              .drain = drain);
