/* service.c - a service for sdk-host: a provider whose name sorts after its user's. */
#include "check.h"

typedef struct number_service {
    uint32_t struct_size;
    int (*number)(hearth_ctx *ctx);
} number_service;

static int number(hearth_ctx *ctx)
{
    return *(int *)ctx->state;
}

static hearth_status start(hearth_ctx *ctx)
{
    int *value = ctx->state = malloc(sizeof(*value));
    *value = 42;
    return HEARTH_OK;
}

static hearth_status drain(hearth_ctx *ctx)
{
    hearth_log_get(ctx)->write(ctx, NULL, HEARTH_LOG_INFO, "provider drained on %u", ctx->loop);
    return HEARTH_OK;
}

static void stop(hearth_ctx *ctx)
{
    free(ctx->state);
}

static const number_service table = {sizeof(number_service), number};
static const hearth_provide provides[] = {{"test.number/1", &table}, {0}};
static const hearth_use uses[] = {USE(HEARTH_LOG_ID, hearth_log), {0}};
HEARTH_PLUGIN("sdk-service", "1.0.0", .uses = uses, .provides = provides, .start = start,
              .drain = drain, .stop = stop);
