/*
 * call.h - the asynchronous storage service as straight-line code: each function runs one call on a
 * loop and waits, on the caller's own thread, until its callback has come.
 *
 * Every call also proves what the service promises of callbacks: exactly one, on the calling loop,
 * never before the call has returned; and of what they are given: sizes, the keys that were asked
 * for, an error where there is one. A breach is a failure of the check during which it is seen.
 */
#ifndef CONFORMANCE_CALL_H
#define CONFORMANCE_CALL_H

#include <hearth/service/storage.h>

#include <stdbool.h>

struct run;

/* A document copied out of a callback; freed with free(). */
struct copy {
    hearth_doc doc;
    char bytes[];
};

struct write_result {
    hearth_storage_outcome outcome;
    struct copy *current;
};

struct page {
    hearth_status status;
    struct copy **docs;
    size_t count;
    char *cursor;
    size_t cursor_len;
};

/* Each: `loop` is the index of the loop to call on. */
hearth_status call_get(struct run *run, uint32_t loop, const hearth_key *key, struct copy **out);
void call_write(struct run *run, uint32_t loop, const hearth_storage_op *ops, size_t count,
                struct write_result *results);
void call_transact(struct run *run, uint32_t loop, const hearth_storage_op *ops, size_t count,
                   struct write_result *results);
void call_query(struct run *run, uint32_t loop, const hearth_key *prefix, uint32_t limit,
                hearth_str cursor, struct page *page);
void call_scan(struct run *run, uint32_t loop, hearth_str collection, uint32_t limit,
               hearth_str cursor, struct page *page);

bool call_healthy(struct run *run, uint32_t loop);

/* Lets every loop run what is due: an answer that comes a second time in that turn is seen. */
void calls_settle(struct run *run);
/* At the end of the run. */
void calls_free(struct run *run);

void results_free(struct write_result *results, size_t count);
void page_free(struct page *page);

#endif
