/*
 * storage_read.h - get, query and scan, as far as every storage backend does them alike: what the
 * caller gave is checked and copied, a refusal comes later, and the callback ends the call.
 */
#ifndef HEARTH_SHARED_STORAGE_READ_H
#define HEARTH_SHARED_STORAGE_READ_H

#include <hearth/service/storage.h>

#include <stdbool.h>

typedef enum storage_read_kind { STORAGE_GET, STORAGE_QUERY, STORAGE_SCAN } storage_read_kind;

typedef struct storage_read storage_read;

/* How a backend reads. All [loop]. */
typedef struct storage_reader {
    size_t size; /* of its own struct, which begins with a storage_read and is zeroed behind it */
    /* Asks the backend, and later calls storage_read_answer. false: it cannot be asked now. */
    bool (*send)(storage_read *read);
    /* The call begins; and has ended, with its callback: what a drain waits for. */
    void (*begun)(hearth_ctx *ctx);
    void (*ended)(hearth_ctx *ctx);
} storage_reader;

/* One call. Its strings are copies and live as long as it does. */
struct storage_read {
    hearth_ctx *ctx;
    storage_read_kind kind;
    uint32_t limit;   /* QUERY, SCAN */
    hearth_key key;   /* QUERY: sort is the prefix; SCAN: the collection only, which may be empty */
    hearth_key after; /* where the cursor stands; partition without pointer: at the start */
    const storage_reader *reader;
    union {
        hearth_storage_get_fn get;
        hearth_storage_page_fn page;
    } done;
    void *arg;
    hearth_status status; /* of a refusal that is on its way */
};

/* The calls of hearth.storage/1. */
void storage_read_get(const storage_reader *reader, hearth_ctx *ctx, const hearth_key *key,
                      hearth_storage_get_fn done, void *arg);
void storage_read_query(const storage_reader *reader, hearth_ctx *ctx, hearth_str collection,
                        hearth_str partition, hearth_str prefix, uint32_t limit, hearth_str cursor,
                        hearth_storage_page_fn done, void *arg);
void storage_read_scan(const storage_reader *reader, hearth_ctx *ctx, hearth_str collection,
                       uint32_t limit, hearth_str cursor, hearth_storage_page_fn done, void *arg);

/* Runs the callback and frees the read. GET: one document, or a status that is not OK. `more`:
 * other documents are behind the last of these. Any other status than OK: no documents. */
void storage_read_answer(storage_read *read, hearth_status status, const hearth_doc *const *docs,
                         size_t count, bool more);
/* The same without documents, after the call of the service has returned. */
void storage_read_refuse(storage_read *read, hearth_status status);

#endif
