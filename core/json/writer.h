/*
 * writer.h - JSON written straight into a buffer, without a tree in between.
 * The writer places commas, escapes strings and refuses a wrong order of calls, so that what
 * comes out is always one valid JSON value. Behind hearth.json/1, and used by the core itself.
 */
#ifndef HEARTH_JSON_WRITER_H
#define HEARTH_JSON_WRITER_H

#include <hearth/json.h>

#include "base/buf.h"

/* Nesting of what is written. */
#define HEARTH_JSON_WRITE_DEPTH 63

struct hearth_json_writer {
    hearth_buf *buf;
    hearth_buf own;
    size_t start;      /* where in buf the value begins */
    uint64_t objects;  /* bit n: the container at depth n is an object */
    uint64_t filled;   /* bit n: it has a member */
    uint32_t depth;    /* open containers; 0 is outside of all */
    uint8_t after_key; /* a value must follow */
    uint8_t complete;  /* the outermost value has been written */
    hearth_status status;
};

/*
 * Everything is [loop] (one thread at a time). A failure is kept: later calls do nothing, and
 * json_finish reports it. HEARTH_ENOMEM: at the buffer's ceiling. HEARTH_EINVAL: a wrong order of
 * calls, or a string that is not UTF-8.
 */

/* Appends one value to `buf`, which outlives the writer. */
void json_writer_init(hearth_json_writer *w, hearth_buf *buf);
/* Writer and text live in the arena; NULL when it has no room. */
hearth_json_writer *json_writer_create(hearth_arena *arena, size_t ceiling);

void json_begin_object(hearth_json_writer *w);
void json_end_object(hearth_json_writer *w);
void json_begin_array(hearth_json_writer *w);
void json_end_array(hearth_json_writer *w);
void json_put_key(hearth_json_writer *w, hearth_str key);
void json_put_string(hearth_json_writer *w, hearth_str value);
void json_put_integer(hearth_json_writer *w, int64_t value);
void json_put_boolean(hearth_json_writer *w, bool value);
void json_put_null(hearth_json_writer *w);
/* One value that is JSON already; it is copied as it stands. */
void json_put_raw(hearth_json_writer *w, hearth_str json);

/* Key and value at once; the key is a literal. */
#define json_member_string(w_, key_, value_)                                                       \
    (json_put_key((w_), HEARTH_STR(key_)), json_put_string((w_), (value_)))
#define json_member_integer(w_, key_, value_)                                                      \
    (json_put_key((w_), HEARTH_STR(key_)), json_put_integer((w_), (value_)))
#define json_member_boolean(w_, key_, value_)                                                      \
    (json_put_key((w_), HEARTH_STR(key_)), json_put_boolean((w_), (value_)))

/*
 * Ends the value; *out (may be NULL) is its text in the buffer. On failure the buffer is as it was
 * before the writer.
 */
HEARTH_MUST_CHECK hearth_status json_finish(hearth_json_writer *w, hearth_str *out);

#endif
