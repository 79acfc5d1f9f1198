/*
 * hash.h - two hashes for two questions.
 * hash_stable is the same in every process and every release: it decides which loop is a user's
 * home. hash_keyed is different in every process: it places keys that a stranger chose in a map.
 */
#ifndef HEARTH_BASE_HASH_H
#define HEARTH_BASE_HASH_H

#include <stdint.h>

#include "base/compiler.h"

/*
 * [any] FNV-1a over the bytes (64 bits, offset basis 0xcbf29ce484222325, prime 0x100000001b3),
 * then MurmurHash3's 64-bit finalizer, so that the low bits are as good as the high ones. Never
 * changes: tests/unit/base holds its values.
 */
uint64_t hash_stable(hearth_str text);

/* [any] The home loop of a user: hash_stable(user_id) mod loops. `loops` is at least 1. */
static inline uint32_t hash_home(hearth_str user_id, uint32_t loops)
{
    return loops == 1 ? 0 : (uint32_t)(hash_stable(user_id) % loops);
}

/*
 * [any] SipHash-1-3 with a key drawn once per process: without the key nobody can choose strings
 * that collide.
 */
uint64_t hash_keyed(hearth_str text);

/* [any] The same with a given key; for tests and for hashes that must survive the process. */
uint64_t hash_siphash13(hearth_str text, uint64_t key0, uint64_t key1);

#endif
