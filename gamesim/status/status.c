/*
 * status.c - three routes on core's HTTP server; everything answers at once.
 */
#include "status/status.h"

#include "http/server.h"
#include "net/listener.h"

#include <stdlib.h>

#define METRICS_MAX ((size_t)64 * 1024)

struct gamesim_http {
    const gamesim_host *host;
    http_router *router;
    http_worker *worker;
    bool stopping;
    void (*done)(void *arg);
    void *done_arg;
};

static void metrics(struct gamesim_http *http, hearth_req *req)
{
    gamesim_status status;
    hearth_buf text;
    host_status_get(http->host, &status);
    buf_init_arena(&text, &req->arena, METRICS_MAX);
    if (status_write_metrics(&text, &status) != HEARTH_OK ||
        request_reply(req, 200, HEARTH_STR("text/plain; version=0.0.4; charset=utf-8"),
                      buf_str(&text)) != HEARTH_OK)
        request_error(req, 500, "INTERNAL", HEARTH_STR(""), "the metrics do not fit");
}

static void reply_json(hearth_req *req, int status, hearth_str body)
{
    if (request_reply(req, status, HEARTH_STR("application/json"), body) != HEARTH_OK)
        request_error(req, 500, "INTERNAL", HEARTH_STR(""), "out of memory");
}

static void live(struct gamesim_http *http, hearth_req *req)
{
    (void)http;
    reply_json(req, 200, HEARTH_STR("{\"status\":\"ok\"}"));
}

static void ready(struct gamesim_http *http, hearth_req *req)
{
    gamesim_status status;
    host_status_get(http->host, &status);
    if (http->stopping)
        reply_json(req, 503, HEARTH_STR("{\"status\":\"stopping\"}"));
    else if (status.draining)
        reply_json(req, 503, HEARTH_STR("{\"status\":\"draining\"}"));
    else if (!status.standalone && !status.registry.registered)
        reply_json(req, 503, HEARTH_STR("{\"status\":\"not registered\"}"));
    else if (!status.standalone && status.registry.clock_wrong)
        reply_json(req, 503, HEARTH_STR("{\"status\":\"clock ahead of hearthd's\"}"));
    else
        reply_json(req, 200, HEARTH_STR("{\"status\":\"ok\"}"));
}

/* Behind a route's `data`: which of the functions above. */
struct action {
    void (*run)(struct gamesim_http *http, hearth_req *req);
};

static hearth_status on_head(hearth_req *req)
{
    (void)req;
    return HEARTH_OK;
}

static void on_request(hearth_req *req)
{
    struct gamesim_http *http = worker_owner(request_worker(req));
    const struct action *action = req->route->data;
    action->run(http, req);
    request_finish(req);
}

static void on_reply(hearth_req *req)
{
    (void)req;
}

static const http_application application = {
    .head = on_head, .request = on_request, .gone = on_reply, .reply = on_reply, .log = on_reply};

static hearth_status add_routes(struct gamesim_http *http, hearth_error *error)
{
    static const struct action actions[] = {{metrics}, {live}, {ready}};
    static const char *const patterns[] = {"/metrics", "/health/live", "/health/ready"};
    hearth_status status = HEARTH_OK;
    for (unsigned i = 0; i < 3 && status == HEARTH_OK; i++) {
        const http_route route = {.method = HTTP_GET_METHOD,
                                  .pattern = patterns[i],
                                  .plugin = "gamesim",
                                  .data = &actions[i]};
        status = router_add(http->router, &route, error);
    }
    return status;
}

hearth_status status_create(gamesim_http **out, hearth_loop *loop, const gamesim_host *host,
                            const char *address, hearth_address *bound, hearth_error *error)
{
    hearth_address parsed;
    hearth_status status = address_parse(str_from(address), &parsed, error);
    if (status != HEARTH_OK)
        return status;
    struct gamesim_http *http = calloc(1, sizeof(*http));
    if (!http)
        return error_set(error, HEARTH_ENOMEM, "out of memory");
    http->host = host;
    http->router = router_create(HEARTH_STR(""), error);
    status = http->router ? add_routes(http, error) : HEARTH_ENOMEM;
    if (status != HEARTH_OK)
        goto fail;
    http->worker = worker_create(loop, &application, http->router, &http_default_options);
    if (!http->worker) {
        status = error_set(error, HEARTH_ENOMEM, "out of memory");
        goto fail;
    }
    worker_set_owner(http->worker, http);
    status = listener_check_free(&parsed, error);
    if (status != HEARTH_OK)
        goto fail;
    status = worker_listen(http->worker, &parsed, NULL, bound, error);
    if (status == HEARTH_OK)
        status = worker_accept(http->worker, error);
    if (status != HEARTH_OK)
        goto fail;
    *out = http;
    return HEARTH_OK;

fail:
    status_destroy(http);
    return status;
}

static void on_drained(http_worker *worker, void *arg)
{
    struct gamesim_http *http = arg;
    (void)worker;
    http->done(http->done_arg);
}

void status_stop(gamesim_http *http, void (*done)(void *arg), void *arg)
{
    http->stopping = true;
    http->done = done;
    http->done_arg = arg;
    worker_drain(http->worker, on_drained, http);
    worker_abort(http->worker);
}

void status_destroy(gamesim_http *http)
{
    if (!http)
        return;
    if (http->worker)
        worker_destroy(http->worker);
    router_destroy(http->router);
    free(http);
}
