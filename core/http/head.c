/*
 * head.c - a complete head through llhttp, then the rules that keep two readers of the same bytes
 * (a proxy and us) from seeing two different requests: RFC 9112, sections 3, 6 and 11.
 */
#include "http/head.h"

#include <llhttp.h>
#include <string.h>

typedef struct parse {
    http_head *head;
    http_header *items;
    uint32_t names, values;
    bool done, too_many;
} parse;

static int on_url(llhttp_t *parser, const char *at, size_t len)
{
    parse *p = parser->data;
    if (!p->head->target.ptr)
        p->head->target.ptr = at;
    p->head->target.len += len;
    return 0;
}

static int on_field(llhttp_t *parser, const char *at, size_t len)
{
    parse *p = parser->data;
    if (p->names == p->values) {
        if (p->names == HTTP_MAX_HEADERS) {
            p->too_many = true;
            return -1;
        }
        p->items[p->names++] = (http_header){{at, 0}, {NULL, 0}};
    }
    p->items[p->names - 1].name.len += len;
    return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t len)
{
    parse *p = parser->data;
    if (p->values < p->names) {
        p->items[p->values++].value = (hearth_str){at, 0};
    }
    p->items[p->values - 1].value.len += len;
    return 0;
}

/* A field without a value has no on_value call with bytes in every version: close it here. */
static int on_value_complete(llhttp_t *parser)
{
    parse *p = parser->data;
    if (p->values < p->names)
        p->items[p->values++].value = (hearth_str){"", 0};
    return 0;
}

/* 1: llhttp is not asked about a body; its framing is ours (http/body.c). */
static int on_headers_complete(llhttp_t *parser)
{
    parse *p = parser->data;
    p->done = true;
    return 1;
}

static hearth_status refuse(http_head *head, int status, const char *reason)
{
    head->status = status;
    head->reason = reason;
    return HEARTH_EINVAL;
}

/* "METHOD SP target SP HTTP/1.x": exactly one space each, and no other protocol. */
static hearth_status check_request_line(hearth_str bytes, http_head *head)
{
    hearth_str line = str_slice(bytes, 0, str_index(bytes, '\r'));
    size_t space = str_index(line, ' ');
    head->method_text = str_slice(line, 0, space);
    head->method = method_from(head->method_text);
    hearth_str rest = str_slice(line, space + 1, line.len);
    size_t second = str_index(rest, ' ');
    hearth_str target = str_slice(rest, 0, second);
    hearth_str version = str_slice(rest, second + 1, rest.len);
    if (!header_name_is_valid(head->method_text) || space == line.len || second == rest.len)
        return refuse(head, 400, "The request line must be METHOD, target and HTTP/1.1.");
    head->is_http10 = str_eq(version, HEARTH_STR("HTTP/1.0"));
    if (!head->is_http10 && !str_eq(version, HEARTH_STR("HTTP/1.1")))
        return refuse(head, 400, "Only HTTP/1.1 and HTTP/1.0 are spoken here.");
    for (size_t i = 0; i < target.len; i++)
        if ((uint8_t)target.ptr[i] <= 0x20 || (uint8_t)target.ptr[i] >= 0x7f ||
            target.ptr[i] == '#')
            return refuse(head, 400, "The target must be printable ASCII without a fragment.");
    head->target = target;
    return HEARTH_OK;
}

/* origin-form, absolute-form (http and https), or "*" of OPTIONS: RFC 9112, 3.2. */
static hearth_status split_target(http_head *head)
{
    hearth_str rest = head->target;
    if (head->method == HTTP_OPTIONS_METHOD && str_eq(rest, HEARTH_STR("*"))) {
        head->asterisk = true;
        return HEARTH_OK;
    }
    if (rest.len > 0 && rest.ptr[0] != '/') {
        bool http = rest.len > 7 && str_eq_nocase(str_slice(rest, 0, 7), HEARTH_STR("http://"));
        bool https = rest.len > 8 && str_eq_nocase(str_slice(rest, 0, 8), HEARTH_STR("https://"));
        if (!http && !https)
            return refuse(head, 400, "The target must begin with a slash.");
        rest = str_slice(rest, http ? 7 : 8, rest.len);
        size_t slash = str_index(rest, '/');
        if (slash == 0 || slash == rest.len)
            return refuse(head, 400, "The target must have a host and a path.");
        rest = str_slice(rest, slash, rest.len);
    }
    if (rest.len == 0)
        return refuse(head, 400, "The target must begin with a slash.");
    size_t mark = str_index(rest, '?');
    head->path = str_slice(rest, 0, mark);
    head->query = mark < rest.len ? str_slice(rest, mark + 1, rest.len) : (hearth_str){NULL, 0};
    return HEARTH_OK;
}

static hearth_status index_headers(parse *p)
{
    http_head *head = p->head;
    http_headers *headers = &head->headers;
    headers->items = p->items;
    headers->count = p->values;
    for (uint32_t i = 0; i < headers->count; i++) {
        http_header *h = &headers->items[i];
        h->value = str_trim_ows(h->value);
        if (!header_name_is_valid(h->name))
            return refuse(head, 400, "A header name must be a token directly before its colon.");
        if (!header_value_is_valid(h->value))
            return refuse(head, 400, "A header value must not hold control characters.");
        http_known known = header_known(h->name);
        if (known == HTTP_KNOWN_COUNT)
            continue;
        if (headers->first[known] == 0)
            headers->first[known] = (uint8_t)(i + 1);
        else
            headers->repeated |= 1u << known;
    }
    return HEARTH_OK;
}

