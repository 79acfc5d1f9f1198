/*
 * limiter.c - a direct-mapped table: a collision forgets the older source, which can only be too
 * generous, so that no source is ever refused because of what another one did.
 */
#include "netcode/limiter.h"

#include <netcode_bytes.h>
#include <sodium.h>
#include <string.h>

void limiter_init(struct limiter *limiter)
{
    memset(limiter, 0, sizeof(*limiter));
    randombytes_buf(limiter->hash_key, sizeof(limiter->hash_key));
}

bool limiter_allow(struct limiter *limiter, const netcode_address *source, uint64_t now_ns)
{
    uint8_t bytes[19], hash[crypto_shorthash_BYTES];
    bytes[0] = source->type;
    netcode_put_u16(bytes + 1, source->port);
    memcpy(bytes + 3, source->ip, sizeof(source->ip));
    crypto_shorthash(hash, bytes, sizeof(bytes), limiter->hash_key);
    uint64_t id = netcode_get_u64(hash), second = now_ns / UINT64_C(1000000000);
    struct limiter_entry *entry = &limiter->entries[id % LIMITER_ENTRIES];
    if (entry->source != id || entry->second != second)
        *entry = (struct limiter_entry){.source = id, .second = second};
    return ++entry->count <= LIMITER_PER_SECOND;
}
