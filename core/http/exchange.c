/*
 * exchange.c - one request from its head to its end, in the order in which it is judged: syntax and
 * limits, load, route, body limit, application.head, body, application.request.
 */
#include "http/forwarded.h"
#include "http/session.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

#define FREE_EXCHANGES   256
#define BODY_PATIENCE_NS UINT64_C(1000000000) /* for a body, while others are refused for it */

static http_exchange *exchange_create(http_session *session)
{
    http_worker *worker = session->worker;
    http_exchange *ex = worker->free_exchanges;
    if (ex) {
        worker->free_exchanges = ex->next_free;
        worker->free_count--;
    } else if (!(ex = malloc(sizeof(*ex)))) {
        return NULL;
    }
    /* Everything but the large arrays, which counts say the used part of. */
    memset(ex, 0, offsetof(struct hearth_req, path));
    memset((char *)ex + offsetof(struct hearth_req, headers), 0,
           sizeof(*ex) - offsetof(struct hearth_req, headers));
    ex->req.path.count = 0;
    arena_init(&ex->req.arena, &worker->loop->arenas,
               session->options->max_arena + session->options->max_header_block +
                   session->options->max_target);
    ex->req.loop = worker->loop;
    ex->req.exchange = ex;
    ex->session = session;
    ex->worker = worker;
    ex->options = session->options;
    atomic_init(&ex->where, worker->loop);
    list_remove(&session->waiting);
    session->exchanges++;
    session->exchange = ex;
    session->state = SESSION_BUSY;
    list_push_back(&worker->exchanges, &ex->link);
    list_init(&ex->collecting);
    worker->counters.requests_total++;
    worker->counters.in_flight++;
    ex->req.start_ns = clock_mono_ns();
    return ex;
}

void exchange_free(http_exchange *ex)
{
    http_worker *worker = ex->worker;
    http_session *session = ex->session;
    arena_finish(&ex->req.arena);
    list_remove(&ex->link);
    list_remove(&ex->collecting);
    worker->counters.in_flight--;
    session->exchanges--;
    session_release(session);
    if (HEARTH_ASAN || worker->free_count >= FREE_EXCHANGES) {
        free(ex);
    } else {
        ex->next_free = worker->free_exchanges;
        worker->free_exchanges = ex;
        worker->free_count++;
    }
    worker_check_done(worker);
}

static void write_access_log(const http_exchange *ex)
{
    const hearth_req *req = &ex->req;
    uint64_t ms = request_duration_ns(req) / 1000000;
    bool slow = ex->options->slow_request_ms > 0 && ms >= ex->options->slow_request_ms;
    log_level level = req->reply.status >= 500 ? LOG_LEVEL_ERROR
                      : slow                   ? LOG_LEVEL_WARN
                                               : LOG_LEVEL_DEBUG;
    if (!log_is_on(level) || req->reply.status == 0)
        return;
    char peer[ADDRESS_TEXT_SIZE], trace[33];
    for (int i = 0; i < 16; i++) {
        trace[2 * i] = "0123456789abcdef"[req->trace.trace_id[i] >> 4];
        trace[2 * i + 1] = "0123456789abcdef"[req->trace.trace_id[i] & 15];
    }
    hearth_str path = str_slice(req->raw_path, 0, 256);
    log_field fields[] = {
        LOG_STR("method", str_slice(req->method_text, 0, 32)),
        LOG_STR("route", request_route(req)),
        LOG_STR("path", path),
        LOG_INT("status", req->reply.status),
        LOG_INT("ms", ms),
        LOG_INT("bytes", ex->reply_bytes),
        LOG_STR("peer", ((hearth_str){peer, ip_format(&req->peer, peer)})),
    };
    log_context context = {.plugin = "http",
                           .request_id = req->request_id,
                           .trace_id = {trace, 32},
                           .fields = fields,
                           .field_count = HEARTH_COUNT(fields)};
    log_at(level, &context, "%s", slow ? "slow request" : "request answered");
}

void exchange_finish(http_exchange *ex)
{
    if (!ex->answered)
        reply_deliver(ex);
    ex->finished = true;
    write_access_log(ex);
    if (ex->worker->application->log)
        ex->worker->application->log(&ex->req);
    if (!ex->notice_out)
        exchange_free(ex);
}

