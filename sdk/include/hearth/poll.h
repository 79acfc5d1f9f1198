/*
 * poll.h - hearth.poll/1: readiness of a file descriptor on this loop, for libraries that bring
 * their own sockets (hiredis, curl multi).
 */
#ifndef HEARTH_POLL_H
#define HEARTH_POLL_H

#include <hearth/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEARTH_POLL_ID "hearth.poll/1"

enum { HEARTH_POLL_READ = 1, HEARTH_POLL_WRITE = 2, HEARTH_POLL_ERROR = 4 };

typedef struct hearth_poll hearth_poll;
/* `events` is what is ready now; errors and hang-ups also set ERROR. */
typedef void (*hearth_poll_fn)(hearth_ctx *ctx, int fd, uint32_t events, void *arg);

typedef struct hearth_poll_api {
    uint32_t struct_size;
    /* Watches fd, which stays the caller's; level-triggered. One watch per fd. NULL: not a pollable
     * descriptor, already watched, or out of memory. [loop] */
    hearth_poll *(*start)(hearth_ctx *ctx, int fd, uint32_t events, hearth_poll_fn fn, void *arg);
    /* Changes what is waited for; 0 pauses. EINTERNAL: the system refuses. [loop] */
    hearth_status (*update)(hearth_poll *poll, uint32_t events) HEARTH_MUST_CHECK;
    /* Ends it, before the descriptor is closed; fn does not run again. NULL is fine. [loop] */
    void (*stop)(hearth_poll *poll);
} hearth_poll_api;

static inline const hearth_poll_api *hearth_poll_get(hearth_ctx *ctx)
{
    return (const hearth_poll_api *)ctx->host->get(ctx, HEARTH_POLL_ID, sizeof(hearth_poll_api));
}

#ifdef __cplusplus
}
#endif
#endif
