/*
 * entities_script.c - hearth.entities/1 in memory, for one test at a time: turns, receipts and
 * claims as its header promises, and outcomes as the test scripts them.
 */
#include "entities_script.h"

#define MAX_ENTRIES 256
#define MAX_WAITING 64

struct entry {
    int used, busy;
    char user[64], id[64];
    hearth_entity entity;
    hearth_receipt receipts[32];
    uint32_t receipt_count;
};

struct claim {
    int used;
    char collection[32], partition[64], user[64], id[64];
};

struct outcome { /* a turn, commit, create or remove that has to wait */
    int used, is_turn;
    struct entry *entry;
    hearth_entity_next next;
    int removes;
    hearth_entity_fn done;
    void (*created)(hearth_status status, const hearth_create_result *result, void *arg);
    void *arg;
};

static struct entry entries[MAX_ENTRIES];
static struct claim claims[MAX_ENTRIES * 2];
static struct outcome waiting[MAX_WAITING];
static struct { /* receipts of creates */
    hearth_receipt receipt;
    struct entry *entry;
} creates[MAX_ENTRIES];
static size_t create_count;
static hearth_collection collections[2];
static char document[32768];

static struct script *script_of(hearth_ctx *ctx)
{
    return &((struct world *)ctx->shared)->script;
}

const char *script_document(void)
{
    return document;
}

static int same(const char *text, hearth_str str)
{
    return strlen(text) == str.len && memcmp(text, str.ptr, str.len) == 0;
}

static void copy(char *out, size_t size, hearth_str str)
{
    snprintf(out, size, "%.*s", (int)str.len, str.ptr);
}

static struct entry *find(const hearth_key *key)
{
    for (size_t i = 0; i < MAX_ENTRIES; i++) {
        if (entries[i].used && same(entries[i].user, key->partition) &&
            same(entries[i].id, key->sort))
            return &entries[i];
    }
    return NULL;
}

static hearth_status define(hearth_ctx *ctx, const hearth_collection *collection)
{
    collections[ctx->loop] = *collection;
    return HEARTH_OK;
}

/* As the real one: what storage gives back is decoded, so that both forms are tested. */
static void set_state(hearth_ctx *ctx, struct entry *entry, const hearth_entity_next *next)
{
    hearth_collection *collection = &collections[ctx->loop];
    size_t size = 0;
    copy(document, sizeof(document), next->body);
    if (entry->entity.state)
        collection->release(collection->owner, entry->entity.state);
    collection->release(collection->owner, next->state);
    entry->entity.version++;
    hearth_status status =
        collection->decode(collection->owner, &entry->entity.key, entry->entity.version,
                           (hearth_str){document, next->body.len}, &entry->entity.state, &size);
    if (status != HEARTH_OK)
        fail_msg("expected a document that can be read, found %s", document);
    int64_t durable = (int64_t)entry->entity.version - script_of(ctx)->lag;
    entry->entity.durable_version = (uint64_t)(durable < 0 ? 0 : durable);
    if (!next->receipt)
        return;
    if (entry->receipt_count == 32) {
        memmove(entry->receipts, entry->receipts + 1, 31 * sizeof(entry->receipts[0]));
        entry->receipt_count--;
    }
    entry->receipts[entry->receipt_count++] = *next->receipt;
}

static void drop(hearth_ctx *ctx, struct entry *entry)
{
    collections[ctx->loop].release(collections[ctx->loop].owner, entry->entity.state);
    memset(entry, 0, sizeof(*entry));
}

static hearth_status load(hearth_ctx *ctx, const hearth_key *key, hearth_entity_fn done, void *arg)
{
    struct entry *entry = find(key);
    struct script *script = script_of(ctx);
    script->loads++;
    if (script->load_status != HEARTH_OK)
        done(script->load_status, NULL, arg);
    else
        done(entry ? HEARTH_OK : HEARTH_ENOTFOUND, entry ? &entry->entity : NULL, arg);
    return HEARTH_OK;
}

static hearth_status list(hearth_ctx *ctx, hearth_str collection, hearth_str partition,
                          void (*done)(hearth_status status, const hearth_entity *const *found,
                                       size_t count, void *arg),
                          void *arg)
{
    const hearth_entity *found[MAX_ENTRIES];
    size_t count = 0;
    (void)collection;
    for (size_t i = 0; i < MAX_ENTRIES; i++) {
        if (entries[i].used && same(entries[i].user, partition))
            found[count++] = &entries[i].entity;
    }
    done(script_of(ctx)->load_status, found, count, arg);
    return HEARTH_OK;
}

static struct outcome *wait_for(struct entry *entry, hearth_entity_fn done, void *arg)
{
    for (size_t i = 0; i < MAX_WAITING; i++) {
        if (!waiting[i].used) {
            waiting[i] = (struct outcome){.used = 1, .entry = entry, .done = done, .arg = arg};
            return &waiting[i];
        }
    }
    fail_msg("too many are waiting");
    return NULL;
}

