/*
 * evict.h - flushing one user and forgetting him.
 */
#ifndef ENTITIES_EVICT_H
#define ENTITIES_EVICT_H

#include "entity.h"

hearth_status service_evict(hearth_ctx *ctx, hearth_str partition,
                            void (*done)(hearth_status status, void *arg), void *arg);

/* A write of this entity has its answer: evictions that waited for it go on, or end. */
void evict_progress(struct local *local, struct entity *entity, bool ok);
/* Ends all that are left. */
void evict_cancel(struct local *local);

#endif
