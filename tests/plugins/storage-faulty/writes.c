/*
 * writes.c - conditional puts and deletes, alone and as one; and the bugs that writing may have.
 */
#include "faulty.h"

#include <stdlib.h>

/* Bug "ignores:CONDITION", alone or only ":put", ":delete" or ":transact" of it. */
static bool ignores(const hearth_ctx *ctx, const storage_call *call, const hearth_storage_op *op,
                    const char *condition)
{
    const char *bug = bug_of_kind(ctx, "ignores");
    size_t len = strlen(condition);
    if (!bug || strncmp(bug, condition, len) != 0)
        return false;
    const char *where = call->atomic                  ? ":transact"
                        : op->action == HEARTH_DELETE ? ":delete"
                                                      : ":put";
    return bug[len] == '\0' || strcmp(bug + len, where) == 0;
}

static bool holds(const hearth_ctx *ctx, const storage_call *call, const hearth_storage_op *op,
                  const hearth_doc *doc)
{
    if (op->condition & HEARTH_IF_ABSENT)
        return !doc || ignores(ctx, call, op, "absent");
    if ((op->condition & HEARTH_IF_VERSION) && !ignores(ctx, call, op, "version") &&
        (!doc || doc->version != op->base_version))
        return false;
    return !(op->condition & HEARTH_IF_EPOCH) || ignores(ctx, call, op, "epoch") ||
           (doc && doc->epoch == op->base_epoch);
}

static bool is_json(hearth_ctx *ctx, hearth_str body)
{
    const hearth_json *json = hearth_json_get(ctx);
    const hearth_json_value *value;
    hearth_arena *arena = hearth_arena_get(ctx)->create(ctx, 16 * HEARTH_STORAGE_MAX_BODY);
    bool good = arena && json->parse(arena, body, &value, NULL) == HEARTH_OK &&
                json->type(value) == HEARTH_JSON_OBJECT;
    if (arena)
        hearth_arena_get(ctx)->destroy(arena);
    return good || has_bug(ctx, "accepts:body");
}

/* As if somebody else had written in between. */
static void meddle(struct documents *documents, const hearth_storage_op *op)
{
    hearth_storage_op other = *op;
    const hearth_doc *doc = documents_find(documents, &op->doc.key, 0);
    if (!doc)
        return;
    other.action = HEARTH_PUT;
    other.doc = *doc;
    other.doc.version = doc->version + 1000;
    other.doc.write_id = HEARTH_STR("a-stranger/1/1");
    storage_row *copy = storage_row_create(&other.doc);
    other.doc = copy->doc;
    if (!documents_apply(documents, &other))
        abort();
    free(copy);
}

/* Bug "lost:WHICH": answered with OK, and nothing happened. */
static bool is_lost(const hearth_ctx *ctx, const storage_call *call, size_t i)
{
    const char *which = bug_of_kind(ctx, "lost");
    if (!which)
        return false;
    return (strcmp(which, "put") == 0 && call->ops[i].action == HEARTH_PUT && !call->atomic) ||
           (strcmp(which, "delete") == 0 && call->ops[i].action == HEARTH_DELETE &&
            !call->atomic) ||
           (strcmp(which, "transact-delete") == 0 && call->ops[i].action == HEARTH_DELETE &&
            call->atomic) ||
           (strcmp(which, "transact") == 0 && call->atomic) ||
           (strcmp(which, "late") == 0 && i >= 1000) ||
           (strcmp(which, "loop-1") == 0 && ctx->loop == 1);
}

/* Bug "put:whole-numbers". */
static void round_numbers(hearth_str body)
{
    char *p = (char *)body.ptr;
    for (size_t i = 1; i < body.len; i++) {
        if ((p[i - 1] == '.' || (p[i - 1] == '0' && i > 1 && p[i - 2] == '.')) && p[i] >= '0' &&
            p[i] <= '9')
            p[i] = '0';
    }
}

static void apply(hearth_ctx *ctx, storage_call *call, size_t i)
{
    struct documents *documents = &((struct shared *)ctx->shared)->documents;
    struct local *local = ctx->state;
    hearth_storage_op op = call->ops[i];

    answer_spoil(ctx, "put", &op.doc);
    if (has_bug(ctx, "put:whole-numbers"))
        round_numbers(op.doc.body);
    storage_rows_free(local->seen);
    local->seen = NULL;
    if (!is_lost(ctx, call, i) && !documents_apply(documents, &op))
        call->results[i].outcome = HEARTH_STORAGE_RETRY;
}

static void conflict(hearth_ctx *ctx, storage_call *call, size_t i, const hearth_doc *doc)
{
    bool none =
        has_bug(ctx, "conflict:none") ||
        (has_bug(ctx, "conflict:none-for-delete") && call->ops[i].action == HEARTH_DELETE) ||
        (has_bug(ctx, "conflict:none-for-epoch") && (call->ops[i].condition & HEARTH_IF_EPOCH)) ||
        (has_bug(ctx, "conflict:none-in-transact") && call->atomic);
    if (!storage_call_conflict(call, i, none ? NULL : doc))
        abort();
    if (call->results[i].current)
        answer_spoil(ctx, "conflict", &call->rows->doc);
}

