/*
 * http_server.c - the HTTP stack alone with a few fixed routes: what the hostile tests and the
 * measurements talk to. Options are --name value; it prints "ready ADDRESS" and ends on SIGTERM.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "http/server.h"
#include "net/watchdog.h"

typedef struct thread {
    pthread_t id;
    hearth_loop loop;
    http_worker *worker;
    hearth_letter letter;
} thread;

static thread threads[16];
static uint32_t thread_count = 1;
static http_options options;
static hearth_tls *tls;
static http_router *router;

typedef struct delay {
    hearth_wheel_timer timer;
    hearth_req *req;
    bool on;
} delay;

static uint64_t query_number(hearth_req *req, const char *name)
{
    uint64_t number = 0;
    if (!str_parse_u64(request_query(req, str_from(name)), &number))
        return 0;
    return number;
}

static void answer(hearth_req *req, hearth_str body)
{
    if (request_reply(req, 200, HEARTH_STR("text/plain"), body) < 0)
        request_error(req, 500, "INTERNAL", HEARTH_STR(""), "out of memory");
    request_finish(req);
}

/* A request is touched on its own loop only. */
static void must_be_here(const hearth_req *req)
{
    if (loop_current() != req->loop)
        abort();
}

static void on_delay(hearth_wheel_timer *timer)
{
    delay *d = HEARTH_CONTAINER_OF(timer, delay, timer);
    d->on = false;
    must_be_here(d->req);
    if (d->req->reply.sent)
        request_finish(d->req);
    else
        answer(d->req, HEARTH_STR("slow"));
}

static void run_slow(hearth_req *req)
{
    delay *d = arena_alloc(&req->arena, sizeof(*d));
    if (!d)
        abort();
    d->req = req;
    d->on = true;
    req->host = d;
    wheel_timer_init(&d->timer, on_delay);
    loop_timer_set(req->loop, &d->timer, query_number(req, "ms"));
    if (query_number(req, "early")) {
        request_error(req, 504, "TIMEOUT", HEARTH_STR(""), "The deadline has passed.");
        request_send(req);
    }
}

static void run_stall(hearth_req *req)
{
    usleep((useconds_t)(query_number(req, "ms") * 1000));
    answer(req, HEARTH_STR("stalled"));
}

static void run_hello(hearth_req *req)
{
    answer(req, HEARTH_STR("hello"));
}

static void run_echo(hearth_req *req)
{
    answer(req, req->body);
}

static void run_item(hearth_req *req)
{
    answer(req, request_param(req, HEARTH_STR("id")));
}

static void run_path(hearth_req *req)
{
    answer(req, request_path(req));
}

static void run_query(hearth_req *req)
{
    hearth_str value = request_query(req, HEARTH_STR("q"));
    answer(req, value.ptr ? value : HEARTH_STR("(none)"));
}

static void run_peer(hearth_req *req)
{
    answer(req, request_peer(req));
}

static void run_large(hearth_req *req)
{
    size_t size = query_number(req, "bytes");
    char *bytes = arena_alloc(&req->arena, size);
    if (!bytes) {
        request_error(req, 503, "OVERLOADED", HEARTH_STR(""), "out of memory");
        request_finish(req);
        return;
    }
    memset(bytes, 'x', size);
    answer(req, (hearth_str){bytes, size});
}

static void run_empty(hearth_req *req)
{
    hearth_status status = request_reply(req, 204, HEARTH_STR(""), HEARTH_STR(""));
    (void)status;
    request_finish(req);
}

static void run_header(hearth_req *req)
{
    hearth_str name = request_query(req, HEARTH_STR("name"));
    hearth_str value = request_header(req, name);
    answer(req, value.ptr ? value : HEARTH_STR("(none)"));
}

static void run_nothing(hearth_req *req)
{
    request_finish(req);
}

static void run_hop(hearth_req *req)
{
    uint64_t to = query_number(req, "loop") % thread_count;
    if (request_move(req, &threads[to].loop, query_number(req, "ms") ? run_slow : run_hello) < 0)
        answer(req, HEARTH_STR("stopped"));
}

typedef void (*run_fn)(hearth_req *req);

