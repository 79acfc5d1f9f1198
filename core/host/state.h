/*
 * state.h - what the files of this folder share: the host, its loops, and a plugin's place on one.
 * A host_loop is touched by its own thread only, but for what is marked otherwise.
 */
#ifndef HEARTH_HOST_STATE_H
#define HEARTH_HOST_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/list.h"
#include "base/log.h"
#include "host/cells.h"
#include "host/config.h"
#include "host/host.h"
#include "http/server.h"
#include "net/watchdog.h"
#include "plugin/lifecycle.h"
#include "plugin/thread.h"

struct host_state;
struct host_loop;

/* One hook of one plugin; each phase has a list, in declared order. */
typedef struct host_hook {
    hearth_plugin *owner;
    hearth_handler handler;
    int32_t order;
} host_hook;

typedef struct host_hooks {
    host_hook *items;
    size_t count;
} host_hooks;

/* A route as the host runs it; http_route.data. */
typedef struct host_route {
    hearth_plugin *owner;    /* NULL: one of the host's own */
    const hearth_route *row; /* always there */
    void (*builtin)(struct host_loop *loop, hearth_req *req);
    uint32_t index;
    uint32_t timeout_ms; /* 0: the setting request_timeout */
} host_route;

#define ROUTE_STATUSES 8

/* What one loop counted of one route; a few statuses are found without looking up labels. */
typedef struct host_route_cells {
    struct {
        int status;
        bool head;
        hearth_series *requests;
    } seen[ROUTE_STATUSES];
    hearth_series *duration;
} host_route_cells;

/* One plugin on one loop: what must go when it stops. */
typedef struct host_slot {
    hearth_list timers, polls, calls;
    void (*on_collect)(hearth_ctx *ctx);
    void (*on_span)(hearth_ctx *ctx, const hearth_span_record *span, void *arg);
    void *span_arg;
    bool drain_pending;
} host_slot;

typedef struct host_async_pool {
    struct hearth_async *all;    /* chained, for the end */
    hearth_list resting;         /* completed ones, longest first; reused when there are enough */
    size_t resting_count, total; /* of them; total includes those in use */
} host_async_pool;

typedef struct host_loop {
    hearth_loop net;
    struct host_state *host;
    uint32_t index;
    pthread_t thread;
    bool made;                     /* net is there [main] */
    bool running;                  /* the thread exists [main] */
    const host_settings *settings; /* of the newest configuration */
    http_worker *worker;           /* NULL: without listeners */
    host_slot *slots;              /* by plugin index */
    host_cells cells;
    host_route_cells *route_cells; /* by route index, one more for requests without route */
    host_async_pool asyncs;
    struct host_client *client; /* curl's multi handle; NULL until the first call */
    size_t exporters;           /* plugins that receive spans */
    size_t tasks, asyncs_in_use;
    bool stopping;
    hearth_letter *step;    /* the step of the lifecycle that is to be answered */
    hearth_letter *closing; /* it, while that step is to close connections */
    hearth_wheel_timer idle_timer;
    hearth_status start_status;
    hearth_error start_error;
} host_loop;

typedef enum host_phase {
    HOST_STARTING,
    HOST_SERVING,
    HOST_DELAY,    /* not ready, still accepting */
    HOST_CLOSING,  /* listeners closed, requests in flight finish */
    HOST_FLUSHING, /* plugins drain, users before providers */
    HOST_STOPPING
} host_phase;

typedef struct host_state {
    plugin_set plugins;
    host_config *config; /* the newest; [main] */
    hearth_loop main;    /* signals, control socket and lifecycle run here */
    bool main_made, curl_made;
    uint32_t loop_count;
    host_loop *loops;
    http_router *router;
    host_hooks hooks[HEARTH_PHASE_LOG + 1];
    host_route *routes;
    size_t route_count;
    cells_families families;
    uint32_t *family_base; /* by plugin index: its first family */
    char *data_dir;        /* absolute */
    int lock;              /* on data_dir/lock; -1: not held */
    hearth_arena arena;    /* what lives as long as the host */
    atomic_int phase;      /* host_phase, written by [main] */
    struct host_health *health;
    hearth_watchdog *watchdog;
    hearth_tls **tls;      /* per entry of `listen`, NULL: plain */
    hearth_address *bound; /* with the ports that were chosen */
    size_t bound_count;
    struct host_lifecycle *lifecycle;
    hearth_str openapi;
    uint64_t started_ns;
} host_state;

static inline host_loop *host_loop_of(hearth_ctx *ctx)
{
    return plugin_ctx_of(ctx)->owner;
}

static inline host_slot *host_slot_of(hearth_ctx *ctx)
{
    return &host_loop_of(ctx)->slots[plugin_ctx_of(ctx)->plugin->index];
}

static inline hearth_ctx *host_ctx_on(const hearth_plugin *item, const host_loop *loop)
{
    return &item->loops[loop->index].public;
}

/* The host; one per process. Set before any plugin code runs. */
extern host_state *host_current;

/* Around every call of a plugin's function, for the watchdog; calls may nest. */
typedef struct host_scope {
    hearth_loop *loop;
    const char *plugin, *route;
} host_scope;

static inline host_scope scope_enter(hearth_loop *loop, const char *plugin, const char *route)
{
    host_scope outer = {loop, atomic_load_explicit(&loop->activity.plugin, memory_order_relaxed),
                        atomic_load_explicit(&loop->activity.route, memory_order_relaxed)};
    loop_enter(loop, plugin, route);
    return outer;
}

static inline void scope_leave(host_scope outer)
{
    loop_enter(outer.loop, outer.plugin, outer.route);
}

#endif