/* Ends the exchange here with the reply that was recorded. */
static void end(http_exchange *ex)
{
    request_finish(&ex->req);
}

void exchange_refuse(http_session *session, int status, const char *reason)
{
    http_exchange *ex = exchange_create(session);
    if (!ex) {
        session_abort(session);
        return;
    }
    session->worker->counters.malformed += status == 400;
    ex->req.peer = session->conn.peer;
    ex->body_complete = true;
    ids_assign(ex);
    request_error(&ex->req, status, status_code(status), HEARTH_STR(""), "%s", reason);
    end(ex);
}

void exchange_time_out(http_exchange *ex)
{
    ex->keep_alive = false;
    ex->session->state = SESSION_BUSY;
    list_remove(&ex->collecting);
    request_error(&ex->req, 408, status_code(408), HEARTH_STR(""),
                  "The body of the request came too slowly.");
    end(ex);
}

static void refuse(http_exchange *ex, int status, const char *reason)
{
    request_error(&ex->req, status, status_code(status), HEARTH_STR(""), "%s", reason);
    end(ex);
}

static void adopt_head(http_exchange *ex)
{
    hearth_req *req = &ex->req;
    const http_head *head = &ex->head;
    req->method = head->method;
    req->method_text = head->method_text;
    req->target = head->target;
    req->raw_path = head->path;
    req->raw_query = head->query;
    req->headers = head->headers;
    req->is_http10 = head->is_http10;
    req->peer = forwarded_peer(ex->options, &req->headers, ex->session->conn.peer);
    ex->keep_alive = head->keep_alive && head->status == 0;
    ex->body_complete = !head->has_body || (!head->chunked && head->content_length == 0);
    ex->continue_owed = head->expects_continue && !ex->body_complete;
}

/* True: goes on. False: it was answered. */
static bool route(http_exchange *ex)
{
    hearth_req *req = &ex->req;
    const char *reason = "The path is not usable.";
    http_match match;
    if (ex->head.asterisk) {
        cors_answer_options(ex, (1u << HTTP_OTHER_METHOD) - 1);
        return false;
    }
    hearth_status status = path_split(&req->arena, req->raw_path, &req->path, &reason);
    if (status < 0) {
        refuse(ex, status == HEARTH_ENOMEM ? 503 : 400, reason);
        return false;
    }
    status = router_match(ex->worker->router, req->method, &req->path, &match);
    req->base_segments = match.base;
    if (status == HEARTH_OK) {
        req->route = match.route;
        memcpy(req->params, match.params, match.route->param_count * sizeof(match.params[0]));
        return true;
    }
    if (status == HEARTH_ENOTFOUND) {
        refuse(ex, 404, "There is nothing at this path.");
    } else if (req->method == HTTP_OPTIONS_METHOD) {
        cors_answer_options(ex, match.allow);
    } else {
        char allow[64];
        size_t len = method_list(match.allow, allow);
        if (request_set_header(req, HEARTH_STR("Allow"), (hearth_str){allow, len}) < 0)
            status = HEARTH_ENOMEM;
        refuse(ex, 405, "This path does not have that method.");
    }
    return false;
}

static void ready(http_exchange *ex)
{
    hearth_req *req = &ex->req;
    ex->body_complete = true;
    list_remove(&ex->collecting);
    if (ex->head.has_body)
        req->body = (hearth_str){ex->body.data ? ex->body.data : "", ex->body.len};
    wheel_pause(&ex->session->timer);
    ex->session->state = SESSION_BUSY;
    ex->worker->application->request(req);
}

void exchange_go_on(http_exchange *ex)
{
    http_session *session = ex->session;
    if (ex->req.reply.status != 0 || ex->req.gone) {
        end(ex);
        return;
    }
    if (ex->body_complete) {
        ready(ex);
        return;
    }
    if (ex->continue_owed && session->in.len == 0) {
        hearth_status status = conn_write(
            &session->conn, HEARTH_STR("HTTP/1.1 100 Continue\r\n\r\n"), (hearth_str){NULL, 0});
        if (status < 0) {
            session->exchange = NULL;
            session_abort(session);
            exchange_finish(ex);
            return;
        }
    }
    ex->continue_owed = false;
    session->state = SESSION_BODY;
    list_push_back(&ex->worker->collecting, &ex->collecting);
    session_set_timer(session, ex->options->body_timeout_ms);
    if (!session->consuming && session->in.len > 0)
        session_consume(session, (hearth_str){NULL, 0});
    else if (!session->consuming)
        conn_resume(&session->conn);
}

