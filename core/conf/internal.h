/*
 * internal.h - what the files of this folder share: values before they are stored, and suggestions.
 */
#ifndef HEARTH_CONF_INTERNAL_H
#define HEARTH_CONF_INTERNAL_H

#include "base/error.h"
#include "base/str.h"
#include "conf/conf.h"

/* The root of the one YAML document in `text`, or NULL and an error. */
conf_node *yaml_read(hearth_arena *arena, const char *file, hearth_str text, conf_errors *errors);

/* Appends a regular file up to the buffer's ceiling; the error says "expected ..., found ...". */
HEARTH_MUST_CHECK hearth_status read_small_file(const char *path, hearth_buf *out,
                                                hearth_error *error);

/* A conf_fill on its way. */
typedef struct filling {
    hearth_arena *arena;
    const conf_source *source;
    conf_errors *errors;
} filling;

/* Stores the value of one field at out + field->offset, or adds an error. `key` is its full name.
 */
bool store_value(const filling *f, const hearth_conf_field *field, const char *key,
                 const conf_node *node, char *out);

/* The value of a secret, from "env:NAME" or "file:PATH"; false: an error was added. */
bool resolve_secret(const filling *f, const char *key, const conf_node *node, hearth_str *out);

/* Texts of one type; false: not one. */
bool parse_size(hearth_str text, int64_t *bytes);
/* The index of `text` in "closed|open". */
bool parse_choice(const char *choices, hearth_str text, uint32_t *index);

/* A default or override of a field as a node: for lists and maps it is read as YAML. NULL: error.
 */
const conf_node *node_from_text(hearth_arena *arena, conf_place place, hearth_conf_type type,
                                hearth_str text, conf_errors *errors);

/* Feed candidates, then ask: the nearest one to `wanted`, if it is near enough to be a slip. */
typedef struct suggestion {
    hearth_str wanted;
    hearth_str best;
    size_t distance;
} suggestion;
void suggestion_init(suggestion *s, hearth_str wanted);
void suggestion_offer(suggestion *s, hearth_str candidate);
/* `; did you mean "x"?` or "". */
void suggestion_text(const suggestion *s, char *out, size_t size);

/* A text for a message: control characters and invalid bytes escaped, shortened. */
void escape(hearth_str text, char *out, size_t size);
/* The same in quotes. */
void quote(hearth_str text, char *out, size_t size);

#define QUOTE_SIZE 96

#endif
