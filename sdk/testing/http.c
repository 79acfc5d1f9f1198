/*
 * http.c - hearth.http/1: what a plugin sees of a fake request, and taking one over.
 */
#include "request.h"

#include <stdlib.h>
#include <string.h>

struct hearth_async {
    struct hearth_async *next;
    hearth_test_host *host;
    hearth_req *req; /* NULL once completed */
    hearth_ctx *ctx; /* of the plugin that took it over, on the request's loop */
    void (*on_cancel)(hearth_ctx *ctx, void *arg);
    void *arg;
    bool is_hook, canceled, completed;
    hearth_timer *deadline;
    void (*fn)(hearth_ctx *ctx, hearth_req *req, void *arg);
    void *fn_arg;
};

static hearth_str str(const char *text)
{
    return (hearth_str){text, text ? strlen(text) : 0};
}

static void check(const hearth_req *req, const char *what)
{
    fake_check_thread(req->host, what);
    if (req->host->current != req->home && req->host->current != req->loop)
        fake_rule("%s: a request of loop %u was touched on loop %u", what, req->home,
                  req->host->current);
}

/* ---- reading -------------------------------------------------------------------------------- */

static hearth_arena *http_arena(hearth_req *req)
{
    check(req, "hearth_http.arena");
    return req->arena;
}

static hearth_str http_method(hearth_req *req)
{
    return str(req->method);
}

static hearth_str http_path(hearth_req *req)
{
    size_t len = strlen(req->path);
    char *copy = fake_copy(req->path);
    bool decoded = fake_decode(copy, &len, false);
    hearth_str path =
        decoded ? fake_arena_dup(req->arena, (hearth_str){copy, len}) : str(req->path);
    free(copy);
    return path;
}

static hearth_str http_param(hearth_req *req, const char *name)
{
    for (size_t i = 0; i < req->param_count; i++)
        if (strcmp(req->param_names[i], name) == 0)
            return req->params[i];
    return (hearth_str){NULL, 0};
}

static hearth_str http_query(hearth_req *req, const char *name)
{
    for (const char *at = req->query; *at;) {
        size_t len = strcspn(at, "&");
        size_t key_len = strcspn(at, "=&");
        char *key = fake_copy_str((hearth_str){at, key_len});
        char *value = fake_copy_str(
            (hearth_str){at + key_len + (key_len < len), len - key_len - (key_len < len)});
        size_t value_len = strlen(value);
        hearth_str found = {NULL, 0};
        if (fake_decode(key, &key_len, true) && strcmp(key, name) == 0 &&
            fake_decode(value, &value_len, true))
            found = fake_arena_dup(req->arena, (hearth_str){value, value_len});
        free(key);
        free(value);
        if (found.ptr)
            return found;
        at += len + (at[len] == '&');
    }
    return (hearth_str){NULL, 0};
}

static hearth_str http_header(hearth_req *req, const char *name)
{
    hearth_str joined = {NULL, 0};
    for (const fake_header *header = req->headers; header; header = header->next) {
        if (strcasecmp(header->name, name) != 0)
            continue;
        if (!joined.ptr)
            joined = str(header->value);
        else
            joined = fake_arena_api.printf(req->arena, "%" HEARTH_PRIS ", %s", HEARTH_ARG(joined),
                                           header->value);
    }
    return joined;
}

static hearth_str http_body(hearth_req *req)
{
    return (hearth_str){req->body, req->body_len};
}

static hearth_str http_request_id(hearth_req *req)
{
    return str(req->request_id);
}

static hearth_str http_peer(hearth_req *req)
{
    return str(req->peer);
}

static const hearth_identity *http_identity(hearth_req *req)
{
    return req->identified ? &req->identity : NULL;
}

