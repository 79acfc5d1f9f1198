/*
 * error.c - texts of bounded size, cut where a character ends.
 * A text may quote what a stranger sent, so a cut must not leave half a UTF-8 sequence behind.
 */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

static void cut_at_character(char *text, size_t len)
{
    size_t back = len < 3 ? len : 3;
    for (size_t i = 1; i <= back; i++) {
        unsigned char byte = (unsigned char)text[len - i];
        if ((byte & 0xC0) == 0x80)
            continue;
        if (byte >= 0xC0 && str_utf8_length(text + len - i, i) == 0)
            text[len - i] = '\0';
        return;
    }
}

hearth_status error_vset(hearth_error *error, hearth_status status, const char *fmt, va_list args)
{
    if (!error)
        return status;
    error->status = status;
    int len = vsnprintf(error->text, sizeof(error->text), fmt, args);
    if (len < 0)
        error->text[0] = '\0';
    else if ((size_t)len >= sizeof(error->text))
        cut_at_character(error->text, sizeof(error->text) - 1);
    return status;
}

hearth_status error_set(hearth_error *error, hearth_status status, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    error_vset(error, status, fmt, args);
    va_end(args);
    return status;
}

hearth_status error_prefix(hearth_error *error, const char *fmt, ...)
{
    if (!error)
        return HEARTH_EINTERNAL;
    hearth_error inner = *error;
    va_list args;
    va_start(args, fmt);
    error_vset(error, inner.status, fmt, args);
    va_end(args);
    size_t len = strlen(error->text);
    int more = snprintf(error->text + len, sizeof(error->text) - len, ": %s", inner.text);
    if (more >= 0 && (size_t)more >= sizeof(error->text) - len)
        cut_at_character(error->text, sizeof(error->text) - 1);
    return error->status;
}

const char *status_name(hearth_status status)
{
    switch (status) {
    case HEARTH_OK:
        return "OK";
    case HEARTH_DEFERRED:
        return "DEFERRED";
    case HEARTH_EINVAL:
        return "EINVAL";
    case HEARTH_ENOMEM:
        return "ENOMEM";
    case HEARTH_ENOTFOUND:
        return "ENOTFOUND";
    case HEARTH_ECONFLICT:
        return "ECONFLICT";
    case HEARTH_EAUTH:
        return "EAUTH";
    case HEARTH_ETIMEOUT:
        return "ETIMEOUT";
    case HEARTH_EUNAVAILABLE:
        return "EUNAVAILABLE";
    case HEARTH_ECANCELED:
        return "ECANCELED";
    case HEARTH_EINTERNAL:
        return "EINTERNAL";
    case HEARTH_EFORBIDDEN:
        return "EFORBIDDEN";
    }
    return "UNKNOWN";
}
