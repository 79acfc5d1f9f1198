/* loop.c - hearth.loop/1 and hearth.mail/1: letters between loops. */
#include <stdlib.h>

#include "base/hash.h"
#include "host/interfaces.h"
#include "host/state.h"

/* One function for one loop. */
typedef struct posted {
    hearth_letter letter;
    hearth_ctx *ctx; /* on the target loop */
    hearth_loop_fn fn;
    void *arg;
} posted;

static void run_posted(hearth_loop *loop, hearth_letter *letter)
{
    posted *item = HEARTH_CONTAINER_OF(letter, posted, letter);
    host_loop *owner = loop->owner;
    bool started = plugin_ctx_of(item->ctx)->started;
    /* Sent in `open`: it waits for `start`. After `stop` nothing of a plugin runs any more. */
    if (!started && !owner->stopping && loop_send(loop, letter) >= 0)
        return;
    if (!started) {
        free(item);
        return;
    }
    host_scope outer = scope_enter(loop, plugin_ctx_of(item->ctx)->plugin->id, "post");
    item->fn(item->ctx, item->arg);
    scope_leave(outer);
    free(item);
}

static hearth_status post(hearth_ctx *ctx, uint32_t index, hearth_loop_fn fn, void *arg)
{
    if (index >= ctx->loops)
        return HEARTH_EINVAL;
    posted *item = malloc(sizeof(*item));
    if (!item)
        return HEARTH_ENOMEM;
    plugin_ctx *target = &plugin_ctx_of(ctx)->plugin->loops[index];
    *item = (posted){.ctx = &target->public, .fn = fn, .arg = arg};
    item->letter.fn = run_posted;
    hearth_status status = loop_send(&((host_loop *)target->owner)->net, &item->letter);
    if (status < 0)
        free(item);
    return status < 0 ? status : HEARTH_OK;
}

/* One function for every loop, and one for the end. */
typedef struct round {
    hearth_ctx *ctx; /* on the calling loop */
    hearth_loop_fn fn, done;
    void *arg;
    atomic_uint left;
    hearth_letter home; /* carries `done` back */
    struct round_part {
        hearth_letter letter;
        struct round *round;
        uint32_t loop;
    } parts[];
} round_trip;

static void run_done(hearth_loop *loop, hearth_letter *letter)
{
    round_trip *trip = HEARTH_CONTAINER_OF(letter, round_trip, home);
    host_scope outer = scope_enter(loop, plugin_ctx_of(trip->ctx)->plugin->id, "each");
    if (trip->done && plugin_ctx_of(trip->ctx)->started)
        trip->done(trip->ctx, trip->arg);
    scope_leave(outer);
    free(trip);
}

/* The last loop that is through sends `done` home. */
static void count_down(round_trip *trip)
{
    if (atomic_fetch_sub(&trip->left, 1) != 1)
        return;
    trip->home.fn = run_done;
    if (loop_send(&host_loop_of(trip->ctx)->net, &trip->home) < 0)
        free(trip);
}

static void run_part(hearth_loop *loop, hearth_letter *letter)
{
    struct round_part *part = HEARTH_CONTAINER_OF(letter, struct round_part, letter);
    round_trip *trip = part->round;
    hearth_plugin *item = plugin_ctx_of(trip->ctx)->plugin;
    host_loop *owner = loop->owner;
    bool started = item->loops[part->loop].started;
    if (!started && !owner->stopping && loop_send(loop, letter) >= 0)
        return; /* as in run_posted */
    host_scope outer = scope_enter(loop, item->id, "each");
    if (started)
        trip->fn(&item->loops[part->loop].public, trip->arg);
    scope_leave(outer);
    count_down(trip);
}

static hearth_status each(hearth_ctx *ctx, hearth_loop_fn fn, hearth_loop_fn done, void *arg)
{
    CTX_ASSERT(ctx, "hearth_loop.each");
    if (ctx->loop == HEARTH_LOOP_MAIN)
        return HEARTH_EINVAL;
    round_trip *trip = calloc(1, sizeof(*trip) + ctx->loops * sizeof(trip->parts[0]));
    if (!trip)
        return HEARTH_ENOMEM;
    trip->ctx = ctx;
    trip->fn = fn;
    trip->done = done;
    trip->arg = arg;
    atomic_init(&trip->left, ctx->loops);
    uint32_t loops = ctx->loops; /* the trip may be over before the loop here is */
    for (uint32_t i = 0; i < loops; i++) {
        trip->parts[i].letter.fn = run_part;
        trip->parts[i].round = trip;
        trip->parts[i].loop = i;
        host_loop *target = plugin_ctx_of(ctx)->plugin->loops[i].owner;
        if (loop_send(&target->net, &trip->parts[i].letter) < 0)
            count_down(trip); /* that loop has stopped: it has nothing left to run it on */
    }
    return HEARTH_OK;
}

static uint32_t home(hearth_ctx *ctx, hearth_str user)
{
    return hash_home(user, ctx->loops);
}

static hearth_status mail(hearth_ctx *ctx, hearth_str user, void (*fn)(hearth_ctx *ctx, void *arg),
                          void *arg)
{
    return post(ctx, hash_home(user, ctx->loops), fn, arg);
}

const hearth_loop_api host_loop_api = {
    .struct_size = sizeof(hearth_loop_api), .post = post, .each = each, .home = home};

const hearth_mail host_mail_api = {.struct_size = sizeof(hearth_mail), .send = mail};
