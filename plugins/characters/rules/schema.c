/*
 * schema.c - the checker of rule data. It names the place, what was expected and what was found,
 * because the reader of the message is a game designer with an editor open.
 */
#include "schema.h"

#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PATH 256

struct check {
    const json_t *root;
    char *error;
    size_t error_size;
    char path[MAX_PATH];
};

static int refuse(struct check *check, const json_t *value, const char *fmt, ...)
{
    char expected[256], found[96];
    va_list args;
    va_start(args, fmt);
    vsnprintf(expected, sizeof(expected), fmt, args);
    va_end(args);
    char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    snprintf(found, sizeof(found), "%s", value ? (text ? text : "?") : "nothing");
    if (text && strlen(text) >= sizeof(found))
        memcpy(found + sizeof(found) - 4, "...", 4);
    free(text);
    snprintf(check->error, check->error_size, "%s: expected %s, found %s",
             check->path[0] ? check->path : "/", expected, found);
    return -1;
}

static int fits(struct check *check, const json_t *schema, const json_t *value);

static int fits_at(struct check *check, const json_t *schema, const json_t *value, const char *step)
{
    size_t len = strlen(check->path);
    snprintf(check->path + len, sizeof(check->path) - len, "/%s", step);
    int result = fits(check, schema, value);
    if (result == 0)
        check->path[len] = 0;
    return result;
}

static int fits_object(struct check *check, const json_t *schema, const json_t *value)
{
    const json_t *properties = json_object_get(schema, "properties");
    const json_t *required = json_object_get(schema, "required");
    const char *key;
    json_t *member;
    if (!json_is_object(value))
        return refuse(check, value, "an object");
    for (size_t i = 0; i < json_array_size(required); i++) {
        key = json_string_value(json_array_get(required, i));
        if (!json_object_get(value, key))
            return refuse(check, value, "the key \"%s\"", key);
    }
    json_object_foreach((json_t *)value, key, member)
    {
        const json_t *property = json_object_get(properties, key);
        if (!property)
            return refuse(check, value, "no key \"%s\"", key);
        if (fits_at(check, property, member, key) != 0)
            return -1;
    }
    return 0;
}

static int fits_array(struct check *check, const json_t *schema, const json_t *value)
{
    json_int_t least = json_integer_value(json_object_get(schema, "minItems"));
    json_int_t most = json_integer_value(json_object_get(schema, "maxItems"));
    const json_t *items = json_object_get(schema, "items");
    if (!json_is_array(value))
        return refuse(check, value, "an array");
    json_int_t size = (json_int_t)json_array_size(value);
    if (size < least || size > most)
        return refuse(check, value, "%lld to %lld entries", (long long)least, (long long)most);
    for (size_t i = 0; i < json_array_size(value); i++) {
        char step[24];
        snprintf(step, sizeof(step), "%zu", i);
        if (fits_at(check, items, json_array_get(value, i), step) != 0)
            return -1;
    }
    return 0;
}

static int fits_string(struct check *check, const json_t *schema, const json_t *value)
{
    json_int_t least = json_integer_value(json_object_get(schema, "minLength"));
    json_int_t most = json_integer_value(json_object_get(schema, "maxLength"));
    const char *pattern = json_string_value(json_object_get(schema, "pattern"));
    regex_t compiled;
    if (!json_is_string(value))
        return refuse(check, value, "a string");
    json_int_t length = (json_int_t)json_string_length(value);
    if (length < least || length > most)
        return refuse(check, value, "%lld to %lld characters", (long long)least, (long long)most);
    if (!pattern)
        return 0;
    if (regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return refuse(check, value, "a pattern that can be compiled (%s)", pattern);
    int matches = regexec(&compiled, json_string_value(value), 0, NULL, 0) == 0;
    regfree(&compiled);
    return matches ? 0 : refuse(check, value, "a string like %s", pattern);
}

static int fits_number(struct check *check, const json_t *schema, const json_t *value,
                       const char *what)
{
    double least = json_number_value(json_object_get(schema, "minimum"));
    double most = json_number_value(json_object_get(schema, "maximum"));
    double number = json_number_value(value);
    if (number < least || number > most)
        return refuse(check, value, "%s from %.0f to %.0f", what, least, most);
    return 0;
}

static int fits_enum(struct check *check, const json_t *choices, const json_t *value)
{
    char list[200] = "";
    for (size_t i = 0; i < json_array_size(choices); i++) {
        const json_t *choice = json_array_get(choices, i);
        if (json_equal(choice, value))
            return 0;
        char *text = json_dumps(choice, JSON_ENCODE_ANY);
        size_t len = strlen(list);
        snprintf(list + len, sizeof(list) - len, "%s%s", i ? ", " : "", text ? text : "?");
        free(text);
    }
    return refuse(check, value, "one of %s", list);
}

static int fits_type(struct check *check, const json_t *schema, const json_t *value,
                     const char *type)
{
    if (strcmp(type, "object") == 0)
        return fits_object(check, schema, value);
    if (strcmp(type, "array") == 0)
        return fits_array(check, schema, value);
    if (strcmp(type, "string") == 0)
        return fits_string(check, schema, value);
    if (strcmp(type, "boolean") == 0)
        return json_is_boolean(value) ? 0 : refuse(check, value, "true or false");
    if (strcmp(type, "integer") == 0)
        return json_is_integer(value) ? fits_number(check, schema, value, "an integer")
                                      : refuse(check, value, "an integer");
    return json_is_number(value) ? fits_number(check, schema, value, "a number")
                                 : refuse(check, value, "a number");
}

static int fits(struct check *check, const json_t *schema, const json_t *value)
{
    const char *ref = json_string_value(json_object_get(schema, "$ref"));
    const json_t *choices = json_object_get(schema, "enum");
    if (ref) /* "#/$defs/NAME" */
        schema = json_object_get(json_object_get(check->root, "$defs"), ref + strlen("#/$defs/"));
    if (choices)
        return fits_enum(check, choices, value);
    return fits_type(check, schema, value, json_string_value(json_object_get(schema, "type")));
}

int schema_check(const json_t *schema, const json_t *value, char *error, size_t error_size)
{
    struct check check = {.root = schema, .error = error, .error_size = error_size};
    return fits(&check, schema, value);
}
