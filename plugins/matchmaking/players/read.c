/*
 * read.c - GET /gamesims/{gameSimId}: a session as storage has it now, or the record of one that
 * has ended.
 */
#include "summary.h"

#include "../fleet/fleet.h"
#include "../reports/record.h"

#include <stdlib.h>
#include <string.h>

struct reading {
    struct mm_loop *loop;
    hearth_async *async;
    char user[HEARTH_UUID_SIZE], id[HEARTH_UUID_SIZE];
    int http_status;
    hearth_arena *arena; /* of the text */
    hearth_str text;
};

static void on_complete(hearth_ctx *ctx, hearth_req *req, void *arg)
{
    struct reading *reading = arg;
    const hearth_http *http = reading->loop->api.http;
    (void)ctx;
    if (req && reading->http_status == 200)
        (void)http->reply(req, 200, HEARTH_STR("application/json"), reading->text);
    else if (req && reading->http_status == 404)
        (void)http->error(req, 404, "GAMESIM_NOT_FOUND", "There is no such game session.");
    else if (req)
        (void)http->error(req, 503, "STORAGE_UNAVAILABLE", "Storage cannot be reached now.");
    reading->loop->arena->destroy(reading->arena);
    free(reading);
}

static void answer(struct reading *reading, int http_status)
{
    reading->http_status = http_status;
    reading->loop->api.http->complete(reading->async, on_complete, reading);
}

static void show(struct reading *reading, const struct summary *summary)
{
    struct mm_loop *loop = reading->loop;
    reading->arena = loop->arena->create(loop->ctx, DOCUMENT_ARENA);
    hearth_json_writer *writer =
        reading->arena ? loop->api.json->writer(reading->arena, HEARTH_STORAGE_MAX_BODY) : NULL;
    if (writer)
        summary_write(summary, loop->api.json, writer);
    answer(reading,
           writer && loop->api.json->finish(writer, &reading->text) == HEARTH_OK ? 200 : 503);
}

static void on_record(hearth_status status, const struct record *record, void *arg)
{
    struct reading *reading = arg;
    if (status != HEARTH_OK || record->outcome == OUTCOME_NONE) {
        answer(reading, status == HEARTH_OK || status == HEARTH_ENOTFOUND ? 404 : 503);
        return;
    }
    show(reading, &(struct summary){.id = record->id,
                                    .region = record->region,
                                    .state = "ended",
                                    .outcome = (enum outcome)record->outcome,
                                    .members = record->members,
                                    .member_count = record->member_count});
}

static void on_session(hearth_status status, const struct instance *instance,
                       const struct game_session *session, void *arg)
{
    struct reading *reading = arg;
    if (status == HEARTH_ENOTFOUND) {
        record_load(reading->loop, reading->id, on_record, reading);
        return;
    }
    if (status != HEARTH_OK) {
        answer(reading, 503);
        return;
    }
    const struct member *member = session_member(session, reading->user);
    struct summary summary = summary_of(instance, session);
    if (member && seat_stands(instance, session, member))
        summary.instance = instance;
    show(reading, &summary);
}

hearth_status handle_get(hearth_ctx *ctx, hearth_req *req)
{
    struct mm_loop *loop = mm_loop_of(ctx);
    const hearth_http *http = loop->api.http;
    struct reading *reading = calloc(1, sizeof(*reading));
    if (!reading)
        return HEARTH_ENOMEM;
    reading->loop = loop;
    if (!body_read_id(&loop->api, req, "gameSimId", reading->id)) {
        free(reading);
        return HEARTH_OK;
    }
    if (!body_uuid(http->identity(req)->user, reading->user))
        reading->user[0] = 0; /* an operator: nobody's seat */
    reading->async = http->defer(req, NULL, NULL);
    if (!reading->async) {
        free(reading);
        return HEARTH_ENOMEM;
    }
    lookup_session(loop, reading->id, on_session, reading);
    return HEARTH_DEFERRED;
}
