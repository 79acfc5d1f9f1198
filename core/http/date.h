/*
 * date.h - the Date header's text (RFC 9110, 5.6.7), and a copy of it per loop that is made once a
 * second.
 */
#ifndef HEARTH_HTTP_DATE_H
#define HEARTH_HTTP_DATE_H

#include <stdint.h>

#define HTTP_DATE_LEN 29

typedef struct http_date {
    uint64_t until_ms; /* monotonic */
    char text[HTTP_DATE_LEN + 1];
} http_date;

/* [any] "Sun, 06 Nov 1994 08:49:37 GMT" and NUL. */
void date_format(int64_t unix_seconds, char out[HTTP_DATE_LEN + 1]);
/* [loop] The current text; now_ms is the loop's clock. */
const char *date_now(http_date *date, uint64_t now_ms);

#endif
