/*
 * leave.c - a session whose end is recorded leaves its instance's document: its place is free, and
 * so are those who sat in it. A repeat of the end makes sure of it again.
 */
#include "report.h"

#include <stdlib.h>
#include <string.h>

static struct report *report_of(struct change *change)
{
    return (struct report *)((char *)change - offsetof(struct report, change));
}

/* Remembers who sits there now, for more may have come since the members were read. Without memory
 * their holds end when their seats are asked for. */
static void remember(struct report *report, const struct game_session *session)
{
    struct member *members = members_copy(session->members, session->member_count);
    free(report->left.members);
    report->left = *session;
    report->left.members = members;
    report->left.member_count = members ? session->member_count : 0;
}

static enum verdict apply(struct change *change, struct instance *draft, int64_t now_ms)
{
    struct report *report = report_of(change);
    struct game_session *session = instance_session(draft, report->game_sim);
    (void)now_ms;
    if (!session)
        return REFUSED; /* it has left, if this is what storage says */
    if (instance_is_final(draft))
        return UNCHANGED; /* its sessions have ended with it */
    remember(report, session);
    return instance_forget_session(draft, report->game_sim) ? CHANGED : UNCHANGED;
}

static void released(struct report *report)
{
    if (--report->waiting == 0)
        report_reply_answer(report);
}

static void on_released(hearth_status status, const hearth_character_view *view, void *arg)
{
    struct report *report = arg;
    struct mm_loop *loop = report->loop;
    (void)view;
    if (status != HEARTH_OK && status != HEARTH_ENOTFOUND)
        HEARTH_LOG(loop->log, loop->ctx, NULL, HEARTH_LOG_DEBUG,
                   "a hold of session %s was not released (status %d); it ends when its seat is "
                   "asked for",
                   report->game_sim, (int)status);
    released(report);
}

/* A release is a new version of the character. It comes before the answer, so that who hears of the
 * end and then reads his character does not see it change once more. */
static void release_holds(struct report *report)
{
    struct mm_loop *loop = report->loop;
    const struct game_session *left = &report->left;
    report->waiting = 1; /* until all are on their way */
    for (uint32_t i = 0; i < left->member_count; i++) {
        const struct member *member = &left->members[i];
        if (member->seat < 0)
            continue;
        report->waiting++;
        loop->characters->release(loop->characters_ctx, str_of(member->user),
                                  str_of(member->character), str_of(report->game_sim), on_released,
                                  report);
    }
    released(report);
}

static void back_home(hearth_ctx *ctx, void *arg)
{
    struct report *report = arg;
    (void)ctx;
    if (report->left_status == HEARTH_OK || report->left_status == HEARTH_ENOTFOUND)
        release_holds(report);
    else if (report->left_status == HEARTH_EINTERNAL)
        report_internal(report);
    else
        report_unavailable(report);
}

static void on_left(struct change *change, hearth_status status, const struct instance *now)
{
    struct report *report = report_of(change);
    struct mm_loop *loop = report->fleet_loop;
    (void)now;
    report->left_status = status;
    if (loop->loops->post(loop->ctx, report->loop->ctx->loop, back_home, report) != HEARTH_OK)
        report_give_up(report);
}

static void at_fleet(hearth_ctx *ctx, void *arg)
{
    struct report *report = arg;
    report->fleet_loop = mm_loop_of(ctx);
    report->change = (struct change){.apply = apply, .done = on_left};
    fleet_change(report->fleet_loop->fleet, report->who, &report->change);
}

void report_leave_document(struct report *report)
{
    struct mm_loop *loop = report->loop;
    if (loop->loops->post(loop->ctx, FLEET_LOOP, at_fleet, report) != HEARTH_OK)
        report_unavailable(report);
}
