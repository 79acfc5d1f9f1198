/*
 * pump.c - the one loop behind all the fake loops: what was posted, tasks, due timers, ready
 * descriptors. With hearth.loop/1, hearth.mail/1 and hearth.poll/1, which feed it.
 */
#include "fake.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define FOREVER_MS 60000 /* a task thread that takes longer hangs */

/* ---- posts ---------------------------------------------------------------------------------- */

void fake_wake(hearth_test_host *host)
{
    uint64_t one = 1;
    if (write(host->wake_fd, &one, sizeof(one)) < 0)
        return; /* the counter is full: it is awake anyway */
}

/* False: the loop has stopped. */
static bool enqueue(hearth_ctx *ctx, hearth_loop_fn fn, void *arg)
{
    hearth_test_host *host = fake_of(ctx)->host;
    fake_work *work = fake_new(sizeof(*work));
    *work = (fake_work){NULL, ctx, fn, arg};
    pthread_mutex_lock(&host->lock);
    bool stopped = fake_of(ctx)->stopped;
    if (!stopped) {
        if (host->work_last)
            host->work_last->next = work;
        else
            host->work_first = work;
        host->work_last = work;
    }
    pthread_mutex_unlock(&host->lock);
    if (stopped)
        free(work);
    else
        fake_wake(host);
    return !stopped;
}

hearth_status fake_post(hearth_ctx *ctx, hearth_loop_fn fn, void *arg)
{
    if (fake_alloc_fails(fake_of(ctx)->host))
        return HEARTH_ENOMEM;
    return enqueue(ctx, fn, arg) ? HEARTH_OK : HEARTH_ECANCELED;
}

void fake_post_surely(hearth_ctx *ctx, hearth_loop_fn fn, void *arg)
{
    if (!enqueue(ctx, fn, arg))
        fake_rule("%s goes on working on loop %u after its stop", fake_id(ctx), ctx->loop);
}

static hearth_ctx *sibling(hearth_ctx *ctx, uint32_t loop)
{
    if (loop >= ctx->loops)
        fake_rule("hearth_loop_api: %s names loop %u of %u", fake_id(ctx), loop, ctx->loops);
    return &fake_of(ctx)->plugin->loops[loop].pub;
}

static hearth_status loop_post(hearth_ctx *ctx, uint32_t index, hearth_loop_fn fn, void *arg)
{
    return fake_post(sibling(ctx, index), fn, arg);
}

typedef struct each_job {
    hearth_ctx *caller;
    hearth_loop_fn fn, done;
    void *arg;
    uint32_t left;
} each_job;

static void each_done(hearth_ctx *ctx, void *arg)
{
    each_job *job = arg;
    if (job->done)
        job->done(ctx, job->arg);
    free(job);
}

static void each_one(hearth_ctx *ctx, void *arg)
{
    each_job *job = arg;
    job->fn(ctx, job->arg);
    if (--job->left == 0)
        fake_post_surely(job->caller, each_done, job);
}

static hearth_status loop_each(hearth_ctx *ctx, hearth_loop_fn fn, hearth_loop_fn done, void *arg)
{
    fake_check_loop(ctx, "hearth_loop_api.each");
    hearth_test_host *host = fake_of(ctx)->host;
    if (fake_alloc_fails(host))
        return HEARTH_ENOMEM;
    if (fake_of(ctx)->stopped)
        return HEARTH_ECANCELED;
    each_job *job = fake_new(sizeof(*job));
    *job = (each_job){ctx, fn, done, arg, ctx->loops};
    for (uint32_t i = 0; i < ctx->loops; i++)
        fake_post_surely(sibling(ctx, i), each_one, job);
    return HEARTH_OK;
}

uint32_t fake_home(uint32_t loops, hearth_str user)
{
    /* The hash of the real host: a test that knows a user's home knows it there as well. */
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < user.len; i++) {
        hash ^= (unsigned char)user.ptr[i];
        hash *= UINT64_C(0x100000001b3);
    }
    hash ^= hash >> 33;
    hash *= UINT64_C(0xff51afd7ed558ccd);
    hash ^= hash >> 33;
    hash *= UINT64_C(0xc4ceb9fe1a85ec53);
    hash ^= hash >> 33;
    return (uint32_t)(hash % loops);
}

