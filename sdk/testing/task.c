/*
 * task.c - hearth.task/1. Without threads a task runs inside the pump, in order; with threads it
 * runs on one of them, for finding races with a sanitizer.
 */
#include "fake.h"

#include <stdlib.h>

static fake_task *take(hearth_test_host *host)
{
    fake_task *task = host->task_first;
    if (!task)
        return NULL;
    host->task_first = task->next;
    if (!host->task_first)
        host->task_last = NULL;
    host->task_waiting--;
    return task;
}

static void finish(fake_task *task)
{
    hearth_test_host *host = fake_of(task->ctx)->host;
    fake_post_surely(task->ctx, task->done, task->arg);
    pthread_mutex_lock(&host->lock);
    host->task_outstanding--;
    pthread_mutex_unlock(&host->lock);
    fake_wake(host);
    free(task);
}

static void *thread_main(void *arg)
{
    hearth_test_host *host = arg;
    for (;;) {
        pthread_mutex_lock(&host->lock);
        while (!host->task_first && !host->threads_end)
            pthread_cond_wait(&host->task_ready, &host->lock);
        fake_task *task = take(host);
        pthread_mutex_unlock(&host->lock);
        if (!task)
            return NULL;
        task->work(task->arg);
        finish(task);
    }
}

bool fake_task_step(hearth_test_host *host)
{
    if (host->options.task_threads > 0)
        return false;
    fake_task *task = take(host);
    if (!task)
        return false;
    task->work(task->arg);
    finish(task);
    return true;
}

static hearth_status task_run(hearth_ctx *ctx, void (*work)(void *arg), hearth_loop_fn done,
                              void *arg)
{
    fake_check_loop(ctx, "hearth_task.run");
    hearth_test_host *host = fake_of(ctx)->host;
    size_t limit = host->options.task_queue ? host->options.task_queue : 1024;
    pthread_mutex_lock(&host->lock);
    bool full = host->task_waiting >= limit;
    pthread_mutex_unlock(&host->lock);
    if (full || fake_alloc_fails(host))
        return HEARTH_EUNAVAILABLE;
    fake_task *task = fake_new(sizeof(*task));
    *task = (fake_task){NULL, ctx, work, done, arg};
    pthread_mutex_lock(&host->lock);
    if (host->task_last)
        host->task_last->next = task;
    else
        host->task_first = task;
    host->task_last = task;
    host->task_waiting++;
    host->task_outstanding++;
    pthread_cond_signal(&host->task_ready);
    pthread_mutex_unlock(&host->lock);
    return HEARTH_OK;
}

const hearth_task fake_task_api = {sizeof(hearth_task), task_run};

void fake_tasks_init(hearth_test_host *host)
{
    uint32_t count = host->options.task_threads;
    host->threads = fake_new((count + 1) * sizeof(pthread_t));
    for (uint32_t i = 0; i < count; i++)
        if (pthread_create(&host->threads[i], NULL, thread_main, host) != 0)
            fake_rule("the test host cannot start thread %u", i);
}

void fake_tasks_finish(hearth_test_host *host)
{
    pthread_mutex_lock(&host->lock);
    host->threads_end = true;
    pthread_cond_broadcast(&host->task_ready);
    pthread_mutex_unlock(&host->lock);
    for (uint32_t i = 0; i < host->options.task_threads; i++)
        pthread_join(host->threads[i], NULL);
    free(host->threads);
    fake_task *task;
    while ((task = take(host)))
        free(task);
}
