/*
 * keys.h - where documents are in Redis. P is the configured prefix, T the partition with `{`, `}`
 * and
 * `%` percent-encoded, so that it is the key's hash tag:
 *
 *   P d:{T}:collection NUL sort    a document, a hash (scripts.c)
 *   P i:{T}:collection             its partition's sorts, a sorted set in bytewise order
 *   P partitions                   collection NUL partition NUL T of everything, likewise
 *   P try                          there only while a script of refusal.c runs
 */
#ifndef STORAGE_REDIS_KEYS_H
#define STORAGE_REDIS_KEYS_H

#include <hearth/service/storage.h>

#define KEYS_TAG_SIZE (3 * HEARTH_STORAGE_MAX_KEY)
#define KEYS_SIZE     (KEYS_TAG_SIZE + 2 * HEARTH_STORAGE_MAX_KEY + 128)

/* The keys of one document, written once per op. */
struct keys {
    char text[3 * KEYS_SIZE];
    hearth_str doc;    /* its hash */
    hearth_str prefix; /* the start of doc, before the sort */
    hearth_str index;
    hearth_str member; /* of the partitions */
};

/* Writes the keys of a document whose key has passed storage_key_problem. `prefix` is at most 64
 * bytes. */
void keys_of(struct keys *keys, hearth_str prefix, const hearth_key *key);

#endif
