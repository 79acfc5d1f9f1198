/*
 * job.c - carries a request from its handler to its reply. Most reads find their character in
 * memory and are answered before the handler returns; only what has to wait is taken over.
 */
#include "plugin.h"

#include <stdlib.h>
#include <string.h>

struct job *job_create(hearth_ctx *ctx, hearth_req *req, enum job_kind kind)
{
    struct characters_loop *loop = loop_of(ctx);
    hearth_str user = loop->api.http->identity(req)->user;
    struct job *job = calloc(1, sizeof(*job) + user.len);
    if (!job)
        return NULL;
    char *copy = (char *)(job + 1);
    memcpy(copy, user.ptr, user.len);
    job->user = (hearth_str){copy, user.len};
    job->loop = loop;
    job->rules = loop->data->rules;
    job->req = req;
    job->kind = kind;
    job->http_status = 200;
    return job;
}

hearth_status job_run(struct job *job, hearth_status (*begin)(struct job *job))
{
    hearth_req *req = job->req;
    const hearth_http *http = job->loop->api.http;
    int answered = 0;
    job->answered = &answered;
    hearth_status status = begin(job);
    if (status < 0 && !answered)
        job_fail(job, status);
    if (answered)
        return HEARTH_OK;
    job->answered = NULL;
    job->req = NULL;
    job->async = http->defer(req, NULL, NULL);
    return job->async ? HEARTH_DEFERRED : HEARTH_ENOMEM;
}

static void on_complete(hearth_ctx *ctx, hearth_req *req, void *arg)
{
    struct job *job = arg;
    (void)ctx;
    if (req)
        job->write(job, req);
    free(job);
}

void job_answer(struct job *job, void (*write)(struct job *job, hearth_req *req))
{
    if (job->async) {
        job->write = write;
        job->loop->api.http->complete(job->async, on_complete, job);
        return;
    }
    if (job->answered) {
        *job->answered = 1;
        write(job, job->req);
    }
    free(job);
}

static void write_error(struct job *job, hearth_req *req)
{
    (void)job->loop->api.http->error(req, job->http_status, job->code, "%s", job->text);
}

void job_refuse(struct job *job, int http_status, const char *code, const char *text)
{
    job->http_status = http_status;
    job->code = code;
    job->text = text;
    job_answer(job, write_error);
}

void job_fail(struct job *job, hearth_status status)
{
    switch (status) {
    case HEARTH_ENOTFOUND:
        job_refuse(job, 404, "CHARACTER_NOT_FOUND", "There is no such character.");
        return;
    case HEARTH_EFORBIDDEN:
        job_refuse(job, 403, "FORBIDDEN", "This character belongs to somebody else.");
        return;
    case HEARTH_ETIMEOUT:
        job_refuse(job, 504, "TIMEOUT",
                   "Storage has not confirmed this in time; it may still take effect.");
        return;
    case HEARTH_EUNAVAILABLE:
    case HEARTH_ECANCELED:
        job_refuse(job, 503, "STORAGE_UNAVAILABLE",
                   "Storage cannot be reached now; nothing has changed.");
        return;
    case HEARTH_ENOMEM:
        job_refuse(job, 503, "OVERLOADED", "The server is short of memory; nothing has changed.");
        return;
    default:
        HEARTH_LOG(job->loop->log, job->loop->ctx, NULL, HEARTH_LOG_ERROR,
                   "character %s: expected to read or change it, found status %d", job->id,
                   (int)status);
        job_refuse(job, 500, "INTERNAL", "The server has failed.");
        return;
    }
}

hearth_key job_key(const struct job *job)
{
    return (hearth_key){HEARTH_STR(COLLECTION_CHARACTERS), job->user, str_of(job->id)};
}

static void on_claimant(hearth_status status, const hearth_key *entity, void *arg)
{
    struct job *job = arg;
    int own = status == HEARTH_OK && entity->partition.len == job->user.len &&
              memcmp(entity->partition.ptr, job->user.ptr, job->user.len) == 0;
    if (status == HEARTH_OK) /* our own, but not there: being made or being deleted */
        status = own ? HEARTH_ENOTFOUND : HEARTH_EFORBIDDEN;
    job_fail(job, status);
}

void job_not_own(struct job *job)
{
    struct characters_loop *loop = job->loop;
    hearth_key claim = {HEARTH_STR(COLLECTION_OWNER), str_of(job->id), HEARTH_STR("")};
    hearth_status status = loop->entities->claimant(loop->entities_ctx, &claim, on_claimant, job);
    if (status < 0)
        job_fail(job, status);
}
