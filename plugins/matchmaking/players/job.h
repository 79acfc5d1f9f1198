/*
 * job.h - a player's request that asks for a seat, or gives it up, from its handler to its reply.
 */
#ifndef MATCHMAKING_JOB_H
#define MATCHMAKING_JOB_H

#include "connect.h"
#include "ticket.h"
#include "turns.h"

enum job_kind { JOB_CREATE, JOB_FIND, JOB_JOIN, JOB_LEAVE };

struct job {
    struct turn turn; /* first: a turn is its job */
    struct mm_loop *loop;
    uint32_t home;
    hearth_async *async;
    enum job_kind kind;

    struct allocation allocation; /* player, wish, what to join; then the seat */
    struct ticket ticket;
    struct fighter fighter;
    bool unconscious, member; /* member: has the seat that he asks for already */
    bool has_receipt, replayed;
    struct ticket_receipt receipt;
    unsigned attempts;
    hearth_ctx *fleet_ctx; /* while the job is on FLEET_LOOP, with what came of it there: */
    enum allocated allocated;
    hearth_status left;

    /* the outcome */
    int http_status;
    const char *code, *text;             /* of an error */
    char members[HEARTH_UUID_SIZE + 32]; /* further members of an error */
    int64_t retry_after_ms;
    char token[CONNECT_TOKEN_TEXT];
};

/* A job for this request, taken over; NULL: it was answered with an error. [loop] */
struct job *job_create(hearth_ctx *ctx, hearth_req *req, enum job_kind kind);
/* Fails the job's handler when it was answered already. */
void job_discard(struct job *job);
/* Takes the request over and the user's turn. What the handler returns. [loop] */
hearth_status job_begin(struct job *job, hearth_req *req, void (*run)(struct turn *turn));

/* seat.c: a job of CREATE, FIND or JOIN in its turn. [home loop] */
void seat_run(struct turn *turn);

/* Runs fn with the job on another loop. [loop: ctx is the calling one] */
void job_hop(hearth_ctx *ctx, struct job *job, uint32_t loop, hearth_loop_fn fn);

/* Each ends the turn and the job with its reply. [home loop] */
void job_refuse(struct job *job, int http_status, const char *code, const char *text);
void job_unavailable(struct job *job);
void job_refuse_mismatch(struct job *job); /* the key was used with another body */
void job_reply_seat(struct job *job);
void job_reply_empty(struct job *job);
/* What became of a session that no instance lists: 410, or 404. [home loop] */
void job_look_for_record(struct job *job, const char *game_sim);

/* Reads Idempotency-Key into the job's receipt. False: answered with 400. [loop] */
bool job_read_receipt(struct job *job, hearth_req *req);
/* Adds it, with this answer, to the job's ticket, which is to be saved then. [home loop] */
void job_add_receipt(struct job *job, int http_status);

#endif
