/*
 * job.h - one call of write or transact on its way from a loop to the writer and back.
 */
#ifndef STORAGE_SQLITE_JOB_H
#define STORAGE_SQLITE_JOB_H

#include "document.h"

struct job {
    storage_call call; /* the ops, copied, and their results */
    struct job *next;
    hearth_ctx *ctx;   /* of the loop that called */
    bool purge;        /* no ops: remove expired documents */
    bool more;         /* it removed as many as it may; there may be others */
    const char *error; /* why the commit failed; static or in error_text */
    char error_text[256];
    uint64_t commit_ns; /* how long the batch took; set in its first job only */
    size_t batch_ops;   /* how many ops the batch had; as above */
};

#define MAX_TRANSACT 100

#endif
