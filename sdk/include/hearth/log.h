/*
 * log.h - hearth.log/1: one JSON line per event, with the plugin's id, and with request and trace
 * id where a request is named. Repeats of one message are suppressed and counted. Never log a
 * secret.
 */
#ifndef HEARTH_LOG_H
#define HEARTH_LOG_H

#include <hearth/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEARTH_LOG_ID "hearth.log/1"

typedef enum hearth_log_level { /* as syslog, RFC 5424, 6.2.1 */
                                HEARTH_LOG_ERROR = 3,
                                HEARTH_LOG_WARNING = 4,
                                HEARTH_LOG_INFO = 6,
                                HEARTH_LOG_DEBUG = 7
} hearth_log_level;

typedef struct hearth_log {
    uint32_t struct_size;
    /* Whether lines of this level are written now. [any] */
    int (*enabled)(hearth_ctx *ctx, hearth_log_level level);
    /* Writes a line; req may be NULL, and must be one of this loop's. [any] */
    void (*write)(hearth_ctx *ctx, hearth_req *req, hearth_log_level level, const char *fmt, ...)
        HEARTH_PRINTF(4, 5);
} hearth_log;

/* Evaluates its arguments only when the level is on. */
#define HEARTH_LOG(log_, ctx_, req_, level_, ...)                                                  \
    do {                                                                                           \
        if ((log_)->enabled((ctx_), (level_)))                                                     \
            (log_)->write((ctx_), (req_), (level_), __VA_ARGS__);                                  \
    } while (0)

static inline const hearth_log *hearth_log_get(hearth_ctx *ctx)
{
    return (const hearth_log *)ctx->host->get(ctx, HEARTH_LOG_ID, sizeof(hearth_log));
}

#ifdef __cplusplus
}
#endif
#endif
