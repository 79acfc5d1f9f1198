/*
 * fuzz_json.c - the JSON reader against jansson, and against our own writer.
 * Both readers must agree on what JSON is, but for the limits that are ours alone; and what was
 * read, written and read again must be the same.
 */
#include <jansson.h>
#include <stdlib.h>

#include "base/str.h"
#include "json/reader.h"
#include "json/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool truth)
{
    if (!truth)
        abort();
}

/* Writes a value back; numbers that are no integers as 0, since their text is not kept. */
static void write_value(hearth_json_writer *w, const hearth_json_value *value)
{
    hearth_str key;
    switch (json_type_of(value)) {
    case HEARTH_JSON_NULL:
        json_put_null(w);
        break;
    case HEARTH_JSON_BOOL:
        json_put_boolean(w, json_as_boolean(value));
        break;
    case HEARTH_JSON_INTEGER:
    case HEARTH_JSON_NUMBER:
        json_put_integer(w, json_as_integer(value));
        break;
    case HEARTH_JSON_STRING:
        json_put_string(w, json_as_string(value));
        break;
    case HEARTH_JSON_ARRAY:
        json_begin_array(w);
        for (size_t i = 0; i < json_size(value); i++)
            write_value(w, json_at(value, i));
        json_end_array(w);
        break;
    case HEARTH_JSON_OBJECT:
        json_begin_object(w);
        for (size_t i = 0; i < json_size(value); i++) {
            const hearth_json_value *member = json_member(value, i, &key);
            demand(json_get(value, key) == member);
            json_put_key(w, key);
            write_value(w, member);
        }
        json_end_object(w);
        break;
    }
}

static hearth_str write_text(hearth_arena *arena, const hearth_json_value *value)
{
    hearth_json_writer *w = json_writer_create(arena, 16 << 20);
    demand(w != NULL);
    write_value(w, value);
    hearth_str text;
    demand(json_finish(w, &text) == HEARTH_OK);
    return text;
}

static void write_and_read_again(hearth_arena *arena, const hearth_json_value *value)
{
    const hearth_json_value *again;
    hearth_str once = write_text(arena, value);
    demand(json_parse(arena, once, &again, NULL) == HEARTH_OK);
    demand(str_eq(once, write_text(arena, again)));
}

static void agree_with_jansson(hearth_str text, bool ours, const hearth_error *error)
{
    json_error_t reason;
    json_t *theirs = json_loadb(text.ptr, text.len,
                                JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &reason);
    if (ours && !theirs) {
        enum json_error_code code = json_error_code(&reason);
        demand(code == json_error_numeric_overflow || code == json_error_null_byte_in_key);
    }
    if (!ours && theirs) /* jansson 2.14 reads over a NUL byte behind a number */
        demand(strstr(error->text, "nesting of at most 32") || str_has_nul(text));
    json_decref(theirs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hearth_str text = {(const char *)data, size};
    hearth_arena arena;
    hearth_error error;
    const hearth_json_value *value;
    arena_init(&arena, NULL, 64 << 20);
    hearth_status status = json_parse(&arena, text, &value, &error);
    demand(status == HEARTH_OK || status == HEARTH_EINVAL);
    demand(status == HEARTH_OK || (error.text[0] && str_is_utf8(str_from(error.text))));
    agree_with_jansson(text, status == HEARTH_OK, &error);
    if (status == HEARTH_OK)
        write_and_read_again(&arena, value);
    arena_finish(&arena);
    return 0;
}
