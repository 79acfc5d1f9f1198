/*
 * second_reader.c - llhttp, which Node.js reads requests with. It may refuse what we take, which is
 * safe; taking it for something else would be request smuggling.
 */
#include "second_reader.h"

#include <llhttp.h>

typedef struct reading {
    hearth_str target;
    http_header items[HTTP_MAX_HEADERS];
    uint32_t names, values;
    uint64_t length;
    bool chunked, complete;
} reading;

/* A span may come in pieces, one behind the other. */
static int on_target(llhttp_t *parser, const char *at, size_t len)
{
    reading *r = parser->data;
    if (!r->target.ptr)
        r->target.ptr = at;
    r->target.len += len;
    return 0;
}

static int on_name(llhttp_t *parser, const char *at, size_t len)
{
    reading *r = parser->data;
    if (r->names == r->values) {
        if (r->names == HTTP_MAX_HEADERS)
            return -1;
        r->items[r->names++].name = (hearth_str){at, 0};
    }
    r->items[r->names - 1].name.len += len;
    return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t len)
{
    reading *r = parser->data;
    if (r->values < r->names)
        r->items[r->values++].value = (hearth_str){at, 0};
    r->items[r->values - 1].value.len += len;
    return 0;
}

static int on_value_complete(llhttp_t *parser)
{
    return on_value(parser, "", 0);
}

static int on_headers_complete(llhttp_t *parser)
{
    reading *r = parser->data;
    r->complete = true;
    r->chunked = parser->flags & F_CHUNKED;
    r->length = parser->content_length;
    return 1; /* the body is not read */
}

bool second_reader_agrees(hearth_str bytes, const http_head *head)
{
    static const llhttp_settings_t settings = {
        .on_url = on_target,
        .on_header_field = on_name,
        .on_header_value = on_value,
        .on_header_value_complete = on_value_complete,
        .on_headers_complete = on_headers_complete,
    };
    reading r = {0};
    llhttp_t parser;
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    parser.data = &r;
    llhttp_execute(&parser, bytes.ptr, bytes.len);
    if (!r.complete)
        return true;
    bool same = str_eq(r.target, head->target) && r.names == head->headers.count &&
                r.values == r.names && r.chunked == head->chunked &&
                (r.chunked || r.length == head->content_length);
    for (uint32_t i = 0; same && i < r.names; i++)
        same = str_eq(r.items[i].name, head->headers.items[i].name) &&
               str_eq(str_trim_ows(r.items[i].value), head->headers.items[i].value);
    return same;
}
