/*
 * documents.h - the documents of storage-faulty: a sorted array in memory and a log file beside it,
 * so that they are still there after kill -9 of the process.
 */
#ifndef STORAGE_FAULTY_DOCUMENTS_H
#define STORAGE_FAULTY_DOCUMENTS_H

#include <pthread.h>

#include "storage_op.h"

struct documents {
    pthread_mutex_t lock; /* over all of it: every loop works on one array */
    storage_row **rows;   /* by collection, partition, sort */
    size_t count, size;
    int log;
    const char *forgets; /* a bug: what the log does not keep; NULL: it keeps everything */
    char *late;          /* bug "until-close": what is yet to be written */
    size_t late_size;
};

/* 0, or -1 with errno. `forgets` may be NULL. */
int documents_init(struct documents *documents, const char *path, const char *forgets);
void documents_finish(struct documents *documents);

/* Index of the first row whose key is not below this one. Under the lock, like all below. */
size_t documents_lower_bound(const struct documents *documents, const hearth_key *key);
/* The document that counts at this time, or NULL. */
const hearth_doc *documents_find(const struct documents *documents, const hearth_key *key,
                                 int64_t now_ms);
/* Puts or deletes, in memory and in the log; false: out of memory or disk. */
bool documents_apply(struct documents *documents, const hearth_storage_op *op);

#endif
