/*
 * same.c - whether two documents are the same. Bodies are equal as JSON values: a backend may order
 * members, and write numbers, as it likes.
 */
#include "store.h"

#include <jansson.h>

#include "base/str.h"

static bool value_same(const json_t *a, const json_t *b);

static bool object_same(const json_t *a, const json_t *b)
{
    /* jansson iterates through non-const handles, and changes nothing. */
    json_t *left = (json_t *)(uintptr_t)a;
    if (json_object_size(a) != json_object_size(b))
        return false;
    for (void *at = json_object_iter(left); at; at = json_object_iter_next(left, at)) {
        const json_t *other = json_object_get(b, json_object_iter_key(at));
        if (!other || !value_same(json_object_iter_value(at), other))
            return false;
    }
    return true;
}

static bool value_same(const json_t *a, const json_t *b)
{
    if (json_is_integer(a) && json_is_integer(b))
        return json_integer_value(a) == json_integer_value(b);
    if (json_is_number(a) && json_is_number(b)) {
        double x = json_number_value(a), y = json_number_value(b);
        return x <= y && x >= y;
    }
    if (json_typeof(a) != json_typeof(b))
        return false;
    if (json_is_object(a))
        return object_same(a, b);
    if (!json_is_array(a))
        return json_equal(a, b) != 0;
    bool same = json_array_size(a) == json_array_size(b);
    for (size_t i = 0; same && i < json_array_size(a); i++)
        same = value_same(json_array_get(a, i), json_array_get(b, i));
    return same;
}

/* A number past 64 bits is compared as a double. */
static json_t *parse(hearth_str body)
{
    json_t *value = json_loadb(body.ptr, body.len, JSON_ALLOW_NUL, NULL);
    return value ? value
                 : json_loadb(body.ptr, body.len, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
}

static bool body_same(hearth_str a, hearth_str b)
{
    if (str_eq(a, b))
        return true;
    json_t *left = parse(a), *right = parse(b);
    bool same = left && right && value_same(left, right);
    json_decref(left);
    json_decref(right);
    return same;
}

bool store_same(const hearth_doc *a, const hearth_doc *b)
{
    return a->version == b->version && a->epoch == b->epoch && a->expires_ms == b->expires_ms &&
           str_eq(a->write_id, b->write_id) && body_same(a->body, b->body);
}