static struct outcome *next_turn(const struct entry *entry)
{
    for (size_t i = 0; i < MAX_WAITING; i++) {
        if (waiting[i].used && waiting[i].is_turn && waiting[i].entry == entry)
            return &waiting[i];
    }
    return NULL;
}

static void give_turns(hearth_ctx *ctx, struct entry *entry)
{
    for (struct outcome *turn = next_turn(entry); turn && !entry->busy; turn = next_turn(entry)) {
        turn->used = 0;
        turn->done(entry->used ? HEARTH_OK : HEARTH_ENOTFOUND, entry->used ? &entry->entity : NULL,
                   turn->arg);
    }
    (void)ctx;
}

static hearth_status turn(hearth_ctx *ctx, const hearth_key *key, hearth_entity_fn done, void *arg)
{
    struct entry *entry = find(key);
    if (!entry || !entry->busy || script_of(ctx)->load_status != HEARTH_OK)
        return load(ctx, key, done, arg);
    wait_for(entry, done, arg)->is_turn = 1;
    return HEARTH_DEFERRED;
}

static const hearth_receipt *receipt(hearth_ctx *ctx, const hearth_entity *entity,
                                     const uint8_t key[16])
{
    struct entry *entry = find(&entity->key);
    (void)ctx;
    for (uint32_t i = 0; i < entry->receipt_count; i++) {
        if (memcmp(entry->receipts[i].key, key, 16) == 0)
            return &entry->receipts[i];
    }
    return NULL;
}

static void finish(hearth_ctx *ctx, struct outcome *outcome)
{
    struct entry *entry = outcome->entry;
    hearth_status status = script_of(ctx)->commit_status;
    struct outcome ended = *outcome;
    outcome->used = 0;
    entry->busy = 0;
    if (status != HEARTH_OK && ended.next.state)
        collections[ctx->loop].release(collections[ctx->loop].owner, ended.next.state);
    else if (status == HEARTH_OK && ended.removes)
        drop(ctx, entry);
    else if (status == HEARTH_OK)
        set_state(ctx, entry, &ended.next);
    if (ended.created) {
        hearth_create_result result = {.struct_size = sizeof(result), .entity = &entry->entity};
        if (status != HEARTH_OK)
            memset(entry, 0, sizeof(*entry));
        ended.created(status, status == HEARTH_OK ? &result : NULL, ended.arg);
    } else {
        ended.done(status, status == HEARTH_OK && !ended.removes ? &entry->entity : NULL,
                   ended.arg);
    }
    free((void *)(uintptr_t)ended.next.body.ptr);
    give_turns(ctx, entry);
}

static hearth_status begin(hearth_ctx *ctx, struct outcome *outcome)
{
    script_of(ctx)->commits++;
    outcome->entry->busy = 1;
    if (script_of(ctx)->hold_commits)
        return HEARTH_DEFERRED;
    finish(ctx, outcome);
    return HEARTH_OK;
}

static void keep(struct outcome *outcome, const hearth_entity_next *next)
{
    char *body = malloc(next->body.len);
    assert_non_null(body);
    memcpy(body, next->body.ptr, next->body.len);
    outcome->next = *next;
    outcome->next.body.ptr = body;
}

static hearth_status commit(hearth_ctx *ctx, const hearth_entity *entity,
                            const hearth_entity_next *next, hearth_durability durability,
                            uint32_t deadline_ms, hearth_entity_fn done, void *arg)
{
    struct outcome *outcome = wait_for(find(&entity->key), done, arg);
    static hearth_receipt kept[MAX_WAITING];
    (void)deadline_ms;
    script_of(ctx)->durability = durability;
    keep(outcome, next);
    if (next->receipt) {
        kept[outcome - waiting] = *next->receipt;
        outcome->next.receipt = &kept[outcome - waiting];
    }
    return begin(ctx, outcome);
}

static struct claim *claim_of(const hearth_key *key)
{
    for (size_t i = 0; i < MAX_ENTRIES * 2; i++) {
        if (claims[i].used && same(claims[i].collection, key->collection) &&
            same(claims[i].partition, key->partition))
            return &claims[i];
    }
    return NULL;
}

static void take(const hearth_key *key, const hearth_key *owner)
{
    size_t i = 0;
    while (claims[i].used)
        i++;
    claims[i].used = 1;
    copy(claims[i].collection, sizeof(claims[i].collection), key->collection);
    copy(claims[i].partition, sizeof(claims[i].partition), key->partition);
    copy(claims[i].user, sizeof(claims[i].user), owner->partition);
    copy(claims[i].id, sizeof(claims[i].id), owner->sort);
}

