/*
 * faulty.h - what the parts of storage-faulty know of each other: the store, one call's answer, and
 * which promise this backend was told to break.
 */
#ifndef STORAGE_FAULTY_H
#define STORAGE_FAULTY_H

#include <stdbool.h>
#include <string.h>

#include <hearth/json.h>
#include <hearth/plugin.h>
#include <hearth/timer.h>

#include "documents.h"
#include "faults.h"
#include "storage_cursor.h"

#define MAX_TRANSACT 100
#define MAX_PAGE     1000
#define PAGE_BYTES   (1 << 20)

struct config {
    hearth_str bug; /* the promise that is broken, always; a word of the code, or nothing */
};

struct shared {
    struct documents documents;
    hearth_storage_caps caps;
    char log_path[4096], faults_path[4096], identity[64];
};

struct local {
    int healthy;
    size_t answers; /* on their way */
    int draining;
    storage_row *seen; /* bug "get:stale": what this loop has read last */
};

/* One call's answer. A write's strings are in its storage_call. */
struct answer {
    storage_call call; /* first: storage_call_create makes it */
    hearth_ctx *ctx;
    hearth_storage_get_fn get;
    hearth_storage_page_fn page;
    void *arg;
    hearth_status status;
    storage_row *rows;
    size_t count;
    char cursor_text[STORAGE_CURSOR_SIZE];
    hearth_str cursor;
};

static inline bool has_bug(const hearth_ctx *ctx, const char *bug)
{
    const struct config *conf = ctx->conf;
    return storage_str_equal(conf->bug, (hearth_str){bug, strlen(bug)});
}

/* What stands behind `kind` in the bug's word, "epoch" of "get:epoch"; NULL: another kind. */
const char *bug_of_kind(const hearth_ctx *ctx, const char *kind);

/* ---- answer.c ---- */

struct answer *answer_create(hearth_ctx *ctx, void *arg);
void answer_send(struct answer *answer, unsigned latency_ms);

/* Spoils the document as bug "KIND:FIELD" has it. */
void answer_spoil(const hearth_ctx *ctx, const char *kind, hearth_doc *doc);

/* What the faults file says about a call to this collection. */
struct fault_now answer_fault(hearth_ctx *ctx, hearth_str collection);

/* ---- reads.c, writes.c ---- */

void faulty_get(hearth_ctx *ctx, const hearth_key *key, hearth_storage_get_fn done, void *arg);
void faulty_query(hearth_ctx *ctx, hearth_str collection, hearth_str partition, hearth_str prefix,
                  uint32_t limit, hearth_str cursor, hearth_storage_page_fn done, void *arg);
void faulty_scan(hearth_ctx *ctx, hearth_str collection, uint32_t limit, hearth_str cursor,
                 hearth_storage_page_fn done, void *arg);
void faulty_write(hearth_ctx *ctx, const hearth_storage_op *const *ops, size_t count,
                  hearth_storage_write_fn done, void *arg);
void faulty_transact(hearth_ctx *ctx, const hearth_storage_op *const *ops, size_t count,
                     hearth_storage_write_fn done, void *arg);

#endif
