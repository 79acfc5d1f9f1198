/*
 * errand.c - see errand.h.
 */
#include "errand.h"

#include <stdlib.h>
#include <string.h>

static void destroy_plain(struct errand *errand)
{
    free(errand);
}

void *errand_create(size_t size)
{
    struct errand *errand = calloc(1, size);
    if (errand)
        errand->destroy = destroy_plain;
    return errand;
}

static void on_complete(hearth_ctx *ctx, hearth_req *req, void *arg)
{
    struct errand *errand = arg;
    errand->loop = mm_loop_of(ctx);
    if (req)
        errand->write(errand, req);
    errand->destroy(errand);
}

void errand_answer(struct errand *errand, void (*write)(struct errand *errand, hearth_req *req))
{
    errand->write = write;
    errand->loop->api.http->complete(errand->async, on_complete, errand);
}

static void write_error(struct errand *errand, hearth_req *req)
{
    (void)errand->loop->api.http->error(req, errand->http_status, errand->code, "%s", errand->text);
}

void errand_refuse(struct errand *errand, int http_status, const char *code, const char *text)
{
    errand->http_status = http_status;
    errand->code = code;
    errand->text = text;
    errand_answer(errand, write_error);
}

void errand_fail(struct errand *errand, hearth_status status)
{
    switch (status) {
    case HEARTH_ENOTFOUND:
        errand_refuse(errand, 404, "INSTANCE_NOT_FOUND",
                      "There is no such instance, or it was given up as lost.");
        return;
    case HEARTH_EFORBIDDEN:
        errand_refuse(errand, 403, "FORBIDDEN", "This is another instance's token.");
        return;
    case HEARTH_ETIMEOUT:
    case HEARTH_EUNAVAILABLE:
    case HEARTH_ECANCELED:
        errand_refuse(errand, 503, "STORAGE_UNAVAILABLE", "Storage cannot be reached now.");
        return;
    case HEARTH_ENOMEM:
        errand_refuse(errand, 503, "OVERLOADED", "The server is short of memory.");
        return;
    default:
        HEARTH_LOG(errand->loop->log, errand->loop->ctx, NULL, HEARTH_LOG_ERROR,
                   "instance %s: expected to read or change it, found status %d", errand->id,
                   (int)status);
        errand_refuse(errand, 500, "INTERNAL", "The server has failed.");
        return;
    }
}

static void write_empty(struct errand *errand, hearth_req *req)
{
    (void)errand->loop->api.http->reply(req, 204, HEARTH_STR(""), HEARTH_STR(""));
}

void errand_done(struct errand *errand)
{
    errand_answer(errand, write_empty);
}

static void run(hearth_ctx *ctx, void *arg)
{
    struct errand *errand = arg;
    errand->loop = mm_loop_of(ctx);
    errand->run(errand);
}

hearth_status errand_start(hearth_ctx *ctx, hearth_req *req, struct errand *errand,
                           void (*fn)(struct errand *errand))
{
    struct mm_loop *loop = mm_loop_of(ctx);
    errand->run = fn;
    errand->loop = loop;
    errand->async = loop->api.http->defer(req, NULL, NULL);
    if (!errand->async) {
        errand->destroy(errand);
        return HEARTH_ENOMEM;
    }
    hearth_status status = loop->loops->post(ctx, FLEET_LOOP, run, errand);
    if (status != HEARTH_OK)
        errand_fail(errand, status);
    return HEARTH_DEFERRED;
}

static void on_somebody_elses(hearth_status status, const struct instance *instance, void *arg)
{
    bool there = status == HEARTH_OK && !instance_is_final(instance);
    if (status == HEARTH_OK)
        status = there ? HEARTH_EFORBIDDEN : HEARTH_ENOTFOUND;
    errand_fail(arg, status);
}

static void run_for_somebody_else(struct errand *errand)
{
    lookup_instance(errand->loop, errand->id, on_somebody_elses, errand);
}

hearth_status errand_start_own(hearth_ctx *ctx, hearth_req *req, struct errand *errand,
                               void (*fn)(struct errand *errand))
{
    hearth_str user = mm_loop_of(ctx)->api.http->identity(req)->user;
    bool own = user.len == strlen(errand->id) && memcmp(user.ptr, errand->id, user.len) == 0;
    return errand_start(ctx, req, errand, own ? fn : run_for_somebody_else);
}
