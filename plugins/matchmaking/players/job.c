/*
 * job.c - see job.h.
 */
#include "job.h"
#include "../reports/record.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDEMPOTENCY_KEY_MAX 64

struct job *job_create(hearth_ctx *ctx, hearth_req *req, enum job_kind kind)
{
    struct mm_loop *loop = mm_loop_of(ctx);
    const hearth_http *http = loop->api.http;
    struct job *job = calloc(1, sizeof(*job));
    if (!job) {
        (void)http->error(req, 503, "OVERLOADED", "The server is short of memory.");
        return NULL;
    }
    job->loop = loop;
    job->home = ctx->loop;
    job->kind = kind;
    if (body_uuid(http->identity(req)->user, job->turn.user)) {
        memcpy(job->allocation.player.user, job->turn.user, sizeof(job->turn.user));
        return job;
    }
    (void)http->error(req, 403, "FORBIDDEN", "Players are named by UUIDs; this token is not.");
    free(job);
    return NULL;
}

void job_discard(struct job *job)
{
    free(job);
}

/* Who closes his connection and asks again does not fill our memory, nor take everybody's turn. */
static hearth_status refuse_impatient(struct job *job, hearth_req *req)
{
    (void)job->loop->api.http->error(req, 429, "TOO_MANY_REQUESTS",
                                     "Too many requests of yours are waiting.");
    free(job);
    return HEARTH_OK;
}

hearth_status job_begin(struct job *job, hearth_req *req, void (*run)(struct turn *turn))
{
    struct mm_loop *loop = job->loop;
    if (!turn_has_room(loop->turns, job->turn.user))
        return refuse_impatient(job, req);
    job->async = loop->api.http->defer(req, NULL, NULL);
    if (!job->async) {
        free(job);
        return HEARTH_ENOMEM;
    }
    job->turn.run = run;
    turn_take(loop->turns, &job->turn);
    return HEARTH_DEFERRED;
}

static void hash(char out[DIGEST_SIZE], const hearth_str *parts, size_t count)
{
    static const unsigned char nul = 0;
    uint8_t digest[16];
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof(digest));
    for (size_t i = 0; i < count; i++) {
        crypto_generichash_update(&state, (const unsigned char *)parts[i].ptr, parts[i].len);
        crypto_generichash_update(&state, &nul, 1);
    }
    crypto_generichash_final(&state, digest, sizeof(digest));
    sodium_bin2hex(out, DIGEST_SIZE, digest, sizeof(digest));
}

bool job_read_receipt(struct job *job, hearth_req *req)
{
    static const char *const paths[] = {"create", "find", "join", "leave"};
    const hearth_http *http = job->loop->api.http;
    hearth_str key = http->header(req, "Idempotency-Key"), body = http->body(req);
    if (!key.ptr)
        return true;
    if (key.len < 1 || key.len > IDEMPOTENCY_KEY_MAX) {
        (void)http->error(req, 400, "INVALID_REQUEST",
                          "Idempotency-Key: expected 1 to %d characters.", IDEMPOTENCY_KEY_MAX);
        return false;
    }
    const hearth_str scope[] = {str_of(paths[job->kind]), str_of(job->allocation.game_sim), key};
    hash(job->receipt.key, scope, 3);
    hash(job->receipt.body, &body, 1);
    job->has_receipt = true;
    return true;
}

void job_add_receipt(struct job *job, int http_status)
{
    struct ticket_receipt *receipt = &job->receipt;
    receipt->http_status = http_status;
    receipt->expires_ms = job->loop->clock->wall_ms(job->loop->ctx) + RECEIPT_TTL_MS;
    memcpy(receipt->game_sim, job->allocation.game_sim, sizeof(receipt->game_sim));
    ticket_add_receipt(&job->ticket, receipt);
}

/* ---- replies ---- */

static void finish(struct job *job)
{
    sodium_memzero(job, sizeof(*job));
    free(job);
}

