/*
 * steps.c - see steps.h. A loop has two letters: one that goes out with a step and comes home with
 * its answer, and one for what needs no answer. A step that is given up keeps its letter; the next
 * step then travels in a letter of its own, numbered, so that late answers are known as such.
 */
#include "host/steps.h"

#include <stdlib.h>

#include "host/resources.h"

typedef struct step_letter {
    hearth_letter letter;
    host_state *host;
    uint64_t number;
} step_letter;

static uint64_t present; /* number of the step that is waited for [main] */

static void come_home(hearth_loop *loop, hearth_letter *letter)
{
    step_letter *item = HEARTH_CONTAINER_OF(letter, step_letter, letter);
    host_state *host = item->host;
    uint64_t number = item->number;
    (void)loop;
    free(item);
    if (number != present || host->lifecycle->waiting == 0)
        return;
    if (--host->lifecycle->waiting == 0)
        host->lifecycle->next(host);
}

void step_done(host_loop *loop)
{
    if (!loop->step)
        return;
    step_letter *item = HEARTH_CONTAINER_OF(loop->step, step_letter, letter);
    loop->step = NULL;
    item->letter.fn = come_home;
    if (loop_send(&loop->host->main, &item->letter) < 0)
        free(item);
}

static void send_step(host_loop *loop, host_step step, uint64_t number)
{
    step_letter *item = malloc(sizeof(*item));
    if (!item)
        abort(); /* a few bytes at a turning point of the process: there is no way on */
    *item = (step_letter){.letter = {.fn = step}, .host = loop->host, .number = number};
    if (loop_send(&loop->net, &item->letter) < 0)
        free(item);
}

void steps_begin(host_state *host, host_step step, void (*next)(struct host_state *host))
{
    host->lifecycle->waiting = host->loop_count;
    host->lifecycle->next = next;
    present++;
    for (uint32_t i = 0; i < host->loop_count; i++)
        send_step(&host->loops[i], step, present);
}

void steps_tell(host_state *host, host_step step)
{
    for (uint32_t i = 0; i < host->loop_count; i++)
        send_step(&host->loops[i], step, 0);
}

/* Takes the letter over as the step that is to be answered; an older one is given up. */
static host_loop *arrive(hearth_loop *loop, hearth_letter *letter)
{
    host_loop *owner = loop->owner;
    if (owner->step)
        free(HEARTH_CONTAINER_OF(owner->step, step_letter, letter));
    owner->step = letter;
    owner->closing = NULL;
    return owner;
}

void step_start(hearth_loop *loop, hearth_letter *letter)
{
    host_loop *owner = arrive(loop, letter);
    owner->start_status =
        plugin_set_start(&owner->host->plugins, owner->index, &owner->start_error);
    step_done(owner);
}

void step_accept(hearth_loop *loop, hearth_letter *letter)
{
    host_loop *owner = loop->owner;
    hearth_error why;
    if (worker_accept(owner->worker, &why) != HEARTH_OK)
        log_error("host", "loop %u does not accept: %s", owner->index, why.text);
    free(HEARTH_CONTAINER_OF(letter, step_letter, letter));
}

static void on_worker_drained(http_worker *worker, void *arg)
{
    host_loop *owner = arg;
    (void)worker;
    if (owner->closing && owner->closing == owner->step) /* else nobody waits for it any more */
        step_done(owner);
}

void step_close(hearth_loop *loop, hearth_letter *letter)
{
    host_loop *owner = arrive(loop, letter);
    owner->closing = letter;
    if (owner->worker)
        worker_drain(owner->worker, on_worker_drained, owner);
    else
        step_done(owner);
}

void step_abort(hearth_loop *loop, hearth_letter *letter)
{
    host_loop *owner = loop->owner;
    if (owner->worker) {
        uint64_t late = worker_counters(owner->worker)->in_flight;
        if (late > 0)
            log_warn("host",
                     "loop %u: %llu requests in flight are not waited for: their connections are "
                     "closed",
                     owner->index, (unsigned long long)late);
        asyncs_name(owner);
        worker_abort(owner->worker);
    }
    free(HEARTH_CONTAINER_OF(letter, step_letter, letter));
}

void step_drain(hearth_loop *loop, hearth_letter *letter)
{
    host_loop *owner = arrive(loop, letter);
    size_t index = owner->host->lifecycle->draining - 1; /* steady while a step is on its way */
    hearth_plugin *item = owner->host->plugins.items[index];
    plugin_ctx *ctx = &item->loops[owner->index];
    if (!ctx->started) {
        step_done(owner);
        return;
    }
    owner->slots[index].drain_pending = true;
    host_scope outer = scope_enter(loop, item->id, "drain");
    hearth_status status = item->desc.head.drain(&ctx->public);
    scope_leave(outer);
    if (status == HEARTH_DEFERRED)
        return;
    if (status != HEARTH_OK)
        log_error(item->id, "could not drain on loop %u: %s", owner->index, status_name(status));
    if (owner->slots[index].drain_pending)
        lifecycle_drained(&ctx->public);
}

void lifecycle_drained(hearth_ctx *ctx)
{
    CTX_ASSERT(ctx, "hearth_host.drained");
    host_loop *loop = host_loop_of(ctx);
    host_slot *slot = host_slot_of(ctx);
    if (!slot->drain_pending) {
        log_error(plugin_ctx_of(ctx)->plugin->id, "drained() was called without a drain");
        return;
    }
    slot->drain_pending = false;
    step_done(loop);
}

static void after_stop(plugin_ctx *ctx)
{
    host_loop *loop = ctx->owner;
    host_slot *slot = &loop->slots[ctx->plugin->index];
    timers_stop_all(slot);
    polls_stop_all(slot);
    loop->exporters -= slot->on_span != NULL;
    slot->on_span = NULL;
    slot->on_collect = NULL;
}

static void stop_when_idle(host_loop *loop)
{
    if (loop->tasks > 0) { /* `done` of every task runs, also now */
        loop_timer_set(&loop->net, &loop->idle_timer, 10);
        return;
    }
    plugin_set_stop(&loop->host->plugins, loop->index, after_stop);
    step_done(loop);
}

static void on_idle_timer(hearth_wheel_timer *timer)
{
    stop_when_idle(HEARTH_CONTAINER_OF(timer, host_loop, idle_timer));
}

void step_stop(hearth_loop *loop, hearth_letter *letter)
{
    host_loop *owner = arrive(loop, letter);
    owner->stopping = true;
    wheel_timer_init(&owner->idle_timer, on_idle_timer);
    for (size_t i = 0; i < owner->host->plugins.count; i++)
        calls_cancel_all(&owner->slots[i]);
    stop_when_idle(owner);
}
