/*
 * store.h - a scripted hearth.storage/1 for unit tests of plugins: documents in a list, answers
 * that can be refused, lost, or held back.
 */
#ifndef SHARED_TEST_STORE_H
#define SHARED_TEST_STORE_H

#include <hearth/service/storage.h>

#include <stdbool.h>

enum script {
    SCRIPT_OK,
    SCRIPT_RETRY,  /* not written */
    SCRIPT_LOST,   /* written, but answered with RETRY */
    SCRIPT_FAILED, /* refused for ever */
};

struct stored {
    struct stored *next;
    hearth_doc doc; /* strings NUL-terminated, heap */
};

struct answer;

struct store {
    struct stored *docs;
    enum script script[64]; /* of the next calls of write and transact to collection `only` */
    size_t script_count, script_next;
    enum script always;
    const char *only; /* NULL: every collection but the lease's */
    bool down;        /* nothing is written, not healthy */
    bool hold;        /* answers wait for store_release */
    struct answer *held;
    size_t reads, writes, write_ops, queries;
    uint32_t max_batch;
    size_t page; /* documents that one answer of query has; 0: all */
    hearth_storage_caps caps;
};

extern const hearth_storage store_table;

void store_init(struct store *store, const char *identity);
void store_finish(struct store *store);
void store_script(struct store *store, const enum script *script, size_t count);
/* Answers what was held back, oldest first, and holds no more. */
void store_release(struct store *store);

hearth_key store_key(const char *collection, const char *partition, const char *sort);
/* The document, or NULL. */
struct stored *store_find(struct store *store, const hearth_key *key);
/* Writes behind the plugin's back. */
void store_put(struct store *store, const hearth_key *key, const char *body, uint64_t version,
               const char *write_id);
void store_delete(struct store *store, const hearth_key *key);

#endif
