/*
 * worker.c - HTTP on one loop: its listeners, its sessions, and how they come to an end.
 */
#include "http/session.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define BACKLOG         1024
#define SCRATCH_CEILING ((size_t)1 << 18)
#define FDS_OF_OTHERS   256 /* or a quarter, where there are few */

typedef struct http_listening {
    hearth_listener listener;
    http_worker *worker;
    hearth_tls *tls;
    struct http_listening *next;
} http_listening;

const http_options http_default_options = {
    .max_target = 8192,
    .max_header_block = 16384,
    .max_body = 65536,
    .max_arena = (size_t)8 << 20,
    .header_timeout_ms = 10000,
    .body_timeout_ms = 30000,
    .idle_timeout_ms = 60000,
    .write_timeout_ms = 30000,
    .slow_request_ms = 1000,
    .max_connections = 16384,
    .max_in_flight = 1024,
    .proxy_header = HTTP_PROXY_X_FORWARDED_FOR,
    .cors_max_age_s = 600,
};

static void on_done_timer(hearth_wheel_timer *timer)
{
    http_worker *worker = HEARTH_CONTAINER_OF(timer, http_worker, done_timer);
    worker->done(worker, worker->done_arg);
}

/* The kernel gives the lowest free descriptor, so its number says how many are left. */
static int fd_ceiling(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur > INT_MAX / 2)
        return INT_MAX / 2;
    rlim_t quarter = files.rlim_cur / 4;
    return (int)(files.rlim_cur - (quarter < FDS_OF_OTHERS ? quarter : FDS_OF_OTHERS));
}

http_worker *worker_create(hearth_loop *loop, const http_application *application,
                           const http_router *router, const http_options *options)
{
    http_worker *worker = calloc(1, sizeof(*worker));
    if (!worker)
        return NULL;
    worker->loop = loop;
    worker->application = application;
    worker->router = router;
    worker->options = options;
    worker->fd_ceiling = fd_ceiling();
    buf_init(&worker->scratch, SCRATCH_CEILING);
    list_init(&worker->sessions);
    list_init(&worker->waiting);
    list_init(&worker->exchanges);
    list_init(&worker->collecting);
    wheel_timer_init(&worker->done_timer, on_done_timer);
    return worker;
}

void worker_configure(http_worker *worker, const http_options *options)
{
    worker->options = options;
    HEARTH_LIST_EACH(link, &worker->sessions)
    {
        http_session *session = HEARTH_LIST_ENTRY(link, http_session, link);
        if (!session->exchange)
            session->options = options;
    }
}

static void on_connection(hearth_listener *listener, int fd, const hearth_address *peer)
{
    http_listening *listening = listener->owner;
    session_open(listening->worker, fd, peer, listening->tls);
}

static void add_listening(http_worker *worker, http_listening *listening)
{
    listening->next = worker->listening;
    worker->listening = listening;
    worker->open_listeners++;
}

hearth_status worker_listen(http_worker *worker, const hearth_address *address, hearth_tls *tls,
                            hearth_address *bound, hearth_error *error)
{
    http_listening *listening = calloc(1, sizeof(*listening));
    if (!listening)
        return error_set(error, HEARTH_ENOMEM, "listening: out of memory");
    listening->worker = worker;
    listening->tls = tls;
    hearth_status status = listener_open(&listening->listener, worker->loop, address, BACKLOG,
                                         on_connection, listening, error);
    if (status < 0) {
        free(listening);
        return status;
    }
    if (bound)
        *bound = listening->listener.address;
    add_listening(worker, listening);
    return HEARTH_OK;
}

hearth_status worker_adopt(http_worker *worker, int fd, hearth_tls *tls, hearth_error *error)
{
    http_listening *listening = calloc(1, sizeof(*listening));
    if (!listening) {
        close(fd);
        return error_set(error, HEARTH_ENOMEM, "listening: out of memory");
    }
    listening->worker = worker;
    listening->tls = tls;
    hearth_status status =
        listener_adopt(&listening->listener, worker->loop, fd, on_connection, listening, error);
    if (status < 0) {
        free(listening);
        return status;
    }
    add_listening(worker, listening);
    return HEARTH_OK;
}

size_t worker_sockets(const http_worker *worker, int *fds, size_t max)
{
    size_t count = 0;
    for (const http_listening *l = worker->listening; l && count < max; l = l->next)
        fds[count++] = l->listener.fd;
    return count;
}

hearth_status worker_accept(http_worker *worker, hearth_error *error)
{
    for (http_listening *l = worker->listening; l; l = l->next) {
        hearth_status status = listener_accept(&l->listener, error);
        if (status < 0)
            return status;
    }
    return HEARTH_OK;
}

/* `done` runs from the wheel, when nobody is half-way through something of the worker's. */
void worker_check_done(http_worker *worker)
{
    if (!worker->draining || worker->done_called || worker->open_listeners > 0 ||
        worker->counters.connections > 0 || worker->counters.in_flight > 0)
        return;
    worker->done_called = true;
    loop_timer_set(worker->loop, &worker->done_timer, 0);
}

static void on_listener_closed(hearth_listener *listener)
{
    http_listening *listening = listener->owner;
    http_worker *worker = listening->worker;
    free(listening);
    if (!worker) /* destroyed before it was drained */
        return;
    worker->open_listeners--;
    worker_check_done(worker);
}

static void close_listeners(http_worker *worker)
{
    while (worker->listening) {
        http_listening *listening = worker->listening;
        worker->listening = listening->next;
        listener_close(&listening->listener, on_listener_closed);
    }
}

void worker_drain(http_worker *worker, void (*done)(http_worker *worker, void *arg), void *arg)
{
    if (worker->draining)
        return;
    close_listeners(worker);
    worker->draining = true;
    worker->done = done;
    worker->done_arg = arg;
    HEARTH_LIST_EACH(link, &worker->sessions)
    {
        http_session *session = HEARTH_LIST_ENTRY(link, http_session, link);
        if (session->state == SESSION_IDLE)
            session_set_timer(session, HTTP_DRAIN_IDLE_MS);
    }
    worker_check_done(worker);
}

void worker_abort(http_worker *worker)
{
    HEARTH_LIST_EACH(link, &worker->sessions)
    {
        session_abort(HEARTH_LIST_ENTRY(link, http_session, link));
    }
}

void worker_destroy(http_worker *worker)
{
    if (!worker)
        return;
    for (http_listening *l = worker->listening; l; l = l->next)
        l->worker = NULL;
    close_listeners(worker);
    loop_timer_stop(worker->loop, &worker->done_timer);
    while (worker->free_exchanges) {
        http_exchange *exchange = worker->free_exchanges;
        worker->free_exchanges = exchange->next_free;
        free(exchange);
    }
    buf_finish(&worker->scratch);
    free(worker);
}

hearth_loop *worker_loop(const http_worker *worker)
{
    return worker->loop;
}

const http_counters *worker_counters(const http_worker *worker)
{
    return &worker->counters;
}

void worker_set_owner(http_worker *worker, void *owner)
{
    worker->owner = owner;
}

void *worker_owner(const http_worker *worker)
{
    return worker->owner;
}
