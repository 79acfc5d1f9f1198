/*
 * table.c - chained buckets that double when there are as many nodes as buckets.
 */
#include "table.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 64

bool table_init(struct table *table, const uint64_t seed[2])
{
    *table = (struct table){.mask = FIRST_SIZE - 1, .seed = {seed[0], seed[1]}};
    table->buckets = calloc(FIRST_SIZE, sizeof(struct table_node *));
    return table->buckets != NULL;
}

void table_finish(struct table *table)
{
    free(table->buckets);
    table->buckets = NULL;
}

/* ---- SipHash-1-3 (Aumasson, Bernstein) ---- */

struct sip {
    uint64_t v[4];
};

static uint64_t rotate(uint64_t x, unsigned by)
{
    return (x << by) | (x >> (64 - by));
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

static void sip_word(struct sip *sip, uint64_t word)
{
    sip->v[3] ^= word;
    sip_round(sip->v);
    sip->v[0] ^= word;
}

static void sip_part(struct sip *sip, hearth_str part)
{
    size_t left = part.len;
    const char *p = part.ptr;
    uint64_t word;

    for (; left >= 8; left -= 8, p += 8) {
        memcpy(&word, p, 8);
        sip_word(sip, word);
    }
    word = (uint64_t)part.len << 56;
    if (left > 0)
        memcpy(&word, p, left);
    sip_word(sip, word);
}

uint64_t table_hash(const struct table *table, const hearth_str *parts, size_t count)
{
    uint64_t k0 = table->seed[0], k1 = table->seed[1];
    struct sip sip = {{k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du, k0 ^ 0x6c7967656e657261u,
                       k1 ^ 0x7465646279746573u}};

    for (size_t i = 0; i < count; i++)
        sip_part(&sip, parts[i]);
    sip.v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(sip.v);
    return sip.v[0] ^ sip.v[1] ^ sip.v[2] ^ sip.v[3];
}

/* ---- the table ---- */

struct table_node *table_next(const struct table_node *node)
{
    struct table_node *next = node->next;
    while (next && next->hash != node->hash)
        next = next->next;
    return next;
}

struct table_node *table_first(const struct table *table, uint64_t hash)
{
    struct table_node *node = table->buckets[hash & table->mask];
    while (node && node->hash != hash)
        node = node->next;
    return node;
}

static void grow(struct table *table)
{
    size_t mask = table->mask * 2 + 1;
    struct table_node **buckets = calloc(mask + 1, sizeof(*buckets));

    if (!buckets)
        return;
    for (size_t i = 0; i <= table->mask; i++) {
        struct table_node *node = table->buckets[i];
        while (node) {
            struct table_node *next = node->next;
            node->next = buckets[node->hash & mask];
            buckets[node->hash & mask] = node;
            node = next;
        }
    }
    free(table->buckets);
    table->buckets = buckets;
    table->mask = mask;
}

void table_insert(struct table *table, struct table_node *node, uint64_t hash)
{
    if (table->count > table->mask)
        grow(table);
    node->hash = hash;
    node->next = table->buckets[hash & table->mask];
    table->buckets[hash & table->mask] = node;
    table->count++;
}

void table_remove(struct table *table, struct table_node *node)
{
    struct table_node **link = &table->buckets[node->hash & table->mask];
    while (*link != node)
        link = &(*link)->next;
    *link = node->next;
    table->count--;
}
