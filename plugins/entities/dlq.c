/*
 * dlq.c - the journal's own thread reads the letters; what changes one happens on the home loop of
 * its user, like everything else that touches him.
 *
 * A letter that storage refused is still the entity's state here: retry makes it dirty again,
 * discard goes back to what storage has. After a conflict storage's state counts: retry writes the
 * letter over it, but only over the version that the operator has seen.
 */
#include "dlq.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commit.h"
#include "flush.h"

#define LISTED 10000

enum dlq_action { DLQ_LIST, DLQ_SHOW, DLQ_RETRY, DLQ_DISCARD };

struct letter {
    struct letter *next;
    struct journal_row row;
    char bytes[];
};

/* One run of a command, from loop 0 to the journal, to the home loop, and back. */
struct dlq {
    struct journal_call call;
    hearth_ctx *ctx; /* loop 0 */
    hearth_cmd *cmd;
    enum dlq_action action;
    uint64_t seq, over; /* over: the version that a retry may replace; 0: the letter's */
    struct letter *first, **last;
    bool failed;
    struct change *change; /* a retry after a conflict */
    void *state;
    char message[300];
};

static hearth_str place(char **end, hearth_str s)
{
    hearth_str placed = {*end, s.len};
    if (s.len > 0)
        memcpy(*end, s.ptr, s.len);
    *end += s.len;
    return placed;
}

static void finish(struct dlq *dlq, hearth_status status)
{
    const hearth_command_api *command = shared_of(dlq->ctx)->command;
    hearth_cmd *cmd = dlq->cmd;

    if (status != HEARTH_OK)
        command->fail(cmd, "%s", dlq->message);
    else if (dlq->message[0])
        command->print(cmd, "%s", dlq->message);
    while (dlq->first) {
        struct letter *next = dlq->first->next;
        free(dlq->first);
        dlq->first = next;
    }
    free(dlq);
    command->finish(cmd, status);
}

static void finish_posted(hearth_ctx *ctx, void *arg)
{
    (void)ctx;
    finish(arg, HEARTH_OK);
}

static void fail_posted(hearth_ctx *ctx, void *arg)
{
    (void)ctx;
    finish(arg, HEARTH_EINVAL);
}

/* Back to loop 0; the message is set. */
static void go_back(hearth_ctx *ctx, struct dlq *dlq, bool ok)
{
    if (shared_of(ctx)->loop->post(ctx, 0, ok ? finish_posted : fail_posted, dlq) != HEARTH_OK)
        shared_of(ctx)->log->write(ctx, NULL, HEARTH_LOG_ERROR, "dlq: out of memory");
}

/* ---- on the home loop ---- */

static void retry_dead(struct local *local, struct dlq *dlq, struct entity *entity)
{
    entity->dead = false;
    local->dead_count--;
    entity->attempts = 0;
    entity->retry_at_ms = 0;
    flush_entity(local, entity);
    snprintf(dlq->message, sizeof(dlq->message), "letter %" PRIu64 " is written again", dlq->seq);
    go_back(local->ctx, dlq, true);
}

static void discard_dead(struct local *local, struct dlq *dlq, struct entity *entity)
{
    journal_forget(shared_of(local->ctx)->journal, entity->row);
    entity->row = 0;
    flush_drop(local, entity);
    entity_pin(local, entity);
    entity_forget(local, entity);
    entity_unpin(local, entity);
    snprintf(dlq->message, sizeof(dlq->message), "letter %" PRIu64 " is discarded", dlq->seq);
    go_back(local->ctx, dlq, true);
}

static void rewritten(hearth_status status, const hearth_entity *entity, void *arg)
{
    struct dlq *dlq = arg;
    struct local *local = dlq->state;
    struct shared *shared = shared_of(local->ctx);

    if (status == HEARTH_OK) {
        journal_forget(shared->journal, dlq->seq);
        local->conflict_count--;
        snprintf(dlq->message, sizeof(dlq->message),
                 "letter %" PRIu64 " is version %" PRIu64 " now", dlq->seq, entity->version);
    } else {
        snprintf(dlq->message, sizeof(dlq->message),
                 "letter %" PRIu64 " cannot be written now; nothing has changed", dlq->seq);
    }
    go_back(local->ctx, dlq, status == HEARTH_OK);
}