/* The route's limit of the body, now that the route is known, and the application's first word. */
static void judge_body(http_exchange *ex)
{
    const http_route *found = ex->req.route;
    size_t limit = found->max_body > 0 ? found->max_body : ex->options->max_body;
    if (!ex->head.chunked && ex->head.content_length > limit) {
        refuse(ex, 413, "The body of the request is too large.");
        return;
    }
    if (!ex->body_complete) {
        ex->req.arena.secret = true; /* a body may hold a password, and so may what is read of it */
        ex->req.arena.ceiling += (3 * limit + 8192) & ~(HEARTH_ARENA_ALIGN - 1);
        body_init(&ex->body, &ex->req.arena, ex->head.chunked, ex->head.content_length, limit);
    }
    const http_application *application = ex->worker->application;
    if (application->head) {
        ex->session->state = SESSION_HOLD;
        hearth_status status = application->head(&ex->req);
        if (status == HEARTH_DEFERRED)
            return;
        if (status < 0 && ex->req.reply.status == 0) {
            refuse(ex, 500, "The request could not be handled.");
            return;
        }
    }
    exchange_go_on(ex);
}

/* Whether the loop has room for one more. A request is in hand from its head on; so that nobody
 * keeps others out by sending heads and hardly any body, the slowest one makes room. */
static bool has_room(http_worker *worker, const http_exchange *ex)
{
    if (worker->counters.in_flight <= ex->options->max_in_flight)
        return true;
    if (list_is_empty(&worker->collecting))
        return false;
    http_exchange *slowest = HEARTH_LIST_ENTRY(worker->collecting.next, http_exchange, collecting);
    if (ex->req.start_ns - slowest->req.start_ns < BODY_PATIENCE_NS)
        return false;
    worker->counters.timeouts++;
    exchange_time_out(slowest);
    return worker->counters.in_flight <= ex->options->max_in_flight;
}

void exchange_begin(http_session *session, hearth_str bytes)
{
    http_worker *worker = session->worker;
    http_exchange *ex = exchange_create(session);
    if (!ex) {
        session_abort(session);
        return;
    }
    char *copy = arena_dup(&ex->req.arena, bytes.ptr, bytes.len);
    hearth_status status = HEARTH_ENOMEM;
    if (copy)
        status = head_parse(&ex->req.arena, (hearth_str){copy, bytes.len}, &ex->head);
    adopt_head(ex);
    ids_assign(ex);
    if (status < 0) {
        ex->keep_alive = false;
        ex->body_complete = true;
        worker->counters.malformed += status == HEARTH_EINVAL;
        if (status == HEARTH_EINVAL)
            refuse(ex, ex->head.status, ex->head.reason);
        else
            refuse(ex, 503, "The server is out of memory.");
        return;
    }
    if (!has_room(worker, ex)) {
        worker->counters.overloaded++;
        refuse(ex, 503, "The server has as many requests in hand as it may.");
        return;
    }
    if (route(ex))
        judge_body(ex);
}

size_t exchange_take_body(http_exchange *ex, hearth_str input)
{
    size_t used = 0;
    body_result result = body_feed(&ex->body, input, &used);
    if (result == BODY_MORE)
        return used;
    if (result == BODY_COMPLETE) {
        ready(ex);
        return used;
    }
    ex->session->state = SESSION_BUSY;
    ex->keep_alive = false;
    list_remove(&ex->collecting);
    if (result == BODY_MALFORMED)
        refuse(ex, 400, ex->body.reason);
    else if (result == BODY_TOO_LARGE)
        refuse(ex, 413, "The body of the request is too large.");
    else
        refuse(ex, 503, "The server is out of memory.");
    return used;
}
