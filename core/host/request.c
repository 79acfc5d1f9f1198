/* request.c - see request.h: the phases, one after the other. */
#include "host/request.h"

#include <string.h>

#include "base/hash.h"
#include "base/str.h"

static host_loop *loop_of(const hearth_req *req)
{
    return req->loop->owner;
}

void request_refuse(host_request *request, hearth_status status)
{
    static const struct {
        hearth_status status;
        int http;
        const char *code, *text;
    } known[] = {
        {HEARTH_EINVAL, 400, "INVALID_REQUEST", "The request is not valid."},
        {HEARTH_ENOMEM, 503, "OVERLOADED", "The server is busy. Try again."},
        {HEARTH_ENOTFOUND, 404, "NOT_FOUND", "There is no such thing."},
        {HEARTH_ECONFLICT, 409, "CONFLICT", "Something else is there than expected."},
        {HEARTH_EAUTH, 401, "UNAUTHENTICATED", "A valid bearer token is needed."},
        {HEARTH_ETIMEOUT, 504, "TIMEOUT", "No answer in time."},
        {HEARTH_EUNAVAILABLE, 503, "OVERLOADED", "The server cannot do this now. Try again."},
        {HEARTH_ECANCELED, 503, "OVERLOADED", "The server is stopping. Try again."},
        {HEARTH_EFORBIDDEN, 403, "FORBIDDEN", "This is not allowed."},
        {HEARTH_EINTERNAL, 500, "INTERNAL", "The server failed."},
    };
    size_t i = 0;
    while (i + 1 < HEARTH_COUNT(known) && known[i].status != status)
        i++;
    hearth_req *req = request->req;
    char trace[33];
    log_context line = {.plugin = request->caller ? request->caller->id : "host",
                        .request_id = req->request_id};
    if (log_is_on(LOG_LEVEL_DEBUG)) /* at other levels the access log has the request's one line */
        line.trace_id = trace_id_text(&req->trace, trace);
    log_at(LOG_LEVEL_DEBUG, &line, "%" HEARTH_PRIS " answered %s", HEARTH_ARG(request_route(req)),
           status_name(status));
    (void)request_error(req, known[i].http, known[i].code, (hearth_str){NULL, 0}, "%s",
                        known[i].text);
}

/* ---- one call of a plugin ------------------------------------------------------------------- */

typedef enum outcome { GO_ON, ENDED, HELD } outcome;

/* What a returned or completed call means: replied or refused ends, a deferral holds. */
static outcome judge(host_request *request, hearth_status status)
{
    hearth_req *req = request->req;
    if (request->completed) { /* it deferred and completed before it returned */
        request->completed = false;
        status = HEARTH_OK;
    } else if (request->async) {
        if (status < 0) { /* taken over, and then refused: the completion is still due */
            request_refuse(request, status);
            request_send(req);
        }
        return HELD;
    }
    if (request->abandoned || req->gone)
        return ENDED;
    if (status > HEARTH_DEFERRED || status < HEARTH_EFORBIDDEN) {
        log_error(request->caller->id, "%" HEARTH_PRIS " answered %d, which is no hearth_status",
                  HEARTH_ARG(request_route(req)), status);
        status = HEARTH_EINTERNAL;
    }
    if (status == HEARTH_DEFERRED) {
        log_error(request->caller->id, "%" HEARTH_PRIS " answered DEFERRED without defer()",
                  HEARTH_ARG(request_route(req)));
        status = HEARTH_EINTERNAL;
    }
    if (status < 0 && req->reply.status == 0)
        request_refuse(request, status);
    return req->reply.status != 0 ? ENDED : GO_ON;
}

static outcome call(host_request *request, hearth_plugin *owner, hearth_handler handler)
{
    hearth_req *req = request->req;
    host_loop *loop = loop_of(req);
    request->caller = owner;
    request->calling = true;
    host_scope outer =
        scope_enter(&loop->net, owner->id, req->route ? req->route->pattern : "request");
    hearth_status status = handler(host_ctx_on(owner, loop), req);
    scope_leave(outer);
    request->calling = false;
    return judge(request, status);
}

/* Runs the hooks of the present phase that have not run. */
static outcome run_hooks(host_request *request, const host_hooks *hooks)
{
    while (request->next_hook < hooks->count) {
        const host_hook *hook = &hooks->items[request->next_hook++];
        outcome what = call(request, hook->owner, hook->handler);
        if (what != GO_ON)
            return what;
    }
    return GO_ON;
}

/* ---- identify, on the connection's loop ------------------------------------------------------ */

/* Is `wanted` (words separated by spaces) granted by one of the words of `granted`? */
static bool has_scope(hearth_str granted, hearth_str wanted)
{
    hearth_str want;
    while (str_split(&wanted, ' ', &want)) {
        hearth_str rest = granted, have;
        while (want.len > 0 && str_split(&rest, ' ', &have)) {
            if (str_eq(want, have))
                return true;
        }
    }
    return false;
}

static void judge_access(host_request *request)
{
    const hearth_route *row = request->route->row;
    hearth_req *req = request->req;
    if (req->reply.status != 0 || row->access == HEARTH_BEARER_OPTIONAL)
        return;
    if (!request->identified)
        (void)request_error(req, 401, "UNAUTHENTICATED", (hearth_str){NULL, 0},
                            "A valid bearer token is needed.");
    else if (row->access == HEARTH_SCOPE && !has_scope(request->who.scope, str_from(row->scope)))
        (void)request_error(req, 403, "FORBIDDEN", (hearth_str){NULL, 0},
                            "The token lacks the scope %s.", row->scope);
}

