/*
 * drop.c - the names of the drop reasons, as they appear in metrics.
 */
#include "netcode/drop.h"

const char *netcode_drop_name(netcode_drop drop)
{
    static const char *const names[NETCODE_DROP_COUNT] = {
        [NETCODE_ACCEPTED] = "accepted",
        [NETCODE_DROP_SIZE] = "size",
        [NETCODE_DROP_TYPE] = "type",
        [NETCODE_DROP_UNKNOWN_SOURCE] = "unknown_source",
        [NETCODE_DROP_REPLAYED] = "replayed",
        [NETCODE_DROP_FORGED] = "forged",
        [NETCODE_DROP_BODY] = "body",
        [NETCODE_DROP_NOT_CONNECTED] = "not_connected",
        [NETCODE_DROP_REQUEST_FORMAT] = "request_format",
        [NETCODE_DROP_REQUEST_EXPIRED] = "request_expired",
        [NETCODE_DROP_REQUEST_OLD] = "request_old",
        [NETCODE_DROP_REQUEST_FORGED] = "request_forged",
        [NETCODE_DROP_REQUEST_ELSEWHERE] = "request_elsewhere",
        [NETCODE_DROP_REQUEST_CONNECTED] = "request_connected",
        [NETCODE_DROP_REQUEST_RATE] = "request_rate",
        [NETCODE_DROP_REQUEST_USED] = "request_used",
        [NETCODE_DROP_REQUEST_HISTORY] = "request_history",
        [NETCODE_DROP_REQUEST_PENDING] = "request_pending",
        [NETCODE_DROP_RESPONSE_FORGED] = "response_forged",
        [NETCODE_DROP_RESPONSE_CONNECTED] = "response_connected",
    };
    return (unsigned)drop < NETCODE_DROP_COUNT ? names[drop] : "unknown";
}
