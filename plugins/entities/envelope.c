/*
 * envelope.c - a stored body is
 * {"bodyVersion":1,"receipts":"<hex>","writes":"<hex>","state":{...}}: the plugin's object whole,
 * and beside it what this plugin needs to know. Backends may reorder members and change white
 * space, so it is read by members, and the state is handed on as it stands there.
 */
#include "entity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading: a scanner for one object's members; what lies inside them is the owner's ---- */

struct scan {
    const char *p, *end;
};

static void skip_space(struct scan *scan)
{
    while (scan->p < scan->end && strchr(" \t\r\n", *scan->p) && *scan->p)
        scan->p++;
}

static bool skip_char(struct scan *scan, char c)
{
    skip_space(scan);
    if (scan->p == scan->end || *scan->p != c)
        return false;
    scan->p++;
    return true;
}

/* A string without its quotes; escapes stay as they are. */
static bool read_string(struct scan *scan, hearth_str *out)
{
    if (!skip_char(scan, '"'))
        return false;
    const char *start = scan->p;
    for (; scan->p < scan->end && *scan->p != '"'; scan->p++) {
        if (*scan->p == '\\' && ++scan->p == scan->end)
            return false;
    }
    if (scan->p == scan->end)
        return false;
    *out = (hearth_str){start, (size_t)(scan->p++ - start)};
    return true;
}

/* Any value, by counting brackets outside strings. */
static bool read_value(struct scan *scan, hearth_str *out)
{
    hearth_str ignored;
    size_t depth = 0;

    skip_space(scan);
    const char *start = scan->p;
    while (scan->p < scan->end) {
        char c = *scan->p;
        if (c == '"') {
            if (!read_string(scan, &ignored))
                return false;
        } else if (depth == 0 && (c == ',' || c == '}')) {
            break;
        } else {
            depth += c == '{' || c == '[';
            if ((c == '}' || c == ']') && depth-- == 0)
                return false;
            scan->p++;
        }
        if (depth == 0 && (c == '"' || c == '}' || c == ']'))
            break;
    }
    *out = (hearth_str){start, (size_t)(scan->p - start)};
    return depth == 0 && out->len > 0;
}

static bool parse_version(hearth_str text, uint32_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (strchr(" \t\r\n", text.ptr[i]) && text.ptr[i])
            continue;
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || value > UINT32_MAX)
            return false;
        value = value * 10 + (uint64_t)(text.ptr[i] - '0');
    }
    *out = (uint32_t)value;
    return value >= 1 && value <= UINT32_MAX;
}

bool envelope_open(hearth_str body, struct envelope *out)
{
    struct scan scan = {body.ptr, body.ptr + body.len};
    hearth_str name, value;
    *out = (struct envelope){0};

    if (!skip_char(&scan, '{'))
        return false;
    do {
        if (!read_string(&scan, &name) || !skip_char(&scan, ':') || !read_value(&scan, &value))
            return false;
        if (str_equal(name, HEARTH_STR("bodyVersion"))) {
            if (!parse_version(value, &out->body_version))
                return false;
        } else if (str_equal(name, HEARTH_STR("receipts"))) {
            if (value.len < 2 || value.ptr[0] != '"')
                return false;
            out->receipts = (hearth_str){value.ptr + 1, value.len - 2};
        } else if (str_equal(name, HEARTH_STR("writes"))) {
            if (value.len < 2 || value.ptr[0] != '"')
                return false;
            out->writes = (hearth_str){value.ptr + 1, value.len - 2};
        } else if (str_equal(name, HEARTH_STR("state"))) {
            out->state = value;
        }
    } while (skip_char(&scan, ','));
    return skip_char(&scan, '}') && out->body_version > 0 && out->state.len > 0 &&
           out->state.ptr[0] == '{';
}

/* ---- writing ---- */

size_t envelope_size(hearth_str state, const struct receipts *receipts, hearth_str writes)
{
    return 80 + state.len + writes.len +
           (receipts ? receipts->count * sizeof(hearth_receipt) * 2 : 0);
}

static char *write_hex(char *out, const void *bytes, size_t count)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = bytes;
    for (size_t i = 0; i < count; i++) {
        *out++ = digits[p[i] >> 4];
        *out++ = digits[p[i] & 15];
    }
    return out;
}

size_t envelope_write(char *out, uint32_t body_version, hearth_str state,
                      const struct receipts *receipts, hearth_str writes)
{
    char *p = out + sprintf(out, "{\"bodyVersion\":%u,", body_version);
    if (receipts && receipts->count > 0) {
        p += sprintf(p, "\"receipts\":\"");
        p = write_hex(p, receipts->items, receipts->count * sizeof(hearth_receipt));
        p += sprintf(p, "\",");
    }
    if (writes.len > 0)
        p += sprintf(p, "\"writes\":\"%" HEARTH_PRIS "\",", HEARTH_ARG(writes));
    p += sprintf(p, "\"state\":");
    memcpy(p, state.ptr, state.len);
    p += state.len;
    *p++ = '}';
    return (size_t)(p - out);
}

/* ---- receipts ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct receipts *receipts_parse(hearth_str hex, bool *ok)
{
    size_t count = hex.len / (sizeof(hearth_receipt) * 2);
    *ok = hex.len % (sizeof(hearth_receipt) * 2) == 0 && count <= RECEIPTS;
    if (!*ok || count == 0)
        return NULL;
    struct receipts *receipts = malloc(sizeof(*receipts) + count * sizeof(hearth_receipt));
    *ok = receipts != NULL;
    if (!receipts)
        return NULL;
    receipts->count = count;
    uint8_t *out = (uint8_t *)receipts->items;
    for (size_t i = 0; i < hex.len; i += 2) {
        int high = hex_digit(hex.ptr[i]), low = hex_digit(hex.ptr[i + 1]);
        if (high < 0 || low < 0) {
            free(receipts);
            *ok = false;
            return NULL;
        }
        *out++ = (uint8_t)(high << 4 | low);
    }
    return receipts;
}

struct receipts *receipts_with(const struct receipts *old, const hearth_receipt *more)
{
    size_t keep = old ? old->count : 0, skip = 0;

    if (more && keep == RECEIPTS) {
        keep--;
        skip = 1;
    }
    size_t count = keep + (more != NULL);
    struct receipts *receipts = malloc(sizeof(*receipts) + count * sizeof(hearth_receipt));
    if (!receipts)
        return NULL;
    receipts->count = count;
    if (keep > 0)
        memcpy(receipts->items, old->items + skip, keep * sizeof(hearth_receipt));
    if (more)
        receipts->items[keep] = *more;
    return receipts;
}
