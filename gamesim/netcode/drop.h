/*
 * drop.h - why a datagram was ignored. Nobody is told, but an operator wants to see it counted.
 */
#ifndef NETCODE_DROP_H
#define NETCODE_DROP_H

typedef enum netcode_drop {
    NETCODE_ACCEPTED = 0,
    NETCODE_DROP_SIZE,               /* too short or too long to be a packet */
    NETCODE_DROP_TYPE,               /* unknown, or not for a server */
    NETCODE_DROP_UNKNOWN_SOURCE,     /* no key for this source address */
    NETCODE_DROP_REPLAYED,           /* sequence seen before, or older than the window */
    NETCODE_DROP_FORGED,             /* does not open */
    NETCODE_DROP_BODY,               /* opened, but of the wrong size for its type */
    NETCODE_DROP_NOT_CONNECTED,      /* well sealed, but its source has not connected yet */
    NETCODE_DROP_REQUEST_FORMAT,     /* size, version or protocol id */
    NETCODE_DROP_REQUEST_EXPIRED,    /* the token has expired */
    NETCODE_DROP_REQUEST_OLD,        /* the token may be from before this server started */
    NETCODE_DROP_REQUEST_FORGED,     /* the sealed part does not open or cannot be read */
    NETCODE_DROP_REQUEST_ELSEWHERE,  /* the token is for another server */
    NETCODE_DROP_REQUEST_CONNECTED,  /* this source or this client id is connected already */
    NETCODE_DROP_REQUEST_RATE,       /* too many requests from one address and port */
    NETCODE_DROP_REQUEST_USED,       /* the token was used, or shown by another source */
    NETCODE_DROP_REQUEST_HISTORY,    /* no room to remember another token */
    NETCODE_DROP_REQUEST_PENDING,    /* no room for another pending client */
    NETCODE_DROP_RESPONSE_FORGED,    /* the challenge token is not ours, or not for this source */
    NETCODE_DROP_RESPONSE_CONNECTED, /* this source or this client id is connected already */
    NETCODE_DROP_COUNT
} netcode_drop;

/* [any] A short name for metrics and logs, such as "request_expired". */
const char *netcode_drop_name(netcode_drop drop);

#endif
