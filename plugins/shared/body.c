/*
 * body.c - judges bodies. The order is: media type, JSON, an object, every member known and of its
 * type and bounds, nothing missing; the first fault is the answer.
 */
#include "body.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NAMED_MAX 64 /* bytes of a client's field name that an error repeats */

static int is_json_type(hearth_str type)
{
    static const char json[] = "application/json";
    size_t i = sizeof(json) - 1;

    if (type.len < i || strncasecmp(type.ptr, json, i) != 0)
        return 0;
    while (i < type.len && (type.ptr[i] == ' ' || type.ptr[i] == '\t'))
        i++;
    return i == type.len || type.ptr[i] == ';';
}

hearth_str body_excerpt(hearth_str text, size_t max)
{
    if (text.len <= max)
        return text;
    while (max > 0 && ((unsigned char)text.ptr[max] & 0xC0) == 0x80)
        max--;
    return (hearth_str){text.ptr, max};
}

int body_uuid(hearth_str text, char out[HEARTH_UUID_SIZE])
{
    /* A table: whether the next digit is a letter, no processor can predict. */
    static const char lower[256] = {
        ['0'] = '0', ['1'] = '1', ['2'] = '2', ['3'] = '3', ['4'] = '4', ['5'] = '5',
        ['6'] = '6', ['7'] = '7', ['8'] = '8', ['9'] = '9', ['a'] = 'a', ['b'] = 'b',
        ['c'] = 'c', ['d'] = 'd', ['e'] = 'e', ['f'] = 'f', ['A'] = 'a', ['B'] = 'b',
        ['C'] = 'c', ['D'] = 'd', ['E'] = 'e', ['F'] = 'f',
    };
    if (text.len != HEARTH_UUID_SIZE - 1)
        return 0;
    for (size_t i = 0; i < text.len; i++) {
        int dash = i == 8 || i == 13 || i == 18 || i == 23;
        char c = text.ptr[i];
        out[i] = dash ? c : lower[(unsigned char)c];
        if (dash ? c != '-' : !out[i])
            return 0;
    }
    out[text.len] = '\0';
    return 1;
}

int body_read_id(const body_api *api, hearth_req *req, const char *name, char out[HEARTH_UUID_SIZE])
{
    if (body_uuid(api->http->param(req, name), out))
        return 1;
    (void)api->http->error(req, 400, "INVALID_ID", "%s: expected a UUID.", name);
    return 0;
}

/* Where a value stands: in the body itself, or in an object inside it. */
struct place {
    const body_api *api;
    hearth_req *req;
    const char *path; /* "capacity.", or "" */
};

static int refuse(const struct place *place, const char *field, const char *expected)
{
    (void)place->api->http->error(place->req, 400, "INVALID_REQUEST", "%s%s: expected %s.",
                                  place->path, field, expected);
    return 0;
}

static int refuse_bounds(const struct place *place, const body_field *field)
{
    const char *unit = field->type == BODY_STRING ? " bytes" : "";
    (void)place->api->http->error(place->req, 400, "INVALID_REQUEST",
                                  "%s%s: expected %lld to %lld%s.", place->path, field->name,
                                  (long long)field->min, (long long)field->max, unit);
    return 0;
}

static int outside(const body_field *field, int64_t value)
{
    return (field->min != 0 || field->max != 0) && (value < field->min || value > field->max);
}

static int take(const struct place *place, const body_field *field, const hearth_json_value *json,
                body_value *value)
{
    const hearth_json *reader = place->api->json;
    hearth_json_type type = reader->type(json);
    *value = (body_value){.present = 1, .json = json};

    switch (field->type) {
    case BODY_STRING:
        if (type != HEARTH_JSON_STRING)
            return refuse(place, field->name, "a string");
        value->string = reader->as_string(json);
        return outside(field, (int64_t)value->string.len) ? refuse_bounds(place, field) : 1;
    case BODY_INTEGER:
        if (type != HEARTH_JSON_INTEGER)
            return refuse(place, field->name, "an integer of at most 2^53 - 1");
        value->integer = reader->as_integer(json);
        return outside(field, value->integer) ? refuse_bounds(place, field) : 1;
    case BODY_BOOLEAN:
        if (type != HEARTH_JSON_BOOL)
            return refuse(place, field->name, "true or false");
        value->boolean = reader->as_boolean(json);
        return 1;
    case BODY_UUID:
        if (type != HEARTH_JSON_STRING)
            return refuse(place, field->name, "a UUID");
        if (body_uuid(reader->as_string(json), value->uuid))
            return 1;
        (void)place->api->http->error(place->req, 400, "INVALID_ID", "%s%s: expected a UUID.",
                                      place->path, field->name);
        return 0;
    case BODY_OBJECT:
        return type == HEARTH_JSON_OBJECT ? 1 : refuse(place, field->name, "an object");
    case BODY_ARRAY:
        return type == HEARTH_JSON_ARRAY ? 1 : refuse(place, field->name, "an array");
    }
    return refuse(place, field->name, "nothing");
}

