/*
 * reader.h - a strict reader for JSON that strangers send.
 * RFC 8259 to the letter, and refused besides: duplicate keys, lone surrogates, invalid UTF-8,
 * nesting deeper than 32. All memory comes from the arena, so its ceiling bounds what a body can
 * cost (at most 32 bytes for each value and one copy of the text). Behind hearth.json/1.
 */
#ifndef HEARTH_JSON_READER_H
#define HEARTH_JSON_READER_H

#include <hearth/json.h>

#include "base/arena.h"
#include "base/error.h"

#define HEARTH_JSON_DEPTH       32

/* Written as an integer and at most this far from 0: every reader of JSON keeps it exactly. */
#define HEARTH_JSON_INTEGER_MAX ((INT64_C(1) << 53) - 1)

/*
 * Reads one value; nothing but white space may stand around it. Values and strings live as long as
 * the arena and do not refer to `text`. HEARTH_EINVAL: `error` (may be NULL) says line and column,
 * what was expected and what was found; of the text it quotes a key or one character at most.
 * HEARTH_ENOMEM: at the arena's ceiling.
 */
HEARTH_MUST_CHECK hearth_status json_parse(hearth_arena *arena, hearth_str text,
                                           const hearth_json_value **out, hearth_error *error);

hearth_json_type json_type_of(const hearth_json_value *value);
const char *json_type_name(hearth_json_type type); /* "a string", "an object", ... */

/* Member of an object; NULL: not an object (or NULL itself), or no such key. */
const hearth_json_value *json_get(const hearth_json_value *object, hearth_str key);
/* Number of members or items; 0 for other types. */
size_t json_size(const hearth_json_value *value);
const hearth_json_value *json_at(const hearth_json_value *array, size_t index);
/* Member number `index` in the order written; NULL past the end or when it is no object. */
const hearth_json_value *json_member(const hearth_json_value *object, size_t index,
                                     hearth_str *key);

hearth_str json_as_string(const hearth_json_value *value); /* {NULL, 0}: not a string */
int64_t json_as_integer(const hearth_json_value *value);   /* 0: not an integer */
bool json_as_boolean(const hearth_json_value *value);      /* false: not true */

#endif
