/*
 * table.h - a hash table of nodes that are embedded in what it finds. The hash is keyed, because
 * names that clients choose are looked up in it.
 */
#ifndef ENTITIES_TABLE_H
#define ENTITIES_TABLE_H

#include <hearth/types.h>

#include <stdbool.h>

struct table_node {
    struct table_node *next;
    uint64_t hash;
};

struct table {
    struct table_node **buckets;
    size_t mask, count;
    uint64_t seed[2];
};

bool table_init(struct table *table, const uint64_t seed[2]);
/* The nodes belong to their owners. */
void table_finish(struct table *table);

/* SipHash-1-3 of the parts, each with its length. */
uint64_t table_hash(const struct table *table, const hearth_str *parts, size_t count);

/* The first node of this hash, and the next one of the same; NULL: none. */
struct table_node *table_first(const struct table *table, uint64_t hash);
struct table_node *table_next(const struct table_node *node);

/* Never fails: when memory for growth is missing, chains get longer. */
void table_insert(struct table *table, struct table_node *node, uint64_t hash);
void table_remove(struct table *table, struct table_node *node);

#endif
