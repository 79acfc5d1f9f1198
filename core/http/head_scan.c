/*
 * head_scan.c - finds the end of a head, line by line, and refuses at once what can never become
 * one.
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

/* Judges the line that ends before `end`, or what there is of it. Limits come before everything
 * else that is said of a line, so that no cut of the input changes the answer. */
static head_result check_limits(const head_scan *scan, hearth_str input, size_t end,
                                const head_limits *limits)
{
    if (scan->block > 0)
        return end - scan->block > limits->max_block ? HEAD_TOO_LARGE : HEAD_MORE;
    hearth_str line = str_slice(input, scan->line, end - scan->line);
    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    return target_is_too_long(line, limits->max_target) ? HEAD_TARGET_TOO_LONG : HEAD_MORE;
}

/* The line from scan->line to the line feed at `end`. HEAD_MORE: it is fine, and not the last. */
static head_result take_line(head_scan *scan, hearth_str input, size_t end,
                             const head_limits *limits)
{
    size_t len = end - scan->line;
    char first = input.ptr[scan->line];
    bool closing = len == 0 || (len == 1 && first == '\r');
    if (!closing) {
        head_result result = check_limits(scan, input, scan->block > 0 ? end + 1 : end, limits);
        if (result != HEAD_MORE)
            return result;
    }
    if (len == 0 || input.ptr[end - 1] != '\r')
        return malformed(scan, "A line must end in CRLF.");
    if (closing)
        return scan->block > 0 ? HEAD_COMPLETE
                               : malformed(scan, "A request must begin with a request line.");
    if (scan->block > 0 && (first == ' ' || first == '\t'))
        return malformed(scan, "A header line must not be folded.");
    return HEAD_MORE;
}

head_result head_scan_more(head_scan *scan, hearth_str input, const head_limits *limits,
                           size_t *length)
{
    for (;;) {
        size_t from = scan->line + scan->seen;
        const char *lf = from < input.len ? memchr(input.ptr + from, '\n', input.len - from) : NULL;
        if (!lf) {
            scan->seen = input.len - scan->line;
            /* A CR alone may be the first half of the closing line. */
            bool closing = scan->seen == 0 || (scan->seen == 1 && input.ptr[scan->line] == '\r');
            return closing ? HEAD_MORE : check_limits(scan, input, input.len, limits);
        }
        size_t end = (size_t)(lf - input.ptr);
        head_result result = take_line(scan, input, end, limits);
        if (result == HEAD_COMPLETE)
            *length = end + 1;
        if (result != HEAD_MORE)
            return result;
        scan->line = end + 1;
        scan->seen = 0;
        if (scan->block == 0)
            scan->block = scan->line;
    }
}
