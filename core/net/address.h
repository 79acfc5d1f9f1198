/*
 * address.h - socket addresses as people write them, and networks in CIDR notation.
 * An IPv4 address and the same one mapped into IPv6 are equal here.
 */
#ifndef HEARTH_NET_ADDRESS_H
#define HEARTH_NET_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "base/error.h"

#define ADDRESS_TEXT_SIZE 64 /* "[…]:65535" and NUL */

typedef union hearth_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage room;
} hearth_address;

/* An address without port; IPv4 as ::ffff:a.b.c.d. All zeros: unknown. */
typedef struct hearth_ip {
    uint8_t bytes[16];
} hearth_ip;

typedef struct hearth_network {
    hearth_ip ip;
    uint32_t prefix; /* bits of the 128 */
} hearth_network;

/* "127.0.0.1:8080", "[::1]:0", "*:8080" (all of IPv6 and IPv4), "localhost:8080" (127.0.0.1). */
HEARTH_MUST_CHECK hearth_status address_parse(hearth_str text, hearth_address *out,
                                              hearth_error *error);
uint16_t address_port(const hearth_address *address);
void address_set_port(hearth_address *address, uint16_t port);
void address_format(const hearth_address *address, char out[ADDRESS_TEXT_SIZE]);

hearth_ip address_ip(const hearth_address *address);
/* "192.0.2.1", "2001:db8::1"; false: neither. */
bool ip_parse(hearth_str text, hearth_ip *out);
/* Returns the length; dotted for IPv4, "" for an unknown one. */
size_t ip_format(const hearth_ip *ip, char out[ADDRESS_TEXT_SIZE]);

/* "10.0.0.0/8", "fd00::/8", or a single address. */
HEARTH_MUST_CHECK hearth_status network_parse(hearth_str text, hearth_network *out,
                                              hearth_error *error);
bool network_contains(const hearth_network *network, const hearth_ip *ip);

#endif
