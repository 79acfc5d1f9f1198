/*
 * errors.c - error lines of configuration: all that can be found at once, within bounds.
 * An operator who mistyped three keys wants to hear of three, not of the first one three times.
 */
#include "conf/internal.h"

#include <stdio.h>

#include "base/error.h"

void conf_errors_init(conf_errors *errors, hearth_arena *arena)
{
    *errors = (conf_errors){.arena = arena};
}

void conf_errors_add(conf_errors *errors, conf_place place, const char *key, const char *fmt, ...)
{
    if (errors->count == CONF_ERRORS_MAX) {
        errors->more++;
        return;
    }
    hearth_error text;
    va_list args;
    va_start(args, fmt);
    error_vset(&text, HEARTH_EINVAL, fmt, args);
    va_end(args);
    char where[32] = "";
    if (place.line > 0)
        snprintf(where, sizeof(where), ":%u:%u", place.line, place.column);
    const char *line = arena_printf(errors->arena, "%s%s: %s%s%s", place.file, where,
                                    key ? key : "", key ? ": " : "", text.text);
    errors->lines[errors->count++] = line ? line : "configuration: out of memory";
}

void escape(hearth_str text, char *out, size_t size)
{
    size_t len = 0, limit = size - 4, i = 0; /* "..." and NUL fit behind it */
    while (i < text.len) {
        unsigned char byte = (unsigned char)text.ptr[i];
        size_t step = str_utf8_length(text.ptr + i, text.len - i);
        bool plain = step > 0 && byte >= 0x20 && byte != 0x7F;
        size_t room = plain ? step : 4;
        if (room > limit - len)
            break;
        if (plain)
            memcpy(out + len, text.ptr + i, step);
        else
            snprintf(out + len, 5, "\\x%02x", byte);
        len += room;
        i += plain ? step : 1;
    }
    snprintf(out + len, size - len, "%s", i < text.len ? "..." : "");
}

void quote(hearth_str text, char *out, size_t size)
{
    escape(text, out + 1, size - 2);
    size_t len = strlen(out + 1) + 1;
    out[0] = out[len] = '"';
    out[len + 1] = '\0';
}
