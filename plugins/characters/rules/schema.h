/*
 * schema.h - checks a JSON value against a JSON Schema (draft 2020-12), as far as our own schemas
 * use it: type, enum, properties, required, additionalProperties: false, items, minItems, maxItems,
 * minimum, maximum, minLength, maxLength, pattern, $ref into $defs.
 */
#ifndef HEARTH_CHARACTERS_RULES_SCHEMA_H
#define HEARTH_CHARACTERS_RULES_SCHEMA_H

#include <jansson.h>
#include <stddef.h>

/*
 * [any] 0: it fits. -1: `error` holds "/items/3/cost: expected an integer of at least 0, found
 * -1". The root is the schema itself.
 */
int schema_check(const json_t *schema, const json_t *value, char *error, size_t error_size);

/* [any] The schema of a file of rule data ("items"), as it was compiled in; NULL: no such file. The
 * caller releases it. */
json_t *schema_builtin(const char *name);

#endif
