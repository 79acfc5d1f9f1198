/*
 * health.c - see health.h. Reports are rare and probes come once in a while, so one lock guards
 * them; no other request takes it.
 */
#include "host/health.h"

#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/str.h"
#include "host/datadir.h"
#include "json/writer.h"

#define MAX_COMPONENTS 256
#define MAX_REASON     256
#define MAX_BODY       (256u * 1024)

typedef struct report {
    hearth_health state;
    bool made; /* at least once */
    char reason[MAX_REASON];
} report;

typedef struct component {
    hearth_list link;
    const hearth_plugin *owner;
    char name[64];
    report reports[]; /* one per loop, and one of [main] */
} component;

struct host_health {
    pthread_mutex_t lock;
    uint32_t loops;
    size_t count;
    hearth_list components;
    atomic_bool gone; /* data_dir, and it was said */
};

host_health *health_create(uint32_t loops)
{
    host_health *health = calloc(1, sizeof(*health));
    if (!health)
        return NULL;
    pthread_mutex_init(&health->lock, NULL);
    health->loops = loops;
    list_init(&health->components);
    return health;
}

void health_destroy(host_health *health)
{
    if (!health)
        return;
    HEARTH_LIST_EACH(link, &health->components)
    free(HEARTH_LIST_ENTRY(link, component, link));
    pthread_mutex_destroy(&health->lock);
    free(health);
}

static component *find(host_health *health, const hearth_plugin *owner, const char *name)
{
    HEARTH_LIST_EACH(link, &health->components)
    {
        component *item = HEARTH_LIST_ENTRY(link, component, link);
        if (item->owner == owner && strncmp(item->name, name, sizeof(item->name) - 1) == 0)
            return item;
    }
    if (health->count == MAX_COMPONENTS)
        return NULL;
    component *item = calloc(1, sizeof(*item) + (health->loops + 1) * sizeof(item->reports[0]));
    if (!item)
        return NULL;
    item->owner = owner;
    (void)snprintf(item->name, sizeof(item->name), "%s", name);
    list_push_back(&health->components, &item->link);
    health->count++;
    return item;
}

void health_report(hearth_ctx *ctx, const char *name, hearth_health state, const char *reason)
{
    host_health *health = host_current->health;
    const hearth_plugin *owner = plugin_ctx_of(ctx)->plugin;
    uint32_t place = ctx->loop == HEARTH_LOOP_MAIN ? health->loops : ctx->loop;
    pthread_mutex_lock(&health->lock);
    component *item = find(health, owner, name);
    bool changed = item && item->reports[place].state != state;
    bool starting = item && !item->reports[place].made && state == HEARTH_NOT_READY &&
                    atomic_load(&host_current->phase) == HOST_STARTING;
    if (item) {
        item->reports[place].made = true;
        item->reports[place].state = state;
        (void)snprintf(item->reports[place].reason, MAX_REASON, "%s", reason ? reason : "");
    }
    pthread_mutex_unlock(&health->lock);
    if (!item)
        log_error(owner->id, "health of %s is lost: too many components", name);
    else if (starting) /* as every start begins */
        log_info(owner->id, "%s is not ready yet on loop %u: %s", name, place,
                 reason ? reason : "no reason given");
    else if (changed && state != HEARTH_HEALTHY)
        log_warn(owner->id, "%s is %s on loop %u: %s", name,
                 state == HEARTH_NOT_READY ? "not ready" : "degraded", place,
                 reason ? reason : "no reason given");
    else if (changed)
        log_info(owner->id, "%s is healthy on loop %u", name, place);
}

static const report *worst(const host_health *health, const component *item)
{
    const report *found = &item->reports[0];
    for (uint32_t i = 1; i <= health->loops; i++) {
        if (item->reports[i].state > found->state)
            found = &item->reports[i];
    }
    return found;
}

bool health_is_ready(host_health *health)
{
    bool ready = true;
    pthread_mutex_lock(&health->lock);
    HEARTH_LIST_EACH(link, &health->components)
    {
        const component *item = HEARTH_LIST_ENTRY(link, component, link);
        ready =
            ready && (item->owner->passed_over || worst(health, item)->state != HEARTH_NOT_READY);
    }
    pthread_mutex_unlock(&health->lock);
    return ready;
}

