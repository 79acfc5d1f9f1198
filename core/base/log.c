/*
 * log.c - levels, repeats, and how a line leaves the process.
 * One mutex covers the table of repeats and the write. It is held for one write that was asked
 * beforehand whether it would block, so a loop never waits for the reader of the log.
 */
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log_line.h"
#include "base/str.h"

#define REPEAT_WINDOW_NS UINT64_C(5000000000)
#define REPEAT_BURST     10
#define REPEAT_SLOTS     64
#define REPEAT_TEXT      256
#define MESSAGE_SIZE     2048
#define WRITE_WAIT_MS    20

/* One format that was seen lately. A newcomer with the same slot pushes it out. */
typedef struct repeat {
    uint64_t id; /* 0: free */
    uint64_t window_start;
    uint64_t held; /* lines not written in this window */
    uint32_t written;
    log_level level;
    char plugin[64];
    char text[REPEAT_TEXT]; /* of the first line held back */
} repeat;

_Atomic int log_threshold = LOG_LEVEL_INFO;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static repeat repeats[REPEAT_SLOTS];
static uint32_t repeats_held; /* slots whose count is still to be written */
static log_sink sink;
static void *sink_arg;
static int sink_fd = STDERR_FILENO;
static bool stuck;           /* the last line was not taken */
static uint64_t unannounced; /* dropped lines that no line has told of */
static _Atomic uint64_t dropped;

void log_set_level(log_level level)
{
    atomic_store_explicit(&log_threshold, (int)level, memory_order_relaxed);
}

const char *log_level_name(log_level level)
{
    switch (level) {
    case LOG_LEVEL_ERROR:
        return "error";
    case LOG_LEVEL_WARN:
        return "warn";
    case LOG_LEVEL_INFO:
        return "info";
    case LOG_LEVEL_DEBUG:
        return "debug";
    }
    return "debug";
}

bool log_parse_level(hearth_str name, log_level *level)
{
    static const log_level levels[] = {LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO,
                                       LOG_LEVEL_DEBUG};
    for (size_t i = 0; i < HEARTH_COUNT(levels); i++) {
        if (str_eq(name, str_from(log_level_name(levels[i])))) {
            *level = levels[i];
            return true;
        }
    }
    return false;
}

/* Whether the whole line was taken. A regular file is always ready, a pipe when 4096 bytes fit. */
static bool write_line(hearth_str line)
{
    struct pollfd ready = {.fd = sink_fd, .events = POLLOUT};
    int wait_ms = stuck ? 0 : WRITE_WAIT_MS;
    while (line.len > 0) {
        if (poll(&ready, 1, wait_ms) != 1 || !(ready.revents & POLLOUT))
            return false;
        ssize_t taken = write(sink_fd, line.ptr, line.len);
        if (taken < 0 && errno != EINTR && errno != EAGAIN)
            return false;
        if (taken > 0)
            line = str_slice(line, (size_t)taken, line.len);
        else
            wait_ms = 0;
    }
    return true;
}

static void emit(log_level level, hearth_str line)
{
    if (sink) {
        sink(sink_arg, level, line);
        return;
    }
    if (unannounced > 0) {
        char notice[HEARTH_LOG_LINE];
        log_field count = LOG_INT("dropped", unannounced);
        log_context context = {.plugin = "log", .fields = &count, .field_count = 1};
        size_t len = log_line_format(notice, clock_wall_ms(), LOG_LEVEL_WARN, &context,
                                     HEARTH_STR("log lines were dropped: nobody read them"), 0);
        stuck = !write_line((hearth_str){notice, len});
        if (!stuck)
            unannounced = 0;
    }
    if (!stuck || unannounced == 0)
        stuck = !write_line(line);
    if (stuck) {
        unannounced++;
        atomic_fetch_add_explicit(&dropped, 1, memory_order_relaxed);
    }
}

static void emit_repeats(repeat *slot)
{
    char line[HEARTH_LOG_LINE];
    log_context context = {.plugin = slot->plugin};
    size_t len = log_line_format(line, clock_wall_ms(), slot->level, &context, str_from(slot->text),
                                 slot->held);
    slot->held = 0;
    repeats_held--;
    emit(slot->level, (hearth_str){line, len});
}

static void emit_repeats_until(uint64_t now, bool all)
{
    for (size_t i = 0; i < REPEAT_SLOTS && repeats_held > 0; i++) {
        if (repeats[i].held > 0 && (all || now - repeats[i].window_start >= REPEAT_WINDOW_NS))
            emit_repeats(&repeats[i]);
    }
}

static void copy_text(char *to, size_t size, hearth_str from)
{
    size_t len = from.len < size - 1 ? from.len : size - 1;
    if (len > 0)
        memcpy(to, from.ptr, len);
    to[len] = '\0';
}

/* Whether this line is one too many of its kind; then it has been counted. */
static bool hold_back(log_level level, const char *plugin, uint64_t id, hearth_str message)
{
    uint64_t now = clock_mono_ns();
    repeat *slot = &repeats[id % REPEAT_SLOTS];
    if (slot->id != id || now - slot->window_start >= REPEAT_WINDOW_NS) {
        if (slot->held > 0)
            emit_repeats(slot);
        slot->id = id;
        slot->window_start = now;
        slot->written = 0;
        slot->level = level;
        copy_text(slot->plugin, sizeof(slot->plugin), str_from(plugin));
    }
    if (slot->written < REPEAT_BURST) {
        slot->written++;
        return false;
    }
    if (slot->held++ == 0) {
        repeats_held++;
        copy_text(slot->text, sizeof(slot->text), message);
    }
    return true;
}

void log_vwrite(log_level level, const log_context *context, const char *fmt, va_list args)
{
    char text[MESSAGE_SIZE];
    int wanted = vsnprintf(text, sizeof(text), fmt, args);
    if (wanted < 0)
        return;
    hearth_str message = {text, (size_t)wanted < sizeof(text) ? (size_t)wanted : sizeof(text) - 1};
    const char *plugin = context->plugin ? context->plugin : "";
    hearth_str kind = strcmp(fmt, "%s") == 0 ? message : str_from(fmt);
    uint64_t id = (hash_stable(kind) ^ hash_stable(str_from(plugin)) * 31) | 1;

    pthread_mutex_lock(&lock);
    if (level == LOG_LEVEL_DEBUG || !hold_back(level, plugin, id, message)) {
        char line[HEARTH_LOG_LINE];
        size_t len = log_line_format(line, clock_wall_ms(), level, context, message, 0);
        emit(level, (hearth_str){line, len});
    }
    if (repeats_held > 0)
        emit_repeats_until(clock_mono_ns(), false);
    pthread_mutex_unlock(&lock);
}

void log_write(log_level level, const log_context *context, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    log_vwrite(level, context, fmt, args);
    va_end(args);
}

void log_tick(void)
{
    pthread_mutex_lock(&lock);
    emit_repeats_until(clock_mono_ns(), false);
    pthread_mutex_unlock(&lock);
}

void log_flush(void)
{
    pthread_mutex_lock(&lock);
    emit_repeats_until(0, true);
    pthread_mutex_unlock(&lock);
}

uint64_t log_dropped(void)
{
    return atomic_load_explicit(&dropped, memory_order_relaxed);
}

void log_set_sink(log_sink fn, void *arg)
{
    pthread_mutex_lock(&lock);
    sink = fn;
    sink_arg = arg;
    pthread_mutex_unlock(&lock);
}

void log_set_fd(int fd)
{
    pthread_mutex_lock(&lock);
    sink_fd = fd;
    stuck = false;
    pthread_mutex_unlock(&lock);
}
