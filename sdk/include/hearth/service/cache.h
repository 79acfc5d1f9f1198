/*
 * cache.h - hearth.cache/1: an optional second level of memory in front of a storage backend. It
 * may fail at any time without failing a request: a failure is a miss.
 *
 * The first argument is the provider's ctx: host->provider(ctx, HEARTH_CACHE_ID). What is passed is
 * copied before the call returns; a callback runs exactly once, never before the call has returned,
 * except when memory is out: then at once. All calls for one key come from one loop.
 *
 * What get answers is never older than what that loop had put or invalidated before, whatever
 * failed in between. What another process has written to storage a cache need not know: ask it only
 * for what nobody else writes.
 */
#ifndef HEARTH_SERVICE_CACHE_H
#define HEARTH_SERVICE_CACHE_H

#include <hearth/service/storage.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEARTH_CACHE_ID "hearth.cache/1"

typedef struct hearth_cache {
    uint32_t struct_size;
    uint32_t reserved;
    /* The document, or NULL on a miss and on any failure. [loop] */
    void (*get)(hearth_ctx *ctx, const hearth_key *key,
                void (*done)(const hearth_doc *doc, void *arg), void *arg);
    /* Keeps a confirmed document unless a newer version is there already. [loop] */
    void (*put)(hearth_ctx *ctx, const hearth_doc *doc);
    /* Forgets the document if its version is below `version` (2^63 - 1: whatever it is), and
     * refuses older ones for a while. [loop] */
    void (*invalidate)(hearth_ctx *ctx, const hearth_key *key, uint64_t version);
} hearth_cache;

static inline const hearth_cache *hearth_cache_get(hearth_ctx *ctx)
{
    return (const hearth_cache *)ctx->host->get(ctx, HEARTH_CACHE_ID, sizeof(hearth_cache));
}

#ifdef __cplusplus
}
#endif
#endif
