/*
 * ids.c - the names under which a request is found again: X-Request-Id, and the W3C trace context.
 */
#include "http/session.h"

static bool is_request_id(hearth_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && c != '.' && c != '_' && c != '-')
            return false;
    }
    return text.len >= 1 && text.len <= REQUEST_ID_MAX;
}

static void put_hex(char *at, uint64_t number)
{
    for (int i = 15; i >= 0; i--, number >>= 4)
        at[i] = "0123456789abcdef"[number & 15];
}

static void put_random(hearth_loop *loop, uint8_t *at, size_t words)
{
    for (size_t i = 0; i < words; i++) {
        uint64_t number = loop_random(loop) | 1; /* all zeros means none */
        memcpy(at + 8 * i, &number, 8);
    }
}

/* Lower-case hexadecimal, exactly `size` bytes of it, not all zeros. */
static bool parse_hex(hearth_str text, uint8_t *out, size_t size)
{
    uint8_t any = 0;
    for (size_t i = 0; i < size * 2; i++) {
        char c = text.ptr[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0)
            return false;
        out[i / 2] = (uint8_t)(i % 2 ? out[i / 2] | digit : digit << 4);
        any |= (uint8_t)digit;
    }
    return any != 0;
}

/* "00-<32>-<16>-<2>"; a later version may go on behind another "-". */
static bool parse_traceparent(hearth_str text, hearth_trace_context *trace, uint8_t parent[8])
{
    hearth_trace_context parsed = {0};
    uint8_t span[8], version = 0, flags = 0;
    if (text.len < 55 || text.ptr[2] != '-' || text.ptr[35] != '-' || text.ptr[52] != '-')
        return false;
    bool zero = text.ptr[0] == '0' && text.ptr[1] == '0';
    if (!zero && (!parse_hex(text, &version, 1) || version == 0xff))
        return false;
    if (zero ? text.len != 55 : text.len > 55 && text.ptr[55] != '-')
        return false;
    if (!parse_hex(str_slice(text, 3, 32), parsed.trace_id, 16) ||
        !parse_hex(str_slice(text, 36, 16), span, 8))
        return false;
    bool no_flags = text.ptr[53] == '0' && text.ptr[54] == '0';
    if (!no_flags && !parse_hex(str_slice(text, 53, 2), &flags, 1))
        return false;
    parsed.flags = flags & 1;
    *trace = parsed;
    memcpy(parent, span, sizeof(span));
    return true;
}

void ids_assign(http_exchange *ex)
{
    hearth_req *req = &ex->req;
    hearth_loop *loop = ex->worker->loop;
    hearth_str given = headers_known(&req->headers, HTTP_REQUEST_ID);
    if (is_request_id(given) && !(req->headers.repeated & 1u << HTTP_REQUEST_ID)) {
        req->request_id = given;
    } else {
        put_hex(ex->made_id, loop_random(loop));
        put_hex(ex->made_id + 16, loop_random(loop));
        req->request_id = (hearth_str){ex->made_id, sizeof(ex->made_id)};
    }
    hearth_str parent = headers_known(&req->headers, HTTP_TRACEPARENT);
    if (!parent.ptr || (req->headers.repeated & 1u << HTTP_TRACEPARENT) ||
        !parse_traceparent(parent, &req->trace, req->parent_span))
        put_random(loop, req->trace.trace_id, 2);
    put_random(loop, req->trace.span_id, 1);
}
