/*
 * trace.c - hearth.trace/1: spans of plugins. The request's own context comes from core/http, which
 * reads and continues `traceparent`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/str.h"
#include "host/interfaces.h"
#include "host/random.h"
#include "host/request.h"

#define MAX_ATTRIBUTES 16
#define MAX_SPAN_BYTES 8192

struct hearth_span {
    host_loop *loop;
    hearth_ctx *ctx; /* whose it is */
    hearth_trace_context context;
    uint8_t parent[8];
    hearth_str name;
    uint64_t start_ns;
    int64_t start_wall_ns;
    hearth_arena arena;
    hearth_str attributes[2 * MAX_ATTRIBUTES];
    size_t count;
};

static char *put_hex(char *at, const uint8_t *bytes, size_t count)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++) {
        *at++ = digits[bytes[i] >> 4];
        *at++ = digits[bytes[i] & 15];
    }
    return at;
}

hearth_str trace_id_text(const hearth_trace_context *context, char out[33])
{
    *put_hex(out, context->trace_id, sizeof(context->trace_id)) = '\0';
    return (hearth_str){out, 32};
}

static void traceparent(const hearth_trace_context *context, char out[HEARTH_TRACEPARENT_SIZE])
{
    char *at = out;
    memcpy(at, "00-", 3);
    at = put_hex(at + 3, context->trace_id, sizeof(context->trace_id));
    *at++ = '-';
    at = put_hex(at, context->span_id, sizeof(context->span_id));
    *at++ = '-';
    at = put_hex(at, &context->flags, 1);
    *at = '\0';
}

static const hearth_trace_context *of(hearth_req *req)
{
    return &req->trace;
}

static hearth_span *start(hearth_ctx *ctx, const hearth_trace_context *parent, hearth_str name)
{
    CTX_ASSERT(ctx, "hearth_trace.start");
    host_loop *loop = host_loop_of(ctx);
    if (!loop || loop->exporters == 0 || (parent && !(parent->flags & 1)))
        return NULL;
    hearth_span *span = calloc(1, sizeof(*span));
    if (!span)
        return NULL;
    span->loop = loop;
    span->ctx = ctx;
    arena_init(&span->arena, &loop->net.arenas, MAX_SPAN_BYTES);
    if (parent) {
        memcpy(span->context.trace_id, parent->trace_id, sizeof(span->context.trace_id));
        memcpy(span->parent, parent->span_id, sizeof(span->parent));
        span->context.flags = parent->flags;
    } else {
        random_id(span->context.trace_id, sizeof(span->context.trace_id));
        span->context.flags = 1;
    }
    random_id(span->context.span_id, sizeof(span->context.span_id));
    span->name = arena_dup_str(&span->arena, name);
    span->start_ns = clock_mono_ns();
    span->start_wall_ns = clock_wall_ms() * 1000000;
    return span;
}

static const hearth_trace_context *context_of(const hearth_span *span)
{
    return span ? &span->context : NULL;
}

static void attribute(hearth_span *span, hearth_str key, hearth_str value)
{
    if (!span || span->count == MAX_ATTRIBUTES)
        return;
    hearth_str own_key = arena_dup_str(&span->arena, key);
    hearth_str own_value = arena_dup_str(&span->arena, value);
    if (!own_key.ptr || !own_value.ptr)
        return;
    span->attributes[2 * span->count] = own_key;
    span->attributes[2 * span->count + 1] = own_value;
    span->count++;
}

void trace_export(host_loop *loop, const hearth_span_record *record)
{
    for (size_t i = 0; i < loop->host->plugins.count; i++) {
        hearth_plugin *item = loop->host->plugins.items[i];
        host_slot *slot = &loop->slots[i];
        if (!slot->on_span || !item->loops[loop->index].started)
            continue;
        host_scope outer = scope_enter(&loop->net, item->id, "span");
        slot->on_span(host_ctx_on(item, loop), record, slot->span_arg);
        scope_leave(outer);
    }
}

static void end(hearth_span *span, hearth_status status)
{
    if (!span)
        return;
    CTX_ASSERT(span->ctx, "hearth_trace.end");
    hearth_span_record record = {.struct_size = sizeof(record),
                                 .status = status,
                                 .context = span->context,
                                 .name = span->name,
                                 .start_wall_ns = span->start_wall_ns,
                                 .duration_ns = clock_mono_ns() - span->start_ns,
                                 .attributes = span->attributes,
                                 .attribute_count = span->count};
    memcpy(record.parent_id, span->parent, sizeof(record.parent_id));
    trace_export(span->loop, &record);
    arena_finish(&span->arena);
    free(span);
}

static hearth_status on_span(hearth_ctx *ctx,
                             void (*fn)(hearth_ctx *ctx, const hearth_span_record *span, void *arg),
                             void *arg)
{
    CTX_ASSERT(ctx, "hearth_trace.on_span");
    host_loop *loop = host_loop_of(ctx);
    if (!loop || !fn)
        return HEARTH_EINVAL;
    host_slot *slot = host_slot_of(ctx);
    loop->exporters += slot->on_span == NULL;
    slot->on_span = fn;
    slot->span_arg = arg;
    return HEARTH_OK;
}

const hearth_trace host_trace_api = {.struct_size = sizeof(hearth_trace),
                                     .of = of,
                                     .traceparent = traceparent,
                                     .start = start,
                                     .context = context_of,
                                     .attribute = attribute,
                                     .end = end,
                                     .on_span = on_span};
