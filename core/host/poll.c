/* poll.c - hearth.poll/1 over uv_poll. */
#include <stdlib.h>

#include "host/interfaces.h"
#include "host/resources.h"
#include "host/state.h"

struct hearth_poll {
    uv_poll_t handle; /* first: uv casts */
    hearth_list link;
    hearth_ctx *ctx;
    hearth_poll_fn fn;
    void *arg;
    int fd;
    uint32_t events;
    bool stopped;
};

static void on_ready(uv_poll_t *handle, int status, int ready);

static int watch(hearth_poll *poll)
{
    int wanted = ((poll->events & HEARTH_POLL_READ) ? UV_READABLE : 0) |
                 ((poll->events & HEARTH_POLL_WRITE) ? UV_WRITABLE : 0);
    return wanted ? uv_poll_start(&poll->handle, wanted, on_ready) : uv_poll_stop(&poll->handle);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

static void destroy(hearth_poll *poll)
{
    poll->stopped = true;
    list_remove(&poll->link);
    uv_close((uv_handle_t *)&poll->handle, on_closed); /* frees it in a later turn */
}

static void on_ready(uv_poll_t *handle, int status, int ready)
{
    hearth_poll *poll = (hearth_poll *)handle;
    uint32_t events = ((ready & UV_READABLE) ? HEARTH_POLL_READ : 0u) |
                      ((ready & UV_WRITABLE) ? HEARTH_POLL_WRITE : 0u);
    if (status < 0) /* whoever reads or writes now learns what the error is */
        events = HEARTH_POLL_ERROR | poll->events;
    loop_wake(&host_loop_of(poll->ctx)->net);
    host_scope outer =
        scope_enter(&host_loop_of(poll->ctx)->net, plugin_ctx_of(poll->ctx)->plugin->id, "poll");
    poll->fn(poll->ctx, poll->fd, events, poll->arg);
    scope_leave(outer);
    if (status < 0 && !poll->stopped)
        (void)watch(poll); /* uv pauses on errors; level-triggered means to go on */
}

static hearth_poll *start(hearth_ctx *ctx, int fd, uint32_t events, hearth_poll_fn fn, void *arg)
{
    CTX_ASSERT(ctx, "hearth_poll.start");
    if (ctx->loop == HEARTH_LOOP_MAIN)
        return NULL;
    hearth_poll *poll = malloc(sizeof(*poll));
    if (!poll)
        return NULL;
    *poll = (hearth_poll){.ctx = ctx, .fn = fn, .arg = arg, .fd = fd, .events = events};
    if (uv_poll_init(&host_loop_of(ctx)->net.uv, &poll->handle, fd) != 0) {
        free(poll);
        return NULL;
    }
    list_push_back(&host_slot_of(ctx)->polls, &poll->link);
    if (watch(poll) != 0) {
        destroy(poll);
        return NULL;
    }
    return poll;
}

static hearth_status update(hearth_poll *poll, uint32_t events)
{
    CTX_ASSERT(poll->ctx, "hearth_poll.update");
    poll->events = events;
    return watch(poll) == 0 ? HEARTH_OK : HEARTH_EINTERNAL;
}

static void stop(hearth_poll *poll)
{
    if (!poll)
        return;
    CTX_ASSERT(poll->ctx, "hearth_poll.stop");
    destroy(poll);
}

void polls_stop_all(host_slot *slot)
{
    HEARTH_LIST_EACH(link, &slot->polls)
    destroy(HEARTH_LIST_ENTRY(link, hearth_poll, link));
}

const hearth_poll_api host_poll_api = {
    .struct_size = sizeof(hearth_poll_api), .start = start, .update = update, .stop = stop};
