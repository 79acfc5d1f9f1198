/*
 * trace.c - hearth.trace/1: contexts from the host's seed, spans handed to the exporters of their
 * loop when they end.
 */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ATTRIBUTES 16

struct hearth_span {
    hearth_ctx *ctx;
    hearth_span_record record;
    uint64_t start_ns;
    char *name;
    hearth_str attributes[2 * MAX_ATTRIBUTES];
};

static const hearth_trace_context *trace_of(hearth_req *req)
{
    return fake_request_trace(req);
}

static void hex(char *out, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static void trace_parent(const hearth_trace_context *context, char out[HEARTH_TRACEPARENT_SIZE])
{
    memcpy(out, "00-", 3);
    hex(out + 3, context->trace_id, 16);
    out[35] = '-';
    hex(out + 36, context->span_id, 8);
    snprintf(out + 52, 4, "-%02x", context->flags);
}

static bool exported(const hearth_ctx *ctx)
{
    for (const fake_exporter *e = fake_of((hearth_ctx *)(uintptr_t)ctx)->host->exporters; e;
         e = e->next)
        if (e->ctx->loop == ctx->loop)
            return true;
    return false;
}

static hearth_span *trace_start(hearth_ctx *ctx, const hearth_trace_context *parent,
                                hearth_str name)
{
    fake_check_loop(ctx, "hearth_trace.start");
    hearth_test_host *host = fake_of(ctx)->host;
    if (!exported(ctx) || (parent && !(parent->flags & 1)))
        return NULL;
    hearth_span *span = fake_try_new(host, sizeof(*span));
    if (!span)
        return NULL;
    span->ctx = ctx;
    span->name = fake_copy_str(name);
    span->start_ns = fake_mono_ns(host);
    hearth_span_record *record = &span->record;
    record->struct_size = sizeof(*record);
    record->name = (hearth_str){span->name, name.len};
    record->start_wall_ns = fake_clock_api.wall_ms(ctx) * 1000000;
    record->context.flags = 1;
    if (parent) {
        record->context = *parent;
        memcpy(record->parent_id, parent->span_id, sizeof(record->parent_id));
    } else {
        fake_random_api.bytes(ctx, record->context.trace_id, 16);
    }
    fake_random_api.bytes(ctx, record->context.span_id, 8);
    return span;
}

static const hearth_trace_context *trace_context(const hearth_span *span)
{
    return span ? &span->record.context : NULL;
}

static void trace_attribute(hearth_span *span, hearth_str key, hearth_str value)
{
    if (!span || span->record.attribute_count >= MAX_ATTRIBUTES)
        return;
    hearth_str *at = &span->attributes[2 * span->record.attribute_count++];
    at[0] = (hearth_str){fake_copy_str(key), key.len};
    at[1] = (hearth_str){fake_copy_str(value), value.len};
}

static void trace_end(hearth_span *span, hearth_status status)
{
    if (!span)
        return;
    fake_check_loop(span->ctx, "hearth_trace.end");
    hearth_test_host *host = fake_of(span->ctx)->host;
    span->record.status = status;
    span->record.duration_ns = fake_mono_ns(host) - span->start_ns;
    span->record.attributes = span->attributes;
    for (fake_exporter *e = host->exporters; e; e = e->next)
        if (e->ctx->loop == span->ctx->loop && !fake_of(e->ctx)->stopped)
            e->fn(e->ctx, &span->record, e->arg);
    for (size_t i = 0; i < 2 * span->record.attribute_count; i++)
        free((char *)(uintptr_t)span->attributes[i].ptr);
    free(span->name);
    free(span);
}

static hearth_status
trace_on_span(hearth_ctx *ctx,
              void (*fn)(hearth_ctx *ctx, const hearth_span_record *span, void *arg), void *arg)
{
    fake_check_loop(ctx, "hearth_trace.on_span");
    hearth_test_host *host = fake_of(ctx)->host;
    fake_exporter *exporter = fake_try_new(host, sizeof(*exporter));
    if (!exporter)
        return HEARTH_ENOMEM;
    *exporter = (fake_exporter){host->exporters, ctx, fn, arg};
    host->exporters = exporter;
    return HEARTH_OK;
}

const hearth_trace fake_trace_api = {
    sizeof(hearth_trace), trace_of,        trace_parent, trace_start,
    trace_context,        trace_attribute, trace_end,    trace_on_span};

void fake_trace_finish(hearth_test_host *host)
{
    while (host->exporters) {
        fake_exporter *exporter = host->exporters;
        host->exporters = exporter->next;
        free(exporter);
    }
}
