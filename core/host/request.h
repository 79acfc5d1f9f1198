/*
 * request.h - the fixed phases of a request, and the part of it that is the host's.
 * identify -> [hop home] -> limit -> handle -> reply -> [hop back] -> log; the phases before belong
 * to http/. A plugin's hook or handler may answer, go on, refuse, or take the request over.
 */
#ifndef HEARTH_HOST_REQUEST_H
#define HEARTH_HOST_REQUEST_H

#include "host/interfaces.h"
#include "host/state.h"

/* A request that was taken over. Outlives the request in a pool, so that a second completion is
 * recognised for what it is. */
struct hearth_async {
    hearth_letter letter; /* carries a completion to the loop */
    hearth_list link;     /* while it rests */
    struct hearth_async *chain;
    atomic_int state; /* ASYNC_FREE, ASYNC_PENDING, ASYNC_COMPLETED */
    hearth_ctx *ctx;
    struct host_request *request;
    hearth_wheel_timer deadline;
    void (*on_cancel)(hearth_ctx *ctx, void *arg);
    void *cancel_arg;
    void (*fn)(hearth_ctx *ctx, hearth_req *req, void *arg);
    void *arg;
};

/* hearth_req.host; lives in the request's arena. */
typedef struct host_request {
    hearth_req *req;
    const host_route *route; /* NULL: none matched */
    hearth_identity who;
    bool identified;
    bool calling;   /* a hook or the handler is on the stack */
    bool completed; /* its deferral ended before it returned */
    bool abandoned; /* nobody waits: client gone or deadline passed */
    bool observed;  /* it was counted */
    uint8_t phase;  /* hearth_phase; HEARTH_PHASE_END stands for the handler */
    uint32_t next_hook;
    hearth_async *async;   /* the deferral that is open, or NULL */
    hearth_plugin *caller; /* whose code runs or has deferred */
} host_request;

extern const http_application host_application;

static inline host_request *host_request_of(hearth_req *req)
{
    return req->host;
}

/* ---- deferrals (async.c) [loop] ---- */

hearth_async *async_create(host_request *request, void (*on_cancel)(hearth_ctx *ctx, void *arg),
                           void *arg);
/* [any] */
void async_complete(hearth_async *async, void (*fn)(hearth_ctx *ctx, hearth_req *req, void *arg),
                    void *arg);
/* Nobody waits any more: tells the plugin, once. */
void async_cancel(host_request *request);

/* A deferral has ended: goes on with the request. */
void request_resume(host_request *request);

/* The error shape for a negative status of a hook or handler. */
void request_refuse(host_request *request, hearth_status status);

/* ---- after the reply (observe.c) ---- */

/* Counts, times and traces a request that is over, or that was answered at its deadline; once. [the
 * request's loop] */
void observe_request(host_loop *loop, hearth_req *req);

/* ---- traces (trace.c) ---- */

/* 32 hexadecimal digits. */
hearth_str trace_id_text(const hearth_trace_context *context, char out[33]);
/* Hands a span to every exporter of this loop. */
void trace_export(host_loop *loop, const hearth_span_record *record);

#endif
