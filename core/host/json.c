/* json.c - hearth.json/1 over core/json. */
#include "base/str.h"
#include "host/interfaces.h"
#include "json/reader.h"
#include "json/writer.h"

static void boolean(hearth_json_writer *w, int value)
{
    json_put_boolean(w, value != 0);
}

static hearth_status parse(hearth_arena *arena, hearth_str text, const hearth_json_value **out,
                           hearth_str *error)
{
    hearth_error why;
    error_clear(&why);
    hearth_status status = json_parse(arena, text, out, &why);
    if (status != HEARTH_OK && error)
        *error = arena_dup_str(arena, str_from(why.text));
    return status;
}

static const hearth_json_value *get(const hearth_json_value *object, const char *key)
{
    return json_get(object, str_from(key));
}

static int as_boolean(const hearth_json_value *value)
{
    return json_as_boolean(value) ? 1 : 0;
}

const hearth_json host_json_api = {
    .struct_size = sizeof(hearth_json),
    .writer = json_writer_create,
    .object_begin = json_begin_object,
    .object_end = json_end_object,
    .array_begin = json_begin_array,
    .array_end = json_end_array,
    .key = json_put_key,
    .string = json_put_string,
    .integer = json_put_integer,
    .boolean = boolean,
    .null = json_put_null,
    .raw = json_put_raw,
    .finish = json_finish,
    .parse = parse,
    .type = json_type_of,
    .get = get,
    .size = json_size,
    .at = json_at,
    .member = json_member,
    .as_string = json_as_string,
    .as_integer = json_as_integer,
    .as_boolean = as_boolean,
};
