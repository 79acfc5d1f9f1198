/*
 * storage_op.c - a call is one heap block: ops, their strings, and room for the results.
 */
#include "storage_op.h"

#include <stdlib.h>
#include <string.h>

hearth_str storage_place(char **end, hearth_str s)
{
    hearth_str placed = {*end, s.len};
    if (s.len > 0)
        memcpy(*end, s.ptr, s.len);
    *end += s.len;
    return placed;
}

storage_row *storage_row_create(const hearth_doc *doc)
{
    storage_row *row = malloc(sizeof(*row) + doc->key.collection.len + doc->key.partition.len +
                              doc->key.sort.len + doc->body.len + doc->write_id.len);
    if (!row)
        return NULL;
    char *end = row->bytes;
    row->next = NULL;
    row->doc = *doc;
    row->doc.key.collection = storage_place(&end, doc->key.collection);
    row->doc.key.partition = storage_place(&end, doc->key.partition);
    row->doc.key.sort = storage_place(&end, doc->key.sort);
    row->doc.body = storage_place(&end, doc->body);
    row->doc.write_id = storage_place(&end, doc->write_id);
    return row;
}

void storage_rows_free(storage_row *first)
{
    while (first) {
        storage_row *next = first->next;
        free(first);
        first = next;
    }
}

/* Well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing past U+10FFFF. */
static bool is_utf8(hearth_str s)
{
    const unsigned char *p = (const unsigned char *)s.ptr, *end = p + s.len;

    while (p < end) {
        unsigned char lead = *p++;
        if (lead < 0x80)
            continue;
        size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
        if (lead < 0xc2 || lead > 0xf4 || (size_t)(end - p) < more)
            return false;
        if ((lead == 0xe0 && p[0] < 0xa0) || (lead == 0xed && p[0] > 0x9f) ||
            (lead == 0xf0 && p[0] < 0x90) || (lead == 0xf4 && p[0] > 0x8f))
            return false;
        for (; more > 0; more--, p++) {
            if ((*p & 0xc0) != 0x80)
                return false;
        }
    }
    return true;
}

const char *storage_part_problem(hearth_str part, bool may_be_empty)
{
    if (part.len == 0)
        return may_be_empty ? NULL : "collection and partition of a key must not be empty";
    if (part.len > HEARTH_STORAGE_MAX_KEY)
        return "a part of the key is longer than 512 bytes";
    if (memchr(part.ptr, '\0', part.len) || !is_utf8(part))
        return "a part of the key is not UTF-8 without NUL";
    return NULL;
}

const char *storage_key_problem(const hearth_key *key)
{
    const char *problem = storage_part_problem(key->collection, false);
    if (!problem)
        problem = storage_part_problem(key->partition, false);
    if (!problem)
        problem = storage_part_problem(key->sort, true);
    return problem;
}

static const char *body_problem(const hearth_storage_op *op)
{
    if (op->action == HEARTH_DELETE)
        return NULL;
    if (op->doc.body.len > HEARTH_STORAGE_MAX_BODY)
        return "the body is longer than 350000 bytes";
    if (op->doc.body.len < 2 || op->doc.body.ptr[0] != '{')
        return "the body is not a JSON object";
    if (op->doc.version > INT64_MAX)
        return "the version is larger than 2^63 - 1";
    if (op->doc.write_id.len > HEARTH_STORAGE_MAX_WRITE_ID)
        return "the write id is longer than 128 bytes";
    if (op->doc.expires_ms < 0)
        return "the expiry is negative";
    return NULL;
}

static const char *op_problem(const hearth_storage_op *op)
{
    if (op->action != HEARTH_PUT && op->action != HEARTH_DELETE)
        return "the action is neither put nor delete";
    if (op->condition > (HEARTH_IF_VERSION | HEARTH_IF_EPOCH) && op->condition != HEARTH_IF_ABSENT)
        return "the condition is not a valid combination";
    if ((op->condition & HEARTH_IF_ABSENT) && op->condition != HEARTH_IF_ABSENT)
        return "the condition absent excludes the others";
    const char *problem = storage_key_problem(&op->doc.key);
    return problem ? problem : body_problem(op);
}

