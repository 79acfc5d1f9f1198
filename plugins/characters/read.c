/*
 * read.c - GET of one character and of the user's own list.
 */
#include "plugin.h"

#include <stdlib.h>

static void on_loaded(hearth_status status, const hearth_entity *entity, void *arg)
{
    struct job *job = arg;
    if (status == HEARTH_ENOTFOUND) {
        job_not_own(job);
    } else if (status != HEARTH_OK) {
        job_fail(job, status);
    } else {
        job->entity = entity;
        job_answer(job, reply_read);
    }
}

static hearth_status load(struct job *job)
{
    hearth_key key = job_key(job);
    return job->loop->entities->load(job->loop->entities_ctx, &key, on_loaded, job);
}

hearth_status handle_get(hearth_ctx *ctx, hearth_req *req)
{
    struct job *job = job_create(ctx, req, JOB_READ);
    if (!job)
        return HEARTH_ENOMEM;
    if (body_read_id(&job->loop->api, req, "id", job->id))
        return job_run(job, load);
    free(job);
    return HEARTH_OK;
}

static void on_list(hearth_status status, const hearth_entity *const *entities, size_t count,
                    void *arg)
{
    struct job *job = arg;
    if (status != HEARTH_OK) {
        job_fail(job, status);
        return;
    }
    job->entities = entities;
    job->count = count;
    job_answer(job, reply_list);
}

static hearth_status list(struct job *job)
{
    return job->loop->entities->list(job->loop->entities_ctx, HEARTH_STR(COLLECTION_CHARACTERS),
                                     job->user, on_list, job);
}

hearth_status handle_list(hearth_ctx *ctx, hearth_req *req)
{
    struct job *job = job_create(ctx, req, JOB_LIST);
    return job ? job_run(job, list) : HEARTH_ENOMEM;
}
