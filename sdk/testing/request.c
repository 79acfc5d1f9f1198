/*
 * request.c - a request goes through its phases: route, identify, limit, handle, reply, log. It
 * may be held in any of them by a deferral; it ends with a reply or with the client's departure.
 */
#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the end -------------------------------------------------------------------------------- */

static void run_log_hooks(hearth_req *req)
{
    hearth_test_host *host = req->host;
    for (size_t i = 0; i < host->hook_count; i++) {
        const fake_hook *hook = &host->hooks[i];
        if (hook->row.phase != HEARTH_PHASE_LOG || !hook->plugin->started)
            continue;
        uint32_t before = fake_enter(host, req->loop);
        (void)hook->row.handler(&hook->plugin->loops[req->loop].pub, req);
        fake_leave(host, before);
    }
}

void fake_request_free(hearth_req *req)
{
    if (req->call)
        req->call->req = NULL;
    fake_arena_destroy(req->arena);
    fake_headers_free(req->headers);
    fake_headers_free(req->reply_headers);
    for (size_t i = 0; i < req->param_count; i++) {
        free(req->param_names[i]);
        free((char *)(uintptr_t)req->params[i].ptr);
    }
    free(req->method);
    free(req->path);
    free(req->query);
    free(req->body);
    free(req->peer);
    free(req->request_id);
    free(req->user);
    free(req->session);
    free(req->scope);
    free(req);
}

/* The code that held the request has returned: nothing looks at it any more. */
static void request_end(hearth_req *req)
{
    req->stage = FAKE_ENDED;
    if (req->replied)
        run_log_hooks(req);
    fake_request_free(req);
}

/* ---- replies -------------------------------------------------------------------------------- */

static void run_reply_hooks(hearth_req *req)
{
    hearth_test_host *host = req->host;
    req->in_reply_hooks = true;
    for (size_t i = 0; i < host->hook_count; i++) {
        const fake_hook *hook = &host->hooks[i];
        if (hook->row.phase != HEARTH_PHASE_REPLY || !hook->plugin->started)
            continue;
        uint32_t before = fake_enter(host, req->home);
        hearth_status answer = hook->row.handler(&hook->plugin->loops[req->home].pub, req);
        fake_leave(host, before);
        if (answer != HEARTH_OK)
            fake_log(host, "host", HEARTH_LOG_WARNING, "%s: a REPLY hook cannot refuse",
                     hook->plugin->id);
    }
    req->in_reply_hooks = false;
}

#define CONTENT_TYPE_MAX 1024

hearth_status fake_request_reply(hearth_req *req, int status, hearth_str type, hearth_str body)
{
    if (req->replied) {
        fake_log(req->host, req->owner ? req->owner->id : "host", HEARTH_LOG_ERROR,
                 "a second reply to %s %s was refused", req->method, req->path);
        return HEARTH_ECONFLICT;
    }
    if (status < 200 || status > 599 || type.len > CONTENT_TYPE_MAX)
        return HEARTH_EINVAL;
    req->replied = true;
    hearth_test_call *call = req->call;
    call->status = status;
    run_reply_hooks(req);
    if (type.len > 0)
        fake_headers_add(&req->reply_headers, "Content-Type", type);
    fake_headers_add(&req->reply_headers, "X-Request-Id",
                     (hearth_str){req->request_id, strlen(req->request_id)});
    call->headers = req->reply_headers;
    req->reply_headers = NULL;
    call->body_len = call->head ? 0 : body.len;
    call->body = fake_copy_str((hearth_str){body.ptr, call->body_len});
    return HEARTH_OK;
}

static void add_default(hearth_req *req, const char *name, hearth_str value)
{
    if (!fake_headers_find(req->reply_headers, name))
        fake_headers_add(&req->reply_headers, name, value);
}

hearth_status fake_request_error(hearth_req *req, int status, const char *code, hearth_str members,
                                 const char *text)
{
    const hearth_json *json = &fake_json_api;
    hearth_arena *arena = fake_arena_create(req->host, 1048576);
    size_t fail_at = req->host->fail_at; /* errors are written without failing */
    req->host->fail_at = 0;
    hearth_json_writer *w = json->writer(arena, 1048576);
    json->object_begin(w);
    json->key(w, HEARTH_STR("error"));
    json->string(w, (hearth_str){text, strlen(text)});
    json->key(w, HEARTH_STR("code"));
    json->string(w, (hearth_str){code, strlen(code)});
    json->key(w, HEARTH_STR("requestId"));
    json->string(w, (hearth_str){req->request_id, strlen(req->request_id)});
    json->object_end(w);
    hearth_str body;
    if (json->finish(w, &body) != HEARTH_OK)
        fake_rule("hearth_http.error: the text of %s is not UTF-8", code);
    if (members.len > 0)
        body = fake_arena_api.printf(arena, "%.*s,%" HEARTH_PRIS "}", (int)body.len - 1, body.ptr,
                                     HEARTH_ARG(members));
    if (status == 401)
        add_default(req, "WWW-Authenticate", HEARTH_STR("Bearer"));
    if (status == 429 || status == 503)
        add_default(req, "Retry-After", HEARTH_STR("1"));
    hearth_status result = fake_request_reply(req, status, HEARTH_STR("application/json"), body);
    req->host->fail_at = fail_at;
    fake_arena_destroy(arena);
    return result;
}

