/*
 * answer.c - every answer comes in a later turn of its loop; and the bugs that a backend may have
 * on that way.
 */
#include "faulty.h"

#include <pthread.h>
#include <stdlib.h>

const char *bug_of_kind(const hearth_ctx *ctx, const char *kind)
{
    hearth_str bug = ((const struct config *)ctx->conf)->bug;
    size_t len = strlen(kind);
    return bug.len > len && memcmp(bug.ptr, kind, len) == 0 && bug.ptr[len] == ':'
               ? bug.ptr + len + 1
               : NULL;
}

void answer_spoil(const hearth_ctx *ctx, const char *kind, hearth_doc *doc)
{
    const char *field = bug_of_kind(ctx, kind);
    if (!field)
        return;
    if (strcmp(field, "size") == 0)
        doc->struct_size = 0;
    else if (strcmp(field, "collection") == 0)
        doc->key.collection.len--;
    else if (strcmp(field, "partition") == 0)
        doc->key.partition = HEARTH_STR("another");
    else if (strcmp(field, "sort") == 0 && doc->key.sort.len > 0)
        doc->key.sort.len--;
    else if (strcmp(field, "body") == 0)
        doc->body = HEARTH_STR("{}");
    else if (strcmp(field, "version") == 0)
        doc->version++;
    else if (strcmp(field, "epoch") == 0)
        doc->epoch = 0;
    else if (strcmp(field, "write_id") == 0)
        doc->write_id.len = 0;
    else if (strcmp(field, "expires") == 0)
        doc->expires_ms = 0;
}

static void call_back(struct answer *answer)
{
    const hearth_doc *docs[MAX_PAGE + 1];
    size_t count = 0, results = answer->call.count;

    for (storage_row *row = answer->rows; row; row = row->next)
        docs[count++] = &row->doc;
    if (has_bug(answer->ctx, "answer:freed")) {
        storage_rows_free(answer->rows);
        answer->rows = NULL;
    }
    if (has_bug(answer->ctx, "answer:short") && results > 1)
        results--;
    if (answer->get)
        answer->get(answer->status, count ? docs[0] : NULL, answer->arg);
    else if (answer->page)
        answer->page(answer->status, docs, count, answer->cursor, answer->arg);
    else
        answer->call.done(answer->call.result_list, results, answer->call.arg);
}

static void finish(struct answer *answer)
{
    hearth_ctx *ctx = answer->ctx;
    struct local *local = ctx->state;

    storage_rows_free(answer->rows);
    storage_call_destroy(answer);
    local->answers--;
    if (local->draining && local->answers == 0) {
        local->draining = 0;
        ctx->host->drained(ctx);
    }
}

static void deliver_again(hearth_ctx *ctx, void *arg)
{
    (void)ctx;
    call_back(arg);
    finish(arg);
}

static void *call_back_elsewhere(void *arg)
{
    call_back(arg);
    return NULL;
}

static void deliver(hearth_ctx *ctx, void *arg)
{
    struct answer *answer = arg;
    pthread_t thread;

    if (has_bug(ctx, "answer:thread") &&
        pthread_create(&thread, NULL, call_back_elsewhere, answer) == 0)
        pthread_join(thread, NULL);
    else
        call_back(answer);
    if (has_bug(ctx, "answer:twice"))
        call_back(answer);
    if (!has_bug(ctx, "answer:again"))
        finish(answer);
    else if (!hearth_timer_get(ctx)->start(ctx, 50, 0, deliver_again, answer))
        abort();
}

void answer_send(struct answer *answer, unsigned latency_ms)
{
    hearth_ctx *ctx = answer->ctx;
    uint32_t loop = (ctx->loop + (has_bug(ctx, "answer:loop") ? 1 : 0)) % ctx->loops;

    ((struct local *)ctx->state)->answers++;
    if (has_bug(ctx, "answer:never") && answer->page)
        return;
    if (has_bug(ctx, "answer:early")) {
        deliver(ctx, answer);
        return;
    }
    if (latency_ms > 0 && hearth_timer_get(ctx)->start(ctx, latency_ms, 0, deliver, answer))
        return;
    if (hearth_loop_get(ctx)->post(ctx, loop, deliver, answer) != HEARTH_OK)
        abort();
}

struct answer *answer_create(hearth_ctx *ctx, void *arg)
{
    struct answer *answer =
        storage_call_create(sizeof(*answer), NULL, 0, false, MAX_TRANSACT, NULL, NULL);
    if (!answer)
        abort(); /* a test has memory */
    answer->ctx = ctx;
    answer->arg = arg;
    return answer;
}

struct fault_now answer_fault(hearth_ctx *ctx, hearth_str collection)
{
    struct fault_now now = faults_read(((struct shared *)ctx->shared)->faults_path, collection);
    ((struct local *)ctx->state)->healthy = now.fault != FAULT_DOWN && !has_bug(ctx, "unhealthy");
    return now;
}
