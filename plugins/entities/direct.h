/*
 * direct.h - mode shared: several processes change the same entities, so nothing that is in memory
 * counts. Every load and turn reads storage, and a commit is one conditional write to it.
 */
#ifndef ENTITIES_DIRECT_H
#define ENTITIES_DIRECT_H

#include "commit.h"

/* ---- direct_read.c ---- */

/* load and turn: `done` runs after a read that begins now or later. Takes `entity`, NULL if there
 * is none yet. */
hearth_status direct_ask(struct local *local, struct entity *entity, struct collection *collection,
                         const hearth_key *key, bool turn, hearth_entity_fn done, void *arg);
/* Makes what storage has the view of an entity. */
hearth_status direct_show(struct local *local, struct entity *entity, const hearth_doc *doc);
/* The turn is free: reads for whoever is next. */
void direct_next_turn(struct local *local, struct entity *entity);

/* ---- direct_commit.c ---- */

/* Prepares the write of a commit whose version is known; the change with its body. NULL: out of
 * memory. */
struct direct *direct_create(struct local *local, struct commit *commit, hearth_str body);
/* Writes it, until storage has said what became of it or the deadline has passed. */
void direct_begin(struct direct *direct);
/* Nobody waits any more. */
void direct_abandon(struct direct *direct);

#endif
