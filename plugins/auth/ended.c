/*
 * ended.c - see ended.h. Open addressing with linear probing; what has run out is swept when the
 * table is rebuilt, so nothing is ever removed from the middle of a probe.
 */
#include "ended.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#define FIRST_SLOTS 64

struct slot {
    unsigned char digest[crypto_shorthash_siphashx24_BYTES];
    int64_t until_ms; /* 0: free */
};

struct ended {
    unsigned char hash_key[crypto_shorthash_siphashx24_KEYBYTES];
    size_t slots, count;
    struct slot *slot;
};

struct ended *ended_create(const unsigned char hash_key[16])
{
    struct ended *set = calloc(1, sizeof(*set));
    if (!set)
        return NULL;
    memcpy(set->hash_key, hash_key, sizeof(set->hash_key));
    set->slot = calloc(FIRST_SLOTS, sizeof(struct slot));
    set->slots = FIRST_SLOTS;
    if (!set->slot) {
        free(set);
        return NULL;
    }
    return set;
}

void ended_destroy(struct ended *set)
{
    if (!set)
        return;
    free(set->slot);
    free(set);
}

/* The slot that holds the digest, or the free one where it belongs. */
static struct slot *find(struct slot *table, size_t slots, const unsigned char *digest)
{
    uint64_t start;
    memcpy(&start, digest, sizeof(start));
    for (size_t i = (size_t)start & (slots - 1);; i = (i + 1) & (slots - 1))
        if (table[i].until_ms == 0 || memcmp(table[i].digest, digest, sizeof(table[i].digest)) == 0)
            return &table[i];
}

static void digest_of(const struct ended *set, hearth_str session, unsigned char *digest)
{
    crypto_shorthash_siphashx24(digest, (const unsigned char *)session.ptr, session.len,
                                set->hash_key);
}

static hearth_status rebuild(struct ended *set, int64_t now_ms)
{
    size_t live = 0, slots = FIRST_SLOTS;

    for (size_t i = 0; i < set->slots; i++)
        live += set->slot[i].until_ms > now_ms;
    while (slots < (live + 1) * 4)
        slots *= 2;
    struct slot *table = calloc(slots, sizeof(*table));
    if (!table)
        return HEARTH_ENOMEM;
    for (size_t i = 0; i < set->slots; i++)
        if (set->slot[i].until_ms > now_ms)
            *find(table, slots, set->slot[i].digest) = set->slot[i];
    free(set->slot);
    set->slot = table;
    set->slots = slots;
    set->count = live;
    return HEARTH_OK;
}

hearth_status ended_add(struct ended *set, hearth_str session, int64_t until_ms, int64_t now_ms)
{
    unsigned char digest[crypto_shorthash_siphashx24_BYTES];

    if (until_ms <= now_ms)
        return HEARTH_OK;
    /* Half full at most, so that a probe for what is not there stays short. */
    if ((set->count + 1) * 2 > set->slots && rebuild(set, now_ms) != HEARTH_OK)
        return HEARTH_ENOMEM;
    digest_of(set, session, digest);
    struct slot *slot = find(set->slot, set->slots, digest);
    if (slot->until_ms == 0) {
        memcpy(slot->digest, digest, sizeof(slot->digest));
        set->count++;
    }
    if (until_ms > slot->until_ms)
        slot->until_ms = until_ms;
    return HEARTH_OK;
}

int ended_has(const struct ended *set, hearth_str session)
{
    unsigned char digest[crypto_shorthash_siphashx24_BYTES];
    digest_of(set, session, digest);
    return find(set->slot, set->slots, digest)->until_ms != 0;
}

size_t ended_count(const struct ended *set)
{
    return set->count;
}
