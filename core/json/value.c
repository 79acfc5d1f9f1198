/*
 * value.c - questions to a parsed JSON value.
 * Every question may be asked of every value, NULL included: a wrong type answers as nothing.
 */
#include "json/parser.h"

#include "base/str.h"

hearth_json_type json_type_of(const hearth_json_value *value)
{
    return value ? (hearth_json_type)value->type : HEARTH_JSON_NULL;
}

const char *json_type_name(hearth_json_type type)
{
    switch (type) {
    case HEARTH_JSON_NULL:
        return "null";
    case HEARTH_JSON_BOOL:
        return "a boolean";
    case HEARTH_JSON_INTEGER:
        return "an integer";
    case HEARTH_JSON_NUMBER:
        return "a number that is no integer";
    case HEARTH_JSON_STRING:
        return "a string";
    case HEARTH_JSON_ARRAY:
        return "an array";
    case HEARTH_JSON_OBJECT:
        return "an object";
    }
    return "nothing";
}

static bool is(const hearth_json_value *value, hearth_json_type type)
{
    return value && value->type == (uint32_t)type;
}

size_t json_size(const hearth_json_value *value)
{
    return is(value, HEARTH_JSON_ARRAY) || is(value, HEARTH_JSON_OBJECT) ? value->len : 0;
}

const hearth_json_value *json_at(const hearth_json_value *array, size_t index)
{
    if (!is(array, HEARTH_JSON_ARRAY) || index >= array->len)
        return NULL;
    return &array->as.children[index];
}

const hearth_json_value *json_member(const hearth_json_value *object, size_t index, hearth_str *key)
{
    if (!is(object, HEARTH_JSON_OBJECT) || index >= object->len)
        return NULL;
    const hearth_json_value *member = &object->as.children[index];
    if (key)
        *key = (hearth_str){member->key, member->key_len};
    return member;
}

const hearth_json_value *json_get(const hearth_json_value *object, hearth_str key)
{
    for (size_t i = 0; is(object, HEARTH_JSON_OBJECT) && i < object->len; i++) {
        const hearth_json_value *member = &object->as.children[i];
        if (str_eq((hearth_str){member->key, member->key_len}, key))
            return member;
    }
    return NULL;
}

hearth_str json_as_string(const hearth_json_value *value)
{
    if (!is(value, HEARTH_JSON_STRING))
        return (hearth_str){NULL, 0};
    return (hearth_str){value->as.text, value->len};
}

int64_t json_as_integer(const hearth_json_value *value)
{
    return is(value, HEARTH_JSON_INTEGER) ? value->as.integer : 0;
}

bool json_as_boolean(const hearth_json_value *value)
{
    return is(value, HEARTH_JSON_BOOL) && value->as.integer;
}
