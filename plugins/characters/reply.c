/*
 * reply.c - characters as HTTP. A reply copies the JSON that was made when the character changed.
 */
#include "plugin.h"

#include <string.h>

#define JSON_TYPE HEARTH_STR("application/json")

static hearth_str decimal(uint64_t value, char out[24])
{
    size_t at = 24;
    do {
        out[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    return (hearth_str){out + at, 24 - at};
}

static void set_headers(struct job *job, hearth_req *req)
{
    const hearth_http *http = job->loop->api.http;
    char durable[24];
    (void)http->set_header(req, "ETag", state_of(job->entity)->etag);
    (void)http->set_header(req, "Hearth-Durable-Version",
                           decimal(job->entity->durable_version, durable));
    if (job->replayed)
        (void)http->set_header(req, "Idempotency-Replayed", HEARTH_STR("true"));
}

void reply_character(struct job *job, hearth_req *req)
{
    const hearth_http *http = job->loop->api.http;
    set_headers(job, req);
    if (job->http_status == 201) {
        const char *id = state_of(job->entity)->character.id;
        hearth_str base = http->base_path(req),
                   location = job->loop->arena->printf(
                       http->arena(req), "%" HEARTH_PRIS "/characters/%s", HEARTH_ARG(base), id);
        if (location.ptr)
            (void)http->set_header(req, "Location", location);
    }
    (void)http->reply(req, job->http_status, JSON_TYPE, state_of(job->entity)->json);
}

void reply_read(struct job *job, hearth_req *req)
{
    const hearth_http *http = job->loop->api.http;
    set_headers(job, req);
    if (condition_none_match(http->header(req, "If-None-Match"), state_of(job->entity)->etag))
        (void)http->reply(req, 304, HEARTH_STR(""), HEARTH_STR(""));
    else
        (void)http->reply(req, 200, JSON_TYPE, state_of(job->entity)->json);
}

void reply_mismatch(struct job *job, hearth_req *req)
{
    const hearth_http *http = job->loop->api.http;
    static const char key[] = "\"character\":";
    hearth_str json = state_of(job->entity)->json;
    char *members = job->loop->arena->alloc(http->arena(req), sizeof(key) - 1 + json.len);
    if (!members) {
        (void)http->error(req, 503, "OVERLOADED", "The server is short of memory.");
        return;
    }
    memcpy(members, key, sizeof(key) - 1);
    memcpy(members + sizeof(key) - 1, json.ptr, json.len);
    set_headers(job, req);
    (void)http->error_with(req, 409, "VERSION_MISMATCH",
                           (hearth_str){members, sizeof(key) - 1 + json.len},
                           "Version mismatch. Please refresh.");
}

void reply_refusal(struct job *job, hearth_req *req)
{
    (void)job->loop->api.http->error(req, 422, rules_refusal_code(job->refusal), "%s",
                                     rules_refusal_text(job->refusal));
}

void reply_deleted(struct job *job, hearth_req *req)
{
    (void)job->loop->api.http->reply(req, 204, HEARTH_STR(""), HEARTH_STR(""));
}

static int is_older(const hearth_entity *a, const hearth_entity *b)
{
    const struct character *left = &state_of(a)->character, *right = &state_of(b)->character;
    if (left->created_ms != right->created_ms)
        return left->created_ms < right->created_ms;
    return strcmp(left->id, right->id) < 0;
}

/* By creation time: a user has a handful, so insertion is enough. */
static void sort(const hearth_entity **list, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const hearth_entity *entity = list[i];
        size_t at = i;
        for (; at > 0 && is_older(entity, list[at - 1]); at--)
            list[at] = list[at - 1];
        list[at] = entity;
    }
}

static hearth_str join(const hearth_entity *const *list, size_t count, char *out)
{
    static const char head[] = "{\"characters\":[";
    size_t len = sizeof(head) - 1;
    memcpy(out, head, len);
    for (size_t i = 0; i < count; i++) {
        hearth_str json = state_of(list[i])->json;
        if (i > 0)
            out[len++] = ',';
        memcpy(out + len, json.ptr, json.len);
        len += json.len;
    }
    memcpy(out + len, "]}", 2);
    return (hearth_str){out, len + 2};
}

void reply_list(struct job *job, hearth_req *req)
{
    const hearth_http *http = job->loop->api.http;
    const hearth_arena_api *arena = job->loop->arena;
    size_t size = sizeof("{\"characters\":[]}");
    for (size_t i = 0; i < job->count; i++)
        size += state_of(job->entities[i])->json.len + 1;
    const hearth_entity **list =
        arena->alloc(http->arena(req), (job->count + 1) * sizeof(hearth_entity *));
    char *out = list ? arena->alloc(http->arena(req), size) : NULL;
    if (!out) {
        (void)http->error(req, 503, "OVERLOADED", "This list takes more memory than there is.");
        return;
    }
    if (job->count > 0)
        memcpy(list, job->entities, job->count * sizeof(hearth_entity *));
    sort(list, job->count);
    (void)http->reply(req, 200, JSON_TYPE, join(list, job->count, out));
}
