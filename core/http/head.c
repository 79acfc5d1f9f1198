/*
 * head.c - a complete head, by the rules that keep two readers of the same bytes (a proxy and us)
 * from seeing two different requests: RFC 9112, sections 3, 5, 6 and 11.
 */
#include "http/head.h"

#include <string.h>

static hearth_status refuse(http_head *head, int status, const char *reason)
{
    head->status = status;
    head->reason = reason;
    return HEARTH_EINVAL;
}

/* "METHOD SP target SP HTTP/1.x": exactly one space each, and no other protocol. */
static hearth_status take_request_line(hearth_str line, http_head *head)
{
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
    if (!str_is_visible(target) || str_index(target, '#') < target.len)
        return refuse(head, 400, "The target must be printable ASCII without a fragment.");
    head->target = target;
    return HEARTH_OK;
}

/* What a host with its port may be made of; no user, and nothing that a reader could split at. */
static bool is_host(hearth_str value)
{
    static const bool allowed[256] = {
        ['!'] = 1,         ['$' ... '+'] = 1, ['-' ... '.'] = 1, ['0' ... ';'] = 1, ['='] = 1,
        ['A' ... '['] = 1, [']'] = 1,         ['_'] = 1,         ['a' ... 'z'] = 1, ['~'] = 1,
    };
    for (size_t i = 0; i < value.len; i++)
        if (!allowed[(uint8_t)value.ptr[i]])
            return false;
    return true;
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
        if (slash == 0 || slash == rest.len || !is_host(str_slice(rest, 0, slash)))
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

/* One line "name: value"; a name that something stands behind is no token. */
static hearth_status take_field(hearth_str line, http_headers *headers, http_head *head)
{
    size_t colon = str_index(line, ':');
    hearth_str name = str_slice(line, 0, colon);
    hearth_str value = str_trim_ows(str_slice(line, colon + 1, line.len));
    http_known known = header_known(name);
    if (colon == line.len || (known == HTTP_KNOWN_COUNT && !header_name_is_valid(name)))
        return refuse(head, 400, "A header name must be a token directly before its colon.");
    if (!header_value_is_valid(value))
        return refuse(head, 400, "A header value must not hold control characters.");
    headers->items[headers->count++] = (http_header){name, value};
    if (known == HTTP_KNOWN_COUNT)
        return HEARTH_OK;
    if (headers->first[known] == 0)
        headers->first[known] = (uint8_t)headers->count;
    else
        headers->repeated |= 1u << known;
    return HEARTH_OK;
}

/* Takes the next line, without its CRLF, off `rest`. False: the empty one, or none that ends. */
static bool next_line(hearth_str *rest, hearth_str *line)
{
    size_t end = str_index(*rest, '\n');
    if (end == rest->len || end == 0 || rest->ptr[end - 1] != '\r')
        return false;
    *line = str_slice(*rest, 0, end - 1);
    *rest = str_slice(*rest, end + 1, rest->len);
    return line->len > 0;
}

/* All or none: a head that is refused here has no fields. */
static hearth_status take_fields(hearth_arena *arena, hearth_str rest, http_head *head)
{
    http_header items[HTTP_MAX_HEADERS];
    http_headers headers = {.items = items};
    hearth_str line;
    while (next_line(&rest, &line)) {
        if (headers.count == HTTP_MAX_HEADERS)
            return refuse(head, 431, "There are more than 100 header lines.");
        hearth_status status = take_field(line, &headers, head);
        if (status < 0)
            return status;
    }
    if (rest.len > 0)
        return refuse(head, 400, "The head of the request is not HTTP/1.1.");
    size_t size = headers.count * sizeof(items[0]);
    headers.items = arena_alloc(arena, size);
    if (!headers.items)
        return HEARTH_ENOMEM;
    memcpy(headers.items, items, size);
    head->headers = headers;
    return HEARTH_OK;
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
    for (uint32_t i = 0; headers_have(headers, HTTP_CONNECTION) && i < headers->count; i++) {
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

hearth_status head_parse(hearth_arena *arena, hearth_str bytes, http_head *head)
{
    hearth_str line = {NULL, 0};
    hearth_status status;
    memset(head, 0, sizeof(*head));
    (void)next_line(&bytes, &line);
    if ((status = take_request_line(line, head)) < 0 ||
        (status = take_fields(arena, bytes, head)) < 0 || (status = split_target(head)) < 0 ||
        (status = check_framing(head)) < 0)
        return status;
    return check_connection(head);
}