static bool is_host(hearth_str value)
{
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = (uint8_t)value.ptr[i];
        if (c <= 0x20 || c >= 0x7f || memchr("/?#@\\,\"<>^`{|}", c, 14))
            return false;
    }
    return true;
}

static hearth_status check_framing(http_head *head)
{
    const http_headers *headers = &head->headers;
    uint32_t once = 1u << HTTP_HOST | 1u << HTTP_CONTENT_LENGTH | 1u << HTTP_TRANSFER_ENCODING |
                    1u << HTTP_AUTHORIZATION | 1u << HTTP_CONTENT_TYPE;
    if (headers->repeated & once)
        return refuse(head, 400, "A header that may come once came twice.");
    if (!headers_have(headers, HTTP_HOST) && !head->is_http10)
        return refuse(head, 400, "The Host header is missing.");
    if (!is_host(headers_known(headers, HTTP_HOST)))
        return refuse(head, 400, "The Host header is not a host.");
    bool length = headers_have(headers, HTTP_CONTENT_LENGTH);
    bool encoded = headers_have(headers, HTTP_TRANSFER_ENCODING);
    if (length && encoded)
        return refuse(head, 400, "Content-Length and Transfer-Encoding must not come together.");
    if (encoded) {
        if (head->is_http10)
            return refuse(head, 400, "HTTP/1.0 has no Transfer-Encoding.");
        if (!str_eq_nocase(headers_known(headers, HTTP_TRANSFER_ENCODING), HEARTH_STR("chunked")))
            return refuse(head, 400, "The only Transfer-Encoding understood is chunked.");
    }
    hearth_str digits = headers_known(headers, HTTP_CONTENT_LENGTH);
    while (digits.len > 1 && digits.ptr[0] == '0')
        digits = str_slice(digits, 1, digits.len); /* 1*DIGIT: leading zeros are allowed */
    if (length && !str_parse_u64(digits, &head->content_length))
        return refuse(head, 400, "Content-Length must be a decimal number.");
    head->chunked = encoded;
    head->has_body = length || encoded;
    return HEARTH_OK;
}

static hearth_status check_connection(http_head *head)
{
    const http_headers *headers = &head->headers;
    bool close = false, keep = false;
    for (uint32_t i = 0; i < headers->count; i++) {
        if (header_known(headers->items[i].name) != HTTP_CONNECTION)
            continue;
        hearth_str rest = headers->items[i].value, option;
        while (str_split(&rest, ',', &option)) {
            option = str_trim_ows(option);
            close |= str_eq_nocase(option, HEARTH_STR("close"));
            keep |= str_eq_nocase(option, HEARTH_STR("keep-alive"));
        }
    }
    head->keep_alive = !close && (!head->is_http10 || keep);
    hearth_str expect = headers_known(headers, HTTP_EXPECT);
    if (!expect.ptr || head->is_http10)
        return HEARTH_OK;
    if ((headers->repeated & 1u << HTTP_EXPECT) ||
        !str_eq_nocase(expect, HEARTH_STR("100-continue")))
        return refuse(head, 417, "The only expectation understood is 100-continue.");
    head->expects_continue = true;
    return HEARTH_OK;
}

static hearth_status run_llhttp(hearth_str bytes, parse *p)
{
    static const llhttp_settings_t settings = {
        .on_url = on_url,
        .on_header_field = on_field,
        .on_header_value = on_value,
        .on_header_value_complete = on_value_complete,
        .on_headers_complete = on_headers_complete,
    };
    llhttp_t parser;
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    parser.data = p;
    llhttp_execute(&parser, bytes.ptr, bytes.len);
    if (p->too_many)
        return refuse(p->head, 431, "There are more than 100 header lines.");
    if (!p->done || p->names != p->values)
        return refuse(p->head, 400, "The head of the request is not HTTP/1.1.");
    return HEARTH_OK;
}

hearth_status head_parse(hearth_arena *arena, hearth_str bytes, http_head *head)
{
    http_header items[HTTP_MAX_HEADERS];
    memset(head, 0, sizeof(*head));
    hearth_status status = check_request_line(bytes, head);
    if (status < 0)
        return status;
    hearth_str target = head->target;
    head->target = (hearth_str){NULL, 0};
    parse p = {.head = head, .items = items};
    status = run_llhttp(bytes, &p);
    bool same = str_eq(target, head->target);
    head->target = target;
    if (status < 0)
        return status;
    if (!same || head->method_text.len == 0)
        return refuse(head, 400, "The request line must be METHOD, target and HTTP/1.1.");
    http_header *kept = arena_alloc(arena, (p.values + !p.values) * sizeof(items[0]));
    if (!kept)
        return HEARTH_ENOMEM;
    memcpy(kept, items, p.values * sizeof(items[0]));
    p.items = kept;
    if ((status = index_headers(&p)) < 0 || (status = split_target(head)) < 0 ||
        (status = check_framing(head)) < 0)
        return status;
    return check_connection(head);
}
