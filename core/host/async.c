/*
 * async.c - hearth_http.defer and complete. An async is used again only after a good many others
 * (or never, while few are in use), so that completing one twice is noticed instead of completing
 * a stranger's request.
 */
#include <stdlib.h>

#include "host/interfaces.h"
#include "host/request.h"
#include "host/resources.h"

#define RESTING_MIN 1024 /* completed asyncs that rest before the oldest is used again */

enum { ASYNC_FREE, ASYNC_PENDING, ASYNC_COMPLETED };

static atomic_ullong completed_twice;

static void on_deadline(hearth_wheel_timer *timer)
{
    hearth_async *async = HEARTH_CONTAINER_OF(timer, hearth_async, deadline);
    host_request *request = async->request;
    hearth_req *req = request->req;
    if (!req->reply.sent) { /* else the plugin took it over and then refused it */
        log_warn(request->caller->id, "%" HEARTH_PRIS " did not answer in time: 504 was sent",
                 HEARTH_ARG(request_route(req)));
        (void)request_error(req, 504, "TIMEOUT", (hearth_str){NULL, 0}, "No answer in time.");
        /* Counted now: its plugin may complete it late, or never. */
        observe_request(req->loop->owner, req);
        request_send(req);
    }
    request->abandoned = true;
    async_cancel(request);
}

static hearth_async *take(host_async_pool *pool)
{
    if (pool->resting_count > RESTING_MIN) {
        pool->resting_count--;
        return HEARTH_LIST_ENTRY(list_pop_front(&pool->resting), hearth_async, link);
    }
    hearth_async *async = calloc(1, sizeof(*async));
    if (!async)
        return NULL;
    list_init(&async->link);
    async->chain = pool->all;
    pool->all = async;
    pool->total++;
    return async;
}

hearth_async *async_create(host_request *request, void (*on_cancel)(hearth_ctx *ctx, void *arg),
                           void *arg)
{
    hearth_req *req = request->req;
    host_loop *loop = req->loop->owner;
    if (request->async || req->reply.sent || request->phase >= HEARTH_PHASE_REPLY)
        return NULL;
    hearth_async *async = take(&loop->asyncs);
    if (!async)
        return NULL;
    loop->asyncs_in_use++;
    async->ctx = host_ctx_on(request->caller, loop);
    async->request = request;
    async->on_cancel = on_cancel;
    async->cancel_arg = arg;
    atomic_store(&async->state, ASYNC_PENDING);
    request->async = async;
    uint32_t timeout = request->route->timeout_ms;
    wheel_timer_init(&async->deadline, on_deadline);
    loop_timer_set(&loop->net, &async->deadline,
                   timeout ? timeout : (uint64_t)loop->settings->request_timeout);
    return async;
}

void async_cancel(host_request *request)
{
    hearth_async *async = request->async;
    if (!async || !async->on_cancel)
        return;
    void (*on_cancel)(hearth_ctx *, void *) = async->on_cancel;
    async->on_cancel = NULL;
    host_scope outer =
        scope_enter(request->req->loop, plugin_ctx_of(async->ctx)->plugin->id, "cancel");
    on_cancel(async->ctx, async->cancel_arg);
    scope_leave(outer);
}

static void run_completion(hearth_async *async)
{
    host_request *request = async->request;
    hearth_req *req = request->req;
    host_loop *loop = req->loop->owner;
    loop_timer_stop(&loop->net, &async->deadline);
    async->on_cancel = NULL;
    bool waits = !request->abandoned && !req->gone && !req->reply.sent;
    host_scope outer = scope_enter(&loop->net, plugin_ctx_of(async->ctx)->plugin->id, "complete");
    if (async->fn)
        async->fn(async->ctx, waits ? req : NULL, async->arg);
    scope_leave(outer);
    request->async = NULL;
    async->request = NULL;
    list_push_back(&loop->asyncs.resting, &async->link);
    loop->asyncs.resting_count++;
    loop->asyncs_in_use--;
    request_resume(request);
}

static void on_letter(hearth_loop *loop, hearth_letter *letter)
{
    (void)loop;
    run_completion(HEARTH_CONTAINER_OF(letter, hearth_async, letter));
}

void async_complete(hearth_async *async, void (*fn)(hearth_ctx *ctx, hearth_req *req, void *arg),
                    void *arg)
{
    int pending = ASYNC_PENDING;
    if (!atomic_compare_exchange_strong(&async->state, &pending, ASYNC_COMPLETED)) {
        unsigned long long times = atomic_fetch_add(&completed_twice, 1) + 1;
        log_error(plugin_ctx_of(async->ctx)->plugin->id,
                  "complete() was called a second time for one deferral (%llu so far)", times);
#ifndef NDEBUG
        log_flush();
        abort();
#endif
        return;
    }
    async->fn = fn;
    async->arg = arg;
    if (thread_role == async->ctx->loop) {
        run_completion(async);
        return;
    }
    async->letter.fn = on_letter;
    (void)!loop_send(&host_loop_of(async->ctx)->net, &async->letter);
}

void asyncs_name(host_loop *loop)
{
    for (hearth_async *async = loop->asyncs.all; async; async = async->chain) {
        if (!async->request || atomic_load(&async->state) != ASYNC_PENDING)
            continue;
        log_error(plugin_ctx_of(async->ctx)->plugin->id,
                  "loop %u: a request of %" HEARTH_PRIS " was taken over and is not completed",
                  loop->index, HEARTH_ARG(request_route(async->request->req)));
    }
}

void asyncs_finish(host_loop *loop)
{
    if (loop->asyncs_in_use > 0)
        log_warn("host", "loop %u: %zu deferred requests were never completed", loop->index,
                 loop->asyncs_in_use);
    for (hearth_async *async = loop->asyncs.all; async;) {
        hearth_async *next = async->chain;
        free(async);
        async = next;
    }
    loop->asyncs.all = NULL;
}
