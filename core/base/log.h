/*
 * log.h - log lines for machines first: one JSON object per line on standard error.
 * A level that is off costs one load and no evaluation of arguments; a line is one write of at
 * most 4096 bytes; a message that repeats is counted instead of written.
 *
 * {"time":"2026-11-21T08:00:00.123Z","level":"info","plugin":"auth","message":"...",
 *  "requestId":"...","traceId":"...", then the fields of the call, "repeated":n, "truncated":true}
 *
 * WHEN NOBODY READS. A line that the pipe does not take within 20 ms is dropped and counted, and
 * until the pipe takes lines again each is tried without waiting: a stuck reader of the log slows
 * no request. The next line that gets through is preceded by one with "dropped": n. Whoever starts
 * the process ignores SIGPIPE.
 *
 * REPEATS. The same plugin and format (for the format "%s": the same text) is written 10 times in
 * 5 s; further ones are counted, and when the 5 s are over the first of them is written with
 * "repeated": n. Debug lines are never held back. Errors and secrets: nothing here knows what is
 * secret; callers do not pass it.
 */
#ifndef HEARTH_BASE_LOG_H
#define HEARTH_BASE_LOG_H

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/compiler.h"

#define HEARTH_LOG_LINE 4096 /* PIPE_BUF: a write of this size is not mixed with another's */

/* Numbers as in syslog(3). */
typedef enum log_level {
    LOG_LEVEL_ERROR = 3, /* something is broken and somebody should look */
    LOG_LEVEL_WARN = 4,  /* it works, but not as intended */
    LOG_LEVEL_INFO = 6,  /* life of the process: start, stop, reload */
    LOG_LEVEL_DEBUG = 7  /* for the developer */
} log_level;

typedef enum log_field_type { LOG_FIELD_STR, LOG_FIELD_INT, LOG_FIELD_BOOL } log_field_type;

typedef struct log_field {
    const char *key;
    log_field_type type;
    hearth_str text;
    int64_t integer;
} log_field;

#define LOG_STR(key_, text_) ((log_field){.key = (key_), .type = LOG_FIELD_STR, .text = (text_)})
#define LOG_INT(key_, integer_)                                                                    \
    ((log_field){.key = (key_), .type = LOG_FIELD_INT, .integer = (int64_t)(integer_)})
#define LOG_BOOL(key_, truth_)                                                                     \
    ((log_field){.key = (key_), .type = LOG_FIELD_BOOL, .integer = (truth_) ? 1 : 0})

/* Whose line it is and what it belongs to; everything but the plugin may be left out. */
typedef struct log_context {
    const char *plugin; /* a plugin's id or a part of the host: "host", "net" */
    hearth_str request_id;
    hearth_str trace_id;
    const log_field *fields;
    size_t field_count;
} log_context;

extern _Atomic int log_threshold;

/* [any] */
static inline bool log_is_on(log_level level)
{
    return (int)level <= atomic_load_explicit(&log_threshold, memory_order_relaxed);
}

/* [any] The least severe level that is written; LOG_LEVEL_INFO at start. */
void log_set_level(log_level level);
/* [any] "error", "warn", "info" or "debug"; false leaves *level alone. */
bool log_parse_level(hearth_str name, log_level *level);
const char *log_level_name(log_level level);

/* [any] Use the macros: they test the level first. */
void log_write(log_level level, const log_context *context, const char *fmt, ...)
    HEARTH_PRINTF(3, 4);
void log_vwrite(log_level level, const log_context *context, const char *fmt, va_list args)
    HEARTH_PRINTF(3, 0);

#define log_at(level_, context_, ...)                                                              \
    do {                                                                                           \
        if (log_is_on(level_))                                                                     \
            log_write((level_), (context_), __VA_ARGS__);                                          \
    } while (0)

#define log_error(plugin_, ...)                                                                    \
    log_at(LOG_LEVEL_ERROR, (&(log_context){.plugin = (plugin_)}), __VA_ARGS__)
#define log_warn(plugin_, ...)                                                                     \
    log_at(LOG_LEVEL_WARN, (&(log_context){.plugin = (plugin_)}), __VA_ARGS__)
#define log_info(plugin_, ...)                                                                     \
    log_at(LOG_LEVEL_INFO, (&(log_context){.plugin = (plugin_)}), __VA_ARGS__)
#define log_debug(plugin_, ...)                                                                    \
    log_at(LOG_LEVEL_DEBUG, (&(log_context){.plugin = (plugin_)}), __VA_ARGS__)

/* [any] Writes the counts of repeats whose time is over. Every call of log_write does it too. */
void log_tick(void);
/* [any] Writes all counts of repeats now: at exit, and in tests. */
void log_flush(void);
/* [any] Lines that nobody took, since the start of the process. */
uint64_t log_dropped(void);

/* [any] Where lines go; fn NULL: to `fd`. At start: to standard error. `line` ends in a newline. */
typedef void (*log_sink)(void *arg, log_level level, hearth_str line);
void log_set_sink(log_sink fn, void *arg);
void log_set_fd(int fd);

#endif
