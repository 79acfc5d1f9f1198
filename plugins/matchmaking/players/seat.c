/*
 * seat.c - the way to a seat, behind the handlers in ask.c: whether the player may have one, which
 * one, and the token for it. The order, and what a crash behind each step leaves:
 *   seat in the instance's document    nobody has a token for it: free when that would have expired
 *   the player's ticket points to it   the same
 *   the character is held              a hold without a seat does not count
 *   token, reply                       the player repeats his request
 */
#include "job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ATTEMPTS_MAX 4

static void look_at_character(struct job *job);

/* ---- giving the seat back ---- */

struct undo {
    struct seat seat;
    char user[HEARTH_UUID_SIZE];
};

static void undo_on_fleet(hearth_ctx *ctx, void *arg)
{
    struct undo *undo = arg;
    allocate_undo(mm_loop_of(ctx)->fleet, &undo->seat, undo->user);
    free(undo);
}

/* Without it, too, the seat is free again: when the token that nobody has would have expired. */
static void give_back(struct job *job)
{
    struct mm_loop *loop = job->loop;
    struct undo *undo = malloc(sizeof(*undo));
    if (!undo)
        return;
    undo->seat = job->allocation.seat;
    memset(undo->seat.connect_key, 0, sizeof(undo->seat.connect_key));
    memcpy(undo->user, job->turn.user, sizeof(undo->user));
    if (loop->loops->post(loop->ctx, FLEET_LOOP, undo_on_fleet, undo) != HEARTH_OK)
        free(undo);
}

static void try_anew(struct job *job)
{
    give_back(job);
    if (++job->attempts < ATTEMPTS_MAX)
        look_at_character(job);
    else
        job_unavailable(job);
}

/* His ticket points to the seat, or may. If his key is in it too, a repeat comes for this seat: it
 * is kept for him as long as a token would live. */
static void fail_behind_ticket(struct job *job)
{
    if (!job->has_receipt)
        give_back(job);
    job_unavailable(job);
}

/* ---- the reply ---- */

static void on_held(hearth_status status, const hearth_character_view *view, void *arg)
{
    struct job *job = arg;
    if (status == HEARTH_ENOTFOUND) {
        give_back(job);
        job_refuse(job, 404, "CHARACTER_NOT_FOUND", "There is no such character.");
        return;
    }
    if (status != HEARTH_OK) {
        fail_behind_ticket(job);
        return;
    }
    fighter_take(&job->fighter, view);
    status = connect_token(job->loop, &job->allocation.seat, &job->allocation.player,
                           job->allocation.token_expires_ms, &job->fighter, job->token);
    if (status == HEARTH_OK) {
        job_reply_seat(job);
        return;
    }
    HEARTH_LOG(job->loop->log, job->loop->ctx, NULL, HEARTH_LOG_ERROR,
               "instance %s: no connect token can be written for it",
               job->allocation.seat.instance);
    give_back(job);
    job_refuse(job, 500, "INTERNAL", "The server has failed.");
}

static void hold(struct job *job)
{
    struct mm_loop *loop = job->loop;
    const struct player *player = &job->allocation.player;
    loop->characters->hold(loop->characters_ctx, str_of(player->user), str_of(player->character),
                           str_of(job->allocation.seat.game_sim), on_held, job);
}

/* ---- the ticket ---- */

static void save_ticket(struct job *job);

static bool points_here(const struct job *job)
{
    const struct ticket *ticket = &job->ticket;
    bool token = false;
    for (uint32_t i = 0; i < ticket->token_count; i++)
        token = token || ticket->tokens[i] == job->allocation.token_expires_ms;
    return token && strcmp(ticket->game_sim, job->allocation.seat.game_sim) == 0;
}

static void on_read_back(hearth_status status, void *arg)
{
    struct job *job = arg;
    if (status == HEARTH_OK && points_here(job))
        hold(job);
    else if (status == HEARTH_OK)
        try_anew(job);
    else
        fail_behind_ticket(job);
}

