/* loop.c - hearth.loop/1: post in order, each once per loop and one completion at home. */
#include <stdatomic.h>

#include "check.h"

typedef struct tour {
    pending *answer;
    uint32_t home;
    atomic_uint visits, marks;
} tour;

static void visit(hearth_ctx *ctx, void *arg)
{
    tour *t = arg;
    atomic_fetch_add(&t->visits, 1);
    atomic_fetch_or(&t->marks, 1u << ctx->loop);
}

static void done(hearth_ctx *ctx, void *arg)
{
    tour *t = arg;
    settle(ctx, t->answer,
           ctx->loop == t->home && t->visits == ctx->loops && t->marks == (1u << ctx->loops) - 1);
    free(t);
}

static hearth_status each(hearth_ctx *ctx, hearth_req *req)
{
    const hearth_loop_api *api = hearth_loop_get(ctx);
    tour *t = calloc(1, sizeof(*t));
    CHECK(t);
    t->home = ctx->loop;
    CHECK(api->home(ctx, HEARTH_STR("ada")) == api->home(ctx, HEARTH_STR("ada")));
    CHECK(api->home(ctx, HEARTH_STR("bob")) < ctx->loops);
    CHECK(api->post(ctx, ctx->loops, visit, t) == HEARTH_EINVAL);
    t->answer = pend(ctx, req);
    if (api->each(ctx, visit, done, t) != HEARTH_OK)
        settle(ctx, t->answer, 0);
    return HEARTH_DEFERRED;
}

#define POSTS 200

typedef struct row {
    pending *answer;
    uint32_t home;
    unsigned next, wrong;
} row;

typedef struct numbered {
    row *row;
    unsigned number;
} numbered;

static void go_home(hearth_ctx *ctx, void *arg)
{
    row *r = arg;
    settle(ctx, r->answer, r->wrong == 0 && r->next == POSTS && ctx->loop == r->home);
    free(r);
}

static void arrive(hearth_ctx *ctx, void *arg)
{
    numbered *n = arg;
    row *r = n->row;
    r->wrong += n->number != r->next++ || ctx->loop != ctx->loops - 1;
    free(n);
    if (r->next == POSTS && hearth_loop_get(ctx)->post(ctx, r->home, go_home, r) != HEARTH_OK)
        abort();
}

static hearth_status post(hearth_ctx *ctx, hearth_req *req)
{
    row *r = calloc(1, sizeof(*r));
    CHECK(r);
    r->home = ctx->loop;
    r->answer = pend(ctx, req);
    for (unsigned i = 0; i < POSTS; i++) {
        numbered *n = calloc(1, sizeof(*n));
        *n = (numbered){r, i};
        if (hearth_loop_get(ctx)->post(ctx, ctx->loops - 1, arrive, n) != HEARTH_OK)
            abort();
    }
    return HEARTH_DEFERRED;
}

/* Sent before any loop runs: it comes after `start`. */
static atomic_uint early;

static void count_early(hearth_ctx *ctx, void *arg)
{
    (void)arg;
    atomic_fetch_add(&early, ctx->state != NULL);
}

static hearth_status open(hearth_ctx *ctx)
{
    return hearth_loop_get(ctx)->post(ctx, 0, count_early, NULL);
}

static hearth_status start(hearth_ctx *ctx)
{
    ctx->state = ctx;
    return HEARTH_OK;
}

static hearth_status opened(hearth_ctx *ctx, hearth_req *req)
{
    CHECK(early == 1);
    return ok(ctx, req);
}

static const hearth_use uses[] = {
    USE(HEARTH_LOOP_ID, hearth_loop_api), USE(HEARTH_HTTP_ID, hearth_http), {0}};
static const hearth_route routes[] = {{.method = "GET", .path = "/loop/each", .handler = each},
                                      {.method = "GET", .path = "/loop/post", .handler = post},
                                      {.method = "GET", .path = "/loop/open", .handler = opened},
                                      {0}};
HEARTH_PLUGIN("sdk-loop", "1.0.0", .uses = uses, .routes = routes, .open = open, .start = start);
