/*
 * answer.c - capacity and sentences, from an answer or from its absence.
 */
#include "answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SHOWN    100
#define MESSAGE_SHOWN 150

/* From the text: hearth.json/1 has no fractions, and inside a string the quotes would be escaped.
 */
double answer_capacity(hearth_str text)
{
    static const char field[] = "\"CapacityUnits\":";
    const char *at = text.ptr, *end = text.ptr + text.len;
    double units = 0;
    char number[32];

    while (at && (at = memmem(at, (size_t)(end - at), field, sizeof(field) - 1))) {
        size_t len = 0;
        for (at += sizeof(field) - 1; at < end && len < sizeof(number) - 1; at++) {
            if (!*at || !strchr("0123456789.eE-+", *at))
                break;
            number[len++] = *at;
        }
        number[len] = '\0';
        double found = strtod(number, NULL);
        units += found > 0 ? found : 0;
    }
    return units;
}

enum outcome answer_failure(const char *operation, const struct exchange *exchange, CURLcode code,
                            char *error, size_t size)
{
    const char *text = exchange->error[0] ? exchange->error : curl_easy_strerror(code);

    if (code == CURLE_ABORTED_BY_CALLBACK)
        text = "the connection was closed before an answer came";
    snprintf(error, size, "dynamodb: %s: %s", operation, text);
    return exchange->sends == 0 ? OUTCOME_NOT_SENT : OUTCOME_UNKNOWN;
}

static int shown(hearth_str text, size_t max)
{
    return (int)(text.len > max ? max : text.len);
}

/* What AWS says of a signature may show the headers, and with them the session token. */
void answer_describe(const char *operation, const struct exchange *exchange, enum outcome outcome,
                     hearth_str name, hearth_str message, char *error, size_t size)
{
    if (outcome == OUTCOME_OK)
        error[0] = '\0';
    else if (name.len == 0)
        snprintf(error, size, "dynamodb: %s: HTTP status %ld", operation, exchange->status);
    else if (outcome == OUTCOME_CREDENTIALS || message.len == 0)
        snprintf(error, size, "dynamodb: %s: %.*s", operation, shown(name, NAME_SHOWN), name.ptr);
    else
        snprintf(error, size, "dynamodb: %s: %.*s: %.*s", operation, shown(name, NAME_SHOWN),
                 name.ptr, shown(message, MESSAGE_SHOWN), message.ptr);
}
