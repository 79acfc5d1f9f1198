/*
 * history.h - which connect tokens were shown, by whom, and whether they were used.
 * One token, one session: the session keys are in the token and packet nonces start at zero, so a
 * token that was let in twice would use nonces twice. Entries live until their token expires and
 * are never evicted before.
 */
#ifndef NETCODE_HISTORY_H
#define NETCODE_HISTORY_H

#include "netcode/drop.h"

#include <netcode_address.h>
#include <netcode_protocol.h>

struct history_entry {
    uint8_t tag[NETCODE_TAG_BYTES];
    netcode_address source;
    uint64_t expires_at;
    uint32_t next; /* in its bucket's chain, or in the free list */
    bool used, consumed;
};

struct history {
    struct history_entry *entries;
    uint32_t *buckets;
    uint32_t capacity, bucket_mask, free_head, count;
    uint8_t hash_key[16];
    uint64_t swept_at;
    /* The latest expiry that was ever forgotten. Should the wall clock step back, tokens up to here
     * may be unknown although they were used, so they are refused. */
    uint64_t forgotten;
};

/* ENOMEM if the tables cannot be had. */
HEARTH_MUST_CHECK hearth_status history_init(struct history *history, uint32_t capacity);
void history_finish(struct history *history);

/* Rules 10 and 11: records a new token as pending for this source, or finds it so. Anything but
 * NETCODE_ACCEPTED says why this source may not use it. */
netcode_drop history_admit(struct history *history, const uint8_t tag[NETCODE_TAG_BYTES],
                           const netcode_address *source, uint64_t expires_at, uint64_t unix_now);

/* Marks a token as used: nobody is let in with it again. */
void history_consume(struct history *history, const uint8_t tag[NETCODE_TAG_BYTES]);

#endif
