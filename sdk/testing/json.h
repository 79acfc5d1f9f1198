/*
 * json.h - the two halves of hearth.json/1 in the fake host: json_write.c and json_read.c.
 */
#ifndef HEARTH_TESTING_JSON_H
#define HEARTH_TESTING_JSON_H

#include "fake.h"

hearth_status fake_json_parse(hearth_arena *arena, hearth_str text, const hearth_json_value **out,
                              hearth_str *error) HEARTH_MUST_CHECK;
hearth_json_type fake_json_type(const hearth_json_value *value);
const hearth_json_value *fake_json_get(const hearth_json_value *object, const char *key);
size_t fake_json_size(const hearth_json_value *value);
const hearth_json_value *fake_json_at(const hearth_json_value *array, size_t index);
const hearth_json_value *fake_json_member(const hearth_json_value *object, size_t index,
                                          hearth_str *key);
hearth_str fake_json_as_string(const hearth_json_value *value);
int64_t fake_json_as_integer(const hearth_json_value *value);
int fake_json_as_boolean(const hearth_json_value *value);
/* The bytes of the value as they were written. */
hearth_str fake_json_source(const hearth_json_value *value);

#endif
