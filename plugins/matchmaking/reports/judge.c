/*
 * judge.c - what a report meets: is the session known, is it this instance's, is the sequence news?
 * Only the record in storage is asked, for other processes take in reports as well.
 */
#include "report.h"

#include <stdlib.h>
#include <string.h>

static void refuse_unknown(struct report *report)
{
    report_refuse(report, 404, "GAMESIM_NOT_FOUND", "There is no such game session.");
}

static bool is_own(struct report *report, const char *instance)
{
    if (strcmp(report->who, instance) == 0)
        return true;
    report_refuse(report, 403, "FORBIDDEN",
                  "This session runs on another instance: only its own token reports of it.");
    return false;
}

/* A new report, and the next one? */
static bool is_next(struct report *report)
{
    uint64_t last = report->record ? report->record->sequence : 0;
    if (report->record && report->record->closed) {
        report_refuse(report, 410, "SESSION_ENDED", "The end of this session was reported.");
        return false;
    }
    if (report->sequence == last + 1)
        return true;
    report->expected = last + 1;
    report_refuse(report, 409, "SEQUENCE_GAP", "There are reports missing before this one.");
    return false;
}

static void go_on(struct report *report)
{
    if (report->applied)
        report_store(report);
    else
        report_apply(report);
}

/* A session may end between the two looks: it leaves its instance's list after its record was
 * stored. So one that is found in neither is looked for once more. */
static void found(struct report *report)
{
    hearth_status status = report->sighting.status;
    if (status == HEARTH_ENOTFOUND && report->misses++ == 0)
        report_judge(report);
    else if (status == HEARTH_ENOTFOUND)
        refuse_unknown(report);
    else if (status == HEARTH_EINTERNAL)
        report_internal(report);
    else if (status != HEARTH_OK)
        report_try_again(report);
    else if (is_own(report, report->sighting.instance) && is_next(report))
        go_on(report);
}

static void judge(struct report *report)
{
    const struct record *record = report->record;
    if (!record) {
        report_find(report, found);
        return;
    }
    if (!is_own(report, record->instance))
        return;
    if (report->sequence <= record->sequence)
        report_repeat(report);
    else if (!is_next(report))
        return;
    else if (report->applied || record->outcome != OUTCOME_NONE)
        go_on(report);
    else
        report_find(report, found);
}

static void on_record(hearth_status status, const struct record *record, void *arg)
{
    struct report *report = arg;
    record_destroy(report->record);
    report->record = record ? record_copy(record) : NULL;
    if (status == HEARTH_EINTERNAL)
        report_internal(report);
    else if (status == HEARTH_EUNAVAILABLE || (record && !report->record))
        report_try_again(report);
    else
        judge(report);
}

void report_judge(struct report *report)
{
    struct mm_loop *loop = report->loop;
    if (report->gone && !report->applied)
        report_unavailable(report);
    else if (loop->clock->loop_ms(loop->ctx) >= report->pause.deadline_ms)
        report_unavailable(report);
    else
        record_load(loop, report->game_sim, on_record, report);
}

static void resume(void *arg)
{
    report_judge(arg);
}

void report_try_again(struct report *report)
{
    if (!pause_begin(&report->pause, resume, report))
        report_unavailable(report);
}

const struct member *report_members(const struct report *report, uint32_t *count)
{
    if (report->record && report->record->outcome != OUTCOME_NONE) {
        *count = report->record->member_count;
        return report->record->members;
    }
    *count = report->sighting.member_count;
    return report->sighting.members;
}
