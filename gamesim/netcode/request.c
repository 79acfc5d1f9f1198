/*
 * request.c - see request.h. Cheap checks come first: whoever floods a server with requests that it
 * did not get a token for should cost as little as possible.
 */
#include "netcode/request.h"

#include <netcode_bytes.h>
#include <string.h>

enum { AT_VERSION = 1, AT_PROTOCOL = 14, AT_EXPIRE = 22, AT_NONCE = 30, AT_SEALED = 54 };

netcode_drop request_check(const uint8_t *datagram, size_t len, const struct request_rules *rules,
                           uint64_t unix_now)
{
    if (len != NETCODE_REQUEST_BYTES || datagram[0] != NETCODE_REQUEST ||
        memcmp(datagram + AT_VERSION, NETCODE_VERSION_INFO, NETCODE_VERSION_BYTES) != 0 ||
        netcode_get_u64(datagram + AT_PROTOCOL) != rules->protocol_id)
        return NETCODE_DROP_REQUEST_FORMAT;
    uint64_t expires_at = netcode_get_u64(datagram + AT_EXPIRE);
    if (expires_at <= unix_now)
        return NETCODE_DROP_REQUEST_EXPIRED;
    if (expires_at < rules->floor)
        return NETCODE_DROP_REQUEST_OLD;
    return NETCODE_ACCEPTED;
}

netcode_drop request_open(struct request *out, const uint8_t *datagram,
                          const struct request_rules *rules)
{
    const uint8_t *sealed = datagram + AT_SEALED;
    out->expires_at = netcode_get_u64(datagram + AT_EXPIRE);
    memcpy(out->tag, sealed + NETCODE_PRIVATE_BYTES - NETCODE_TAG_BYTES, NETCODE_TAG_BYTES);
    if (netcode_private_open(rules->private_key, rules->protocol_id, out->expires_at,
                             datagram + AT_NONCE, sealed, &out->token) != HEARTH_OK)
        return NETCODE_DROP_REQUEST_FORGED;
    return NETCODE_ACCEPTED;
}
