/*
 * body.h - the conventions of our HTTP API for request bodies and ids, once for every plugin that
 * has routes: media type, strict JSON, unknown and missing fields, types, bounds. A body that
 * breaks one of them is answered here, with its status and code, before the plugin looks at it.
 */
#ifndef HEARTH_SHARED_BODY_H
#define HEARTH_SHARED_BODY_H

#include <hearth/json.h>
#include <hearth/plugin.h>
#include <hearth/random.h>

/* The interfaces that the functions below use; a plugin keeps one per loop. */
typedef struct body_api {
    const hearth_http *http;
    const hearth_json *json;
} body_api;

typedef enum body_type {
    BODY_STRING = 1,  /* `string`; min and max are bytes */
    BODY_INTEGER = 2, /* `integer`; min and max are values */
    BODY_BOOLEAN = 3, /* `boolean` */
    BODY_UUID = 4,    /* `uuid`, in lower case; a malformed one is INVALID_ID */
    BODY_OBJECT = 5,  /* `json`, judged by the plugin */
    BODY_ARRAY = 6    /* `json`, judged by the plugin */
} body_type;

/* A field that a body may have; all others are refused by name. */
typedef struct body_field {
    const char *name;
    body_type type;
    int required;
    int64_t min, max; /* inclusive; 0, 0: unbounded */
} body_field;

/* What a body says of one field; the member that its type names is set when `present` is. What it
 * points to lives as long as the request's arena. */
typedef struct body_value {
    int present;
    int boolean;
    int64_t integer;
    hearth_str string;
    const hearth_json_value *json;
    char uuid[HEARTH_UUID_SIZE];
} body_value;

enum { BODY_NEEDED = 0, BODY_MAY_BE_EMPTY = 1 };

/*
 * Reads the request's body by `fields` into values[0 .. count-1]. 1: it is good. 0: it was answered
 * (415 UNSUPPORTED_MEDIA_TYPE; 400 INVALID_JSON, INVALID_REQUEST, INVALID_ID), and the handler
 * returns HEARTH_OK. [loop]
 */
int body_read(const body_api *api, hearth_req *req, const body_field *fields, size_t count,
              int emptiness, body_value *values) HEARTH_MUST_CHECK;

/* The same for an object inside a body, a value of type BODY_OBJECT or an item of an array; `path`
 * ("capacity", "gameSims.3") stands before the names of its fields in errors. Anything but an
 * object is refused. [loop] */
int body_read_object(const body_api *api, hearth_req *req, const char *path,
                     const hearth_json_value *object, const body_field *fields, size_t count,
                     body_value *values) HEARTH_MUST_CHECK;

/* The path's parameter `name` as a UUID in lower case. 0: it was answered with 400 INVALID_ID.
 * [loop] */
int body_read_id(const body_api *api, hearth_req *req, const char *name,
                 char out[HEARTH_UUID_SIZE]) HEARTH_MUST_CHECK;

/* Writes `text` in lower case if it is a UUID in its 8-4-4-4-12 form (RFC 9562); 0: it is not.
 * [any]
 */
int body_uuid(hearth_str text, char out[HEARTH_UUID_SIZE]) HEARTH_MUST_CHECK;

/* At most max bytes of text, cut between characters: for naming a client's input in an error. [any]
 */
hearth_str body_excerpt(hearth_str text, size_t max);

#endif