static void write_seat(struct job *job, hearth_req *req)
{
    struct mm_loop *loop = job->loop;
    const hearth_json *json = loop->api.json;
    const struct seat *seat = &job->allocation.seat;
    char expires[HEARTH_RFC3339_SIZE];
    hearth_str text;
    hearth_json_writer *writer = json->writer(loop->api.http->arena(req), 16384);
    if (!writer) {
        (void)loop->api.http->error(req, 503, "OVERLOADED", "The server is short of memory.");
        return;
    }
    loop->clock->rfc3339(job->allocation.token_expires_ms, expires);
    json->object_begin(writer);
    json->key(writer, HEARTH_STR("gameSimId"));
    json->string(writer, str_of(seat->game_sim));
    json->key(writer, HEARTH_STR("seat"));
    json->integer(writer, seat->number);
    json->key(writer, HEARTH_STR("instance"));
    json->object_begin(writer);
    json->key(writer, HEARTH_STR("id"));
    json->string(writer, str_of(seat->instance));
    json->key(writer, HEARTH_STR("address"));
    json->string(writer, str_of(seat->address));
    json->key(writer, HEARTH_STR("port"));
    json->integer(writer, seat->port);
    json->object_end(writer);
    json->key(writer, HEARTH_STR("connectToken"));
    json->string(writer, str_of(job->token));
    json->key(writer, HEARTH_STR("tokenExpiresAt"));
    json->string(writer, str_of(expires));
    json->object_end(writer);
    if (json->finish(writer, &text) != HEARTH_OK) {
        (void)loop->api.http->error(req, 500, "INTERNAL", "The server has failed.");
        return;
    }
    (void)loop->api.http->set_header(req, "Cache-Control", HEARTH_STR("no-store"));
    (void)loop->api.http->reply(req, job->http_status, HEARTH_STR("application/json"), text);
}

static void write_error(struct job *job, hearth_req *req)
{
    const hearth_http *http = job->loop->api.http;
    char seconds[24];
    if (job->retry_after_ms > 0) {
        snprintf(seconds, sizeof(seconds), "%lld", (long long)(job->retry_after_ms + 999) / 1000);
        (void)http->set_header(req, "Retry-After", str_of(seconds));
    }
    if (job->members[0])
        (void)http->error_with(req, job->http_status, job->code, str_of(job->members), "%s",
                               job->text);
    else
        (void)http->error(req, job->http_status, job->code, "%s", job->text);
}

static void on_complete(hearth_ctx *ctx, hearth_req *req, void *arg)
{
    struct job *job = arg;
    (void)ctx;
    if (req && job->replayed && !job->code)
        (void)job->loop->api.http->set_header(req, "Idempotency-Replayed", HEARTH_STR("true"));
    if (!req)
        ;
    else if (job->code)
        write_error(job, req);
    else if (job->token[0])
        write_seat(job, req);
    else
        (void)job->loop->api.http->reply(req, job->http_status, HEARTH_STR(""), HEARTH_STR(""));
    finish(job);
}

static void answer(struct job *job)
{
    turn_end(job->loop->turns, &job->turn);
    job->loop->api.http->complete(job->async, on_complete, job);
}

void job_refuse(struct job *job, int http_status, const char *code, const char *text)
{
    job->http_status = http_status;
    job->code = code;
    job->text = text;
    answer(job);
}

void job_unavailable(struct job *job)
{
    job_refuse(job, 503, "STORAGE_UNAVAILABLE", "Storage cannot be reached now; please try again.");
}

void job_refuse_mismatch(struct job *job)
{
    job_refuse(job, 409, "IDEMPOTENCY_MISMATCH",
               "This Idempotency-Key was used with another body.");
}

void job_reply_seat(struct job *job)
{
    answer(job);
}

void job_reply_empty(struct job *job)
{
    job->http_status = 204;
    answer(job);
}

static void on_record(hearth_status status, const struct record *record, void *arg)
{
    struct job *job = arg;
    if (status == HEARTH_OK && record->outcome != OUTCOME_NONE)
        job_refuse(job, 410, "SESSION_ENDED", "This game session has ended.");
    else if (status == HEARTH_OK || status == HEARTH_ENOTFOUND)
        job_refuse(job, 404, "GAMESIM_NOT_FOUND", "There is no such game session.");
    else
        job_unavailable(job);
}

void job_look_for_record(struct job *job, const char *game_sim)
{
    record_load(job->loop, game_sim, on_record, job);
}

/* Back on its home loop, where its turn ends. */
static void on_stranded(hearth_ctx *ctx, hearth_req *req, void *arg)
{
    struct job *job = arg;
    job->http_status = 503;
    job->code = "OVERLOADED";
    job->text = "The server is short of memory.";
    turn_end(job->loop->turns, &job->turn);
    on_complete(ctx, req, job);
}

/* Refused when memory is out, and in shutdown when the other loop has stopped. */
void job_hop(hearth_ctx *ctx, struct job *job, uint32_t loop, hearth_loop_fn fn)
{
    if (hearth_loop_get(ctx)->post(ctx, loop, fn, job) != HEARTH_OK)
        job->loop->api.http->complete(job->async, on_stranded, job);
}