static void judge(hearth_ctx *ctx, storage_call *call, size_t i, int64_t now)
{
    struct documents *documents = &((struct shared *)ctx->shared)->documents;
    int64_t seen_at = has_bug(ctx, "conditions:expired") ? 0 : now;
    const hearth_doc *doc = documents_find(documents, &call->ops[i].doc.key, seen_at);

    if (call->results[i].outcome != HEARTH_STORAGE_OK)
        return;
    if (!holds(ctx, call, &call->ops[i], doc)) {
        int64_t shown_at = has_bug(ctx, "conflict:expired") ? 0 : now;
        conflict(ctx, call, i, documents_find(documents, &call->ops[i].doc.key, shown_at));
    } else if (!call->atomic || has_bug(ctx, "transact:partial")) {
        apply(ctx, call, i);
    }
}

/* Bug "accepts:TEXT": what is refused with a sentence that has TEXT in it is let in. */
static void accept(hearth_ctx *ctx, storage_call *call)
{
    const char *text = bug_of_kind(ctx, "accepts");
    for (size_t i = 0; text && i < call->count; i++) {
        if (call->results[i].error && strstr(call->results[i].error, text)) {
            call->results[i].outcome = HEARTH_STORAGE_OK;
            call->results[i].error = NULL;
        }
    }
}

static void check_bodies(hearth_ctx *ctx, storage_call *call)
{
    bool failed = false;
    for (size_t i = 0; i < call->count; i++) {
        if (call->ops[i].action == HEARTH_PUT && call->results[i].outcome == HEARTH_STORAGE_OK &&
            !is_json(ctx, call->ops[i].doc.body)) {
            call->results[i].outcome = HEARTH_STORAGE_FAILED;
            call->results[i].error = "the body is not a JSON object";
        }
        failed = failed || call->results[i].outcome == HEARTH_STORAGE_FAILED;
    }
    if (call->atomic && failed)
        storage_call_fail(call, HEARTH_STORAGE_FAILED, "another operation is malformed");
}

static void write_call(hearth_ctx *ctx, storage_call *call, enum fault fault)
{
    struct documents *documents = &((struct shared *)ctx->shared)->documents;
    int64_t now = hearth_clock_get(ctx)->wall_ms(ctx);
    bool refused = false, backwards = has_bug(ctx, "batch:backwards");

    accept(ctx, call);
    check_bodies(ctx, call);
    pthread_mutex_lock(&documents->lock);
    for (size_t n = 0; n < call->count; n++) {
        size_t i = backwards ? call->count - 1 - n : n;
        if (fault == FAULT_CONFLICT)
            meddle(documents, &call->ops[i]);
        judge(ctx, call, i, now);
        refused = refused || call->results[i].outcome != HEARTH_STORAGE_OK;
    }
    for (size_t i = 0; i < call->count && call->atomic && !refused; i++)
        apply(ctx, call, i);
    pthread_mutex_unlock(&documents->lock);
    if (call->atomic && refused && !has_bug(ctx, "transact:ok"))
        storage_call_refuse(call);
    for (size_t i = 0; i < call->count && has_bug(ctx, "result:no-error"); i++)
        call->results[i].error = NULL;
    for (size_t i = 0; i < call->count && has_bug(ctx, "result:size"); i++)
        call->results[i].struct_size = 0;
}

static void run(hearth_ctx *ctx, const hearth_storage_op *const *ops, size_t count, bool atomic,
                hearth_storage_write_fn done, void *arg)
{
    struct fault_now now =
        answer_fault(ctx, count > 0 ? ops[0]->doc.key.collection : (hearth_str){NULL, 0});
    struct answer *answer =
        storage_call_create(sizeof(*answer), ops, count, atomic, MAX_TRANSACT, done, arg);

    if (!answer) {
        storage_fail_now(count, done, arg);
        return;
    }
    answer->ctx = ctx;
    if (now.fault == FAULT_DOWN || now.fault == FAULT_RETRY)
        storage_call_fail(&answer->call, HEARTH_STORAGE_RETRY, "storage-faulty: try again");
    else if (now.fault == FAULT_FAILED)
        storage_call_fail(&answer->call, HEARTH_STORAGE_FAILED, "storage-faulty: never");
    else
        write_call(ctx, &answer->call, now.fault);
    if (now.fault == FAULT_LOST)
        storage_call_fail(&answer->call, HEARTH_STORAGE_RETRY,
                          "storage-faulty: the answer is lost");
    answer_send(answer, now.latency_ms);
}

void faulty_write(hearth_ctx *ctx, const hearth_storage_op *const *ops, size_t count,
                  hearth_storage_write_fn done, void *arg)
{
    run(ctx, ops, count, false, done, arg);
}

void faulty_transact(hearth_ctx *ctx, const hearth_storage_op *const *ops, size_t count,
                     hearth_storage_write_fn done, void *arg)
{
    run(ctx, ops, count, true, done, arg);
}