void health_visit(host_health *health,
                  void (*visit)(void *arg, const char *plugin, const char *component,
                                hearth_health state),
                  void *arg)
{
    pthread_mutex_lock(&health->lock);
    HEARTH_LIST_EACH(link, &health->components)
    {
        const component *item = HEARTH_LIST_ENTRY(link, component, link);
        if (!item->owner->passed_over)
            visit(arg, item->owner->id, item->name, worst(health, item)->state);
    }
    pthread_mutex_unlock(&health->lock);
}

/* "missing":[{"plugin","component","state","reason"}] of everything that is not healthy. */
static hearth_health write_missing(host_health *health, hearth_json_writer *w)
{
    hearth_health state = HEARTH_HEALTHY;
    pthread_mutex_lock(&health->lock);
    HEARTH_LIST_EACH(link, &health->components)
    {
        const component *item = HEARTH_LIST_ENTRY(link, component, link);
        const report *found = worst(health, item);
        if (found->state == HEARTH_HEALTHY || item->owner->passed_over)
            continue;
        if (found->state > state)
            state = found->state;
        json_begin_object(w);
        json_member_string(w, "plugin", str_from(item->owner->id));
        json_member_string(w, "component", str_from(item->name));
        json_member_string(w, "state",
                           found->state == HEARTH_NOT_READY ? HEARTH_STR("notReady")
                                                            : HEARTH_STR("degraded"));
        json_member_string(w, "reason", str_from(found->reason));
        json_end_object(w);
    }
    pthread_mutex_unlock(&health->lock);
    return state;
}

/* Why the process itself should get no traffic; NULL: it should. Probes are rare, and what they
 * look at is on a local disk. */
static const char *host_problem(host_state *host)
{
    int phase = atomic_load(&host->phase);
    if (phase != HOST_SERVING)
        return phase == HOST_STARTING ? "The process is starting." : "The process is draining.";
    bool gone = !datadir_is_ours(host->data_dir, host->lock);
    if (gone && !atomic_exchange(&host->health->gone, true))
        log_error("host",
                  "%s was removed or replaced while hearthd runs: what it acknowledges from "
                  "now on is lost when it ends",
                  host->data_dir);
    return gone ? "data_dir was removed or replaced: what is acknowledged now is lost at the end."
                : NULL;
}

bool health_is_ready_now(host_state *host)
{
    return !host_problem(host) && health_is_ready(host->health);
}

static void write_host_problem(const char *problem, hearth_json_writer *w)
{
    json_begin_object(w);
    json_member_string(w, "plugin", HEARTH_STR("host"));
    json_member_string(w, "component", HEARTH_STR("process"));
    json_member_string(w, "state", HEARTH_STR("notReady"));
    json_member_string(w, "reason", str_from(problem));
    json_end_object(w);
}

void health_live(host_loop *loop, hearth_req *req)
{
    (void)loop;
    (void)!request_reply(req, 200, HEARTH_STR("application/json"),
                         HEARTH_STR("{\"status\":\"live\"}"));
}

void health_ready(host_loop *loop, hearth_req *req)
{
    hearth_buf list;
    hearth_json_writer w;
    hearth_str missing = {NULL, 0};
    const char *problem = host_problem(loop->host);
    buf_init_arena(&list, &req->arena, MAX_BODY);
    json_writer_init(&w, &list);
    json_begin_array(&w);
    hearth_health state = write_missing(loop->host->health, &w);
    if (problem) {
        state = HEARTH_NOT_READY;
        write_host_problem(problem, &w);
    }
    json_end_array(&w);
    if (json_finish(&w, &missing) != HEARTH_OK)
        missing = HEARTH_STR("[]");
    static const char *const names[] = {"ready", "degraded", "notReady"};
    if (state == HEARTH_HEALTHY) {
        (void)!request_reply(req, 200, HEARTH_STR("application/json"),
                             HEARTH_STR("{\"status\":\"ready\"}"));
        return;
    }
    const char *members = arena_printf(&req->arena, "\"status\":\"%s\",\"missing\":%" HEARTH_PRIS,
                                       names[state], HEARTH_ARG(missing));
    if (state == HEARTH_NOT_READY)
        (void)request_error(req, 503, "OVERLOADED", str_from(members),
                            "The server is not ready for requests.");
    else
        (void)!request_reply(req, 200, HEARTH_STR("application/json"),
                             str_from(arena_printf(&req->arena, "{%s}", members)));
}
