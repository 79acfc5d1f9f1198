/*
 * peers.h - who may send us encrypted packets: source address -> session keys.
 * A peer begins as a pending mapping made by a good request, and belongs to a slot once it
 * connects. Found by a hash with a secret key, so that nobody can choose addresses that collide.
 */
#ifndef NETCODE_PEERS_H
#define NETCODE_PEERS_H

#include <netcode_token.h>

#define PEER_NO_SLOT UINT32_MAX
#define PEER_NO_END  UINT64_MAX

struct peer {
    netcode_address address;
    uint32_t next; /* in its bucket's chain, or in the free list */
    bool used;
    uint32_t slot; /* PEER_NO_SLOT while pending */
    int32_t timeout_seconds;
    uint64_t ends_at_ns, used_at_ns; /* of a pending one */
    uint64_t client_id;
    uint8_t tag[NETCODE_TAG_BYTES];
    uint8_t client_to_server_key[NETCODE_KEY_BYTES];
    uint8_t server_to_client_key[NETCODE_KEY_BYTES];
    uint8_t user_data[NETCODE_USER_DATA_BYTES];
};

struct peers {
    struct peer *all;
    uint32_t *buckets;
    uint32_t capacity, bucket_mask, free_head;
    uint64_t swept_at_ns;
    uint8_t hash_key[16];
};

/* ENOMEM if the tables cannot be had. */
HEARTH_MUST_CHECK hearth_status peers_init(struct peers *peers, uint32_t capacity);

/* Wipes all keys. */
void peers_finish(struct peers *peers);

/* The connected or live pending peer of this address, or NULL. Refreshes a pending one. */
struct peer *peers_find(struct peers *peers, const netcode_address *address, uint64_t now_ns);

/* Makes or overwrites the pending peer of an address that is not connected. NULL if all are taken.
 */
struct peer *peers_claim(struct peers *peers, const netcode_address *address,
                         const netcode_private_token *token, const uint8_t tag[NETCODE_TAG_BYTES],
                         uint64_t now_ns);

/* Wipes and frees one. */
void peers_release(struct peers *peers, struct peer *peer);

/* Releases the pending ones whose time is over; ten times a second, however often it is called. */
void peers_expire(struct peers *peers, uint64_t now_ns);

#endif
