/*
 * conflict.c - what a refusal of storage means. A document that carries our directory's id is our
 * own earlier write, whose answer was lost; any other one counts, and ours becomes a dead letter.
 * Nothing is dropped silently: a version leaves the dirty set only when its dead letter is on disk.
 */
#include "flush.h"

#include <stdlib.h>
#include <string.h>

#include "commit.h"
#include "drain.h"
#include "evict.h"

/* ---- burying ---- */

static void log_dead(struct local *local, struct entity *entity, struct change *change)
{
    struct shared *shared = shared_of(local->ctx);
    hearth_key key = entity->view.key;
    shared->log->write(local->ctx, NULL, HEARTH_LOG_ERROR,
                       "dead letter %llu: %" HEARTH_PRIS "/%" HEARTH_PRIS "/%" HEARTH_PRIS
                       " version %llu: %" HEARTH_PRIS,
                       (unsigned long long)change->entry.row.seq, HEARTH_ARG(key.collection),
                       HEARTH_ARG(key.partition), HEARTH_ARG(key.sort),
                       (unsigned long long)change->version, HEARTH_ARG(change->entry.row.error));
}

/* Storage's document becomes the truth. */
static void adopt(struct local *local, struct entity *entity, const struct burial *burial)
{
    flush_drop(local, entity);
    entity->row = 0;
    if (!burial->found) {
        entity_show(local, entity, 0, NULL, 0, NULL);
        entity_gone(local, entity);
        return;
    }
    entity->view.durable_version = burial->version;
    if (!entity->collection ||
        entity_decode(local, entity, burial->version, burial->body) != HEARTH_OK)
        entity_forget(local, entity);
}

static void buried(hearth_ctx *ctx, struct journal_entry *entry)
{
    struct local *local = local_of(ctx);
    struct change *change = CONTAINER_OF(entry, struct change, entry);
    struct entity *entity = change->entity;
    struct burial *burial = entity->burial;
    bool failed = entry->failed; /* the entry may go with the change */

    change_appended(local, entry);
    entity->burial = NULL;
    entity->attempts = 0;
    if (failed) { /* it stays dirty, and is written and judged again */
        entity->retry_at_ms = now_ms(ctx) + (uint64_t)config_of(ctx)->retry_max;
    } else {
        log_dead(local, entity, change);
        entity->row = entry->row.seq;
        entity->row_version = change->version;
        if (burial->conflict) {
            local->conflict_count++;
            shared_of(ctx)->metrics->add(local->series[METRIC_CONFLICTS], 1);
            adopt(local, entity, burial);
        } else {
            entity->dead = true;
            local->dead_count++;
        }
    }
    if (entity->commit && !failed)
        commit_finish(local, entity, burial->conflict ? HEARTH_EUNAVAILABLE : HEARTH_ETIMEOUT,
                      !burial->conflict);
    else if (!entity->commit)
        turn_end(local, entity);
    free(burial);
    evict_failed(local, entity);
    entity_unpin(local, entity);
    evict_progress(local);
    drain_progress(local);
}

/* Whether the version may be buried now: while a newer one is on its way to the journal, or a
 * callback holds the turn, it is only put off. */
static bool may_bury(struct local *local, struct entity *entity)
{
    if (!entity->burial && (!entity->turn || (entity->commit && entity->commit->journaled)))
        return true;
    entity->retry_at_ms = now_ms(local->ctx) + 10;
    return false;
}

static void bury(struct local *local, struct entity *entity, const hearth_doc *current,
                 bool conflict, const char *error)
{
    struct change *change = entity->dirty;
    size_t body = current ? current->body.len : 0, text = strlen(error);

    if (!may_bury(local, entity))
        return;
    struct burial *burial = calloc(1, sizeof(*burial) + body + text);
    if (!burial) {
        entity->retry_at_ms = now_ms(local->ctx) + (uint64_t)config_of(local->ctx)->retry_max;
        return;
    }
    burial->change = change;
    burial->conflict = conflict;
    if (current) {
        burial->found = true;
        burial->version = current->version;
        burial->body = (hearth_str){burial->bytes, body};
        memcpy(burial->bytes, current->body.ptr, body);
    }
    memcpy(burial->bytes + body, error, text);
    change->entry.row.error = (hearth_str){burial->bytes + body, text};
    entity->burial = burial;
    entity->turn = true;
    uint64_t durable = entity->view.durable_version;
    if (conflict) /* the row's base names what storage has now */
        entity->view.durable_version = burial->version;
    change_append(local, change, conflict ? ROW_CONFLICT : ROW_DEAD, buried);
    entity->view.durable_version = durable;
}

void flush_refused(struct local *local, struct entity *entity, const char *error)
{
    bury(local, entity, NULL, false, error && *error ? error : "storage refuses it");
}

/* ---- conflicts ---- */

/* Storage has what we wrote in this or an earlier life. */
static void own(struct local *local, struct entity *entity, const hearth_doc *current,
                uint64_t start)
{
    struct change *change = entity->dirty;
    struct shared *shared = shared_of(local->ctx);
    bool same = start == change->start && current->version == change->version;
    bool newer =
        start > change->start || (start == change->start && current->version > change->version);

    entity->view.durable_version = current->version;
    if (!same && !newer) { /* the base was old: once more, upon this one */
        if (change->version <= current->version) {
            change->version = current->version + 1;
            if (entity->commit && entity->commit->journaled)
                entity->commit->version = change->version;
            else if (!entity->commit && entity->view.state)
                entity->view.version = change->version;
        }
        entity->retry_at_ms = 0;
        flush_entity(local, entity);
        return;
    }
    journal_forget(shared->journal, entity->row);
    entity->row = 0;
    flush_drop(local, entity);
    if (newer && entity->view.state && !entity->commit &&
        entity_decode(local, entity, current->version, current->body) != HEARTH_OK)
        entity_forget(local, entity);
    commit_confirmed(local, entity);
}

void flush_conflict(struct local *local, struct entity *entity, const hearth_doc *current)
{
    uint64_t start, version;

    if (current && write_id_parse(shared_of(local->ctx), current->write_id, &start, &version)) {
        own(local, entity, current, start);
        return;
    }
    bury(local, entity, current, true,
         current ? "storage has a state that somebody else wrote"
                 : "storage does not have the document any more");
}