static hearth_status http_identify(hearth_req *req, const hearth_identity *who)
{
    check(req, "hearth_http.identify");
    if (req->stage != FAKE_IDENTIFY)
        fake_rule("hearth_http.identify: only in phase IDENTIFY");
    if (!HEARTH_HAS(who, expires))
        fake_rule("hearth_http.identify: expected an identity with its struct_size, found %u",
                  who->struct_size);
    if (fake_alloc_fails(req->host))
        return HEARTH_ENOMEM;
    free(req->user);
    free(req->session);
    free(req->scope);
    req->user = fake_copy_str(who->user);
    req->session = fake_copy_str(who->session);
    req->scope = fake_copy_str(who->scope);
    req->identity =
        (hearth_identity){sizeof(req->identity),        0,
                          {req->user, who->user.len},   {req->session, who->session.len},
                          {req->scope, who->scope.len}, who->expires};
    req->identified = true;
    return HEARTH_OK;
}

/* ---- replying ------------------------------------------------------------------------------- */

static bool field_name(const char *name)
{
    if (!*name)
        return false;
    for (; *name; name++)
        if (!(*name >= '0' && *name <= '9') && !((*name | 32) >= 'a' && (*name | 32) <= 'z') &&
            !strchr("!#$%&'*+-.^_`|~", *name))
            return false;
    return true;
}