static void on_saved(hearth_status status, void *arg)
{
    struct job *job = arg;
    if (status == HEARTH_OK) {
        hold(job);
    } else if (status == HEARTH_ETIMEOUT) { /* it may have been written: look */
        ticket_load(job->loop, job->turn.user, &job->ticket, on_read_back, job);
    } else if (status == HEARTH_ECONFLICT) { /* he asks another hearthd at the same time */
        try_anew(job);
    } else {
        give_back(job);
        job_unavailable(job);
    }
}

static void save_ticket(struct job *job)
{
    struct mm_loop *loop = job->loop;
    struct ticket *ticket = &job->ticket;
    memcpy(ticket->game_sim, job->allocation.seat.game_sim, sizeof(ticket->game_sim));
    ticket_add_token(ticket, job->allocation.token_expires_ms);
    if (job->has_receipt && !job->replayed)
        job_add_receipt(job, job->http_status);
    ticket_save(loop, job->turn.user, ticket, on_saved, job);
}

/* ---- the seat ---- */

static void count_result(struct job *job, const char *result)
{
    hearth_str label = str_of(result);
    const hearth_metrics *metrics = job->loop->metrics;
    metrics->add(metrics->series(job->loop->ctx, METRIC_ALLOCATIONS, &label, 1), 1);
}

static void refuse_in_session(struct job *job, const char *game_sim)
{
    snprintf(job->members, sizeof(job->members), "\"gameSimId\":\"%s\"", game_sim);
    job_refuse(job, 409, "ALREADY_IN_SESSION", "You sit in a game session already.");
}

static void judge(struct job *job, enum allocated result)
{
    switch (result) {
    case ALLOCATED_CREATED:
    case ALLOCATED_JOINED:
        if (!job->replayed)
            job->http_status = result == ALLOCATED_CREATED ? 201 : 200;
        count_result(job, result == ALLOCATED_CREATED ? "created" : "joined");
        save_ticket(job);
        return;
    case ALLOCATED_FULL:
        job_refuse(job, 409, "SESSION_FULL", "This game session has no free seat.");
        return;
    case ALLOCATED_ENDED:
        job_refuse(job, 410, "SESSION_ENDED", "This game session has ended.");
        return;
    case ALLOCATED_ABSENT:
        job_look_for_record(job, job->allocation.game_sim);
        return;
    case ALLOCATED_OTHER:
        refuse_in_session(job, job->allocation.game_sim);
        return;
    case ALLOCATED_NO_CAPACITY:
        count_result(job, "no_capacity");
        job_refuse(job, 503, "NO_CAPACITY", "No instance has room for another game session.");
        return;
    case ALLOCATED_UNAVAILABLE:
        job_unavailable(job);
        return;
    }
}

/* Carries the outcome from the fleet's loop to the player's. */
static void on_home(hearth_ctx *ctx, void *arg)
{
    struct job *job = arg;
    (void)ctx;
    judge(job, job->allocated);
}

static void on_allocated(struct allocation *allocation, enum allocated result)
{
    struct job *job = (struct job *)(void *)((char *)allocation - offsetof(struct job, allocation));
    job->allocated = result;
    job_hop(job->fleet_ctx, job, job->home, on_home);
}

static void on_fleet(hearth_ctx *ctx, void *arg)
{
    struct job *job = arg;
    job->fleet_ctx = ctx;
    job->allocation.done = on_allocated;
    allocate(mm_loop_of(ctx)->fleet, &job->allocation);
}

static void ask_for_seat(struct job *job)
{
    if (job->unconscious && !job->member)
        job_refuse(job, 422, "CHARACTER_UNCONSCIOUS", "The character is unconscious.");
    else
        job_hop(job->loop->ctx, job, FLEET_LOOP, on_fleet);
}

/* ---- where he sits now ---- */

static void on_current(hearth_status status, const struct instance *instance,
                       const struct game_session *session, void *arg)
{
    struct job *job = arg;
    const struct member *member =
        status == HEARTH_OK ? session_member(session, job->turn.user) : NULL;
    if (status != HEARTH_OK && status != HEARTH_ENOTFOUND)
        job_unavailable(job);
    else if (member && seat_stands(instance, session, member))
        refuse_in_session(job, session->id);
    else
        ask_for_seat(job);
}

