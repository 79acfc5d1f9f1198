/*
 * plugin.h - what the files of this plugin share: its configuration, the state of one loop, and one
 * job, a request or a call of the service while it waits for entities.
 */
#ifndef HEARTH_CHARACTERS_PLUGIN_H
#define HEARTH_CHARACTERS_PLUGIN_H

#include <hearth/json.h>
#include <hearth/mail.h>
#include <hearth/metrics.h>
#include <hearth/plugin.h>
#include <hearth/random.h>
#include <hearth/service/characters.h>
#include <hearth/service/entities.h>
#include <hearth/service/identity.h>
#include <hearth/task.h>
#include <hearth/timer.h>

#include "body.h"
#include "state.h"

#define COLLECTION_CHARACTERS "characters" /* partition: the user; sort: the character's id */
#define COLLECTION_OWNER      "owner"      /* partition: the character's id */
#define COLLECTION_NAME       "name"       /* partition: the name in lower case */

#define ROUTE_TIMEOUT_MS      10000
#define COMMIT_DEADLINE_MS    9500 /* a durable write is answered before its route times out */
#define CONFIRMED_POLL_MS     20   /* between two looks whether storage has it */

enum { METRIC_CREATED, METRIC_DELETED, METRIC_INTENTS, METRIC_REFUSALS };

struct characters_conf {
    hearth_str gamedata;
    int64_t currency_limit;
    uint32_t durability;     /* hearth_durability */
    uint32_t during_session; /* 0: deny, 1: allow */
    int64_t max_per_user;
};

/* A snapshot of the rule data. Immutable but for being listed; lives until close. */
struct gamedata {
    struct ruleset *rules;
    struct gamedata *older;
    char etag[RULES_VERSION_SIZE + 2];
};

struct characters_shared {
    struct gamedata *newest; /* written by loop 0 only, read by close */
};

struct characters_loop {
    hearth_ctx *ctx;
    body_api api; /* http and json */
    const hearth_arena_api *arena;
    const hearth_clock *clock;
    const hearth_random *random;
    const hearth_log *log;
    const hearth_loop_api *loops;
    const hearth_mail *mail;
    const hearth_task *task;
    const hearth_timer_api *timer;
    const hearth_metrics *metrics;
    const hearth_entities *entities;
    hearth_ctx *entities_ctx;
    const hearth_identity_service *identity;
    hearth_ctx *identity_ctx;
    hearth_series *created, *deleted, *applied;
    struct gamedata *data; /* what this loop judges by */
    int reloading, reload_again;
    void (*ask)(hearth_str user, hearth_str character, hearth_str holder,
                hearth_hold_answer_fn answer, void *answer_arg, void *arg);
    void *ask_arg;
};

/* ---- job.c: a request between its handler and its reply ------------------------------------- */

enum job_kind { JOB_READ, JOB_LIST, JOB_INTENT, JOB_DELETE, JOB_CREATE };

struct job {
    struct characters_loop *loop;
    const struct ruleset *rules; /* one snapshot for the whole of the job */
    hearth_req *req;             /* while the handler runs, then behind `async` */
    hearth_async *async;         /* once the request was taken over */
    int *answered;               /* in the handler's frame, while that lasts */
    void (*write)(struct job *job, hearth_req *req);
    enum job_kind kind;
    char id[HEARTH_UUID_SIZE];
    hearth_str user; /* copied behind the job */

    struct rules_intent intent;
    int64_t version; /* that the client decided on; 0: none was sent */
    int has_receipt;
    hearth_receipt receipt;
    uint64_t waiting_since_ms;   /* a repeat, for storage to confirm the first; 0: not */
    char cleared[STATE_ID_SIZE]; /* a holder whose seat did not stand any more at this version: */
    uint64_t cleared_version;

    /* of a create */
    struct rules_recipe recipe;
    char name[CHARACTER_NAME_SIZE];
    int name_given;
    unsigned attempt;

    /* the outcome, for `write` */
    hearth_status status;
    const hearth_entity *entity;
    const hearth_entity *const *entities;
    size_t count;
    int http_status;
    int replayed;
    enum rules_refusal refusal;
    const char *code, *text; /* an error that needs no more words */
};

/* NULL: out of memory. The user is the request's. */
struct job *job_create(hearth_ctx *ctx, hearth_req *req, enum job_kind kind);

/* Runs `begin`, which answers negatively if nothing will ever come back; takes the request over if
 * it was not answered at once. What the handler returns. */