static bool field_value(hearth_str value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

/* Those that the host writes. */
static bool is_reserved(const char *name)
{
    static const char *const names[] = {"Connection", "Content-Length", "Date", "Transfer-Encoding",
                                        "X-Request-Id"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return false;
}

#define HEADERS_MAX ((size_t)64 * 1024)

static hearth_status http_set_header(hearth_req *req, const char *name, hearth_str value)
{
    size_t size = strlen(name) + value.len + 4;
    check(req, "hearth_http.set_header");
    if (!field_name(name) || !field_value(value) || is_reserved(name))
        return HEARTH_EINVAL;
    if (req->replied && !req->in_reply_hooks)
        return HEARTH_ECONFLICT;
    if (size > HEADERS_MAX - req->header_bytes)
        return HEARTH_ENOMEM;
    req->header_bytes += size;
    if (fake_alloc_fails(req->host))
        return HEARTH_ENOMEM;
    fake_headers_add(&req->reply_headers, name, value);
    return HEARTH_OK;
}

static hearth_status http_reply(hearth_req *req, int status, hearth_str type, hearth_str body)
{
    check(req, "hearth_http.reply");
    return fake_request_reply(req, status, type, body);
}

static hearth_status http_error(hearth_req *req, int status, const char *code, const char *fmt, ...)
{
    check(req, "hearth_http.error");
    va_list args;
    va_start(args, fmt);
    char *text = fake_vformat(fmt, args);
    va_end(args);
    hearth_status result = fake_request_error(req, status, code, (hearth_str){NULL, 0}, text);
    free(text);
    return result;
}

static hearth_status http_error_with(hearth_req *req, int status, const char *code,
                                     hearth_str members, const char *fmt, ...)
{
    check(req, "hearth_http.error_with");
    va_list args;
    va_start(args, fmt);
    char *text = fake_vformat(fmt, args);
    va_end(args);
    hearth_status result = fake_request_error(req, status, code, members, text);
    free(text);
    return result;
}

/* ---- later ---------------------------------------------------------------------------------- */

static void notice(hearth_async *async)
{
    if (async->canceled || async->completed)
        return;
    async->canceled = true;
    if (async->on_cancel) {
        uint32_t before = fake_enter(async->host, async->ctx->loop);
        async->on_cancel(async->ctx, async->arg);
        fake_leave(async->host, before);
    }
}

static void deadline_passed(hearth_ctx *ctx, void *arg)
{
    (void)ctx;
    hearth_async *async = arg;
    hearth_req *req = async->req;
    async->deadline = NULL;
    if (!req->replied && !req->gone)
        fake_request_error(req, 504, "TIMEOUT", (hearth_str){NULL, 0},
                           "There was no outcome in time.");
    fake_request_cancel(req);
}

void fake_request_cancel(hearth_req *req)
{
    req->gone = true;
    if (req->async)
        notice(req->async);
}

static hearth_async *http_defer(hearth_req *req, void (*on_cancel)(hearth_ctx *ctx, void *arg),
                                void *arg)
{
    check(req, "hearth_http.defer");
    hearth_test_host *host = req->host;
    if (req->async || req->replied || !req->running)
        fake_rule("hearth_http.defer: %s %s was replied to or taken over already", req->method,
                  req->path);
    if (fake_alloc_fails(host))
        return NULL;
    hearth_async *async = fake_new(sizeof(*async));
    *async = (hearth_async){.host = host, .req = req, .on_cancel = on_cancel, .arg = arg};
    async->next = host->asyncs; /* kept to the end, so that a second complete() is seen */
    host->asyncs = async;
    async->ctx = &req->owner->loops[req->home].pub;
    async->is_hook = req->stage != FAKE_HANDLE;
    uint64_t timeout = req->route->row.timeout_ms ? req->route->row.timeout_ms : 10000;
    size_t fail_at = host->fail_at;
    host->fail_at = 0;
    async->deadline =
        fake_timer_api.start(&host->own->loops[req->home].pub, timeout, 0, deadline_passed, async);
    host->fail_at = fail_at;
    req->async = async;
    return async;
}

static void complete_here(hearth_ctx *ctx, void *arg)
{
    hearth_async *async = arg;
    hearth_req *req = async->req;
    uint32_t before = fake_enter(async->host, req->home);
    fake_timer_api.stop(async->deadline);
    async->deadline = NULL;
    async->fn(ctx, req->gone ? NULL : req, async->fn_arg);
    fake_leave(async->host, before);
    async->req = NULL;
    req->async = NULL;
    if (req->running)
        req->completed = true; /* the handler has yet to answer HEARTH_DEFERRED */
    else
        fake_request_completed(req, async->is_hook);
}

static void http_complete(hearth_async *async,
                          void (*fn)(hearth_ctx *ctx, hearth_req *req, void *arg), void *arg)
{
    hearth_test_host *host = async->host;
    pthread_mutex_lock(&host->lock);
    bool second = async->completed;
    async->completed = true;
    pthread_mutex_unlock(&host->lock);
    if (second)
        fake_rule("hearth_http.complete: a second complete of one request");
    async->fn = fn;
    async->fn_arg = arg;
    bool here = pthread_equal(pthread_self(), host->thread) && host->current == async->ctx->loop;
    if (here)
        complete_here(async->ctx, async);
    else
        fake_post_surely(async->ctx, complete_here, async);
}

void fake_asyncs_finish(hearth_test_host *host)
{
    while (host->asyncs) {
        hearth_async *async = host->asyncs;
        host->asyncs = async->next;
        free(async);
    }
}

/* ---- for hooks of phase LOG ----------------------------------------------------------------- */

static int http_status(hearth_req *req)
{
    return req->call->status;
}

static uint64_t http_duration(hearth_req *req)
{
    return fake_mono_ns(req->host) - req->start_ns;
}

static hearth_str http_route(hearth_req *req)
{
    return req->route ? str(req->route->row.path) : (hearth_str){NULL, 0};
}

static hearth_str http_base_path(hearth_req *req)
{
    (void)req;
    return (hearth_str){"", 0};
}

const hearth_http fake_http_api = {
    .struct_size = sizeof(hearth_http),
    .arena = http_arena,
    .method = http_method,
    .path = http_path,
    .param = http_param,
    .query = http_query,
    .header = http_header,
    .body = http_body,
    .request_id = http_request_id,
    .peer = http_peer,
    .identity = http_identity,
    .identify = http_identify,
    .set_header = http_set_header,
    .reply = http_reply,
    .error = http_error,
    .error_with = http_error_with,
    .defer = http_defer,
    .complete = http_complete,
    .status = http_status,
    .duration_ns = http_duration,
    .route = http_route,
    .base_path = http_base_path,
};
