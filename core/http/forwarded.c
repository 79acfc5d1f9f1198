/*
 * forwarded.c - X-Forwarded-For and Forwarded (RFC 7239), read from right to left: only what a
 * trusted proxy appended counts, the left part is whatever the client wrote.
 */
#include "http/forwarded.h"

static bool is_trusted(const http_options *options, const hearth_ip *ip)
{
    for (size_t i = 0; i < options->trusted_proxy_count; i++)
        if (network_contains(&options->trusted_proxies[i], ip))
            return true;
    return false;
}

/* "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]:80". */
static bool parse_node(hearth_str text, hearth_ip *out)
{
    if (text.len > 0 && text.ptr[0] == '[') {
        size_t close = str_index(text, ']');
        return close < text.len && ip_parse(str_slice(text, 1, close - 1), out);
    }
    size_t colon = str_index(text, ':');
    hearth_str after = str_slice(text, colon + 1, text.len);
    if (colon < text.len && str_index(after, ':') == after.len)
        text = str_slice(text, 0, colon);
    return ip_parse(text, out);
}

/* The for= of one element: for=192.0.2.60;proto=http, For="[2001:db8::1]:4711". */
static bool parse_element(hearth_str element, hearth_ip *out)
{
    hearth_str pair;
    while (str_split(&element, ';', &pair)) {
        size_t equals = str_index(pair, '=');
        if (!str_eq_nocase(str_trim_ows(str_slice(pair, 0, equals)), HEARTH_STR("for")))
            continue;
        hearth_str value = str_trim_ows(str_slice(pair, equals + 1, pair.len));
        if (value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"')
            value = str_slice(value, 1, value.len - 2);
        return parse_node(value, out);
    }
    return false;
}

/* Takes the last element off a list; commas inside quotes do not separate. */
static hearth_str last_element(hearth_str *list)
{
    bool quoted = false;
    size_t i = list->len;
    for (; i > 0; i--) {
        if (list->ptr[i - 1] == '"')
            quoted = !quoted;
        else if (list->ptr[i - 1] == ',' && !quoted)
            break;
    }
    hearth_str element = str_trim_ows(str_slice(*list, i, list->len));
    *list = str_slice(*list, 0, i > 0 ? i - 1 : 0);
    return element;
}

hearth_ip forwarded_peer(const http_options *options, const http_headers *headers, hearth_ip peer)
{
    http_known which =
        options->proxy_header == HTTP_PROXY_FORWARDED ? HTTP_FORWARDED : HTTP_FORWARDED_FOR;
    if (options->proxy_header == HTTP_PROXY_NONE || !headers_have(headers, which))
        return peer;
    for (uint32_t i = headers->count; i > 0; i--) {
        if (header_known(headers->items[i - 1].name) != which)
            continue;
        hearth_str list = headers->items[i - 1].value;
        while (list.len > 0) {
            if (!is_trusted(options, &peer))
                return peer;
            hearth_ip next;
            hearth_str element = last_element(&list);
            bool good = which == HTTP_FORWARDED ? parse_element(element, &next)
                                                : parse_node(element, &next);
            if (!good)
                return peer;
            peer = next;
        }
    }
    return peer;
}