static void refuse(hearth_req *req, int status, const char *code, const char *text)
{
    fake_request_error(req, status, code, (hearth_str){NULL, 0}, text);
    request_end(req);
}

/* A status that a handler answered instead of a reply. */
static void refuse_status(hearth_req *req, hearth_status status)
{
    static const struct {
        hearth_status status;
        int http;
        const char *code, *text;
    } rows[] = {
        {HEARTH_EINVAL, 400, "INVALID_REQUEST", "The request is invalid."},
        {HEARTH_ENOMEM, 503, "OVERLOADED", "The server is out of memory."},
        {HEARTH_ENOTFOUND, 404, "NOT_FOUND", "There is no such thing."},
        {HEARTH_ECONFLICT, 409, "CONFLICT", "Something else is there."},
        {HEARTH_EAUTH, 401, "UNAUTHENTICATED", "A valid token is needed."},
        {HEARTH_ETIMEOUT, 504, "TIMEOUT", "There was no outcome in time."},
        {HEARTH_EUNAVAILABLE, 503, "OVERLOADED", "Try again later."},
        {HEARTH_ECANCELED, 503, "OVERLOADED", "The request was canceled."},
        {HEARTH_EFORBIDDEN, 403, "FORBIDDEN", "This is not allowed."},
        {HEARTH_EINTERNAL, 500, "INTERNAL", "The server has failed."},
    };
    fake_log(req->host, req->owner ? req->owner->id : "host", HEARTH_LOG_ERROR,
             "%s %s answered status %d", req->method, req->path, status);
    size_t i = 0;
    while (i + 1 < sizeof(rows) / sizeof(rows[0]) && rows[i].status != status)
        i++;
    refuse(req, rows[i].http, rows[i].code, rows[i].text);
}

/* ---- phases --------------------------------------------------------------------------------- */

void fake_request_completed(hearth_req *req, bool is_hook)
{
    if (req->gone || req->replied) {
        request_end(req);
    } else if (is_hook) {
        fake_request_go_on(req);
    } else {
        fake_log(req->host, req->owner->id, HEARTH_LOG_ERROR, "%s %s ended without a reply",
                 req->method, req->path);
        refuse(req, 500, "INTERNAL", "The server has failed.");
    }
}

/* Takes what a handler or hook answered. */
static void outcome(hearth_req *req, hearth_status status, bool is_hook)
{
    bool taken = req->async || req->completed;
    if (status > HEARTH_DEFERRED || status < HEARTH_EFORBIDDEN)
        fake_rule("%s answered %d, which is no hearth_status (%s %s)", req->owner->id, status,
                  req->method, req->path);
    if (status == HEARTH_DEFERRED && !taken)
        fake_rule("%s answered HEARTH_DEFERRED without hearth_http.defer (%s %s)", req->owner->id,
                  req->method, req->path);
    if (status != HEARTH_DEFERRED && taken)
        fake_rule("%s took %s %s over, but did not answer HEARTH_DEFERRED", req->owner->id,
                  req->method, req->path);
    if (req->async)
        return; /* goes on in complete() */
    req->completed = false;
    if (status < 0 && !req->replied)
        refuse_status(req, status);
    else
        fake_request_completed(req, is_hook);
}

static bool has_scope(hearth_str have, const char *wanted)
{
    for (const char *at = wanted; at && *at;) {
        size_t len = strcspn(at, " ");
        for (size_t i = 0; i + len <= have.len; i++) {
            bool begins = i == 0 || have.ptr[i - 1] == ' ';
            bool ends = i + len == have.len || have.ptr[i + len] == ' ';
            if (begins && ends && memcmp(have.ptr + i, at, len) == 0)
                return true;
        }
        at += len + (at[len] == ' ');
    }
    return false;
}

/* After IDENTIFY: may this caller come here? False: it was refused, and has ended. */
static bool admit(hearth_req *req)
{
    hearth_access access = req->route->row.access;
    if (access == HEARTH_PUBLIC || (access == HEARTH_BEARER_OPTIONAL && !req->identified))
        return true;
    if (!req->identified) {
        refuse(req, 401, "UNAUTHENTICATED", "A valid token is needed.");
        return false;
    }
    if (access == HEARTH_SCOPE && !has_scope(req->identity.scope, req->route->row.scope)) {
        refuse(req, 403, "FORBIDDEN", "The token lacks the scope.");
        return false;
    }
    req->home = fake_home(req->host->loops, req->identity.user);
    return true;
}

