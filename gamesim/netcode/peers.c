/*
 * peers.c - a fixed pool of peers with chains by keyed hash. A dead pending peer is never found,
 * and its keys are wiped within a tenth of a second.
 */
#include "netcode/peers.h"

#include <netcode_bytes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define NONE      UINT32_MAX
#define SECOND_NS UINT64_C(1000000000)
#define SWEEP_NS  (SECOND_NS / 10) /* between looks at all of them: there may be many thousands */

hearth_status peers_init(struct peers *peers, uint32_t capacity)
{
    memset(peers, 0, sizeof(*peers));
    uint32_t buckets = 1;
    while (buckets < 2 * capacity)
        buckets *= 2;
    peers->all = calloc(capacity, sizeof(*peers->all));
    peers->buckets = malloc(buckets * sizeof(*peers->buckets));
    if (!peers->all || !peers->buckets) {
        peers_finish(peers);
        return HEARTH_ENOMEM;
    }
    memset(peers->buckets, 0xff, buckets * sizeof(*peers->buckets));
    for (uint32_t i = 0; i < capacity; i++)
        peers->all[i].next = i + 1 < capacity ? i + 1 : NONE;
    peers->capacity = capacity;
    peers->bucket_mask = buckets - 1;
    randombytes_buf(peers->hash_key, sizeof(peers->hash_key));
    return HEARTH_OK;
}

void peers_finish(struct peers *peers)
{
    if (peers->all)
        sodium_memzero(peers->all, peers->capacity * sizeof(*peers->all));
    free(peers->all);
    free(peers->buckets);
    memset(peers, 0, sizeof(*peers));
}

static uint32_t *bucket_of(struct peers *peers, const netcode_address *address)
{
    uint8_t bytes[19], hash[crypto_shorthash_BYTES];
    uint32_t value;
    bytes[0] = address->type;
    netcode_put_u16(bytes + 1, address->port);
    memcpy(bytes + 3, address->ip, sizeof(address->ip));
    crypto_shorthash(hash, bytes, sizeof(bytes), peers->hash_key);
    memcpy(&value, hash, sizeof(value));
    return &peers->buckets[value & peers->bucket_mask];
}

static bool is_dead(const struct peer *peer, uint64_t now_ns)
{
    if (peer->slot != PEER_NO_SLOT)
        return false;
    if (peer->ends_at_ns != PEER_NO_END && peer->ends_at_ns < now_ns)
        return true;
    return peer->timeout_seconds > 0 &&
           peer->used_at_ns + (uint64_t)peer->timeout_seconds * SECOND_NS < now_ns;
}

static struct peer *find(struct peers *peers, const netcode_address *address)
{
    for (uint32_t i = *bucket_of(peers, address); i != NONE; i = peers->all[i].next) {
        if (netcode_address_equal(&peers->all[i].address, address))
            return &peers->all[i];
    }
    return NULL;
}

struct peer *peers_find(struct peers *peers, const netcode_address *address, uint64_t now_ns)
{
    struct peer *peer = find(peers, address);
    if (!peer || is_dead(peer, now_ns))
        return NULL;
    peer->used_at_ns = now_ns;
    return peer;
}

static void sweep(struct peers *peers, uint64_t now_ns)
{
    peers->swept_at_ns = now_ns;
    for (uint32_t i = 0; i < peers->capacity; i++) {
        struct peer *peer = &peers->all[i];
        if (peer->used && is_dead(peer, now_ns))
            peers_release(peers, peer);
    }
}

static struct peer *take_free(struct peers *peers, const netcode_address *address, uint64_t now_ns)
{
    if (peers->free_head == NONE)
        sweep(peers, now_ns);
    if (peers->free_head == NONE)
        return NULL;
    uint32_t index = peers->free_head, *bucket = bucket_of(peers, address);
    struct peer *peer = &peers->all[index];
    peers->free_head = peer->next;
    peer->address = *address;
    peer->used = true;
    peer->next = *bucket;
    *bucket = index;
    return peer;
}

struct peer *peers_claim(struct peers *peers, const netcode_address *address,
                         const netcode_private_token *token, const uint8_t tag[NETCODE_TAG_BYTES],
                         uint64_t now_ns)
{
    struct peer *peer = find(peers, address);
    if (!peer)
        peer = take_free(peers, address, now_ns);
    if (!peer)
        return NULL;
    peer->slot = PEER_NO_SLOT;
    peer->timeout_seconds = token->timeout_seconds;
    peer->ends_at_ns = token->timeout_seconds < 0
                           ? PEER_NO_END
                           : now_ns + (uint64_t)token->timeout_seconds * SECOND_NS;
    peer->used_at_ns = now_ns;
    peer->client_id = token->client_id;
    memcpy(peer->tag, tag, sizeof(peer->tag));
    memcpy(peer->client_to_server_key, token->client_to_server_key, NETCODE_KEY_BYTES);
    memcpy(peer->server_to_client_key, token->server_to_client_key, NETCODE_KEY_BYTES);
    memcpy(peer->user_data, token->user_data, sizeof(peer->user_data));
    return peer;
}

void peers_release(struct peers *peers, struct peer *peer)
{
    uint32_t index = (uint32_t)(peer - peers->all);
    uint32_t *link = bucket_of(peers, &peer->address);
    while (*link != index)
        link = &peers->all[*link].next;
    *link = peer->next;
    sodium_memzero(peer, sizeof(*peer));
    peer->next = peers->free_head;
    peers->free_head = index;
}

void peers_expire(struct peers *peers, uint64_t now_ns)
{
    if (now_ns - peers->swept_at_ns >= SWEEP_NS)
        sweep(peers, now_ns);
}
