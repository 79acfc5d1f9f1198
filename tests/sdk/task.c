/* task.c - hearth.task/1: work on another thread, its end on this loop, a bounded queue. */
#include <pthread.h>
#include <time.h>

#include <hearth/task.h>

#include "check.h"

typedef struct job {
    pending *answer;
    pthread_t loop, pool;
} job;

static void work(void *arg)
{
    ((job *)arg)->pool = pthread_self();
}

static void done(hearth_ctx *ctx, void *arg)
{
    job *j = arg;
    settle(ctx, j->answer,
           pthread_equal(j->loop, pthread_self()) && !pthread_equal(j->loop, j->pool));
    free(j);
}

static hearth_status run(hearth_ctx *ctx, hearth_req *req)
{
    job *j = calloc(1, sizeof(*j));
    CHECK(j);
    j->loop = pthread_self();
    j->answer = pend(ctx, req);
    if (hearth_task_get(ctx)->run(ctx, work, done, j) != HEARTH_OK)
        settle(ctx, j->answer, 0);
    return HEARTH_DEFERRED;
}

static void rest(void *arg)
{
    (void)arg;
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
}

static void nothing(hearth_ctx *ctx, void *arg)
{
    (void)ctx;
    (void)arg;
}

/* The test sets task_queue to 8. */
static hearth_status fill(hearth_ctx *ctx, hearth_req *req)
{
    const hearth_task *api = hearth_task_get(ctx);
    int taken = 0;
    while (taken < 100 && api->run(ctx, rest, nothing, NULL) == HEARTH_OK)
        taken++;
    CHECK(taken == 8);
    return ok(ctx, req);
}

static const hearth_use uses[] = {
    USE(HEARTH_TASK_ID, hearth_task), USE(HEARTH_HTTP_ID, hearth_http), {0}};
static const hearth_route routes[] = {{.method = "GET", .path = "/task", .handler = run},
                                      {.method = "GET", .path = "/task/fill", .handler = fill},
                                      {0}};
HEARTH_PLUGIN("sdk-task", "1.0.0", .uses = uses, .routes = routes);
