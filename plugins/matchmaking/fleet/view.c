/*
 * view.c - the instances that this process knows, by id.
 */
#include "view.h"

#include <stdlib.h>
#include <string.h>

/* The first digits of a UUID are random already. */
static uint32_t bucket_of(const char *id)
{
    return (uint32_t)strtoul((char[]){id[0], id[1], id[2], 0}, NULL, 16) % VIEW_BUCKETS;
}

struct entry *entry_find(struct fleet *fleet, const char *id)
{
    struct entry *entry = fleet->entries[bucket_of(id)];
    while (entry && strcmp(entry->id, id) != 0)
        entry = entry->next;
    return entry;
}

struct entry *entry_get(struct fleet *fleet, const char *id)
{
    struct entry *entry = entry_find(fleet, id);
    if (entry)
        return entry;
    entry = calloc(1, sizeof(*entry));
    if (!entry)
        return NULL;
    entry->fleet = fleet;
    strcpy(entry->id, id);
    entry->beat_at_ms = fleet->loop->clock->loop_ms(fleet->loop->ctx);
    entry->pass = fleet->pass + 1; /* a pass that runs now may have begun before it was written */
    struct entry **bucket = &fleet->entries[bucket_of(id)];
    entry->next = *bucket;
    *bucket = entry;
    fleet->count++;
    return entry;
}

void entry_set(struct entry *entry, struct instance *instance, uint64_t version)
{
    entry_unindex(entry);
    instance_destroy(entry->instance);
    entry->instance = instance;
    entry->version = version;
    entry->stale = false;
    watch_beat(entry);
    entry_index(entry);
}

bool entry_read(struct entry *entry, const hearth_doc *doc, bool latest)
{
    struct mm_loop *loop = entry->fleet->loop;
    hearth_status status = HEARTH_ENOMEM;
    if (entry->instance &&
        (latest ? doc->version == entry->version : doc->version <= entry->version))
        return true;
    hearth_arena *arena = loop->arena->create(loop->ctx, DOCUMENT_ARENA);
    struct instance *instance =
        arena ? instance_read(doc->body, loop->api.json, arena, &status) : NULL;
    loop->arena->destroy(arena);
    if (instance)
        entry_set(entry, instance, doc->version);
    else
        HEARTH_LOG(loop->log, loop->ctx, NULL, HEARTH_LOG_ERROR,
                   "instance %s: expected its document in storage to be readable, found status %d",
                   entry->id, (int)status);
    return instance != NULL;
}

void entry_release(struct entry *entry)
{
    if (entry->busy || entry->waiting || entry->opening > 0)
        return;
    if (!entry->instance)
        entry_remove(entry);
}

void entry_remove(struct entry *entry)
{
    struct fleet *fleet = entry->fleet;
    struct entry **at = &fleet->entries[bucket_of(entry->id)];
    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    entry_unindex(entry);
    instance_destroy(entry->instance);
    fleet->count--;
    free(entry);
}

/* ---- what others ask of the view ---- */

void fleet_adopt(struct fleet *fleet, struct instance *instance)
{
    struct entry *entry = entry_get(fleet, instance->id);
    if (entry && !entry->instance)
        entry_set(entry, instance, 1);
    else /* no memory, or a pass has read it already */
        instance_destroy(instance);
}

void fleet_each(struct fleet *fleet, void (*visit)(const struct instance *instance, void *arg),
                void *arg)
{
    for (uint32_t i = 0; i < VIEW_BUCKETS; i++) {
        for (const struct entry *entry = fleet->entries[i]; entry; entry = entry->next) {
            if (entry->instance && !instance_is_final(entry->instance))
                visit(entry->instance, arg);
        }
    }
}

const struct instance *fleet_peek(struct fleet *fleet, const char *id)
{
    const struct entry *entry = entry_find(fleet, id);
    return entry ? entry->instance : NULL;
}
