/*
 * reports.c - see reports.h. Which reports are on their way, and whose turn it is.
 */
#include "report.h"

#include <stdlib.h>
#include <string.h>

struct reports *reports_create(struct mm_loop *loop)
{
    static const char *const names[] = {[COUNTED_APPLIED] = "applied",
                                        [COUNTED_REPEATED] = "repeated",
                                        [COUNTED_GAP] = "gap",
                                        [COUNTED_REFUSED] = "refused"};
    struct reports *reports = calloc(1, sizeof(*reports));
    if (!reports)
        return NULL;
    reports->turns = turns_create();
    if (!reports->turns) {
        free(reports);
        return NULL;
    }
    reports->loop = loop;
    for (int i = 0; i < COUNTED_KINDS; i++) {
        hearth_str name = str_of(names[i]);
        reports->counts[i] = loop->metrics->series(loop->ctx, METRIC_REPORTS, &name, 1);
    }
    hearth_str applied = HEARTH_STR("applied"), rejected = HEARTH_STR("rejected");
    reports->events_applied = loop->metrics->series(loop->ctx, METRIC_EVENTS, &applied, 1);
    reports->events_rejected = loop->metrics->series(loop->ctx, METRIC_EVENTS, &rejected, 1);
    return reports;
}

void reports_drain(struct reports *reports, void (*done)(void *arg), void *arg)
{
    if (reports->count == 0) {
        done(arg);
        return;
    }
    reports->drained = done;
    reports->drained_arg = arg;
}

void reports_destroy(struct reports *reports)
{
    if (!reports)
        return;
    turns_destroy(reports->turns);
    free(reports);
}

void reports_began(struct reports *reports)
{
    reports->count++;
}

void reports_ended(struct reports *reports)
{
    if (--reports->count == 0 && reports->drained)
        reports->drained(reports->drained_arg);
}

static void run(struct turn *turn)
{
    report_judge((struct report *)turn);
}

void report_enter(struct report *report)
{
    struct turn *turn = &report->turn;
    turn->run = run;
    memcpy(turn->user, report->game_sim, sizeof(turn->user));
    reports_began(report->reports);
    turn_take(report->reports->turns, turn);
}

static void destroy(struct report *report)
{
    record_destroy(report->record);
    free(report->sighting.members);
    free(report->left.members);
    report->loop->arena->destroy(report->arena);
    free(report);
}

void report_leave(struct report *report)
{
    struct reports *reports = report->reports;
    turn_end(reports->turns, &report->turn);
    destroy(report);
    reports_ended(reports);
}