static uint32_t loop_home(hearth_ctx *ctx, hearth_str user)
{
    return fake_home(ctx->loops, user);
}

const hearth_loop_api fake_loop_api = {sizeof(hearth_loop_api), loop_post, loop_each, loop_home};

static hearth_status mail_send(hearth_ctx *ctx, hearth_str user,
                               void (*fn)(hearth_ctx *ctx, void *arg), void *arg)
{
    return fake_post(sibling(ctx, fake_home(ctx->loops, user)), fn, arg);
}

const hearth_mail fake_mail_api = {sizeof(hearth_mail), mail_send};

static bool work_step(hearth_test_host *host)
{
    pthread_mutex_lock(&host->lock);
    fake_work *work = host->work_first;
    if (work) {
        host->work_first = work->next;
        if (!host->work_first)
            host->work_last = NULL;
    }
    pthread_mutex_unlock(&host->lock);
    if (!work)
        return false;
    uint32_t before = fake_enter(host, work->ctx->loop);
    work->fn(work->ctx, work->arg);
    fake_leave(host, before);
    free(work);
    return true;
}

/* ---- descriptors ---------------------------------------------------------------------------- */

static hearth_poll *poll_start(hearth_ctx *ctx, int fd, uint32_t events, hearth_poll_fn fn,
                               void *arg)
{
    fake_check_loop(ctx, "hearth_poll_api.start");
    hearth_test_host *host = fake_of(ctx)->host;
    struct pollfd probe = {.fd = fd};
    if (fd < 0 || poll(&probe, 1, 0) < 0 || (probe.revents & POLLNVAL))
        return NULL;
    for (hearth_poll *watch = host->polls; watch; watch = watch->next)
        if (watch->fd == fd && !watch->stopped)
            return NULL;
    hearth_poll *watch = fake_try_new(host, sizeof(*watch));
    if (!watch)
        return NULL;
    *watch = (hearth_poll){host->polls, ctx, fd, events, fn, arg, false};
    host->polls = watch;
    return watch;
}

static hearth_status poll_update(hearth_poll *watch, uint32_t events)
{
    fake_check_loop(watch->ctx, "hearth_poll_api.update");
    watch->events = events;
    return HEARTH_OK;
}

static void poll_stop(hearth_poll *watch)
{
    if (!watch)
        return;
    fake_check_loop(watch->ctx, "hearth_poll_api.stop");
    watch->stopped = true;
}

const hearth_poll_api fake_poll_api = {sizeof(hearth_poll_api), poll_start, poll_update, poll_stop};

static void poll_sweep(hearth_test_host *host)
{
    for (hearth_poll **at = &host->polls; *at;) {
        hearth_poll *watch = *at;
        if (!watch->stopped) {
            at = &watch->next;
            continue;
        }
        *at = watch->next;
        free(watch);
    }
}

static void poll_deliver(hearth_test_host *host, hearth_poll *watch, short revents)
{
    uint32_t events = 0;
    if (revents & POLLIN)
        events |= HEARTH_POLL_READ;
    if (revents & POLLOUT)
        events |= HEARTH_POLL_WRITE;
    if (revents & (POLLERR | POLLHUP))
        events |= HEARTH_POLL_ERROR | (watch->events & HEARTH_POLL_READ);
    if (revents & POLLNVAL)
        fake_rule("hearth_poll_api: %s closed descriptor %d before it stopped its watch",
                  fake_id(watch->ctx), watch->fd);
    uint32_t before = fake_enter(host, watch->ctx->loop);
    watch->fn(watch->ctx, watch->fd, events, watch->arg);
    fake_leave(host, before);
}