static bool stage_has_hooks(const hearth_req *req)
{
    if (req->route->row.access == HEARTH_PUBLIC)
        return false;
    if (req->stage == FAKE_IDENTIFY)
        return !req->identified && (req->route->row.access != HEARTH_BEARER_OPTIONAL ||
                                    fake_headers_find(req->headers, "Authorization"));
    return true;
}

/* The next hook of the present stage, NULL when they have all run. */
static const fake_hook *next_hook(hearth_req *req)
{
    hearth_phase phase = req->stage == FAKE_IDENTIFY ? HEARTH_PHASE_IDENTIFY : HEARTH_PHASE_LIMIT;
    while (stage_has_hooks(req) && req->hook < req->host->hook_count) {
        const fake_hook *hook = &req->host->hooks[req->hook++];
        if (hook->row.phase == phase)
            return hook;
    }
    return NULL;
}

static void call_handler(hearth_req *req, fake_plugin *plugin, hearth_handler handler, bool is_hook)
{
    req->owner = plugin;
    req->running = true;
    uint32_t before = fake_enter(req->host, req->home);
    hearth_status status = handler(&plugin->loops[req->home].pub, req);
    fake_leave(req->host, before);
    req->running = false;
    outcome(req, status, is_hook);
}

void fake_request_go_on(hearth_req *req)
{
    const fake_hook *hook = next_hook(req);
    if (hook) {
        call_handler(req, hook->plugin, hook->row.handler, true);
        return;
    }
    if (req->stage == FAKE_IDENTIFY) {
        if (!admit(req))
            return;
        req->stage = FAKE_LIMIT;
        req->hook = 0;
        fake_request_go_on(req);
        return;
    }
    req->stage = FAKE_HANDLE;
    call_handler(req, req->route->plugin, req->route->row.handler, false);
}

/* ---- the beginning --------------------------------------------------------------------------- */

static const char *or_default(const char *text, const char *otherwise)
{
    return text ? text : otherwise;
}

static void set_identity(hearth_req *req, const hearth_test_request_spec *spec)
{
    req->user = fake_copy(spec->user);
    req->session = fake_copy(or_default(spec->session, "session"));
    req->scope = fake_copy(or_default(spec->scope, "player"));
    req->identity = (hearth_identity){.struct_size = sizeof(req->identity)};
    req->identity.user = (hearth_str){req->user, strlen(req->user)};
    req->identity.session = (hearth_str){req->session, strlen(req->session)};
    req->identity.scope = (hearth_str){req->scope, strlen(req->scope)};
    req->identity.expires = fake_clock_api.wall_ms(&req->host->own->main.pub) / 1000 + 3600;
    req->identified = true;
}

static void set_request_id(hearth_req *req)
{
    const char *given = fake_headers_find(req->headers, "X-Request-Id");
    char made[32];
    snprintf(made, sizeof(made), "request-%llu", (unsigned long long)++req->host->next_id);
    req->request_id = fake_copy(given && *given ? given : made);
}

hearth_req *fake_request_new(hearth_test_host *host, const hearth_test_request_spec *spec)
{
    hearth_req *req = fake_new(sizeof(*req));
    size_t ceiling = host->options.request_memory;
    const char *path = or_default(spec->path, "/");
    size_t path_len = strcspn(path, "?");
    req->host = host;
    req->arena = fake_arena_create(host, ceiling ? ceiling : 1048576);
    req->method = fake_copy(or_default(spec->method, "GET"));
    req->path = fake_copy_str((hearth_str){path, path_len});
    req->query = fake_copy(path[path_len] ? path + path_len + 1 : "");
    req->body = fake_copy_str(spec->body);
    req->body_len = spec->body.len;
    req->peer = fake_copy(or_default(spec->peer, "192.0.2.1"));
    req->headers = fake_headers_parse(spec->headers);
    req->loop = req->home = spec->loop % host->loops;
    req->start_ns = fake_mono_ns(host);
    set_request_id(req);
    fake_random_api.bytes(&host->own->main.pub, req->trace.trace_id, 16);
    fake_random_api.bytes(&host->own->main.pub, req->trace.span_id, 8);
    req->trace.flags = 1;
    if (spec->user)
        set_identity(req, spec);
    return req;
}

void fake_request_begin(hearth_req *req)
{
    char allow[128];
    int missing = fake_route_find(req, allow);
    if (missing == 405) {
        fake_headers_add(&req->reply_headers, "Allow", (hearth_str){allow, strlen(allow)});
        refuse(req, 405, "METHOD_NOT_ALLOWED", "This method is not allowed here.");
    } else if (missing == 404) {
        refuse(req, 404, "NOT_FOUND", "There is no such path.");
    } else if (missing == 400) {
        refuse(req, 400, "INVALID_REQUEST", "The path is malformed.");
    } else if (req->route->row.max_body && req->body_len > req->route->row.max_body) {
        refuse(req, 413, "BODY_TOO_LARGE", "The body is too large.");
    } else {
        fake_request_go_on(req);
    }
}
