/*
 * receive.c - POST /gamesims/{id}/updates and /end: the body, judged as a whole before anything
 * else is looked at, and the request taken over.
 */
#include "report.h"

#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX    ((INT64_C(1) << 53) - 1)
#define ARENA_CEILING (4u << 20)

enum { FIELD_SEQUENCE, FIELD_EVENTS, FIELD_OUTCOME, FIELD_RESULTS, END_FIELDS };
#define UPDATE_FIELDS FIELD_OUTCOME

static const body_field update_fields[UPDATE_FIELDS] = {
    [FIELD_SEQUENCE] = {"sequence", BODY_INTEGER, 1, 1, NUMBER_MAX},
    [FIELD_EVENTS] = {"events", BODY_ARRAY, 1, 0, 0},
};

/* The results are informative: any object. The body's limit bounds it. */
static const body_field end_fields[END_FIELDS] = {
    [FIELD_SEQUENCE] = {"sequence", BODY_INTEGER, 1, 1, NUMBER_MAX},
    [FIELD_EVENTS] = {"events", BODY_ARRAY, 0, 0, 0},
    [FIELD_OUTCOME] = {"outcome", BODY_STRING, 1, 0, 0},
    [FIELD_RESULTS] = {"results", BODY_OBJECT, 0, 0, 0},
};

/* Read into the caller's struct, for the reader answers what is bad itself. */
static bool read_body(struct mm_loop *loop, hearth_req *req, bool is_end, struct report *out)
{
    body_value values[END_FIELDS] = {0};
    if (!body_read_id(&loop->api, req, "gameSimId", out->game_sim) ||
        !body_read(&loop->api, req, is_end ? end_fields : update_fields,
                   is_end ? END_FIELDS : UPDATE_FIELDS, BODY_NEEDED, values))
        return false;
    out->sequence = (uint64_t)values[FIELD_SEQUENCE].integer;
    if (is_end) {
        out->outcome = (uint8_t)outcome_reported(values[FIELD_OUTCOME].string);
        out->body = loop->api.http->body(req);
        if (out->outcome == OUTCOME_NONE) {
            (void)loop->api.http->error(req, 400, "INVALID_REQUEST",
                                        "outcome: expected victory, defeat or abandoned.");
            return false;
        }
    }
    return events_read(&loop->api, loop->arena, req, values[FIELD_EVENTS].json, &out->events);
}

static void on_cancel(hearth_ctx *ctx, void *arg)
{
    (void)ctx;
    ((struct report *)arg)->gone = true;
}

static hearth_status receive(hearth_ctx *ctx, hearth_req *req, bool is_end)
{
    struct mm_loop *loop = mm_loop_of(ctx);
    struct report read = {.loop = loop, .reports = loop->reports};
    if (!read_body(loop, req, is_end, &read))
        return HEARTH_OK;
    const hearth_identity *identity = loop->api.http->identity(req);
    if (!identity || !body_uuid(identity->user, read.who))
        read.who[0] = '\0';
    if (!turn_has_room(loop->reports->turns, read.game_sim)) {
        (void)loop->api.http->error(req, 429, "TOO_MANY_REQUESTS",
                                    "Too many reports of this session are waiting.");
        return HEARTH_OK;
    }
    struct report *report = malloc(sizeof(*report));
    hearth_arena *arena = report ? loop->arena->create(ctx, ARENA_CEILING) : NULL;
    hearth_async *async = arena ? loop->api.http->defer(req, on_cancel, report) : NULL;
    if (!async) {
        loop->arena->destroy(arena);
        free(report);
        return HEARTH_ENOMEM;
    }
    *report = read;
    report->arena = arena;
    report->async = async;
    pause_init(&report->pause, loop);
    report_enter(report);
    return HEARTH_DEFERRED;
}

hearth_status handle_updates(hearth_ctx *ctx, hearth_req *req)
{
    return receive(ctx, req, false);
}

hearth_status handle_end(hearth_ctx *ctx, hearth_req *req)
{
    return receive(ctx, req, true);
}