hearth_status job_run(struct job *job, hearth_status (*begin)(struct job *job));

/* Ends the job: replies by write(job, req) if somebody still waits, and frees it. */
void job_answer(struct job *job, void (*write)(struct job *job, hearth_req *req));
/* The same with what a status of entities means, or with a code of our own. */
void job_fail(struct job *job, hearth_status status);
void job_refuse(struct job *job, int http_status, const char *code, const char *text);

hearth_key job_key(const struct job *job);
/* The character is not among the user's own: 403 or 404. */
void job_not_own(struct job *job);

/* ---- reply.c -------------------------------------------------------------------------------- */

/* `job->http_status` with the character, its ETag and Hearth-Durable-Version. */
void reply_character(struct job *job, hearth_req *req);
/* 200, or 304 by If-None-Match. */
void reply_read(struct job *job, hearth_req *req);
void reply_list(struct job *job, hearth_req *req);
void reply_mismatch(struct job *job, hearth_req *req); /* 409 with the character */
void reply_refusal(struct job *job, hearth_req *req);  /* 422 */
void reply_deleted(struct job *job, hearth_req *req);

/* ---- conditions.c: conditional headers and idempotency -------------------------------------- */

/* Whether an If-None-Match names this strong tag; a missing header names none. */
int condition_none_match(hearth_str header, hearth_str etag);
/* One strong tag that holds a number >= 1: that number. 0: no header. -1: anything else. */
int64_t condition_if_match(hearth_str header);
/* Reads Idempotency-Key into the job's receipt. 0: it was answered with 400. */
int condition_receipt(struct job *job, hearth_req *req);

/* ---- handlers ------------------------------------------------------------------------------- */

hearth_status handle_create(hearth_ctx *ctx, hearth_req *req);
hearth_status handle_list(hearth_ctx *ctx, hearth_req *req);
hearth_status handle_get(hearth_ctx *ctx, hearth_req *req);
hearth_status handle_delete(hearth_ctx *ctx, hearth_req *req);
hearth_status handle_hitpoints(hearth_ctx *ctx, hearth_req *req);
hearth_status handle_equip_armor(hearth_ctx *ctx, hearth_req *req);
hearth_status handle_equip_shield(hearth_ctx *ctx, hearth_req *req);
hearth_status handle_equip_weapon(hearth_ctx *ctx, hearth_req *req);
hearth_status handle_unequip(hearth_ctx *ctx, hearth_req *req);
hearth_status handle_use(hearth_ctx *ctx, hearth_req *req);
hearth_status handle_currency_modify(hearth_ctx *ctx, hearth_req *req);
hearth_status handle_currency_exchange(hearth_ctx *ctx, hearth_req *req);
hearth_status handle_rest(hearth_ctx *ctx, hearth_req *req);
hearth_status handle_gamedata(hearth_ctx *ctx, hearth_req *req);

/* ---- the rest ------------------------------------------------------------------------------- */

/* intent.c: begins an intent or a delete whose body was good. */
hearth_status intent_begin(struct job *job);

/* collection.c: entities' view of characters, and new states. */
hearth_status collection_define(struct characters_loop *loop);
struct rules_dice collection_dice(struct characters_loop *loop);
/* Fills `next` with both forms; `buffer` must live as long as next.body is used. ENOMEM. */
hearth_status collection_next(struct characters_loop *loop, const struct character *c,
                              const struct character_private *hidden, hearth_str user,
                              uint64_t version, char buffer[STATE_TEXT_SIZE],
                              hearth_entity_next *next) HEARTH_MUST_CHECK;

/* gamedata.c */
hearth_status gamedata_check(const struct characters_conf *conf, char *err, size_t err_size);
hearth_status gamedata_open(hearth_ctx *ctx);
void gamedata_close(hearth_ctx *ctx);
void gamedata_reload(hearth_ctx *ctx);

/* service.c */
extern const hearth_characters characters_service;

static inline struct characters_loop *loop_of(hearth_ctx *ctx)
{
    return ctx->state;
}

static inline const struct characters_conf *conf_of(const struct characters_loop *loop)
{
    return loop->ctx->conf;
}

static inline const struct character_state *state_of(const hearth_entity *entity)
{
    return entity->state;
}

static inline hearth_str str_of(const char *text)
{
    hearth_str str = {text, 0};
    while (text[str.len])
        str.len++;
    return str;
}

#endif
