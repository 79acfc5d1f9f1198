/*
 * netcode_address.h - an IPv4 or IPv6 address with its port, as netcode compares them.
 * Every address that enters the program passes one of these functions, so that equal means equal.
 */
#ifndef NETCODE_ADDRESS_H
#define NETCODE_ADDRESS_H

#include <hearth/types.h>
#include <stdbool.h>

struct sockaddr;
struct sockaddr_storage;

enum { NETCODE_ADDRESS_NONE = 0, NETCODE_ADDRESS_IPV4 = 1, NETCODE_ADDRESS_IPV6 = 2 };

/* Unused bytes are zero and ::ffff:a.b.c.d is always held as IPv4: two equal addresses are equal in
 * every byte. */
typedef struct netcode_address {
    uint8_t type;
    uint8_t ip[16]; /* network order; IPv4 uses the first four */
    uint16_t port;  /* host order */
} netcode_address;

#define NETCODE_ADDRESS_TEXT      64 /* room for "[ffff:...:ffff]:65535" and its zero byte */
#define NETCODE_ADDRESS_BYTES_MAX 19

/* [any] Reads "1.2.3.4:40000" or "[2001:db8::1]:40000". EINVAL for anything else; names are not
 * looked up. */
HEARTH_MUST_CHECK hearth_status netcode_address_parse(netcode_address *out, const char *text);

/* [any] Writes the same form, NUL-terminated; returns text. */
const char *netcode_address_format(const netcode_address *a, char text[NETCODE_ADDRESS_TEXT]);

/* [any] */
bool netcode_address_equal(const netcode_address *a, const netcode_address *b);

/* [any] 0.0.0.0 or [::], whatever the port. */
bool netcode_address_is_any(const netcode_address *a);

/* [any] EINVAL for a family that is neither IPv4 nor IPv6. */
HEARTH_MUST_CHECK hearth_status netcode_address_from_sockaddr(netcode_address *out,
                                                              const struct sockaddr *from);

/* [any] Fills `out` for a socket of the given family and returns its length. An IPv4 address
 * becomes its mapped form on an AF_INET6 socket; an IPv6 address on an AF_INET socket cannot be: 0.
 */
unsigned netcode_address_to_sockaddr(const netcode_address *a, int family,
                                     struct sockaddr_storage *out);

/* [any] The form inside tokens: writes 7 or 19 bytes and returns how many. The address must have a
 * type. */
size_t netcode_address_put(const netcode_address *a, uint8_t *out);

/* [any] Reads that form; returns the bytes used, 0 if the type is unknown or the input ends early.
 */
size_t netcode_address_get(netcode_address *out, const uint8_t *in, size_t len);

#endif
