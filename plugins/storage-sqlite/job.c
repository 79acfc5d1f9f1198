/*
 * job.c - a job is one heap block: the call's ops, their strings, and room for the results.
 * Everything that can be refused without the database is refused here, on the loop.
 */
#include "job.h"

#include <stdlib.h>
#include <string.h>

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
    const char *problem = key_problem(&op->doc.key);
    return problem ? problem : body_problem(op);
}

static bool str_equal(hearth_str a, hearth_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static const char *transaction_problem(const struct job *job)
{
    if (job->count > MAX_TRANSACT)
        return "a transaction has at most 100 operations";
    for (size_t i = 0; i < job->count; i++) {
        const hearth_key *key = &job->ops[i].doc.key;
        if (!str_equal(key->partition, job->ops[0].doc.key.partition))
            return "a transaction has keys of one partition only";
        for (size_t j = 0; j < i; j++) {
            const hearth_key *other = &job->ops[j].doc.key;
            if (str_equal(key->collection, other->collection) && str_equal(key->sort, other->sort))
                return "a transaction has each key once only";
        }
    }
    return NULL;
}

static void judge(struct job *job)
{
    const char *problem = NULL;

    for (size_t i = 0; i < job->count; i++) {
        const char *error = op_problem(&job->ops[i]);
        if (error) {
            job->results[i].outcome = HEARTH_STORAGE_FAILED;
            job->results[i].error = error;
            problem = "another operation of the transaction is malformed";
        }
    }
    if (!job->atomic)
        return;
    if (!problem)
        problem = transaction_problem(job);
    for (size_t i = 0; problem && i < job->count; i++) {
        job->results[i].outcome = HEARTH_STORAGE_FAILED;
        if (!job->results[i].error)
            job->results[i].error = problem;
    }
}

struct job *job_create(hearth_ctx *ctx, const hearth_storage_op *const *ops, size_t count,
                       bool atomic, hearth_storage_write_fn done, void *arg)
{
    size_t each =
        sizeof(hearth_storage_op) + sizeof(hearth_storage_result) + sizeof(hearth_storage_result *);
    size_t total = sizeof(struct job) + count * each;

    for (size_t i = 0; i < count; i++) {
        const hearth_doc *doc = &ops[i]->doc;
        total += doc->key.collection.len + doc->key.partition.len + doc->key.sort.len +
                 doc->body.len + doc->write_id.len;
    }
    struct job *job = calloc(1, total);
    if (!job)
        return NULL;
    job->ctx = ctx;
    job->done = done;
    job->arg = arg;
    job->atomic = atomic;
    job->count = count;
    job->ops = (hearth_storage_op *)(job + 1);
    job->results = (hearth_storage_result *)(job->ops + count);
    job->result_list = (const hearth_storage_result **)(job->results + count);
    char *end = (char *)(job->result_list + count);
    for (size_t i = 0; i < count; i++) {
        hearth_doc *doc = &job->ops[i].doc;
        job->ops[i] = *ops[i];
        doc->key.collection = str_place(&end, doc->key.collection);
        doc->key.partition = str_place(&end, doc->key.partition);
        doc->key.sort = str_place(&end, doc->key.sort);
        doc->body = str_place(&end, doc->body);
        doc->write_id = str_place(&end, doc->write_id);
        job->results[i].struct_size = sizeof(hearth_storage_result);
        job->result_list[i] = &job->results[i];
    }
    judge(job);
    return job;
}

void job_destroy(struct job *job)
{
    if (!job)
        return;
    rows_free(job->rows);
    free(job);
}

void job_fail(struct job *job, hearth_storage_outcome outcome, const char *error)
{
    for (size_t i = 0; i < job->count; i++) {
        if (job->results[i].outcome == HEARTH_STORAGE_FAILED)
            continue; /* that one would have failed anyway */
        job->results[i].outcome = outcome;
        job->results[i].error = error;
        job->results[i].current = NULL;
    }
}
