/*
 * json.h - hearth.json/1: a streaming writer, and a strict reader for what comes from outside
 * (RFC 8259; no duplicate keys, no lone surrogates, nesting of at most 32).
 */
#ifndef HEARTH_JSON_H
#define HEARTH_JSON_H

#include <hearth/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEARTH_JSON_ID "hearth.json/1"

typedef struct hearth_json_writer hearth_json_writer;
typedef struct hearth_json_value hearth_json_value; /* lives in the arena it was parsed into */

typedef enum hearth_json_type {
    HEARTH_JSON_NULL = 0,
    HEARTH_JSON_BOOL = 1,
    HEARTH_JSON_INTEGER = 2, /* written as an integer and |n| <= 2^53 - 1 */
    HEARTH_JSON_NUMBER = 3,  /* any other number: 1.0, 1e2, 2^53 */
    HEARTH_JSON_STRING = 4,
    HEARTH_JSON_ARRAY = 5,
    HEARTH_JSON_OBJECT = 6
} hearth_json_type;

typedef struct hearth_json {
    uint32_t struct_size;

    /* ---- writer [loop]. Errors are kept and reported by finish: ENOMEM past the ceiling, EINVAL
     * for invalid UTF-8 or a wrong order of calls. ---- */
    hearth_json_writer *(*writer)(hearth_arena *arena, size_t ceiling); /* NULL: out of memory */
    void (*object_begin)(hearth_json_writer *w);
    void (*object_end)(hearth_json_writer *w);
    void (*array_begin)(hearth_json_writer *w);
    void (*array_end)(hearth_json_writer *w);
    void (*key)(hearth_json_writer *w, hearth_str key);
    void (*string)(hearth_json_writer *w, hearth_str value);
    void (*integer)(hearth_json_writer *w, int64_t value);
    void (*boolean)(hearth_json_writer *w, int value);
    void (*null)(hearth_json_writer *w);
    void (*raw)(hearth_json_writer *w, hearth_str json); /* one value, already JSON */
    /* The whole text, in the arena; the writer is done. */
    hearth_status (*finish)(hearth_json_writer *w, hearth_str *out) HEARTH_MUST_CHECK;

    /* ---- reader [loop] ---- */
    /* Parses one value. EINVAL: not JSON; `error` (may be NULL) receives one sentence with the
     * position, in the arena. ENOMEM at the arena's ceiling. Values live as long as the arena. */
    hearth_status (*parse)(hearth_arena *arena, hearth_str text, const hearth_json_value **out,
                           hearth_str *error) HEARTH_MUST_CHECK;
    hearth_json_type (*type)(const hearth_json_value *value);
    /* Member of an object; NULL: not an object, or no such key. */
    const hearth_json_value *(*get)(const hearth_json_value *object, const char *key);
    /* Number of members or items; 0 for other types. */
    size_t (*size)(const hearth_json_value *value);
    const hearth_json_value *(*at)(const hearth_json_value *array, size_t index);
    /* Member number `index` of an object, in the order written, with its key. */
    const hearth_json_value *(*member)(const hearth_json_value *object, size_t index,
                                       hearth_str *key);
    hearth_str (*as_string)(const hearth_json_value *value); /* {NULL, 0}: not a string */
    int64_t (*as_integer)(const hearth_json_value *value);   /* 0: not an integer */
    int (*as_boolean)(const hearth_json_value *value);       /* 0: not true */
} hearth_json;

static inline const hearth_json *hearth_json_get(hearth_ctx *ctx)
{
    return (const hearth_json *)ctx->host->get(ctx, HEARTH_JSON_ID, sizeof(hearth_json));
}

#ifdef __cplusplus
}
#endif
#endif
