/*
 * log.c - hearth.log/1 that keeps every line, and hearth.random/1 from a seed or from a script.
 */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fake_remember(fake_text **first, fake_text **last, int level, const char *text)
{
    size_t len = strlen(text);
    fake_text *line = fake_new(sizeof(*line) + len + 1);
    line->level = level;
    memcpy(line->text, text, len);
    if (*last)
        (*last)->next = line;
    else
        *first = line;
    *last = line;
}

static void write_line(hearth_test_host *host, const char *plugin, int level, const char *fmt,
                       va_list args)
{
    char *text = fake_vformat(fmt, args);
    pthread_mutex_lock(&host->lock);
    fake_remember(&host->log_first, &host->log_last, level, text);
    pthread_mutex_unlock(&host->lock);
    if (getenv("HEARTH_TEST_VERBOSE"))
        fprintf(stderr, "<%d> %s: %s\n", level, plugin, text);
    free(text);
}

void fake_log(hearth_test_host *host, const char *plugin, int level, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    write_line(host, plugin, level, fmt, args);
    va_end(args);
}

static int log_enabled(hearth_ctx *ctx, hearth_log_level level)
{
    (void)ctx;
    (void)level;
    return 1;
}

static void log_write(hearth_ctx *ctx, hearth_req *req, hearth_log_level level, const char *fmt,
                      ...)
{
    if (req)
        fake_check_loop(ctx, "hearth_log.write with a request");
    va_list args;
    va_start(args, fmt);
    write_line(fake_of(ctx)->host, fake_id(ctx), (int)level, fmt, args);
    va_end(args);
}

const hearth_log fake_log_api = {sizeof(hearth_log), log_enabled, log_write};

size_t hearth_test_logged(const hearth_test_host *host, int level, const char *text)
{
    size_t count = 0;
    pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&host->lock;
    pthread_mutex_lock(lock);
    for (const fake_text *line = host->log_first; line; line = line->next)
        count += (level == 0 || line->level == level) && strstr(line->text, text);
    pthread_mutex_unlock(lock);
    return count;
}

const char *hearth_test_log_line(const hearth_test_host *host, size_t index)
{
    const fake_text *line = host->log_first;
    while (line && index-- > 0)
        line = line->next;
    return line ? line->text : "";
}

static void free_texts(fake_text *line)
{
    while (line) {
        fake_text *next = line->next;
        free(line);
        line = next;
    }
}

void fake_log_finish(hearth_test_host *host)
{
    free_texts(host->log_first);
    free_texts(host->sent_first);
}

/* ---- random --------------------------------------------------------------------------------- */

/* SplitMix64: any seed gives a good sequence, the same on every machine. */
uint64_t fake_random_u64(hearth_test_host *host)
{
    uint64_t z = (host->random_state[0] += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void random_bytes(hearth_ctx *ctx, void *buf, size_t len)
{
    hearth_test_host *host = fake_of(ctx)->host;
    unsigned char *at = buf;
    pthread_mutex_lock(&host->lock);
    while (len > 0) {
        uint64_t value = fake_random_u64(host);
        size_t part = len < sizeof(value) ? len : sizeof(value);
        memcpy(at, &value, part);
        at += part;
        len -= part;
    }
    pthread_mutex_unlock(&host->lock);
}

static uint32_t random_below(hearth_ctx *ctx, uint32_t bound)
{
    hearth_test_host *host = fake_of(ctx)->host;
    if (bound == 0)
        fake_rule("hearth_random.below: %s passed a bound of 0", fake_id(ctx));
    pthread_mutex_lock(&host->lock);
    uint32_t value;
    if (host->roll_next < host->roll_count)
        value = host->rolls[host->roll_next++] % bound;
    else
        value = (uint32_t)(((fake_random_u64(host) >> 32) * bound) >> 32);
    pthread_mutex_unlock(&host->lock);
    return value;
}

static void random_uuid(hearth_ctx *ctx, char out[HEARTH_UUID_SIZE])
{
    uint8_t b[16];
    random_bytes(ctx, b, sizeof(b));
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    snprintf(out, HEARTH_UUID_SIZE,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
}

const hearth_random fake_random_api = {sizeof(hearth_random), random_bytes, random_below,
                                       random_uuid};

void hearth_test_roll(hearth_test_host *host, const uint32_t *values, size_t count)
{
    free(host->rolls);
    host->rolls = fake_new(count * sizeof(*values));
    memcpy(host->rolls, values, count * sizeof(*values));
    host->roll_count = count;
    host->roll_next = 0;
}
