/*
 * loop.h - hearth.loop/1: moving work between loops. State is never shared, work is sent to it.
 */
#ifndef HEARTH_LOOP_H
#define HEARTH_LOOP_H

#include <hearth/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEARTH_LOOP_ID "hearth.loop/1"

/* ctx is the same plugin's on the target loop. */
typedef void (*hearth_loop_fn)(hearth_ctx *ctx, void *arg);

typedef struct hearth_loop_api {
    uint32_t struct_size;
    /* Runs fn on loop `index`, later, in order of posting per sender. EINVAL: there is no such
     * loop; ENOMEM; ECANCELED after that loop has stopped: then fn never runs. [any] */
    hearth_status (*post)(hearth_ctx *ctx, uint32_t index, hearth_loop_fn fn,
                          void *arg) HEARTH_MUST_CHECK;
    /* Runs fn once on every loop, then `done` on the calling loop. ENOMEM: nothing runs. [loop] */
    hearth_status (*each)(hearth_ctx *ctx, hearth_loop_fn fn, hearth_loop_fn done,
                          void *arg) HEARTH_MUST_CHECK;
    /* The home loop of a user: a stable hash of the id modulo the number of loops. [any] */
    uint32_t (*home)(hearth_ctx *ctx, hearth_str user);
} hearth_loop_api;

static inline const hearth_loop_api *hearth_loop_get(hearth_ctx *ctx)
{
    return (const hearth_loop_api *)ctx->host->get(ctx, HEARTH_LOOP_ID, sizeof(hearth_loop_api));
}

#ifdef __cplusplus
}
#endif
#endif
