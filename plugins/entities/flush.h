/*
 * flush.h - write-behind: the newest version of each dirty entity goes to storage in batches.
 */
#ifndef ENTITIES_FLUSH_H
#define ENTITIES_FLUSH_H

#include "entity.h"

#define FLUSH_CHUNK 256 /* operations of one call */

/* Makes `change` the version to be written, in place of an older one; takes it. */
void flush_add(struct local *local, struct entity *entity, struct change *change_take);
/* Starts writes for what is due. `now`: also before the interval is over. */
void flush_run(struct local *local);
/* Writes this entity at once, whatever it waits for. */
void flush_entity(struct local *local, struct entity *entity);
/* The version is not to be written any more: it was confirmed, or does not count. */
void flush_drop(struct local *local, struct entity *entity);
/* How a write went; reports health when that changes. */
void flush_contact(struct local *local, bool failed);
/* How a read went. A storage that is full or may not be written still answers reads: they end an
 * outage of writes only where no write is left to do so. */
void flush_read_contact(struct local *local, hearth_status status);
/* Asks storage whether it is back, when nothing else does. */
void flush_probe(struct local *local);
/* "directory/start/version" */
hearth_str write_id_format(const struct shared *shared, uint64_t start, uint64_t version,
                           char out[WRITE_ID_SIZE]);
/* The start and version of a write id of our own directory; false: somebody else's. */
bool write_id_parse(const struct shared *shared, hearth_str id, uint64_t *start, uint64_t *version);

/* ---- conflict.c: what storage's refusals mean ---- */

void flush_conflict(struct local *local, struct entity *entity, const hearth_doc *current);
/* Storage will not take the version: a dead letter. */
void flush_refused(struct local *local, struct entity *entity, const char *error);

#endif
