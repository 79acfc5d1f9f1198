/*
 * find.c - the session that a report is of, with its members. The fleet's view in memory is asked
 * first: that is free. It may be old, and does not see when a lost instance is forgotten; whoever
 * it does not show is looked for in storage.
 */
#include "report.h"

#include <stdlib.h>
#include <string.h>

static void forget(struct sighting *sighting)
{
    free(sighting->members);
    memset(sighting, 0, sizeof(*sighting));
}

static void see(struct sighting *sighting, const struct instance *instance,
                const struct game_session *session)
{
    sighting->members = members_copy(session->members, session->member_count);
    if (!sighting->members) {
        sighting->status = HEARTH_EUNAVAILABLE;
        return;
    }
    sighting->status = HEARTH_OK;
    sighting->member_count = session->member_count;
    sighting->outcome = (uint8_t)session_outcome(instance, session);
    sighting->instance_ended_ms = instance->ended_ms;
    memcpy(sighting->instance, instance->id, sizeof(sighting->instance));
    memcpy(sighting->region, instance->region, sizeof(sighting->region));
}

struct finding {
    struct report *report;
    uint32_t home;
    void (*done)(struct report *report);
};

static void finish(struct finding *finding)
{
    struct report *report = finding->report;
    void (*done)(struct report *) = finding->done;
    free(finding);
    done(report);
}

static void on_session(hearth_status status, const struct instance *instance,
                       const struct game_session *session, void *arg)
{
    struct finding *finding = arg;
    struct sighting *sighting = &finding->report->sighting;
    forget(sighting);
    sighting->status = status;
    if (status == HEARTH_OK)
        see(sighting, instance, session);
    finish(finding);
}

static void back_home(hearth_ctx *ctx, void *arg)
{
    struct finding *finding = arg;
    if (finding->report->sighting.status == HEARTH_OK)
        finish(finding);
    else
        lookup_session(mm_loop_of(ctx), finding->report->game_sim, on_session, finding);
}

static bool shows_all(const struct game_session *session, const struct events *events)
{
    const char *last = "";
    for (size_t i = 0; i < events->count; i++) {
        const char *character = events->order[i]->character;
        if (strcmp(character, last) != 0 && !session_character(session, character))
            return false;
        last = character;
    }
    return true;
}

static void at_fleet(hearth_ctx *ctx, void *arg)
{
    struct finding *finding = arg;
    struct report *report = finding->report;
    struct mm_loop *loop = mm_loop_of(ctx);
    const struct instance *instance = fleet_peek(loop->fleet, report->who);
    const struct game_session *session = instance && !instance_is_final(instance)
                                             ? instance_session(instance, report->game_sim)
                                             : NULL;
    if (session && shows_all(session, &report->events))
        see(&report->sighting, instance, session);
    if (loop->loops->post(ctx, finding->home, back_home, finding) != HEARTH_OK) {
        free(finding);
        report_give_up(report);
    }
}

void report_find(struct report *report, void (*done)(struct report *report))
{
    struct mm_loop *loop = report->loop;
    struct finding *finding = malloc(sizeof(*finding));
    forget(&report->sighting);
    report->sighting.status = HEARTH_EUNAVAILABLE;
    if (!finding) {
        done(report);
        return;
    }
    *finding = (struct finding){report, loop->ctx->loop, done};
    if (loop->loops->post(loop->ctx, FLEET_LOOP, at_fleet, finding) != HEARTH_OK)
        finish(finding);
}
