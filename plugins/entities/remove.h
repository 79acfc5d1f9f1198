/*
 * remove.h - deleting an entity and giving its claims back. From the moment its row is in the
 * journal a removal stands: it is carried through, also after a crash.
 */
#ifndef ENTITIES_REMOVE_H
#define ENTITIES_REMOVE_H

#include "entity.h"

hearth_status service_remove(hearth_ctx *ctx, const hearth_entity *entity,
                             const hearth_claim *claims, size_t claim_count, uint32_t deadline_ms,
                             hearth_entity_fn done, void *arg);
/* A write that the removal waits for has its answer. */
void remove_landed(struct local *local, struct entity *entity);
/* Goes on with a removal that the journal holds. */
bool remove_replay(struct local *local, struct entity *entity, hearth_str body);
/* The gate is open: those that were replayed begin. */
void remove_resume(struct local *local);
void remove_free_all(struct local *local);

#endif
