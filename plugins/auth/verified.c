/*
 * verified.c - see verified.h. Chained hash table and a list in order of use.
 */
#include "verified.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#define HASHED_BYTES 16

struct entry {
    struct entry *next;          /* of the same bucket */
    struct entry *newer, *older; /* in order of use */
    uint64_t hash;
    hearth_identity identity;
    size_t token_len;
    char bytes[]; /* token, user, session, scope */
};

struct verified {
    unsigned char hash_key[crypto_shorthash_KEYBYTES];
    size_t capacity, count, buckets;
    struct entry *newest, *oldest;
    struct entry *bucket[];
};

/* Of the end of the token only: it is the end of a signature, which differs from token to token and
 * nobody can choose. */
static uint64_t hash_of(const struct verified *cache, hearth_str token)
{
    size_t len = token.len < HASHED_BYTES ? token.len : HASHED_BYTES;
    uint64_t hash;
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)token.ptr + token.len - len,
                     len, cache->hash_key);
    return hash;
}

struct verified *verified_create(size_t capacity, const unsigned char hash_key[16])
{
    size_t buckets = 16;

    while (buckets < capacity)
        buckets *= 2;
    struct verified *cache = calloc(1, sizeof(*cache) + buckets * sizeof(struct entry *));
    if (!cache)
        return NULL;
    memcpy(cache->hash_key, hash_key, sizeof(cache->hash_key));
    cache->capacity = capacity;
    cache->buckets = buckets;
    return cache;
}

static void unlink_use(struct verified *cache, struct entry *entry)
{
    *(entry->newer ? &entry->newer->older : &cache->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &cache->oldest) = entry->newer;
}

static void link_newest(struct verified *cache, struct entry *entry)
{
    entry->newer = NULL;
    entry->older = cache->newest;
    *(cache->newest ? &cache->newest->newer : &cache->oldest) = entry;
    cache->newest = entry;
}

static void drop(struct verified *cache, struct entry *entry)
{
    struct entry **at = &cache->bucket[entry->hash & (cache->buckets - 1)];

    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    unlink_use(cache, entry);
    cache->count--;
    sodium_memzero(entry->bytes, entry->token_len);
    free(entry);
}

void verified_clear(struct verified *cache)
{
    while (cache->oldest)
        drop(cache, cache->oldest);
}

void verified_destroy(struct verified *cache)
{
    if (!cache)
        return;
    verified_clear(cache);
    free(cache);
}

const hearth_identity *verified_find(struct verified *cache, hearth_str token, int64_t now_s)
{
    uint64_t hash = hash_of(cache, token);
    struct entry *entry = cache->bucket[hash & (cache->buckets - 1)];

    while (entry && (entry->hash != hash || entry->token_len != token.len ||
                     memcmp(entry->bytes, token.ptr, token.len) != 0))
        entry = entry->next;
    if (!entry)
        return NULL;
    if (entry->identity.expires <= now_s) {
        drop(cache, entry);
        return NULL;
    }
    if (cache->newest != entry) {
        unlink_use(cache, entry);
        link_newest(cache, entry);
    }
    return &entry->identity;
}

static hearth_str place(char **end, hearth_str text)
{
    hearth_str placed = {*end, text.len};
    if (text.len > 0)
        memcpy(*end, text.ptr, text.len);
    *end += text.len;
    return placed;
}

void verified_add(struct verified *cache, hearth_str token, const hearth_identity *identity)
{
    size_t size = token.len + identity->user.len + identity->session.len + identity->scope.len;

    if (cache->capacity == 0)
        return;
    if (cache->count == cache->capacity)
        drop(cache, cache->oldest);
    struct entry *entry = malloc(sizeof(*entry) + size);
    if (!entry)
        return;
    char *end = entry->bytes;
    entry->token_len = place(&end, token).len;
    entry->identity = (hearth_identity){.struct_size = sizeof(hearth_identity),
                                        .user = place(&end, identity->user),
                                        .session = place(&end, identity->session),
                                        .scope = place(&end, identity->scope),
                                        .expires = identity->expires};
    entry->hash = hash_of(cache, token);
    struct entry **bucket = &cache->bucket[entry->hash & (cache->buckets - 1)];
    entry->next = *bucket;
    *bucket = entry;
    link_newest(cache, entry);
    cache->count++;
}

size_t verified_count(const struct verified *cache)
{
    return cache->count;
}