static void too_many_tokens(struct job *job)
{
    int64_t oldest_ms = job->ticket.tokens[0];
    for (uint32_t i = 1; i < job->ticket.token_count; i++)
        oldest_ms = job->ticket.tokens[i] < oldest_ms ? job->ticket.tokens[i] : oldest_ms;
    job->retry_after_ms = oldest_ms - job->loop->clock->wall_ms(job->loop->ctx);
    if (job->retry_after_ms < 1)
        job->retry_after_ms = 1;
    job_refuse(job, 429, "TOO_MANY_REQUESTS", "Too many connect tokens of yours are alive.");
}

static void on_target(hearth_status status, const struct instance *instance,
                      const struct game_session *session, void *arg);

/* A repeat is a join of the session that it was answered with. */
static bool answered_before(struct job *job)
{
    const struct ticket_receipt *receipt = job->has_receipt && !job->replayed
                                               ? ticket_receipt_of(&job->ticket, job->receipt.key)
                                               : NULL;
    if (!receipt)
        return false;
    if (strcmp(receipt->body, job->receipt.body) != 0) {
        job_refuse_mismatch(job);
        return true;
    }
    job->replayed = true;
    job->http_status = receipt->http_status;
    memcpy(job->allocation.game_sim, receipt->game_sim, sizeof(receipt->game_sim));
    lookup_session(job->loop, job->allocation.game_sim, on_target, job);
    return true;
}

static void on_ticket(hearth_status status, void *arg)
{
    struct job *job = arg;
    const struct ticket *ticket = &job->ticket;
    if (status != HEARTH_OK)
        job_unavailable(job);
    else if (answered_before(job))
        return;
    else if (ticket->token_count >= (uint32_t)mm_conf(job->loop)->max_live_tokens)
        too_many_tokens(job);
    else if (ticket->game_sim[0] && !job->member &&
             strcmp(ticket->game_sim, job->allocation.game_sim) != 0)
        lookup_session(job->loop, ticket->game_sim, on_current, job);
    else
        ask_for_seat(job);
}

/* ---- what is asked for ---- */

static void on_target(hearth_status status, const struct instance *instance,
                      const struct game_session *session, void *arg)
{
    struct job *job = arg;
    if (status == HEARTH_ENOTFOUND) {
        job_look_for_record(job, job->allocation.game_sim);
        return;
    }
    if (status != HEARTH_OK) {
        job_unavailable(job);
        return;
    }
    const struct member *member = session_member(session, job->turn.user);
    job->member = member && seat_stands(instance, session, member);
    memcpy(job->allocation.instance, instance->id, sizeof(instance->id));
    ticket_load(job->loop, job->turn.user, &job->ticket, on_ticket, job);
}

static void on_character(hearth_status status, const hearth_character_view *view, void *arg)
{
    struct job *job = arg;
    struct allocation *allocation = &job->allocation;
    if (status == HEARTH_OK) {
        fighter_take(&job->fighter, view);
        job->unconscious = view->unconscious;
        memcpy(allocation->player.name, job->fighter.name, sizeof(job->fighter.name));
        if (allocation->game_sim[0])
            lookup_session(job->loop, allocation->game_sim, on_target, job);
        else
            ticket_load(job->loop, job->turn.user, &job->ticket, on_ticket, job);
    } else if (status == HEARTH_ENOTFOUND) {
        job_refuse(job, 404, "CHARACTER_NOT_FOUND", "There is no such character.");
    } else if (status == HEARTH_EFORBIDDEN) {
        job_refuse(job, 403, "FORBIDDEN", "This character belongs to somebody else.");
    } else {
        job_unavailable(job);
    }
}

static void look_at_character(struct job *job)
{
    struct mm_loop *loop = job->loop;
    const struct player *player = &job->allocation.player;
    if (job->kind != JOB_JOIN && !job->replayed)
        job->allocation.game_sim[0] = job->allocation.instance[0] = 0;
    loop->characters->get(loop->characters_ctx, str_of(player->user), str_of(player->character),
                          on_character, job);
}

void seat_run(struct turn *turn)
{
    look_at_character((struct job *)turn);
}