bool storage_str_equal(hearth_str a, hearth_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static const char *transaction_problem(const storage_call *call, size_t max_transact)
{
    if (call->count > max_transact)
        return "the transaction has more operations than the backend's max_transact";
    for (size_t i = 0; i < call->count; i++) {
        const hearth_key *key = &call->ops[i].doc.key;
        if (!storage_str_equal(key->partition, call->ops[0].doc.key.partition))
            return "a transaction has keys of one partition only";
        for (size_t j = 0; j < i; j++) {
            const hearth_key *other = &call->ops[j].doc.key;
            if (storage_str_equal(key->collection, other->collection) &&
                storage_str_equal(key->sort, other->sort))
                return "a transaction has each key once only";
        }
    }
    return NULL;
}

static void judge(storage_call *call, size_t max_transact)
{
    const char *problem = NULL;

    for (size_t i = 0; i < call->count; i++) {
        const char *error = op_problem(&call->ops[i]);
        if (error) {
            call->results[i].outcome = HEARTH_STORAGE_FAILED;
            call->results[i].error = error;
            problem = "another operation of the transaction is malformed";
        }
    }
    if (!call->atomic)
        return;
    if (!problem)
        problem = transaction_problem(call, max_transact);
    for (size_t i = 0; problem && i < call->count; i++) {
        call->results[i].outcome = HEARTH_STORAGE_FAILED;
        if (!call->results[i].error)
            call->results[i].error = problem;
    }
}

static void copy_op(hearth_storage_op *to, const hearth_storage_op *from, char **end)
{
    *to = *from;
    to->doc.key.collection = storage_place(end, from->doc.key.collection);
    to->doc.key.partition = storage_place(end, from->doc.key.partition);
    to->doc.key.sort = storage_place(end, from->doc.key.sort);
    to->doc.body = storage_place(end, from->doc.body);
    to->doc.write_id = storage_place(end, from->doc.write_id);
}

void *storage_call_create(size_t head, const hearth_storage_op *const *ops, size_t count,
                          bool atomic, size_t max_transact, hearth_storage_write_fn done, void *arg)
{
    size_t aligned = (head + 15) & ~(size_t)15;
    size_t total = aligned + count * (sizeof(hearth_storage_op) + sizeof(hearth_storage_result) +
                                      sizeof(hearth_storage_result *));

    for (size_t i = 0; i < count; i++) {
        const hearth_doc *doc = &ops[i]->doc;
        total += doc->key.collection.len + doc->key.partition.len + doc->key.sort.len +
                 doc->body.len + doc->write_id.len;
    }
    storage_call *call = calloc(1, total);
    if (!call)
        return NULL;
    call->count = count;
    call->atomic = atomic;
    call->done = done;
    call->arg = arg;
    call->ops = (hearth_storage_op *)((char *)call + aligned);
    call->results = (hearth_storage_result *)(call->ops + count);
    call->result_list = (const hearth_storage_result **)(call->results + count);
    char *end = (char *)(call->result_list + count);
    for (size_t i = 0; i < count; i++) {
        copy_op(&call->ops[i], ops[i], &end);
        call->results[i].struct_size = sizeof(hearth_storage_result);
        call->result_list[i] = &call->results[i];
    }
    judge(call, max_transact);
    return call;
}

/* What a body takes at most when it is parsed: 32 bytes for each value, of which the shortest is
 * two bytes long, and room for growth. */
#define PARSE_MEMORY ((size_t)64 * HEARTH_STORAGE_MAX_BODY)

void storage_call_check_bodies(storage_call *call, hearth_ctx *ctx, const hearth_json *json,
                               const hearth_arena_api *arena)
{
    for (size_t i = 0; i < call->count; i++) {
        const hearth_storage_op *op = &call->ops[i];
        const hearth_json_value *value;
        if (op->action != HEARTH_PUT || call->results[i].outcome == HEARTH_STORAGE_FAILED)
            continue;
        hearth_arena *memory = arena->create(ctx, PARSE_MEMORY);
        if (memory && json->parse(memory, op->doc.body, &value, NULL) == HEARTH_EINVAL) {
            call->results[i].outcome = HEARTH_STORAGE_FAILED;
            call->results[i].error = "the body is not valid JSON";
        }
        arena->destroy(memory);
    }
}

void storage_call_destroy(void *pointer)
{
    storage_call *call = pointer;
    storage_rows_free(call->rows);
    free(call);
}

bool storage_call_conflict(storage_call *call, size_t i, const hearth_doc *current)
{
    if (current) {
        storage_row *row = storage_row_create(current);
        if (!row)
            return false;
        row->next = call->rows;
        call->rows = row;
        call->results[i].current = &row->doc;
    }
    call->results[i].outcome = HEARTH_STORAGE_CONFLICT;
    return true;
}

void storage_call_fail(storage_call *call, hearth_storage_outcome outcome, const char *error)
{
    for (size_t i = 0; i < call->count; i++) {
        if (call->results[i].outcome == HEARTH_STORAGE_FAILED)
            continue;
        call->results[i].outcome = outcome;
        call->results[i].error = error;
        call->results[i].current = NULL;
    }
}

bool storage_call_has_failed(const storage_call *call)
{
    for (size_t i = 0; i < call->count; i++) {
        if (call->results[i].outcome == HEARTH_STORAGE_FAILED)
            return true;
    }
    return false;
}

void storage_call_refuse(storage_call *call)
{
    for (size_t i = 0; i < call->count; i++) {
        if (call->results[i].outcome == HEARTH_STORAGE_OK)
            call->results[i].outcome = HEARTH_STORAGE_CONFLICT;
    }
}

#define SMALL 128

void storage_fail_now(size_t count, hearth_storage_write_fn done, void *arg)
{
    static const hearth_storage_result result = {
        .struct_size = sizeof(result),
        .outcome = HEARTH_STORAGE_RETRY,
        .error = "out of memory",
    };
    const hearth_storage_result *list[SMALL] = {0};
    const hearth_storage_result **results = list;

    if (count > SMALL)
        results = malloc(count * sizeof(*results));
    if (!results)
        abort(); /* not even pointers can be had for a call that must be answered */
    for (size_t i = 0; i < count; i++)
        results[i] = &result;
    done(results, count, arg);
    if (results != list)
        free(results);
}