/* The turn of an entity whose storage state is to be replaced by the letter's. */
static void rewrite(hearth_status status, const hearth_entity *view, void *arg)
{
    struct dlq *dlq = arg;
    struct local *local = dlq->state;
    const struct journal_row *row = &dlq->first->row;
    uint64_t over = dlq->over ? dlq->over : row->base;

    if (status != HEARTH_OK) {
        snprintf(dlq->message, sizeof(dlq->message), "%s",
                 status == HEARTH_ENOTFOUND
                     ? "storage does not have the document any more: the letter can only be "
                       "discarded"
                     : "the document cannot be read now; try again later");
        go_back(local->ctx, dlq, false);
        return;
    }
    if (view->version != over) {
        snprintf(dlq->message, sizeof(dlq->message),
                 "expected version %" PRIu64 " in storage, found %" PRIu64
                 ": to replace that, say --version %" PRIu64,
                 over, view->version, view->version);
        go_back(local->ctx, dlq, false);
        return;
    }
    if (commit_letter(local, view, row->body, rewritten, dlq) < 0) {
        snprintf(dlq->message, sizeof(dlq->message),
                 "letter %" PRIu64 " cannot be written now; nothing has changed", dlq->seq);
        go_back(local->ctx, dlq, false);
    }
}

static void act_at_home(hearth_ctx *ctx, void *arg)
{
    struct dlq *dlq = arg;
    struct local *local = local_of(ctx);
    const struct journal_row *row = &dlq->first->row;
    struct entity *entity = entity_find(local, &row->key);

    dlq->state = local;
    if (row->state == ROW_DEAD) {
        if (!entity || !entity->dead || entity->row != dlq->seq || entity->turn) {
            snprintf(dlq->message, sizeof(dlq->message),
                     "letter %" PRIu64 " is being changed just now; list again", dlq->seq);
            go_back(ctx, dlq, false);
        } else if (dlq->action == DLQ_RETRY) {
            retry_dead(local, dlq, entity);
        } else {
            discard_dead(local, dlq, entity);
        }
        return;
    }
    if (dlq->action == DLQ_DISCARD) {
        journal_forget(shared_of(ctx)->journal, dlq->seq);
        local->conflict_count--;
        snprintf(dlq->message, sizeof(dlq->message), "letter %" PRIu64 " is discarded", dlq->seq);
        go_back(ctx, dlq, true);
        return;
    }
    hearth_status status = service_turn(ctx, &row->key, rewrite, dlq);
    if (status < 0)
        rewrite(status, NULL, dlq);
}

/* ---- on the journal's thread ---- */

static bool take(const struct journal_row *row, void *arg)
{
    struct dlq *dlq = arg;
    const hearth_key *key = &row->key;
    struct letter *letter =
        malloc(sizeof(*letter) + key->collection.len + key->partition.len + key->sort.len +
               row->error.len + row->body.len + row->write_id.len);

    if (!letter)
        return false;
    char *end = letter->bytes;
    letter->next = NULL;
    letter->row = *row;
    letter->row.key.collection = place(&end, key->collection);
    letter->row.key.partition = place(&end, key->partition);
    letter->row.key.sort = place(&end, key->sort);
    letter->row.error = place(&end, row->error);
    letter->row.write_id = place(&end, row->write_id);
    letter->row.body = place(&end, row->body);
    *dlq->last = letter;
    dlq->last = &letter->next;
    return true;
}

static void read_letters(struct journal *journal, struct journal_call *call)
{
    struct dlq *dlq = CONTAINER_OF(call, struct dlq, call);
    dlq->failed = journal_read_dead(journal, dlq->seq, LISTED, take, dlq) < 0;
}

/* ---- on loop 0 ---- */

