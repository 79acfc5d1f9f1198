/*
 * ask.c - POST /gamesims, /gamesims/find and /gamesims/{id}/join: what the player asks for, read
 * strictly. What comes of it is in seat.c.
 */
#include "job.h"

#include <string.h>

enum { FIELD_CHARACTER, FIELD_REGION, FIELD_PRIVATE, FIELD_WIRE, FIELD_COUNT };

static const body_field fields[FIELD_COUNT] = {
    [FIELD_CHARACTER] = {"characterId", BODY_UUID, 1, 0, 0},
    [FIELD_REGION] = {"region", BODY_STRING, 0, 1, INSTANCE_NAME_SIZE - 1},
    [FIELD_PRIVATE] = {"private", BODY_BOOLEAN, 0, 0, 0},
    [FIELD_WIRE] = {"wireVersion", BODY_INTEGER, 0, 1, UINT32_MAX},
};

static void take_wish(struct job *job, const body_value values[FIELD_COUNT])
{
    struct allocation *allocation = &job->allocation;
    const body_value *region = &values[FIELD_REGION];
    hearth_str name = region->present ? region->string : mm_conf(job->loop)->default_region;
    memcpy(allocation->wish.region, name.ptr, name.len);
    memcpy(allocation->player.character, values[FIELD_CHARACTER].uuid, HEARTH_UUID_SIZE);
    allocation->wish.wire_version =
        values[FIELD_WIRE].present ? (uint32_t)values[FIELD_WIRE].integer : 0;
    allocation->is_private = values[FIELD_PRIVATE].present && values[FIELD_PRIVATE].boolean;
    allocation->search = job->kind == JOB_FIND;
}

static hearth_status handle_new(hearth_ctx *ctx, hearth_req *req, enum job_kind kind)
{
    body_value values[FIELD_COUNT];
    struct job *job = job_create(ctx, req, kind);
    if (!job)
        return HEARTH_OK;
    if (body_read(&job->loop->api, req, fields, FIELD_COUNT, BODY_NEEDED, values)) {
        take_wish(job, values);
        if (job_read_receipt(job, req))
            return job_begin(job, req, seat_run);
    }
    job_discard(job);
    return HEARTH_OK;
}

hearth_status handle_create(hearth_ctx *ctx, hearth_req *req)
{
    return handle_new(ctx, req, JOB_CREATE);
}

hearth_status handle_find(hearth_ctx *ctx, hearth_req *req)
{
    return handle_new(ctx, req, JOB_FIND);
}

hearth_status handle_join(hearth_ctx *ctx, hearth_req *req)
{
    body_value character;
    struct job *job = job_create(ctx, req, JOB_JOIN);
    if (!job)
        return HEARTH_OK;
    if (body_read(&job->loop->api, req, fields, 1, BODY_NEEDED, &character) &&
        body_read_id(&job->loop->api, req, "gameSimId", job->allocation.game_sim) &&
        job_read_receipt(job, req)) {
        memcpy(job->allocation.player.character, character.uuid, HEARTH_UUID_SIZE);
        return job_begin(job, req, seat_run);
    }
    job_discard(job);
    return HEARTH_OK;
}
