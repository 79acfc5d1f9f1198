/*
 * leave.c - POST /gamesims/{id}/leave: the player is free at once; his seat is when the instance
 * has confirmed that he is out.
 */
#include "job.h"

#include <string.h>

/* He has left: without its receipt a repeat only leaves once more. */
static void on_saved(hearth_status status, void *arg)
{
    (void)status;
    job_reply_empty(arg);
}

/* A hold that could not be released ends when somebody asks for its seat. */
static void on_released(hearth_status status, const hearth_character_view *view, void *arg)
{
    struct job *job = arg;
    (void)status;
    (void)view;
    if (!job->has_receipt) {
        job_reply_empty(job);
        return;
    }
    job_add_receipt(job, 204);
    ticket_save(job->loop, job->turn.user, &job->ticket, on_saved, job);
}

/* A release is a new version of the character: it comes before the answer, so that who reads it
 * then does not see it change once more. */
static void on_home(hearth_ctx *ctx, void *arg)
{
    struct job *job = arg;
    struct mm_loop *loop = job->loop;
    const struct player *player = &job->allocation.player;
    (void)ctx;
    if (job->left == HEARTH_OK)
        loop->characters->release(loop->characters_ctx, str_of(player->user),
                                  str_of(player->character), str_of(job->allocation.game_sim),
                                  on_released, job);
    else
        job_unavailable(job);
}

static void on_left(hearth_status status, void *arg)
{
    struct job *job = arg;
    /* An instance that is gone has no seats to give up. */
    job->left = status == HEARTH_ENOTFOUND ? HEARTH_OK : status;
    job_hop(job->fleet_ctx, job, job->home, on_home);
}

static void on_fleet(hearth_ctx *ctx, void *arg)
{
    struct job *job = arg;
    job->fleet_ctx = ctx;
    allocate_leave(mm_loop_of(ctx)->fleet, job->allocation.instance, job->allocation.game_sim,
                   job->turn.user, on_left, job);
}

static void on_session(hearth_status status, const struct instance *instance,
                       const struct game_session *session, void *arg)
{
    struct job *job = arg;
    const struct member *member =
        status == HEARTH_OK ? session_member(session, job->turn.user) : NULL;
    if (status == HEARTH_ENOTFOUND) {
        job_look_for_record(job, job->allocation.game_sim);
    } else if (status != HEARTH_OK) {
        job_unavailable(job);
    } else if (!member) {
        job_refuse(job, 403, "FORBIDDEN", "You do not sit in this game session.");
    } else if (member->seat < 0 || member->leaving) {
        job_reply_empty(job); /* he left already; the session may have ended by that */
    } else if (session_outcome(instance, session) != OUTCOME_NONE) {
        job_refuse(job, 410, "SESSION_ENDED", "This game session has ended.");
    } else {
        memcpy(job->allocation.instance, instance->id, sizeof(instance->id));
        memcpy(job->allocation.player.character, member->character, sizeof(member->character));
        job_hop(job->loop->ctx, job, FLEET_LOOP, on_fleet);
    }
}

static void look(struct job *job)
{
    lookup_session(job->loop, job->allocation.game_sim, on_session, job);
}

/* Who has left and come back is not put out by a late repeat. */
static void on_ticket(hearth_status status, void *arg)
{
    struct job *job = arg;
    const struct ticket_receipt *receipt = ticket_receipt_of(&job->ticket, job->receipt.key);
    if (status != HEARTH_OK) {
        job_unavailable(job);
    } else if (!receipt) {
        look(job);
    } else if (strcmp(receipt->body, job->receipt.body) != 0) {
        job_refuse_mismatch(job);
    } else {
        job->replayed = true;
        job_reply_empty(job);
    }
}

static void run(struct turn *turn)
{
    struct job *job = (struct job *)turn;
    if (job->has_receipt)
        ticket_load(job->loop, job->turn.user, &job->ticket, on_ticket, job);
    else
        look(job);
}

hearth_status handle_leave(hearth_ctx *ctx, hearth_req *req)
{
    body_value none;
    struct job *job = job_create(ctx, req, JOB_LEAVE);
    if (!job)
        return HEARTH_OK;
    if (body_read(&job->loop->api, req, NULL, 0, BODY_MAY_BE_EMPTY, &none) &&
        body_read_id(&job->loop->api, req, "gameSimId", job->allocation.game_sim) &&
        job_read_receipt(job, req))
        return job_begin(job, req, run);
    job_discard(job);
    return HEARTH_OK;
}
