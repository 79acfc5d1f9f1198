/*
 * keeping.c - a Redis that was set up as a cache throws documents away when it is full, and nobody
 * would be told.
 */
#include "keeping.h"

#include <stdbool.h>
#include <string.h>

#include "plugin.h"

static bool is_bounded(const char *info)
{
    return strstr(info, "\nmaxmemory:") && !strstr(info, "\nmaxmemory:0\r");
}

static void warn(hearth_ctx *ctx, const char *what)
{
    const struct redis_place *place = &shared_of(ctx)->place;
    HEARTH_LOG(shared_of(ctx)->log, ctx, NULL, HEARTH_LOG_WARNING, "redis %s:%u: %s", place->host,
               place->port, what);
}

const char *keeping_problem(hearth_ctx *ctx, const char *info)
{
    struct local *local = local_of(ctx);

    if (is_bounded(info) && strstr(info, "\nmaxmemory_policy:allkeys"))
        return "its maxmemory-policy throws documents away when it is full; set it to noeviction";
    if (ctx->loop != 0 || local->warned)
        return NULL;
    if (is_bounded(info) && strstr(info, "\nmaxmemory_policy:volatile"))
        warn(ctx, "its maxmemory-policy ends sessions early when it is full; noeviction does not");
    if (strstr(info, "\naof_enabled:0\r"))
        warn(ctx, "it keeps no append-only file (appendonly yes): when it ends, what it confirmed "
                  "since its last snapshot is lost");
    local->warned = true;
    return NULL;
}
