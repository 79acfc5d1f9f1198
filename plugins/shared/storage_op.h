/*
 * storage_op.h - what every storage backend checks and copies alike: keys, operations, the rules of
 * a transaction. A malformed call is answered before the backend is asked.
 */
#ifndef HEARTH_SHARED_STORAGE_OP_H
#define HEARTH_SHARED_STORAGE_OP_H

#include <hearth/json.h>
#include <hearth/service/storage.h>

#include <stdbool.h>

/* NULL when the key may name a document, else one sentence that says why not. */
const char *storage_key_problem(const hearth_key *key);

/* The same for one string that stands where a part of a key may. */
const char *storage_part_problem(hearth_str part, bool may_be_empty);

/* Copies s to *end and moves *end behind it; returns the copy. */
hearth_str storage_place(char **end, hearth_str s);

bool storage_str_equal(hearth_str a, hearth_str b);

/* Whether the document has ended by the wall clock's now. */
static inline bool storage_doc_expired(const hearth_doc *doc, int64_t now_ms)
{
    return doc->expires_ms > 0 && doc->expires_ms <= now_ms;
}

/* A document of its own, in one heap block; rows form lists. */
typedef struct storage_row {
    struct storage_row *next;
    hearth_doc doc;
    char bytes[];
} storage_row;

/* A copy of the document; NULL when out of memory. */
storage_row *storage_row_create(const hearth_doc *doc);

/* Frees a list of rows. */
void storage_rows_free(storage_row *first);

/* The ops of a write or transact, copied, with their results, in one heap block. */
typedef struct storage_call {
    size_t count;
    bool atomic; /* transact */
    hearth_storage_op *ops;
    hearth_storage_result *results;
    const hearth_storage_result **result_list; /* for the callback */
    storage_row *rows;                         /* that results show as `current` */
    hearth_storage_write_fn done;
    void *arg;
} storage_call;

/* Copies a call behind `head` bytes for the backend's own struct, which must begin with a
 * storage_call; the rest of the head is zeroed. Ops that cannot succeed have their result FAILED
 * already. NULL: out of memory. */
void *storage_call_create(size_t head, const hearth_storage_op *const *ops, size_t count,
                          bool atomic, size_t max_transact, hearth_storage_write_fn done,
                          void *arg);

/* Frees it with its rows. */
void storage_call_destroy(void *call);

/* Makes puts FAILED whose bodies are not JSON, for backends that take any text. [loop] */
void storage_call_check_bodies(storage_call *call, hearth_ctx *ctx, const hearth_json *json,
                               const hearth_arena_api *arena);

/* Makes op i's result CONFLICT with a copy of the document that is there, NULL for none. false: out
 * of memory, nothing changed. */
bool storage_call_conflict(storage_call *call, size_t i, const hearth_doc *current);

/* Gives every op that is not FAILED already this result. `error` must outlive the call. */
void storage_call_fail(storage_call *call, hearth_storage_outcome outcome, const char *error);

/* Whether an op's result is FAILED: then a transaction is not to be sent. */
bool storage_call_has_failed(const storage_call *call);

/* Marks the ops of a transaction that was refused but are not to blame. */
void storage_call_refuse(storage_call *call);

/* For a call that could not even be copied: answers RETRY for each op, before the call returns. */
void storage_fail_now(size_t count, hearth_storage_write_fn done, void *arg);

#endif