static int answered(hearth_ctx *ctx, const hearth_entity_create *create,
                    void (*done)(hearth_status status, const hearth_create_result *result,
                                 void *arg),
                    void *arg)
{
    hearth_create_result result = {.struct_size = sizeof(result)};
    int found = 0;
    (void)ctx;
    for (size_t i = 0; create->next.receipt && i < create_count; i++) {
        if (memcmp(creates[i].receipt.key, create->next.receipt->key, 16) != 0)
            continue;
        found = 1;
        result.outcome = memcmp(creates[i].receipt.body, create->next.receipt->body, 16) == 0
                             ? HEARTH_CREATE_REPLAYED
                             : HEARTH_CREATE_MISMATCH;
        result.entity = creates[i].entry->used ? &creates[i].entry->entity : NULL;
    }
    for (size_t i = 0; !found && i < create->claim_count; i++) {
        if (!claim_of(&create->claims[i].key))
            continue;
        found = 1;
        result.outcome = HEARTH_CREATE_CLAIMED;
        result.claim = i;
    }
    if (found) {
        collections[ctx->loop].release(collections[ctx->loop].owner, create->next.state);
        done(HEARTH_OK, &result, arg);
    }
    return found;
}

static hearth_status
create_entity(hearth_ctx *ctx, const hearth_entity_create *create, uint32_t deadline_ms,
              void (*done)(hearth_status status, const hearth_create_result *result, void *arg),
              void *arg)
{
    struct entry *entry = entries;
    (void)deadline_ms;
    if (answered(ctx, create, done, arg))
        return HEARTH_OK;
    while (entry->used)
        entry++;
    entry->used = 1;
    copy(entry->user, sizeof(entry->user), create->key.partition);
    copy(entry->id, sizeof(entry->id), create->key.sort);
    entry->entity = (hearth_entity){.struct_size = sizeof(entry->entity),
                                    .key = {HEARTH_STR("characters"),
                                            {entry->user, strlen(entry->user)},
                                            {entry->id, strlen(entry->id)}}};
    if (script_of(ctx)->commit_status == HEARTH_OK) {
        for (size_t i = 0; i < create->claim_count; i++)
            take(&create->claims[i].key, &create->key);
        if (create->next.receipt) {
            creates[create_count].receipt = *create->next.receipt;
            creates[create_count++].entry = entry;
        }
    }
    struct outcome *outcome = wait_for(entry, NULL, arg);
    outcome->created = done;
    keep(outcome, &create->next);
    outcome->next.receipt = NULL; /* kept apart from the entity */
    return begin(ctx, outcome);
}

static hearth_status remove_entity(hearth_ctx *ctx, const hearth_entity *entity,
                                   const hearth_claim *given, size_t count, uint32_t deadline_ms,
                                   hearth_entity_fn done, void *arg)
{
    struct outcome *outcome = wait_for(find(&entity->key), done, arg);
    (void)deadline_ms;
    for (size_t i = 0; script_of(ctx)->commit_status == HEARTH_OK && i < count; i++) {
        struct claim *claim = claim_of(&given[i].key);
        assert_non_null(claim);
        claim->used = 0;
    }
    outcome->removes = 1;
    return begin(ctx, outcome);
}

static hearth_status
claimant(hearth_ctx *ctx, const hearth_key *key,
         void (*done)(hearth_status status, const hearth_key *entity, void *arg), void *arg)
{
    struct claim *claim = claim_of(key);
    (void)ctx;
    if (claim) {
        hearth_key owner = {HEARTH_STR("characters"),
                            {claim->user, strlen(claim->user)},
                            {claim->id, strlen(claim->id)}};
        done(HEARTH_OK, &owner, arg);
    } else {
        done(HEARTH_ENOTFOUND, NULL, arg);
    }
    return HEARTH_OK;
}

static hearth_status evict(hearth_ctx *ctx, hearth_str partition,
                           void (*done)(hearth_status status, void *arg), void *arg)
{
    (void)partition;
    script_of(ctx)->evictions++;
    if (done)
        done(HEARTH_OK, arg);
    return HEARTH_OK;
}

const hearth_entities entities_script = {
    .struct_size = sizeof(entities_script),
    .define = define,
    .load = load,
    .list = list,
    .turn = turn,
    .receipt = receipt,
    .commit = commit,
    .create = create_entity,
    .remove = remove_entity,
    .claimant = claimant,
    .evict = evict,
};

void script_release(struct world *world)
{
    for (size_t i = 0; i < MAX_WAITING; i++) {
        if (!waiting[i].used || waiting[i].is_turn)
            continue;
        hearth_str user = {waiting[i].entry->user, strlen(waiting[i].entry->user)};
        hearth_ctx *own = hearth_test_own_ctx(world->host, 0);
        uint32_t home = hearth_loop_get(own)->home(own, user);
        hearth_test_enter(world->host, home);
        finish(hearth_test_ctx(world->host, HEARTH_ENTITIES_ID, home), &waiting[i]);
        hearth_test_enter(world->host, 0);
    }
    hearth_test_pump(world->host);
}

void entities_script_reset(void)
{
    memset(entries, 0, sizeof(entries));
    memset(claims, 0, sizeof(claims));
    memset(waiting, 0, sizeof(waiting));
    memset(creates, 0, sizeof(creates));
    create_count = 0;
}

void entities_script_empty(void)
{
    for (size_t i = 0; i < MAX_ENTRIES; i++) {
        if (entries[i].used)
            collections[0].release(collections[0].owner, entries[i].entity.state);
    }
    entities_script_reset();
}
