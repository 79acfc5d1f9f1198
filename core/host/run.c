/* run.c - host_run: one hearthd from its command line to its exit status. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "host/boot.h"
#include "host/control_server.h"
#include "host/datadir.h"
#include "host/handover.h"
#include "host/health.h"
#include "host/lifecycle.h"
#include "host/listen.h"
#include "host/metrics.h"
#include "host/reload.h"
#include "host/steps.h"

#define LOCK_RETRY_MS    5
#define READY_POLL_MS    10
#define READY_TIMEOUT_MS 10000

enum { EXIT_FAILED = 1, EXIT_CONFIG = 2 };

typedef struct signals {
    uv_signal_t term, interrupt, hangup;
} signals;

typedef struct run {
    host_state host;
    host_lifecycle life;
    signals signals;
    reload_source reload;
    handover given;
    control_server *control;
    hearth_wheel_timer accept_timer;
    uint64_t accept_by_ms;
    bool took_over;
} run;

/* A signal that came before the main loop ran. */
static volatile sig_atomic_t early_stop;

static void on_early_signal(int number)
{
    early_stop = number;
}

static void complain(void *arg, const char *line)
{
    (void)arg;
    (void)fprintf(stderr, "%s\n", line);
}

/* The pool is libuv's, one per process, and its size is read when it is first used. */
static void size_thread_pool(const host_settings *settings)
{
    char text[16];
    int64_t threads = settings->task_threads;
    if (threads == 0) {
        threads = sysconf(_SC_NPROCESSORS_ONLN);
        threads = threads < 4 ? 4 : threads > 128 ? 128 : threads;
    }
    (void)snprintf(text, sizeof(text), "%d", (int)threads);
    (void)setenv("UV_THREADPOOL_SIZE", text, 1);
}

/* The soft limit, 1024 nearly everywhere, is for programs that use select(). */
static void raise_file_limit(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
}

/* ---- signals --------------------------------------------------------------------------------- */

static void on_stop_signal(uv_signal_t *handle, int number)
{
    host_state *host = handle->data;
    (void)number;
    loop_wake(&host->main);
    lifecycle_stop(host, false);
}

static void on_hangup(uv_signal_t *handle, int number)
{
    run *r = handle->data;
    (void)number;
    loop_wake(&r->host.main);
    reload_configuration(&r->host, &r->reload);
}

static void watch_signals(run *r)
{
    uv_loop_t *uv = &r->host.main.uv;
    uv_signal_init(uv, &r->signals.term);
    uv_signal_init(uv, &r->signals.interrupt);
    uv_signal_init(uv, &r->signals.hangup);
    r->signals.term.data = r->signals.interrupt.data = &r->host;
    r->signals.hangup.data = r;
    uv_signal_start(&r->signals.term, on_stop_signal, SIGTERM);
    uv_signal_start(&r->signals.interrupt, on_stop_signal, SIGINT);
    uv_signal_start(&r->signals.hangup, on_hangup, SIGHUP);
}

static void unwatch_signals(run *r)
{
    uv_close((uv_handle_t *)&r->signals.term, NULL);
    uv_close((uv_handle_t *)&r->signals.interrupt, NULL);
    uv_close((uv_handle_t *)&r->signals.hangup, NULL);
}

static void catch_early_signals(void)
{
    struct sigaction stop = {.sa_handler = on_early_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGHUP, &ignore, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGXFSZ, &ignore, NULL); /* a file-size limit is an error like a full disk */
}

/* ---- the run --------------------------------------------------------------------------------- */

static void accept_connections(run *r)
{
    host_state *host = &r->host;
    steps_tell(host, step_accept);
    uint64_t ms = (clock_mono_ns() - host->started_ns) / 1000000;
    const char *addresses = listen_describe(host);
    log_field fields[] = {LOG_STR("addresses", str_from(addresses)), LOG_INT("startupMs", ms),
                          LOG_INT("loops", host->loop_count), LOG_INT("pid", getpid())};
    log_context line = {.plugin = "host", .fields = fields, .field_count = HEARTH_COUNT(fields)};
    log_at(LOG_LEVEL_INFO, &line, "ready: listening on %s", addresses);
}

/*
 * After a hand-over clients wait in the backlog, and nobody looks at /health/ready first: they are
 * let in when every plugin is ready (keys read, journal replayed), or when that takes too long.
 */
static void accept_when_ready(hearth_wheel_timer *timer)
{
    run *r = HEARTH_CONTAINER_OF(timer, run, accept_timer);
    if (atomic_load(&r->host.phase) != HOST_SERVING)
        return;
    if (health_is_ready(r->host.health) || clock_mono_ms() >= r->accept_by_ms)
        accept_connections(r);
    else
        loop_timer_set(&r->host.main, timer, READY_POLL_MS);
}

static hearth_status on_started(host_state *host, void *arg, hearth_error *error)
{
    run *r = arg;
    (void)host;
    (void)error;
    wheel_timer_init(&r->accept_timer, accept_when_ready);
    r->accept_by_ms = clock_mono_ms() + (r->took_over ? READY_TIMEOUT_MS : 0);
    if (r->took_over)
        accept_when_ready(&r->accept_timer);
    else
        accept_connections(r);
    return HEARTH_OK;
}

