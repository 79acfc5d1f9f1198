/*
 * head.h - the head of a request: its end is looked for while bytes come, and it is parsed at once
 * when it is complete.
 */
#ifndef HEARTH_HTTP_HEAD_H
#define HEARTH_HTTP_HEAD_H

#include "base/arena.h"
#include "http/header.h"
#include "http/method.h"

typedef enum head_result {
    HEAD_MORE = 0, /* incomplete, within the limits so far */
    HEAD_COMPLETE,
    HEAD_MALFORMED,       /* 400 */
    HEAD_TARGET_TOO_LONG, /* 414 */
    HEAD_TOO_LARGE        /* 431 */
} head_result;

typedef struct head_limits {
    size_t max_target;
    size_t max_block; /* of the header lines with their line ends */
} head_limits;

/* How far a head has been looked at; zeros at its start. Survives more bytes being appended, also
 * at another address. */
typedef struct head_scan {
    size_t line;        /* where the line that is looked at begins */
    size_t seen;        /* bytes already searched for its end */
    size_t block;       /* where the header lines begin; 0: still in the request line */
    const char *reason; /* one sentence when malformed */
} head_scan;

/*
 * Looks for the end of the head: every line ends in CRLF, none is folded, limits hold. On
 * HEAD_COMPLETE *length counts the bytes up to and with the empty line.
 */
head_result head_scan_more(head_scan *scan, hearth_str input, const head_limits *limits,
                           size_t *length);

typedef struct http_head {
    http_method method;
    hearth_str method_text;
    hearth_str target;
    hearth_str path, query; /* of the target; query has no "?", NULL when there is none */
    http_headers headers;
    bool is_http10;
    bool keep_alive;
    bool has_body; /* a length or chunked was given, even a length of 0 */
    bool chunked;
    bool expects_continue;
    bool asterisk; /* OPTIONS * */
    uint64_t content_length;
    int status; /* 0, or why it is refused: 400, 417 */
    const char *reason;
} http_head;

/*
 * Parses a scanned head. Strings are slices of `bytes`; the array of headers is in the arena.
 * ENOMEM: the arena is full. EINVAL: `status` and `reason` say why; what was understood before is
 * filled in.
 */
HEARTH_MUST_CHECK hearth_status head_parse(hearth_arena *arena, hearth_str bytes, http_head *head);

#endif
