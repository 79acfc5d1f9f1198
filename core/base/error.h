/*
 * error.h - a failure that can be explained: a status and one sentence.
 * It lives on the caller's stack, so that reporting a failure cannot itself fail.
 */
#ifndef HEARTH_BASE_ERROR_H
#define HEARTH_BASE_ERROR_H

#include <stdarg.h>

#include "base/compiler.h"

#define HEARTH_ERROR_SIZE 512

/* The text names the thing, what was expected and what was found; it never holds a secret. */
typedef struct hearth_error {
    hearth_status status;
    char text[HEARTH_ERROR_SIZE];
} hearth_error;

static inline void error_clear(hearth_error *error)
{
    error->status = HEARTH_OK;
    error->text[0] = '\0';
}

/*
 * Sets status and text and returns the status: `return error_set(error, HEARTH_EINVAL, ...)`.
 * Too long a text is cut at a character. `error` may be NULL: then only the status is returned.
 */
hearth_status error_set(hearth_error *error, hearth_status status, const char *fmt, ...)
    HEARTH_PRINTF(3, 4);
hearth_status error_vset(hearth_error *error, hearth_status status, const char *fmt, va_list args)
    HEARTH_PRINTF(3, 0);

/* Puts the text of a larger thing in front: "etc/hearth.yaml" + "no such file". Returns status. */
hearth_status error_prefix(hearth_error *error, const char *fmt, ...) HEARTH_PRINTF(2, 3);

/* "EINVAL" and so on; "UNKNOWN" for a number that is none. */
const char *status_name(hearth_status status);

#endif
