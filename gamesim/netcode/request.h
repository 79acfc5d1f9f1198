/*
 * request.h - reading a connection request: rules 1 to 6 of the standard, all that can be said
 * about one without knowing anything about other clients.
 */
#ifndef NETCODE_REQUEST_H
#define NETCODE_REQUEST_H

#include "netcode/drop.h"

#include <netcode_token.h>

/* What requests are judged by. */
struct request_rules {
    uint8_t private_key[NETCODE_KEY_BYTES];
    uint64_t protocol_id;
    uint64_t floor; /* tokens that expire earlier may be from before this start; 0: no such rule */
};

struct request {
    uint64_t expires_at;
    uint8_t tag[NETCODE_TAG_BYTES]; /* names the token in the history */
    netcode_private_token token;    /* wipe after use */
};

/* The cheap rules 1 to 4b: nothing is opened yet. */
netcode_drop request_check(const uint8_t *datagram, size_t len, const struct request_rules *rules,
                           uint64_t unix_now);

/* Rules 5 and 6, for a datagram that passed request_check. */
netcode_drop request_open(struct request *out, const uint8_t *datagram,
                          const struct request_rules *rules);

#endif