static const struct {
    http_method method;
    const char *pattern;
    uint32_t max_body;
    run_fn run;
} routes[] = {
    {HTTP_GET_METHOD, "/hello", 0, run_hello},
    {HTTP_GET_METHOD, "/health/live", 0, run_hello},
    {HTTP_POST_METHOD, "/echo", 0, run_echo},
    {HTTP_POST_METHOD, "/small", 16, run_echo},
    {HTTP_POST_METHOD, "/big", 4 << 20, run_echo},
    {HTTP_GET_METHOD, "/items/{id}", 0, run_item},
    {HTTP_PUT_METHOD, "/items/{id}", 0, run_echo},
    {HTTP_GET_METHOD, "/items/fixed", 0, run_path},
    {HTTP_DELETE_METHOD, "/items/{id}/parts/{part}", 0, run_empty},
    {HTTP_GET_METHOD, "/query", 0, run_query},
    {HTTP_GET_METHOD, "/slow", 0, run_slow},
    {HTTP_POST_METHOD, "/slow", 0, run_slow},
    {HTTP_GET_METHOD, "/stall", 0, run_stall},
    {HTTP_GET_METHOD, "/large", 0, run_large},
    {HTTP_GET_METHOD, "/peer", 0, run_peer},
    {HTTP_GET_METHOD, "/header", 0, run_header},
    {HTTP_GET_METHOD, "/nothing", 0, run_nothing},
    {HTTP_GET_METHOD, "/hop", 0, run_hop},
    {HTTP_POST_METHOD, "/private", 0, run_echo},
};

static hearth_status on_head(hearth_req *req)
{
    hearth_str token = headers_known(&req->headers, HTTP_AUTHORIZATION);
    if (strcmp(req->route->pattern, "/private") == 0 && !str_eq(token, HEARTH_STR("Bearer good")))
        request_error(req, 401, "UNAUTHENTICATED", HEARTH_STR(""), "A token is needed.");
    return HEARTH_OK;
}

static void on_request(hearth_req *req)
{
    must_be_here(req);
    run_fn run = *(const run_fn *)req->route->data;
    loop_enter(req->loop, req->route->plugin, req->route->pattern);
    hearth_loop *loop = req->loop;
    run(req);
    loop_leave(loop);
}

static void on_gone(hearth_req *req)
{
    delay *d = req->host;
    must_be_here(req);
    fprintf(stderr, "gone %s\n", req->route->pattern);
    if (!d || !d->on)
        return;
    loop_timer_stop(req->loop, &d->timer);
    request_finish(req);
}

static const http_application application = {
    .head = on_head, .request = on_request, .gone = on_gone};

static void on_drained(http_worker *worker, void *arg)
{
    (void)arg;
    loop_stop(worker_loop(worker));
}

static void drain(hearth_loop *loop, hearth_letter *letter)
{
    thread *t = HEARTH_CONTAINER_OF(letter, thread, letter);
    (void)loop;
    worker_drain(t->worker, on_drained, NULL);
}

static void *run_thread(void *arg)
{
    thread *t = arg;
    loop_run(&t->loop);
    return NULL;
}

static void fail(const hearth_error *error)
{
    fprintf(stderr, "%s\n", error->text);
    exit(1);
}

