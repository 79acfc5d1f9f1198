/* http.c - hearth.http/1 over core/http's request. */
#include <hearth/http.h>

#include "base/str.h"
#include "host/request.h"

/* Requests of a debug host are touched on their loop only. */
#define ON_LOOP(req_, call_)                                                                       \
    THREAD_ASSERT(caller_of(req_), (req_)->loop->index, "hearth_http." call_)

/* The plugin whose code works on this request. */
static inline const char *caller_of(hearth_req *req)
{
    host_request *request = host_request_of(req);
    return request && request->caller ? request->caller->id : "host";
}

static hearth_arena *arena(hearth_req *req)
{
    ON_LOOP(req, "arena");
    return &req->arena;
}

static hearth_str method(hearth_req *req)
{
    return req->method_text;
}

static hearth_str path(hearth_req *req)
{
    ON_LOOP(req, "path");
    return request_path(req);
}

static hearth_str param(hearth_req *req, const char *name)
{
    ON_LOOP(req, "param");
    return request_param(req, str_from(name));
}

static hearth_str query(hearth_req *req, const char *name)
{
    ON_LOOP(req, "query");
    return request_query(req, str_from(name));
}

static hearth_str header(hearth_req *req, const char *name)
{
    ON_LOOP(req, "header");
    return request_header(req, str_from(name));
}

static hearth_str body(hearth_req *req)
{
    ON_LOOP(req, "body");
    return req->body;
}

static hearth_str request_id(hearth_req *req)
{
    return req->request_id;
}

static const hearth_identity *identity(hearth_req *req)
{
    ON_LOOP(req, "identity");
    host_request *request = host_request_of(req);
    return request && request->identified ? &request->who : NULL;
}

static hearth_status identify(hearth_req *req, const hearth_identity *who)
{
    ON_LOOP(req, "identify");
    host_request *request = host_request_of(req);
    if (!request || request->phase != HEARTH_PHASE_IDENTIFY || who->user.len == 0)
        return HEARTH_EINVAL;
    if (!HEARTH_HAS(who, expires)) {
        log_error(caller_of(req),
                  "hearth_http.identify: expected an identity with its struct_size, "
                  "found %u",
                  who->struct_size);
        return HEARTH_EINVAL;
    }
    hearth_identity copy = {.struct_size = sizeof(copy),
                            .user = arena_dup_str(&req->arena, who->user),
                            .session = arena_dup_str(&req->arena, who->session),
                            .scope = arena_dup_str(&req->arena, who->scope),
                            .expires = who->expires};
    if (!copy.user.ptr || !copy.session.ptr || !copy.scope.ptr)
        return HEARTH_ENOMEM;
    request->who = copy;
    request->identified = true;
    return HEARTH_OK;
}

static hearth_status set_header(hearth_req *req, const char *name, hearth_str value)
{
    ON_LOOP(req, "set_header");
    const host_request *request = host_request_of(req);
    if (req->reply.status != 0 && request && request->phase != HEARTH_PHASE_REPLY)
        return HEARTH_ECONFLICT;
    return request_set_header(req, str_from(name), value);
}

/* A second answer is the plugin's mistake, but for one: what the deadline answered came first. */
static hearth_status note_second(hearth_req *req, hearth_status status)
{
    host_request *request = host_request_of(req);
    if (status == HEARTH_ECONFLICT && !(request && request->abandoned))
        log_warn(caller_of(req), "a second reply to one request was refused");
    return status;
}

static hearth_status reply(hearth_req *req, int status, hearth_str content_type, hearth_str text)
{
    ON_LOOP(req, "reply");
    return note_second(req, request_reply(req, status, content_type, text));
}

static hearth_status error(hearth_req *req, int status, const char *code, const char *fmt, ...)
{
    ON_LOOP(req, "error");
    va_list args;
    va_start(args, fmt);
    hearth_status result = request_verror(req, status, code, (hearth_str){NULL, 0}, fmt, args);
    va_end(args);
    return note_second(req, result);
}

static hearth_status error_with(hearth_req *req, int status, const char *code, hearth_str members,
                                const char *fmt, ...)
{
    ON_LOOP(req, "error_with");
    va_list args;
    va_start(args, fmt);
    hearth_status result = request_verror(req, status, code, members, fmt, args);
    va_end(args);
    return note_second(req, result);
}

static hearth_async *defer(hearth_req *req, void (*on_cancel)(hearth_ctx *ctx, void *arg),
                           void *arg)
{
    ON_LOOP(req, "defer");
    host_request *request = host_request_of(req);
    return request && request->calling ? async_create(request, on_cancel, arg) : NULL;
}

static int status_of(hearth_req *req)
{
    return req->reply.status;
}

static uint64_t duration_ns(hearth_req *req)
{
    return request_duration_ns(req);
}

static hearth_str route(hearth_req *req)
{
    return request_route(req);
}

static hearth_str base_path(hearth_req *req)
{
    const host_loop *loop = req->loop->owner;
    return router_base(loop->host->router);
}

const hearth_http host_http_api = {
    .struct_size = sizeof(hearth_http),
    .arena = arena,
    .method = method,
    .path = path,
    .param = param,
    .query = query,
    .header = header,
    .body = body,
    .request_id = request_id,
    .peer = request_peer,
    .identity = identity,
    .identify = identify,
    .set_header = set_header,
    .reply = reply,
    .error = error,
    .error_with = error_with,
    .defer = defer,
    .complete = async_complete,
    .status = status_of,
    .duration_ns = duration_ns,
    .route = route,
    .base_path = base_path,
};
