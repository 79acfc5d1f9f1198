/* lifecycle.c - see lifecycle.h: the steps, and the deadlines of the way down. */
#include "host/lifecycle.h"

#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "host/steps.h"

#define HURRY_MS                                                                                   \
    2000 /* what is left of any wait once somebody hurries, and for what was aborted               \
          */

static void begin_stopping(host_state *host);

/* ---- deadlines ------------------------------------------------------------------------------- */

static void set_timer(host_state *host, void (*fn)(hearth_wheel_timer *), int64_t delay_ms)
{
    host_lifecycle *life = host->lifecycle;
    uint64_t delay = delay_ms < 0 ? 0 : (uint64_t)delay_ms;
    loop_timer_stop(&host->main, &life->timer);
    wheel_timer_init(&life->timer, fn);
    loop_timer_set(&host->main, &life->timer, delay);
}

static host_state *host_of(hearth_wheel_timer *timer)
{
    return HEARTH_CONTAINER_OF(timer, host_lifecycle, timer)->host;
}

/* ---- the end --------------------------------------------------------------------------------- */

static void finished(host_state *host)
{
    loop_timer_stop(&host->main, &host->lifecycle->timer);
    loop_stop(&host->main);
}

static void forsake(hearth_wheel_timer *timer)
{
    host_state *host = host_of(timer);
    log_error("host", "%u loops did not stop: their memory is left as it is",
              host->lifecycle->waiting);
    host->lifecycle->forsaken = true;
    finished(host);
}

static void begin_stopping(host_state *host)
{
    atomic_store(&host->phase, HOST_STOPPING);
    set_timer(host, forsake, HURRY_MS + host->config->settings->drain_timeout);
    steps_begin(host, step_stop, finished);
}

/* ---- plugins --------------------------------------------------------------------------------- */

static void drain_next(host_state *host)
{
    host_lifecycle *life = host->lifecycle;
    while (life->draining > 1) {
        life->draining--;
        if (!host->plugins.items[life->draining - 1]->desc.head.drain)
            continue;
        steps_begin(host, step_drain, drain_next);
        return;
    }
    begin_stopping(host);
}

static void flush_is_late(hearth_wheel_timer *timer)
{
    host_state *host = host_of(timer);
    log_error("host", "plugin %s did not drain in time: stopping without it",
              host->plugins.items[host->lifecycle->draining - 1]->id);
    begin_stopping(host);
}

static void begin_flushing(host_state *host)
{
    atomic_store(&host->phase, HOST_FLUSHING);
    host->lifecycle->draining = host->plugins.count + 1;
    set_timer(host, flush_is_late, host->config->settings->drain_timeout);
    drain_next(host);
}

/* ---- requests -------------------------------------------------------------------------------- */

static void requests_hang(hearth_wheel_timer *timer)
{
    host_state *host = host_of(timer);
    log_error("host", "requests were not completed by their plugins: stopping without them");
    host->lifecycle->forsaken = true;
    begin_flushing(host);
}

static void requests_are_late(hearth_wheel_timer *timer)
{
    host_state *host = host_of(timer);
    steps_tell(host, step_abort);
    set_timer(host, requests_hang, HURRY_MS);
}

static void begin_closing(host_state *host)
{
    atomic_store(&host->phase, HOST_CLOSING);
    set_timer(host, requests_are_late,
              host->lifecycle->hurried ? HURRY_MS : host->config->settings->drain_timeout);
    steps_begin(host, step_close, begin_flushing);
}

static void delay_is_over(hearth_wheel_timer *timer)
{
    begin_closing(host_of(timer));
}

static void hurry(host_state *host)
{
    host_lifecycle *life = host->lifecycle;
    if (life->hurried)
        return;
    life->hurried = true;
    log_info("host", "stopping at once");
    switch ((host_phase)atomic_load(&host->phase)) {
    case HOST_DELAY:
        set_timer(host, delay_is_over, 0);
        break;
    case HOST_CLOSING:
        set_timer(host, requests_are_late, 0);
        break;
    case HOST_FLUSHING:
        set_timer(host, flush_is_late, HURRY_MS);
        break;
    default:
        break;
    }
}

void lifecycle_stop(host_state *host, bool handing_over)
{
    host_lifecycle *life = host->lifecycle;
    host_phase phase = (host_phase)atomic_load(&host->phase);
    if (phase == HOST_STARTING) {
        life->stop_asked = true;
        return;
    }
    if (phase != HOST_SERVING) {
        hurry(host);
        return;
    }
    log_info("host", "draining");
    atomic_store(&host->phase, HOST_DELAY);
    int64_t delay = handing_over ? 0 : host->config->settings->drain_delay;
    if (delay > 0)
        set_timer(host, delay_is_over, delay);
    else
        begin_closing(host);
}

/* ---- start ----------------------------------------------------------------------------------- */

static void fail(host_state *host, const char *why)
{
    log_error("host", "%s", why);
    host->lifecycle->exit_status = 1;
    begin_stopping(host);
}

static void started(host_state *host)
{
    host_lifecycle *life = host->lifecycle;
    for (uint32_t i = 0; i < host->loop_count; i++) {
        if (host->loops[i].start_status == HEARTH_OK)
            continue;
        fail(host, host->loops[i].start_error.text);
        return;
    }
    hearth_error why;
    atomic_store(&host->phase, HOST_SERVING);
    if (life->on_started(host, life->arg, &why) != HEARTH_OK) {
        fail(host, why.text);
        return;
    }
    if (life->stop_asked)
        lifecycle_stop(host, false);
}

static void *run_loop(void *arg)
{
    host_loop *loop = arg;
    thread_set_role(loop->index);
    loop_run(&loop->net);
    return NULL;
}

/* Signals go to the main thread, whose loop handles them. */
static hearth_status run_threads(host_state *host, hearth_error *error)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    hearth_status status = HEARTH_OK;
    for (uint32_t i = 0; status == HEARTH_OK && i < host->loop_count; i++) {
        host_loop *loop = &host->loops[i];
        char name[16];
        int rc = pthread_create(&loop->thread, NULL, run_loop, loop);
        if (rc != 0) {
            status =
                error_set(error, HEARTH_EUNAVAILABLE, "loop %u: no thread: %s", i, strerror(rc));
            break;
        }
        loop->running = true;
        (void)snprintf(name, sizeof(name), "loop-%u", i);
        (void)pthread_setname_np(loop->thread, name);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

static void join_threads(host_state *host)
{
    for (uint32_t i = 0; i < host->loop_count; i++) {
        if (!host->loops[i].running)
            continue;
        loop_stop(&host->loops[i].net);
        pthread_join(host->loops[i].thread, NULL);
        host->loops[i].running = false;
    }
}

int lifecycle_run(host_lifecycle *life)
{
    host_state *host = life->host;
    hearth_error why;
    host->lifecycle = life;
    wheel_timer_init(&life->timer, forsake);
    if (plugin_set_open(&host->plugins, host->loop_count, &why) != HEARTH_OK) {
        log_error("host", "%s", why.text);
        return 1;
    }
    if (run_threads(host, &why) == HEARTH_OK) {
        steps_begin(host, step_start, started);
        loop_run(&host->main);
    } else {
        log_error("host", "%s", why.text);
        life->exit_status = 1;
    }
    if (life->forsaken)
        return life->exit_status;
    join_threads(host);
    plugin_set_close(&host->plugins);
    return life->exit_status;
}