static const body_field *find(const body_field *fields, size_t count, hearth_str name)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(fields[i].name) == name.len && memcmp(fields[i].name, name.ptr, name.len) == 0)
            return &fields[i];
    return NULL;
}

static int read_members(const struct place *place, const hearth_json_value *object,
                        const body_field *fields, size_t count, body_value *values)
{
    const body_api *api = place->api;
    for (size_t i = 0; i < api->json->size(object); i++) {
        hearth_str name;
        const hearth_json_value *json = api->json->member(object, i, &name);
        const body_field *field = find(fields, count, name);
        if (!field) {
            name = body_excerpt(name, NAMED_MAX);
            (void)api->http->error(place->req, 400, "INVALID_REQUEST",
                                   "%s%" HEARTH_PRIS ": this field is not known here.", place->path,
                                   HEARTH_ARG(name));
            return 0;
        }
        if (!take(place, field, json, &values[field - fields]))
            return 0;
    }
    for (size_t i = 0; i < count; i++)
        if (fields[i].required && !values[i].present) {
            (void)api->http->error(place->req, 400, "INVALID_REQUEST",
                                   "%s%s: this field is missing.", place->path, fields[i].name);
            return 0;
        }
    return 1;
}

int body_read_object(const body_api *api, hearth_req *req, const char *path,
                     const hearth_json_value *object, const body_field *fields, size_t count,
                     body_value *values)
{
    char prefix[64];
    struct place place = {api, req, prefix};

    memset(values, 0, count * sizeof(*values));
    if (api->json->type(object) != HEARTH_JSON_OBJECT) {
        place.path = "";
        return refuse(&place, path, "an object");
    }
    snprintf(prefix, sizeof(prefix), "%s.", path);
    return read_members(&place, object, fields, count, values);
}

int body_read(const body_api *api, hearth_req *req, const body_field *fields, size_t count,
              int emptiness, body_value *values)
{
    hearth_str text = api->http->body(req), error = {NULL, 0};
    const hearth_json_value *object = NULL;
    const struct place place = {api, req, ""};

    memset(values, 0, count * sizeof(*values));
    if (text.len == 0 && emptiness == BODY_MAY_BE_EMPTY)
        return read_members(&place, NULL, fields, count, values);
    if (text.len > 0 && !is_json_type(api->http->header(req, "Content-Type"))) {
        (void)api->http->error(req, 415, "UNSUPPORTED_MEDIA_TYPE",
                               "Content-Type: expected application/json.");
        return 0;
    }
    if (text.len == 0) {
        (void)api->http->error(req, 400, "INVALID_JSON", "Expected a JSON object, found no body.");
        return 0;
    }
    hearth_status status = api->json->parse(api->http->arena(req), text, &object, &error);
    if (status == HEARTH_ENOMEM) {
        (void)api->http->error(req, 413, "BODY_TOO_LARGE",
                               "This body takes more memory than a request may have.");
        return 0;
    }
    if (status != HEARTH_OK) {
        (void)api->http->error(req, 400, "INVALID_JSON", "%" HEARTH_PRIS,
                               HEARTH_ARG(error.len ? error : HEARTH_STR("This is not JSON.")));
        return 0;
    }
    if (api->json->type(object) != HEARTH_JSON_OBJECT) {
        (void)api->http->error(req, 400, "INVALID_REQUEST", "Expected a JSON object.");
        return 0;
    }
    return read_members(&place, object, fields, count, values);
}