/* The lock, also when it takes the holder a while to leave. */
static hearth_status wait_for_lock(run *r, hearth_error *error)
{
    int64_t timeout = r->host.config->settings->start_timeout;
    uint64_t until = clock_mono_ms() + (uint64_t)timeout;
    for (;;) {
        r->host.lock = datadir_lock(r->host.data_dir, error);
        if (r->host.lock >= 0)
            return HEARTH_OK;
        if (error->status != HEARTH_ECONFLICT)
            return error->status;
        if (early_stop)
            return error_set(error, HEARTH_ECANCELED, "told to stop before the start was over");
        if (clock_mono_ms() >= until)
            return error_set(error, HEARTH_ETIMEOUT,
                             "%s/lock: its holder did not leave within %lld ms", r->host.data_dir,
                             (long long)timeout);
        (void)usleep(LOCK_RETRY_MS * 1000);
    }
}

/*
 * Somebody serves this data directory: take its sockets, then wait until it has left. When it does
 * not answer (it is stopping already), listening beside it with SO_REUSEPORT has to do.
 */
static hearth_status succeed(run *r, hearth_error *error)
{
    hearth_error why;
    const host_settings *settings = r->host.config->settings;
    r->took_over = true;
    if (handover_ask(&r->given, r->host.data_dir, settings->start_timeout, &why) == HEARTH_OK)
        log_info("host", "taking over from the holder of %s", r->host.data_dir);
    else
        log_warn("host", "waiting for the holder of %s to leave: %s", r->host.data_dir, why.text);
    hearth_status status = listen_open(&r->host, &r->given, error);
    return status == HEARTH_OK ? wait_for_lock(r, error) : status;
}

static hearth_status prepare(run *r, hearth_error *error)
{
    host_state *host = &r->host;
    hearth_status status = host_make_loops(host, true, error);
    if (status != HEARTH_OK)
        return status;
    host->data_dir = datadir_open(&host->arena, host->config->settings->data_dir.ptr, error);
    if (!host->data_dir)
        return HEARTH_EUNAVAILABLE;
    host->lock = datadir_lock(host->data_dir, error);
    if (host->lock >= 0) { /* only a successor shares an address with another process */
        status = listen_check_free(host->config, error);
        if (status == HEARTH_OK)
            status = listen_open(host, &r->given, error);
    } else {
        status = error->status == HEARTH_ECONFLICT ? succeed(r, error) : error->status;
    }
    handover_finish(&r->given);
    if (status != HEARTH_OK)
        return status;
    r->control = control_server_create(host, error);
    return r->control ? HEARTH_OK : HEARTH_EUNAVAILABLE;
}

static int serve(run *r)
{
    host_state *host = &r->host;
    hearth_loop *watched[SETTINGS_MAX_LOOPS];
    for (uint32_t i = 0; i < host->loop_count; i++)
        watched[i] = &host->loops[i].net;
    host->watchdog =
        watchdog_create(watched, host->loop_count,
                        (uint64_t)host->config->settings->loop_stall_warn, metrics_stall, host);
    watch_signals(r);
    r->life = (host_lifecycle){.host = host, .on_started = on_started, .arg = r};
    r->life.stop_asked = early_stop != 0;
    int status = lifecycle_run(&r->life);
    if (host->watchdog)
        watchdog_destroy(host->watchdog);
    unwatch_signals(r);
    return status;
}

/* After the last plugin: the socket's file goes before the lock does. */
static void leave(run *r, int result)
{
    control_server_destroy(r->control);
    if (r->life.forsaken) { /* threads still run: leave without touching what is theirs */
        log_flush();
        _exit(result);
    }
    listen_finish(&r->host);
    host_finish(&r->host);
    if (r->host.lock >= 0)
        close(r->host.lock);
    log_info("host", "stopped");
    log_flush();
    free(r);
}

int host_run(const host_options *options)
{
    run *r = calloc(1, sizeof(*r));
    if (!r)
        return EXIT_FAILED;
    catch_early_signals();
    r->given.conn = -1;
    r->reload.options = options;
    hearth_status status = host_init(&r->host, options, complain, NULL);
    if (status != HEARTH_OK) {
        free(r);
        return status == HEARTH_EINVAL ? EXIT_CONFIG : EXIT_FAILED;
    }
    r->host.lock = -1;
    size_thread_pool(r->host.config->settings);
    raise_file_limit();
    reload_log_level(r->host.config->settings);
    hearth_error why;
    int result = EXIT_FAILED;
    if (prepare(r, &why) == HEARTH_OK)
        result = serve(r);
    else
        log_error("host", "%s", why.text);
    leave(r, result);
    return result;
}

hearth_status host_check(const host_options *options, void (*complain_)(void *, const char *),
                         void *arg)
{
    host_state *host = calloc(1, sizeof(*host));
    if (!host)
        return HEARTH_ENOMEM;
    hearth_status status = host_init(host, options, complain_, arg);
    if (status == HEARTH_OK)
        host_finish(host);
    free(host);
    return status;
}