static void print_letter(struct dlq *dlq, const struct journal_row *row)
{
    const hearth_command_api *command = shared_of(dlq->ctx)->command;
    char when[HEARTH_RFC3339_SIZE], conflict[64] = "";

    shared_of(dlq->ctx)->clock->rfc3339(row->time_ms, when);
    if (row->state == ROW_CONFLICT)
        snprintf(conflict, sizeof(conflict), " (storage has version %" PRIu64 ")", row->base);
    command->print(dlq->cmd,
                   "%" PRIu64 "  %s  %s  %" HEARTH_PRIS "/%" HEARTH_PRIS "/%" HEARTH_PRIS
                   "  version %" PRIu64 "%s: %" HEARTH_PRIS,
                   row->seq, when, row->state == ROW_CONFLICT ? "conflict" : "refused",
                   HEARTH_ARG(row->key.collection), HEARTH_ARG(row->key.partition),
                   HEARTH_ARG(row->key.sort), row->version, conflict, HEARTH_ARG(row->error));
}

static void letters_read(hearth_ctx *ctx, struct journal_call *call)
{
    struct dlq *dlq = CONTAINER_OF(call, struct dlq, call);

    if (dlq->failed) {
        snprintf(dlq->message, sizeof(dlq->message), "the journal cannot be read");
        finish(dlq, HEARTH_EINTERNAL);
        return;
    }
    if (!dlq->first && dlq->action != DLQ_LIST) {
        snprintf(dlq->message, sizeof(dlq->message), "there is no dead letter %" PRIu64, dlq->seq);
        finish(dlq, HEARTH_ENOTFOUND);
        return;
    }
    if (dlq->action == DLQ_RETRY || dlq->action == DLQ_DISCARD) {
        if (shared_of(ctx)->mail->send(ctx, dlq->first->row.key.partition, act_at_home, dlq) !=
            HEARTH_OK) {
            snprintf(dlq->message, sizeof(dlq->message), "out of memory");
            finish(dlq, HEARTH_ENOMEM);
        }
        return;
    }
    for (struct letter *letter = dlq->first; letter; letter = letter->next)
        print_letter(dlq, &letter->row);
    if (dlq->action == DLQ_SHOW)
        shared_of(ctx)->command->print(dlq->cmd, "%" HEARTH_PRIS, HEARTH_ARG(dlq->first->row.body));
    finish(dlq, HEARTH_OK);
}

static bool parse_number(hearth_str text, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || value > (UINT64_MAX >> 5))
            return false;
        value = value * 10 + (uint64_t)(text.ptr[i] - '0');
    }
    *out = value;
    return text.len > 0 && value > 0;
}

static hearth_status run(hearth_ctx *ctx, hearth_cmd *cmd, enum dlq_action action)
{
    const hearth_command_api *command = shared_of(ctx)->command;
    hearth_str over = command->option(cmd, "version");
    struct dlq *dlq = calloc(1, sizeof(*dlq));

    if (!dlq)
        return HEARTH_ENOMEM;
    *dlq = (struct dlq){.ctx = ctx, .cmd = cmd, .action = action};
    dlq->last = &dlq->first;
    dlq->call.loop = ctx->loop;
    dlq->call.run = read_letters;
    dlq->call.done = letters_read;
    if ((action != DLQ_LIST && !parse_number(command->argument(cmd, 0), &dlq->seq)) ||
        (over.ptr && !parse_number(over, &dlq->over))) {
        command->fail(cmd, "expected the number of a dead letter, as `hearth dlq list` shows it");
        free(dlq);
        return HEARTH_EINVAL;
    }
    journal_call(shared_of(ctx)->journal, &dlq->call);
    return HEARTH_DEFERRED;
}

hearth_status dlq_list(hearth_ctx *ctx, hearth_cmd *cmd)
{
    return run(ctx, cmd, DLQ_LIST);
}

hearth_status dlq_show(hearth_ctx *ctx, hearth_cmd *cmd)
{
    return run(ctx, cmd, DLQ_SHOW);
}

hearth_status dlq_retry(hearth_ctx *ctx, hearth_cmd *cmd)
{
    return run(ctx, cmd, DLQ_RETRY);
}

hearth_status dlq_discard(hearth_ctx *ctx, hearth_cmd *cmd)
{
    return run(ctx, cmd, DLQ_DISCARD);
}
