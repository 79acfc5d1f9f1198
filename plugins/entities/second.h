/*
 * second.h - hearth.cache/1 as a second level of memory: what was evicted here is asked of the
 * cache before storage. It is believed only where this process knows what the newest document is;
 * see docs/second-level.md.
 */
#ifndef ENTITIES_SECOND_H
#define ENTITIES_SECOND_H

#include "entity.h"

/* local->second stays NULL without a cache, and in mode shared. False: out of memory. */
bool second_start(struct local *local);
void second_stop(struct local *local);

/* Storage has confirmed this document of the entity, or was read: keeps it, and its print. */
void second_keep(struct local *local, struct entity *entity, hearth_str body, uint64_t version,
                 hearth_str write_id);
/* It comes to memory: what was remembered of it is entity->print now. */
void second_recall(struct local *local, struct entity *entity);
/* It leaves memory: remembers its print. */
void second_evicted(struct local *local, const struct entity *entity);
/* It does not exist any more. */
void second_removed(struct local *local, const hearth_key *key);
/* Somebody else may have written: nothing that is remembered counts. */
void second_distrust(struct local *local);

/* Asks for the newest document; `done` runs once, later, with NULL when the cache does not have it,
 * or not in time. False: storage has to be asked. */
bool second_get(struct local *local, const struct entity *entity,
                void (*done)(const hearth_doc *doc, void *arg), void *arg);

#endif
