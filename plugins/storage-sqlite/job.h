/*
 * job.h - one call of write or transact on its way from a loop to the writer and back.
 */
#ifndef STORAGE_SQLITE_JOB_H
#define STORAGE_SQLITE_JOB_H

#include "document.h"

#include <stdbool.h>

struct job {
    struct job *next;
    hearth_ctx *ctx; /* of the loop that called */
    hearth_storage_write_fn done;
    void *arg;
    bool atomic; /* transact */
    bool purge;  /* no ops: remove expired documents */
    size_t count;
    hearth_storage_op *ops;
    hearth_storage_result *results;
    const hearth_storage_result **result_list;
    struct row *rows;  /* that results point to */
    const char *error; /* why the commit failed; static or in error_text */
    char error_text[256];
    uint64_t commit_ns; /* how long the batch took; set in its first job only */
    size_t batch_ops;   /* how many ops the batch had; as above */
};

#define MAX_TRANSACT 100

/* Copies a call; ops that cannot succeed have their result FAILED already. NULL: out of memory. */
struct job *job_create(hearth_ctx *ctx, const hearth_storage_op *const *ops, size_t count,
                       bool atomic, hearth_storage_write_fn done, void *arg);
void job_destroy(struct job *job);

/* Gives every op the same result. `error` must outlive the job. */
void job_fail(struct job *job, hearth_storage_outcome outcome, const char *error);

#endif
