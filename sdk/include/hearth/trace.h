/*
 * trace.h - hearth.trace/1: W3C Trace Context. Every request has a context, its own or the
 * caller's; plugins add spans, exporters receive them when they end.
 */
#ifndef HEARTH_TRACE_H
#define HEARTH_TRACE_H

#include <hearth/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEARTH_TRACE_ID         "hearth.trace/1"
#define HEARTH_TRACEPARENT_SIZE 56

typedef struct hearth_trace_context {
    uint8_t trace_id[16];
    uint8_t span_id[8];
    uint8_t flags; /* 1: sampled */
    uint8_t reserved[7];
} hearth_trace_context;

typedef struct hearth_span hearth_span;

/* A span that ended, as an exporter receives it. */
typedef struct hearth_span_record {
    uint32_t struct_size;
    hearth_status status;
    hearth_trace_context context;
    uint8_t parent_id[8]; /* zeros: none */
    hearth_str name;
    int64_t start_wall_ns; /* unix time */
    uint64_t duration_ns;
    const hearth_str *attributes; /* key, value, key, value ... */
    size_t attribute_count;       /* of pairs */
} hearth_span_record;

typedef struct hearth_trace {
    uint32_t struct_size;
    /* The request's own span. Valid as long as the request. [loop] */
    const hearth_trace_context *(*of)(hearth_req *req);
    /* Writes "00-...-...-01" and NUL, for an outgoing request's traceparent header. [any] */
    void (*traceparent)(const hearth_trace_context *context, char out[HEARTH_TRACEPARENT_SIZE]);
    /* A child span of parent, or a new trace when it is NULL. NULL (which end and attribute accept)
     * when nobody exports, the trace is not sampled, or out of memory. [loop] */
    hearth_span *(*start)(hearth_ctx *ctx, const hearth_trace_context *parent, hearth_str name);
    /* The span's own, until its end; NULL for NULL. [loop] */
    const hearth_trace_context *(*context)(const hearth_span *span);
    /* At most 16 a span; further ones are dropped. Copies. [loop] */
    void (*attribute)(hearth_span *span, hearth_str key, hearth_str value);
    /* Ends and frees the span, and hands it to the exporters. [loop] */
    void (*end)(hearth_span *span, hearth_status status);
    /* Receives this loop's spans, requests included, until stop. [loop] */
    hearth_status (*on_span)(hearth_ctx *ctx,
                             void (*fn)(hearth_ctx *ctx, const hearth_span_record *span, void *arg),
                             void *arg) HEARTH_MUST_CHECK;
} hearth_trace;

static inline const hearth_trace *hearth_trace_get(hearth_ctx *ctx)
{
    return (const hearth_trace *)ctx->host->get(ctx, HEARTH_TRACE_ID, sizeof(hearth_trace));
}

#ifdef __cplusplus
}
#endif
#endif
