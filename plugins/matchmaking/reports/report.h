/*
 * report.h - one report from its handler to its answer, and the steps on its way:
 *
 *   receive.c  the body, strictly; the request is taken over
 *   judge.c    the session's record: whose it is, and whether this sequence is news
 *   find.c     the session's members, where the record does not have them
 *   apply.c    the events into the characters, all characters at once
 *   store.c    record and answer, in one transaction: this is what makes it done
 *   leave.c    after an end: the session leaves its instance's document
 *   answer.c   the reply, for the first time or again
 *
 * A step that meets an outage waits and goes back to judge.c, which sees what there is by now. What
 * was applied stays applied: the characters know the sequence, and a repeat skips them.
 */
#ifndef MATCHMAKING_REPORT_H
#define MATCHMAKING_REPORT_H

#include "../fleet/fleet.h"
#include "../players/turns.h"
#include "events.h"
#include "pause.h"
#include "record.h"
#include "reports.h"

enum counted { COUNTED_APPLIED, COUNTED_REPEATED, COUNTED_GAP, COUNTED_REFUSED, COUNTED_KINDS };

struct reports {
    struct mm_loop *loop;
    struct turns *turns; /* one report of a session at a time */
    uint32_t count;
    hearth_series *counts[COUNTED_KINDS], *events_applied, *events_rejected;
    void (*drained)(void *arg);
    void *drained_arg;
};

/* What the fleet, or storage, says of a session. */
struct sighting {
    hearth_status status;
    char instance[HEARTH_UUID_SIZE], region[INSTANCE_NAME_SIZE];
    uint8_t outcome; /* enum outcome */
    int64_t instance_ended_ms;
    struct member *members;
    uint32_t member_count;
};

/* The events of one character. */
struct share {
    struct report *report;
    struct event **events;
    size_t count;
};

struct report {
    struct turn turn; /* first: a turn is its report */
    struct reports *reports;
    struct mm_loop *loop;
    hearth_async *async;
    hearth_arena *arena; /* its own */
    bool gone;           /* nobody waits for the answer any more */

    /* the request */
    char game_sim[HEARTH_UUID_SIZE];
    char who[HEARTH_UUID_SIZE]; /* the instance that reports; empty: the token is of none */
    uint64_t sequence;
    uint8_t outcome; /* of an end; NONE: updates */
    hearth_str body; /* of an end, to be kept */
    struct events events;

    /* what is known by now */
    struct pause pause;
    struct record *record; /* as it was stored last; NULL: there is none */
    struct sighting sighting;
    unsigned misses; /* times that no session was found */
    bool applied;

    size_t waiting; /* for characters */

    /* apply.c */
    struct share *shares;
    size_t share_count;
    hearth_status worst;
    hearth_str answer;

    /* leave.c */
    struct mm_loop *fleet_loop;
    struct change change;
    struct game_session left; /* as it was when it left the document */
    hearth_status left_status;

    /* the reply */
    int http_status;
    const char *code, *text;
    uint64_t expected; /* of a gap */
};

/* reports.c: one at a time for each session, in order of arrival */
void report_enter(struct report *report); /* then report_judge: now, or in its turn */
void report_leave(struct report *report); /* frees it; the next one may run before this returns */

/* The steps. [loop] */
void report_judge(struct report *report);
void report_find(struct report *report, void (*done)(struct report *report));
void report_apply(struct report *report); /* report->sighting or ->record has the members */
void report_store(struct report *report);
void report_leave_document(struct report *report); /* then report_reply_answer */
void report_repeat(struct report *report);         /* answers as the first time */

/* Each ends it. [loop] */
void report_refuse(struct report *report, int http_status, const char *code, const char *text);
void report_unavailable(struct report *report);
void report_internal(struct report *report);
void report_reply_answer(struct report *report);
/* The way home is closed: unavailable, whatever loop this is. */
void report_give_up(struct report *report);
/* Waits, then judges anew; past the deadline it is unavailable. */
void report_try_again(struct report *report);

/* The members that are known: of the record of an ended session, else of the sighting. */
const struct member *report_members(const struct report *report, uint32_t *count);
/* Of the answer of this sequence. `sort` holds its strings. */
hearth_key report_answer_key(const struct report *report, char sort[32]);

#endif