/* Waits at most wait_ms for a descriptor or for a wake-up from a thread. True if anything came. */
static bool poll_step(hearth_test_host *host, int wait_ms)
{
    poll_sweep(host);
    size_t count = 1;
    for (hearth_poll *watch = host->polls; watch; watch = watch->next)
        count++;
    struct pollfd *fds = fake_new(count * sizeof(*fds));
    hearth_poll **watches = fake_new(count * sizeof(*watches));
    fds[0] = (struct pollfd){.fd = host->wake_fd, .events = POLLIN};
    size_t n = 1;
    for (hearth_poll *watch = host->polls; watch; watch = watch->next) {
        if (watch->events == 0)
            continue;
        fds[n].fd = watch->fd;
        fds[n].events = (short)((watch->events & HEARTH_POLL_READ ? POLLIN : 0) |
                                (watch->events & HEARTH_POLL_WRITE ? POLLOUT : 0));
        watches[n++] = watch;
    }
    int ready = poll(fds, n, wait_ms);
    uint64_t drop;
    if (ready > 0 && fds[0].revents && read(host->wake_fd, &drop, sizeof(drop)) < 0)
        fake_rule("the test host cannot read its own eventfd");
    bool delivered = ready > 0 && fds[0].revents;
    for (size_t i = 1; ready > 0 && i < n; i++) {
        if (!fds[i].revents || watches[i]->stopped)
            continue;
        poll_deliver(host, watches[i], fds[i].revents);
        delivered = true;
    }
    free(fds);
    free(watches);
    return delivered;
}

/* ---- pumping -------------------------------------------------------------------------------- */

bool fake_step(hearth_test_host *host, int wait_ms)
{
    fake_check_thread(host, "hearth_test_pump");
    if (work_step(host) || fake_timer_step(host) || fake_task_step(host))
        return true;
    return poll_step(host, wait_ms);
}

void hearth_test_pump(hearth_test_host *host)
{
    for (;;) {
        pthread_mutex_lock(&host->lock);
        bool busy = host->task_outstanding > 0 && host->options.task_threads > 0;
        pthread_mutex_unlock(&host->lock);
        if (!fake_step(host, busy ? FOREVER_MS : 0))
            break;
    }
}

void hearth_test_advance(hearth_test_host *host, uint64_t ms)
{
    hearth_test_pump(host);
    uint64_t end = fake_mono_ns(host) + ms * 1000000;
    uint64_t due;
    while (fake_timer_next(host, &due) && due <= end) {
        uint64_t now = fake_mono_ns(host);
        if (due > now)
            host->mono_offset_ns += due - now;
        hearth_test_pump(host);
    }
    uint64_t now = fake_mono_ns(host);
    if (end > now)
        host->mono_offset_ns += end - now;
    hearth_test_pump(host);
}

static uint64_t real_ms_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* How long may be slept: to the end, or to the next timer when the clock runs by itself. */
static int patience(const hearth_test_host *host, uint64_t end_ms)
{
    uint64_t now = real_ms_now();
    uint64_t left = end_ms > now ? end_ms - now : 0;
    uint64_t due;
    if (host->options.real_time && fake_timer_next(host, &due)) {
        uint64_t mono = fake_mono_ns(host);
        uint64_t timer = due > mono ? (due - mono) / 1000000 + 1 : 0;
        if (timer < left)
            left = timer;
    }
    return left > FOREVER_MS ? FOREVER_MS : (int)left;
}

int hearth_test_wait_for(hearth_test_host *host, int (*until)(void *arg), void *arg,
                         uint32_t real_ms)
{
    uint64_t end = real_ms_now() + real_ms;
    int answer;
    while (!(answer = until(arg))) {
        if (real_ms_now() >= end)
            break;
        fake_step(host, patience(host, end));
    }
    return answer;
}

static int flag_set(void *arg)
{
    return **(const int **)arg;
}

int hearth_test_wait(hearth_test_host *host, const int *flag, uint32_t real_ms)
{
    return hearth_test_wait_for(host, flag_set, &flag, real_ms);
}