static hearth_status on_head(hearth_req *req)
{
    host_loop *loop = loop_of(req);
    host_request *request = arena_calloc(&req->arena, 1, sizeof(*request));
    if (!request)
        return HEARTH_ENOMEM;
    request->req = req;
    request->route = req->route ? req->route->data : NULL;
    req->host = request;
    if (!request->route || request->route->row->access == HEARTH_PUBLIC)
        return HEARTH_OK;
    request->phase = HEARTH_PHASE_IDENTIFY;
    if (run_hooks(request, &loop->host->hooks[HEARTH_PHASE_IDENTIFY]) == HELD)
        return HEARTH_DEFERRED;
    judge_access(request);
    return HEARTH_OK;
}

/* ---- limit and handle, on the home loop ------------------------------------------------------ */

static void handle(host_request *request)
{
    hearth_req *req = request->req;
    host_loop *loop = loop_of(req);
    request->phase = HEARTH_PHASE_END;
    if (request->route->builtin) {
        request->route->builtin(loop, req);
        request_finish(req);
        return;
    }
    outcome what = call(request, request->route->owner, request->route->row->handler);
    if (what == HELD)
        return;
    if (what == GO_ON)
        log_error(request->caller->id, "%" HEARTH_PRIS " answered OK without a reply",
                  HEARTH_ARG(request_route(req)));
    request_finish(req);
}

static void limit(hearth_req *req)
{
    host_request *request = host_request_of(req);
    request->phase = HEARTH_PHASE_LIMIT;
    request->next_hook = 0;
    if (req->gone) { /* it went while the request was on its way */
        request_finish(req);
        return;
    }
    outcome what = GO_ON;
    if (request->route->row->access != HEARTH_PUBLIC)
        what = run_hooks(request, &loop_of(req)->host->hooks[HEARTH_PHASE_LIMIT]);
    if (what == GO_ON)
        handle(request);
    else if (what == ENDED)
        request_finish(req);
}

static void on_request(hearth_req *req)
{
    host_request *request = host_request_of(req);
    host_loop *loop = loop_of(req);
    if (!request->route) {
        (void)request_error(req, 404, "NOT_FOUND", (hearth_str){NULL, 0}, "There is no such path.");
        request_finish(req);
        return;
    }
    if (request->identified) {
        host_loop *home = &loop->host->loops[hash_home(request->who.user, loop->host->loop_count)];
        if (home != loop) {
            if (request_move(req, &home->net, limit) < 0)
                request_finish(req);
            return;
        }
    }
    limit(req);
}

/* ---- going on after a deferral --------------------------------------------------------------- */

void request_resume(host_request *request)
{
    hearth_req *req = request->req;
    host_hooks *hooks = loop_of(req)->host->hooks;
    if (request->calling) {
        request->completed = true;
        return;
    }
    request->completed = true;
    outcome what = judge(request, HEARTH_OK);
    switch (request->phase) {
    case HEARTH_PHASE_IDENTIFY:
        if (what == GO_ON)
            what = run_hooks(request, &hooks[HEARTH_PHASE_IDENTIFY]);
        if (what == HELD)
            return;
        if (!request->abandoned && !req->gone)
            judge_access(request);
        request_continue(req);
        return;
    case HEARTH_PHASE_LIMIT:
        if (what == GO_ON)
            what = run_hooks(request, &hooks[HEARTH_PHASE_LIMIT]);
        if (what == GO_ON)
            handle(request);
        else if (what == ENDED)
            request_finish(req);
        return;
    default:
        if (what == GO_ON)
            log_error(request->caller->id, "%" HEARTH_PRIS " was completed without a reply",
                      HEARTH_ARG(request_route(req)));
        request_finish(req);
    }
}

/* ---- around the reply ------------------------------------------------------------------------ */

static void on_gone(hearth_req *req)
{
    host_request *request = host_request_of(req);
    if (!request)
        return;
    request->abandoned = true;
    async_cancel(request);
}

/* REPLY and LOG hooks look and add; they cannot end or hold a request. */
static void run_watchers(hearth_req *req, hearth_phase phase)
{
    host_loop *loop = loop_of(req);
    host_request none = {0}, *request = host_request_of(req) ? host_request_of(req) : &none;
    const host_request before = *request; /* a deferral may be open: its deadline has answered */
    const host_hooks *hooks = &loop->host->hooks[phase];
    request->phase = (uint8_t)phase;
    for (size_t i = 0; i < hooks->count; i++) {
        const host_hook *hook = &hooks->items[i];
        host_scope outer = scope_enter(&loop->net, hook->owner->id, "hook");
        request->caller = hook->owner;
        (void)hook->handler(host_ctx_on(hook->owner, loop), req);
        scope_leave(outer);
    }
    request->caller = before.caller;
    request->phase = before.phase;
}

static void on_reply(hearth_req *req)
{
    run_watchers(req, HEARTH_PHASE_REPLY);
}

static void on_log(hearth_req *req)
{
    run_watchers(req, HEARTH_PHASE_LOG);
    observe_request(loop_of(req), req);
}

const http_application host_application = {
    .head = on_head, .request = on_request, .gone = on_gone, .reply = on_reply, .log = on_log};
