/*
 * limiter.h - how many requests one source address and port may have answered in a second.
 * Never the address alone: players share addresses behind a NAT.
 */
#ifndef NETCODE_LIMITER_H
#define NETCODE_LIMITER_H

#include <netcode_address.h>

#define LIMITER_ENTRIES    4096
#define LIMITER_PER_SECOND 32 /* clients send 10; the standard's floor for a cap is 20 */

struct limiter {
    struct limiter_entry {
        uint64_t source; /* keyed hash */
        uint64_t second;
        uint32_t count;
    } entries[LIMITER_ENTRIES];
    uint8_t hash_key[16];
};

void limiter_init(struct limiter *limiter);

/* Counts one request; false when it is over the limit. */
bool limiter_allow(struct limiter *limiter, const netcode_address *source, uint64_t now_ns);

#endif
