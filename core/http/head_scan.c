/*
 * head_scan.c - finds the end of a head, line by line, and refuses at once what can never become
 * one: llhttp 8.1 takes a bare LF after the request line and as the closing line, we do not.
 */
#include "http/head.h"

static head_result malformed(head_scan *scan, const char *reason)
{
    scan->reason = reason;
    return HEAD_MALFORMED;
}

/* The request line so far, without its end: has the target grown too long? */
static bool target_is_too_long(hearth_str line, size_t max)
{
    size_t start = str_index(line, ' ');
    if (start == line.len)
        return line.len > max + 64; /* a method without end */
    hearth_str rest = str_slice(line, start + 1, line.len);
    return str_index(rest, ' ') > max;
}

/* Judges one line that is complete, or what there is of it. `end` is where it ends for now. */
static head_result check_limits(const head_scan *scan, hearth_str input, size_t end,
                                const head_limits *limits)
{
    if (scan->block == 0) {
        hearth_str line = str_slice(input, scan->line, end - scan->line);
        return target_is_too_long(line, limits->max_target) ? HEAD_TARGET_TOO_LONG : HEAD_MORE;
    }
    return end - scan->block > limits->max_block ? HEAD_TOO_LARGE : HEAD_MORE;
}

head_result head_scan_more(head_scan *scan, hearth_str input, const head_limits *limits,
                           size_t *length)
{
    for (;;) {
        size_t from = scan->line + scan->seen;
        const char *lf = from < input.len ? memchr(input.ptr + from, '\n', input.len - from) : NULL;
        size_t end = lf ? (size_t)(lf - input.ptr) : input.len;
        if (!lf) {
            scan->seen = input.len - scan->line;
            /* A CR at the end may be the first half of the closing line. */
            bool closing = scan->block > 0 && end - scan->line <= 1 &&
                           (end == scan->line || input.ptr[scan->line] == '\r');
            return closing ? HEAD_MORE : check_limits(scan, input, end, limits);
        }
        if (end == scan->line || input.ptr[end - 1] != '\r')
            return malformed(scan, "A line must end in CRLF.");
        if (end - 1 == scan->line) {
            if (scan->block > 0) {
                *length = end + 1;
                return HEAD_COMPLETE;
            }
            return malformed(scan, "A request must begin with a request line.");
        }
        char first = input.ptr[scan->line];
        if (scan->block > 0 && (first == ' ' || first == '\t'))
            return malformed(scan, "A header line must not be folded.");
        bool request_line = scan->block == 0;
        head_result result = check_limits(scan, input, request_line ? end - 1 : end + 1, limits);
        if (result != HEAD_MORE)
            return result;
        scan->line = end + 1;
        scan->seen = 0;
        if (request_line)
            scan->block = scan->line;
    }
}
