/*
 * second.c - a cache may have lost a write, survived a crash, or belong to another storage: what it
 * says is worth nothing by itself. So the owner, who alone writes, remembers a print (a keyed hash
 * of version and body) of the newest document of everything that it evicts. What the cache has
 * counts if its print is exactly that.
 */
#include "second.h"

#include <stdlib.h>

#include <hearth/service/cache.h>

#define REMEMBERED 131072 /* prints per loop, 16 bytes each; a later one takes a slot over */
#define PAUSE_MS   1000   /* after an answer that did not come in time */

struct remembered {
    uint64_t key; /* hash; 0: free */
    uint64_t print;
};

struct second {
    const hearth_cache *cache;
    hearth_ctx *ctx; /* the provider's */
    uint64_t pause_until_ms;
    uint64_t distrusts; /* how often nothing counted any more */
    struct remembered slots[REMEMBERED];
};

/* ---- what is remembered ---- */

static uint64_t never_0(uint64_t hash)
{
    return hash ? hash : 1;
}

static uint64_t key_hash(const struct local *local, const hearth_key *key)
{
    hearth_str parts[3] = {key->collection, key->partition, key->sort};
    return never_0(table_hash(&local->entities, parts, 3));
}

static uint64_t print_of(const struct local *local, hearth_str body, uint64_t version)
{
    hearth_str parts[2] = {body, {(const char *)&version, sizeof(version)}};
    return never_0(table_hash(&local->entities, parts, 2));
}

void second_recall(struct local *local, struct entity *entity)
{
    if (!local->second)
        return;
    uint64_t hash = key_hash(local, &entity->view.key);
    struct remembered *slot = &local->second->slots[hash % REMEMBERED];

    if (slot->key == hash) { /* from now on only what is in memory counts */
        entity->print = slot->print;
        *slot = (struct remembered){0, 0};
    }
}

void second_evicted(struct local *local, const struct entity *entity)
{
    if (!local->second || !entity->print || !entity_visible(entity) ||
        entity->view.version != entity->view.durable_version)
        return;
    uint64_t hash = key_hash(local, &entity->view.key);
    local->second->slots[hash % REMEMBERED] = (struct remembered){hash, entity->print};
}

void second_distrust(struct local *local)
{
    if (!local->second)
        return;
    local->second->distrusts++;
    for (size_t i = 0; i < REMEMBERED; i++)
        local->second->slots[i] = (struct remembered){0, 0};
    for (size_t i = 0; i <= local->entities.mask; i++) {
        for (struct table_node *n = local->entities.buckets[i]; n; n = n->next)
            CONTAINER_OF(n, struct entity, node)->print = 0;
    }
}

/* ---- writing ---- */

void second_keep(struct local *local, struct entity *entity, hearth_str body, uint64_t version,
                 hearth_str write_id)
{
    hearth_doc doc = {.struct_size = sizeof(doc),
                      .key = entity->view.key,
                      .body = body,
                      .version = version,
                      .write_id = write_id};
    if (!local->second)
        return;
    entity->print = print_of(local, body, version);
    local->second->cache->put(local->second->ctx, &doc);
}

void second_removed(struct local *local, const hearth_key *key)
{
    if (local->second)
        local->second->cache->invalidate(local->second->ctx, key, INT64_MAX);
}

/* ---- asking ---- */

struct question {
    struct local *local;
    hearth_timer *timer;
    uint64_t print, distrusts;
    void (*done)(const hearth_doc *doc, void *arg); /* NULL: it has run */
    void *arg;
};

static void settle(struct question *question, const hearth_doc *doc)
{
    struct local *local = question->local;
    void (*done)(const hearth_doc *doc, void *arg) = question->done;

    shared_of(local->ctx)->timer->stop(question->timer);
    question->timer = NULL;
    question->done = NULL;
    shared_of(local->ctx)
        ->metrics->add(local->series[doc ? METRIC_SECOND_HITS : METRIC_SECOND_MISSES], 1);
    if (done)
        done(doc, question->arg);
}

static void too_late(hearth_ctx *ctx, void *arg)
{
    struct question *question = arg;
    question->timer = NULL;
    question->local->second->pause_until_ms = now_ms(ctx) + PAUSE_MS;
    settle(question, NULL);
}

static void answered(const hearth_doc *doc, void *arg)
{
    struct question *question = arg;

    if (question->done) {
        bool newest = doc && question->distrusts == question->local->second->distrusts &&
                      print_of(question->local, doc->body, doc->version) == question->print;
        settle(question, newest ? doc : NULL);
    }
    free(question);
}

bool second_get(struct local *local, const struct entity *entity,
                void (*done)(const hearth_doc *doc, void *arg), void *arg)
{
    struct second *second = local->second;

    if (!second || !entity->print || !lease_held(local->ctx) ||
        now_ms(local->ctx) < second->pause_until_ms)
        return false;
    struct question *question = calloc(1, sizeof(*question));
    if (!question)
        return false;
    *question = (struct question){.local = local,
                                  .print = entity->print,
                                  .distrusts = second->distrusts,
                                  .done = done,
                                  .arg = arg};
    question->timer = shared_of(local->ctx)
                          ->timer->start(local->ctx, (uint64_t)config_of(local->ctx)->cache_wait, 0,
                                         too_late, question);
    if (!question->timer) {
        free(question);
        return false;
    }
    second->cache->get(second->ctx, &entity->view.key, answered, question);
    return true;
}

/* ---- life ---- */

bool second_start(struct local *local)
{
    const hearth_cache *cache = mode_shared(local->ctx) ? NULL : hearth_cache_get(local->ctx);
    if (!cache)
        return true;
    local->second = calloc(1, sizeof(*local->second));
    if (!local->second)
        return false;
    local->second->cache = cache;
    local->second->ctx = local->ctx->host->provider(local->ctx, HEARTH_CACHE_ID);
    return true;
}

void second_stop(struct local *local)
{
    free(local->second);
    local->second = NULL;
}
