/*
 * request.c - what an application asks of a request, and how it records its reply.
 */
#include "http/request.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "http/session.h"
#include "json/writer.h"

hearth_str request_path(hearth_req *req)
{
    size_t size = 1;
    uint32_t count = req->path.count < ROUTER_MAX_SEGMENTS ? req->path.count : ROUTER_MAX_SEGMENTS;
    if (req->base_segments == 0 && str_index(req->raw_path, '%') == req->raw_path.len)
        return req->raw_path;
    for (uint32_t i = req->base_segments; i < count; i++)
        size += req->path.segments[i].len + 1;
    char *text = arena_alloc(&req->arena, size + 1), *at = text;
    if (!text)
        return (hearth_str){NULL, 0};
    for (uint32_t i = req->base_segments; i < count; i++) {
        *at++ = '/';
        memcpy(at, req->path.segments[i].ptr, req->path.segments[i].len);
        at += req->path.segments[i].len;
    }
    if (at == text)
        *at++ = '/';
    return (hearth_str){text, (size_t)(at - text)};
}

hearth_str request_param(const hearth_req *req, hearth_str name)
{
    for (uint32_t i = 0; req->route && i < req->route->param_count; i++)
        if (str_eq(req->route->params[i], name))
            return req->params[i];
    return (hearth_str){NULL, 0};
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Form decoding (the URL standard): what is no escape stands for itself. */
static hearth_str decode_form(hearth_arena *arena, hearth_str raw)
{
    if (str_index(raw, '%') == raw.len && str_index(raw, '+') == raw.len)
        return raw;
    char *text = arena_alloc(arena, raw.len);
    size_t len = 0;
    for (size_t i = 0; text && i < raw.len; i++) {
        char c = raw.ptr[i] == '+' ? ' ' : raw.ptr[i];
        if (c == '%' && i + 2 < raw.len && hex(raw.ptr[i + 1]) >= 0 && hex(raw.ptr[i + 2]) >= 0) {
            c = (char)(hex(raw.ptr[i + 1]) * 16 + hex(raw.ptr[i + 2]));
            i += 2;
        }
        text[len++] = c;
    }
    return (hearth_str){text, len};
}

hearth_str request_query(hearth_req *req, hearth_str name)
{
    hearth_str rest = req->raw_query, pair;
    while (rest.ptr && str_split(&rest, '&', &pair)) {
        size_t equals = str_index(pair, '=');
        if (!str_eq(decode_form(&req->arena, str_slice(pair, 0, equals)), name))
            continue;
        hearth_str value = decode_form(&req->arena, str_slice(pair, equals + 1, pair.len));
        return str_is_utf8(value) ? value : (hearth_str){NULL, 0};
    }
    return (hearth_str){NULL, 0};
}

hearth_str request_header(hearth_req *req, hearth_str name)
{
    const http_headers *headers = &req->headers;
    http_known known = header_known(name);
    if (known != HTTP_KNOWN_COUNT && !(headers->repeated & 1u << known))
        return headers_known(headers, known);
    hearth_buf joined;
    hearth_str first = {NULL, 0};
    for (uint32_t i = 0; i < headers->count; i++) {
        const http_header *h = &headers->items[i];
        if (!str_eq_nocase(h->name, name))
            continue;
        if (!first.ptr) {
            first = h->value.ptr ? h->value : HEARTH_STR("");
            buf_init_arena(&joined, &req->arena, req->arena.ceiling);
            continue;
        }
        if ((joined.len == 0 && buf_append_str(&joined, first) < 0) ||
            buf_append_str(&joined, HEARTH_STR(", ")) < 0 || buf_append_str(&joined, h->value) < 0)
            return (hearth_str){NULL, 0};
    }
    return first.ptr && joined.len > 0 ? buf_str(&joined) : first;
}

hearth_str request_peer(hearth_req *req)
{
    char text[ADDRESS_TEXT_SIZE];
    size_t len = ip_format(&req->peer, text);
    return arena_dup_str(&req->arena, (hearth_str){text, len});
}

hearth_str request_route(const hearth_req *req)
{
    return req->route ? str_from(req->route->pattern) : HEARTH_STR("");
}

uint64_t request_duration_ns(const hearth_req *req)
{
    return (req->end_ns ? req->end_ns : clock_mono_ns()) - req->start_ns;
}

http_worker *request_worker(const hearth_req *req)
{
    return request_exchange(req)->worker;
}

/* What the server writes itself. */
static bool is_reserved(hearth_str name)
{
    switch (header_known(name)) {
    case HTTP_CONTENT_LENGTH:
    case HTTP_TRANSFER_ENCODING:
    case HTTP_CONNECTION:
    case HTTP_REQUEST_ID:
        return true;
    default:
        return str_eq_nocase(name, HEARTH_STR("Date"));
    }
}

bool request_has_header(const hearth_req *req, hearth_str name)
{
    for (const http_reply_header *h = req->reply.headers; h; h = h->next)
        if (str_eq_nocase(h->name, name))
            return true;
    return false;
}

/* Together with the host's own they fit into the ceiling of a head in reply.c. */
#define HEADERS_MAX      ((size_t)64 * 1024)
#define CONTENT_TYPE_MAX 1024

hearth_status request_set_header(hearth_req *req, hearth_str name, hearth_str value)
{
    size_t size = name.len + value.len + 4;
    if (req->reply.sent)
        return HEARTH_ECONFLICT;
    if (!header_name_is_valid(name) || !header_value_is_valid(value) || is_reserved(name))
        return HEARTH_EINVAL;
    if (size > HEADERS_MAX - req->reply.header_bytes)
        return HEARTH_ENOMEM;
    value = str_trim_ows(value);
    http_reply_header *header = arena_alloc(&req->arena, sizeof(*header) + name.len + value.len);
    if (!header)
        return HEARTH_ENOMEM;
    char *text = memcpy(header + 1, name.ptr, name.len);
    if (value.len > 0)
        memcpy(text + name.len, value.ptr, value.len);
    *header = (http_reply_header){NULL, {text, name.len}, {text + name.len, value.len}};
    if (req->reply.last)
        req->reply.last->next = header;
    else
        req->reply.headers = header;
    req->reply.last = header;
    req->reply.header_bytes += size;
    return HEARTH_OK;
}

hearth_status request_reply(hearth_req *req, int status, hearth_str content_type, hearth_str body)
{
    if (req->reply.status != 0 || req->reply.sent)
        return HEARTH_ECONFLICT;
    if (status < 200 || status > 599 || content_type.len > CONTENT_TYPE_MAX ||
        !header_value_is_valid(content_type))
        return HEARTH_EINVAL;
    hearth_str type_copy = {"", 0}, body_copy = {"", 0};
    if (content_type.len > 0)
        type_copy = arena_dup_str(&req->arena, content_type);
    if (body.len > 0)
        body_copy = arena_dup_str(&req->arena, body);
    if (!type_copy.ptr || !body_copy.ptr)
        return HEARTH_ENOMEM;
    req->reply.status = status;
    req->reply.content_type = type_copy;
    req->reply.body = body_copy;
    return HEARTH_OK;
}

void request_unreply(hearth_req *req)
{
    if (!req->reply.sent)
        memset(&req->reply, 0, sizeof(req->reply));
}

/* Text that came from somewhere may hold anything; the error body stays valid JSON. */
static hearth_status write_error(hearth_req *req, hearth_buf *out, const char *code,
                                 hearth_str members, hearth_str text)
{
    hearth_json_writer writer;
    json_writer_init(&writer, out);
    json_begin_object(&writer);
    json_member_string(&writer, "error", text);
    json_member_string(&writer, "code", str_from(code));
    json_member_string(&writer, "requestId", req->request_id);
    json_end_object(&writer);
    hearth_status status = json_finish(&writer, NULL);
    if (status < 0 || members.len == 0)
        return status;
    out->len--; /* the closing brace comes behind the members */
    if ((status = buf_append_char(out, ',')) < 0 || (status = buf_append_str(out, members)) < 0)
        return status;
    return buf_append_char(out, '}');
}

static void set_unless_set(hearth_req *req, hearth_str name, hearth_str value)
{
    if (request_has_header(req, name))
        return;
    hearth_status status = request_set_header(req, name, value);
    (void)status; /* at the arena's ceiling the field is left out */
}

hearth_status request_verror(hearth_req *req, int status, const char *code, hearth_str members,
                             const char *fmt, va_list args)
{
    char text[HEARTH_ERROR_SIZE];
    if (req->reply.status != 0 || req->reply.sent)
        return HEARTH_ECONFLICT;
    int len = vsnprintf(text, sizeof(text), fmt, args);
    hearth_str sentence = {text, len < 0 ? 0 : strnlen(text, sizeof(text) - 1)};
    if (!str_is_utf8(sentence))
        sentence = str_from(status_reason(status));
    if (status == 401)
        set_unless_set(req, HEARTH_STR("WWW-Authenticate"), HEARTH_STR("Bearer"));
    if (status == 429 || status == 503)
        set_unless_set(req, HEARTH_STR("Retry-After"), HEARTH_STR("1"));
    hearth_buf body;
    buf_init_arena(&body, &req->arena, req->arena.ceiling);
    if (write_error(req, &body, code, members, sentence) == HEARTH_OK) {
        req->reply.status = status;
        req->reply.content_type = HEARTH_STR("application/json");
        req->reply.body = buf_str(&body);
    } else {
        req->reply.status = 500;
    }
    return HEARTH_OK;
}

hearth_status request_error(hearth_req *req, int status, const char *code, hearth_str members,
                            const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    hearth_status result = request_verror(req, status, code, members, fmt, args);
    va_end(args);
    return result;
}

void request_send(hearth_req *req)
{
    http_exchange *ex = request_exchange(req);
    if (req->reply.sent)
        return;
    reply_prepare(ex);
    if (req->gone)
        req->reply.sent = true;
    else if (req->loop == ex->worker->loop)
        reply_deliver(ex);
    else
        reply_post(ex);
}

static void finish_home(hearth_req *req)
{
    exchange_finish(request_exchange(req));
}

void request_finish(hearth_req *req)
{
    http_exchange *ex = request_exchange(req);
    if (!req->reply.sent && !req->gone)
        reply_prepare(ex);
    if (req->loop == ex->worker->loop) {
        exchange_finish(ex);
    } else if (request_move(req, ex->worker->loop, finish_home) < 0) {
        /* Its loop has stopped without draining: only the memory is left to care for. */
        arena_finish(&req->arena);
    }
}

void request_continue(hearth_req *req)
{
    exchange_go_on(request_exchange(req));
}
