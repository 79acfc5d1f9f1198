/*
 * log_line.c - bounded JSON for log lines.
 * Each member is written whole or not at all; only the message is cut. The room for the end of
 * the line is set aside first, so that it always fits.
 */
#include "base/log_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"

#define LINE_END         ",\"truncated\":true}\n"
#define MESSAGE_MAX      2048 /* as escaped */
#define REPLACEMENT_CHAR "\xEF\xBF\xBD"

typedef struct line_writer {
    char *line;
    size_t len;
    size_t limit; /* of the part before LINE_END */
    bool truncated;
} line_writer;

static bool put(line_writer *w, const char *bytes, size_t len)
{
    if (len > w->limit - w->len)
        return false;
    memcpy(w->line + w->len, bytes, len);
    w->len += len;
    return true;
}

static bool put_cstr(line_writer *w, const char *text)
{
    return put(w, text, strlen(text));
}

/* The JSON form of the character at `ptr` in `out`; its length, and how many bytes it stands for.
 */
static size_t escape(const char *ptr, size_t len, char out[8], size_t *taken)
{
    unsigned char byte = (unsigned char)ptr[0];
    *taken = 1;
    if (byte == '"' || byte == '\\') {
        out[0] = '\\';
        out[1] = (char)byte;
        return 2;
    }
    if (byte == '\n' || byte == '\t' || byte == '\r') {
        out[0] = '\\';
        out[1] = byte == '\n' ? 'n' : byte == '\t' ? 't' : 'r';
        return 2;
    }
    if (byte < 0x20 || byte == 0x7F)
        return (size_t)snprintf(out, 8, "\\u%04x", byte);
    size_t step = str_utf8_length(ptr, len);
    if (step == 0) {
        memcpy(out, REPLACEMENT_CHAR, 3);
        return 3;
    }
    memcpy(out, ptr, step);
    *taken = step;
    return step;
}

/* Escapes as much of the text as fits into `max` bytes; false when it was cut. */
static bool put_escaped(line_writer *w, hearth_str text, size_t max)
{
    size_t end = w->limit - w->len < max ? w->limit : w->len + max;
    for (size_t i = 0, taken; i < text.len; i += taken) {
        char out[8];
        size_t len = escape(text.ptr + i, text.len - i, out, &taken);
        if (len > end - w->len)
            return false;
        memcpy(w->line + w->len, out, len);
        w->len += len;
    }
    return true;
}

static void put_member(line_writer *w, const char *key, hearth_str text)
{
    size_t start = w->len;
    bool whole = put(w, ",\"", 2) && put_escaped(w, str_from(key), SIZE_MAX) &&
                 put(w, "\":\"", 3) && put_escaped(w, text, SIZE_MAX) && put(w, "\"", 1);
    if (!whole) {
        w->len = start;
        w->truncated = true;
    }
}

static void put_literal(line_writer *w, const char *key, const char *literal)
{
    size_t start = w->len;
    bool whole = put(w, ",\"", 2) && put_escaped(w, str_from(key), SIZE_MAX) && put(w, "\":", 2) &&
                 put_cstr(w, literal);
    if (!whole) {
        w->len = start;
        w->truncated = true;
    }
}

static void put_integer(line_writer *w, const char *key, int64_t integer)
{
    char digits[24];
    snprintf(digits, sizeof(digits), "%" PRId64, integer);
    put_literal(w, key, digits);
}

/* What stands before it is short, so the message always finds its MESSAGE_MAX bytes of room. */
static void put_message(line_writer *w, hearth_str message)
{
    put_cstr(w, ",\"message\":\"");
    if (!put_escaped(w, message, MESSAGE_MAX))
        w->truncated = true;
    put_cstr(w, "\"");
}

size_t log_line_format(char line[HEARTH_LOG_LINE], int64_t wall_ms, log_level level,
                       const log_context *context, hearth_str message, uint64_t repeated)
{
    line_writer w = {.line = line, .limit = HEARTH_LOG_LINE - (sizeof(LINE_END) - 1)};
    char time[CLOCK_RFC3339_SIZE];
    clock_rfc3339(wall_ms, time);
    put_cstr(&w, "{\"time\":\"");
    put_cstr(&w, time);
    put_cstr(&w, "\",\"level\":\"");
    put_cstr(&w, log_level_name(level));
    put_cstr(&w, "\"");
    if (context->plugin)
        put_member(&w, "plugin", str_slice(str_from(context->plugin), 0, 128));
    put_message(&w, message);
    if (context->request_id.len > 0)
        put_member(&w, "requestId", context->request_id);
    if (context->trace_id.len > 0)
        put_member(&w, "traceId", context->trace_id);
    for (size_t i = 0; i < context->field_count; i++) {
        const log_field *field = &context->fields[i];
        if (field->type == LOG_FIELD_STR)
            put_member(&w, field->key, field->text);
        else if (field->type == LOG_FIELD_INT)
            put_integer(&w, field->key, field->integer);
        else
            put_literal(&w, field->key, field->integer ? "true" : "false");
    }
    if (repeated > 0)
        put_integer(&w, "repeated", (int64_t)repeated);
    w.limit = HEARTH_LOG_LINE;
    put_cstr(&w, w.truncated ? LINE_END : "}\n");
    return w.len;
}