static void set_option(const char *name, const char *value, const char **listen_at,
                       const char **cert, const char **key)
{
    static hearth_network networks[8];
    static hearth_str origins[8];
    hearth_error error;
    uint64_t number = 0;
    bool numeric = str_parse_u64(str_from(value), &number);
    if (strcmp(name, "--listen") == 0) {
        *listen_at = value;
    } else if (strcmp(name, "--loops") == 0 && number >= 1 && number <= HEARTH_COUNT(threads)) {
        thread_count = (uint32_t)number;
    } else if (strcmp(name, "--cert") == 0) {
        *cert = value;
    } else if (strcmp(name, "--key") == 0) {
        *key = value;
    } else if (strcmp(name, "--trust") == 0) {
        if (network_parse(str_from(value), &networks[options.trusted_proxy_count++], &error) < 0)
            fail(&error);
        options.trusted_proxies = networks;
    } else if (strcmp(name, "--proxy-header") == 0) {
        options.proxy_header =
            strcmp(value, "forwarded") == 0 ? HTTP_PROXY_FORWARDED : HTTP_PROXY_X_FORWARDED_FOR;
    } else if (strcmp(name, "--cors") == 0) {
        origins[options.cors_origin_count++] = str_from(value);
        options.cors_origins = origins;
        options.cors_headers = HEARTH_STR("Authorization, Content-Type");
        options.cors_expose = HEARTH_STR("X-Request-Id");
    } else if (numeric && strcmp(name, "--header-timeout") == 0) {
        options.header_timeout_ms = number;
    } else if (numeric && strcmp(name, "--body-timeout") == 0) {
        options.body_timeout_ms = number;
    } else if (numeric && strcmp(name, "--idle-timeout") == 0) {
        options.idle_timeout_ms = number;
    } else if (numeric && strcmp(name, "--write-timeout") == 0) {
        options.write_timeout_ms = number;
    } else if (numeric && strcmp(name, "--max-connections") == 0) {
        options.max_connections = (uint32_t)number;
    } else if (numeric && strcmp(name, "--slow-request") == 0) {
        options.slow_request_ms = number;
    } else if (numeric && strcmp(name, "--max-in-flight") == 0) {
        options.max_in_flight = (uint32_t)number;
    } else {
        fprintf(stderr, "unknown option %s %s\n", name, value);
        exit(2);
    }
}

static void add_routes(void)
{
    hearth_error error;
    router = router_create(HEARTH_STR(""), &error);
    if (!router)
        fail(&error);
    for (size_t i = 0; i < HEARTH_COUNT(routes); i++) {
        http_route route = {.method = routes[i].method,
                            .pattern = routes[i].pattern,
                            .plugin = "test",
                            .max_body = routes[i].max_body,
                            .data = &routes[i].run};
        if (router_add(router, &route, &error) < 0)
            fail(&error);
    }
}

static void start(const char *listen_at)
{
    hearth_error error;
    hearth_address address;
    char text[ADDRESS_TEXT_SIZE];
    if (address_parse(str_from(listen_at), &address, &error) < 0)
        fail(&error);
    for (uint32_t i = 0; i < thread_count; i++) {
        thread *t = &threads[i];
        if (loop_init(&t->loop, i, thread_count, &error) < 0)
            fail(&error);
        t->worker = worker_create(&t->loop, &application, router, &options);
        t->letter.fn = drain;
        if (!t->worker || worker_listen(t->worker, &address, tls, &address, &error) < 0 ||
            worker_accept(t->worker, &error) < 0)
            fail(&error);
    }
    for (uint32_t i = 0; i < thread_count; i++)
        if (pthread_create(&threads[i].id, NULL, run_thread, &threads[i]) != 0)
            abort();
    address_format(&address, text);
    printf("ready %s\n", text);
    fflush(stdout);
}

static void stop(void)
{
    for (uint32_t i = 0; i < thread_count; i++)
        if (loop_send(&threads[i].loop, &threads[i].letter) < 0)
            abort();
    for (uint32_t i = 0; i < thread_count; i++)
        pthread_join(threads[i].id, NULL);
    for (uint32_t i = 0; i < thread_count; i++) {
        worker_destroy(threads[i].worker);
        loop_finish(&threads[i].loop);
    }
    router_destroy(router);
    tls_destroy(tls);
}

int main(int argc, char **argv)
{
    const char *listen_at = "127.0.0.1:0", *cert = NULL, *key = NULL;
    hearth_error error;
    hearth_loop *loops[HEARTH_COUNT(threads)];
    sigset_t signals;
    int got;
    options = http_default_options;
    for (int i = 1; i + 1 < argc; i += 2)
        set_option(argv[i], argv[i + 1], &listen_at, &cert, &key);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (cert && key && !(tls = tls_create(cert, key, &error)))
        fail(&error);
    add_routes();
    start(listen_at);
    for (uint32_t i = 0; i < thread_count; i++)
        loops[i] = &threads[i].loop;
    hearth_watchdog *watchdog = watchdog_create(loops, thread_count, 50, NULL, NULL);
    while (sigwait(&signals, &got) == 0 && got == SIGHUP)
        if (tls && tls_reload(tls, cert, key, &error) < 0)
            fprintf(stderr, "%s\n", error.text);
    watchdog_destroy(watchdog);
    stop();
    return 0;
}
