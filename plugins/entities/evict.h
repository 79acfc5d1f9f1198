/*
 * evict.h - flushing one user and forgetting him.
 */
#ifndef ENTITIES_EVICT_H
#define ENTITIES_EVICT_H

#include "entity.h"

hearth_status service_evict(hearth_ctx *ctx, hearth_str partition,
                            void (*done)(hearth_status status, void *arg), void *arg);

/* A write of this entity failed: evictions of its user end without success. */
void evict_failed(struct local *local, const struct entity *entity);
/* Something that evictions may have waited for has ended; nothing is pinned for it any more. */
void evict_progress(struct local *local);
/* Ends all that are left. */
void evict_cancel(struct local *local);

#endif
