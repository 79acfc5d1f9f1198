/*
 * netcode_address.c - text, socket and token forms of an address.
 * The token form is the odd one: IPv6 groups are little-endian there, unlike anywhere else.
 */
#include "netcode_address.h"
#include "netcode_bytes.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static void set_ipv4(netcode_address *out, const uint8_t *ip, uint16_t port)
{
    memset(out, 0, sizeof(*out));
    out->type = NETCODE_ADDRESS_IPV4;
    out->port = port;
    memcpy(out->ip, ip, 4);
}

/* A dual-stack socket shows IPv4 peers as ::ffff:a.b.c.d; tokens never do. */
static void set_ipv6(netcode_address *out, const uint8_t *ip, uint16_t port)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (memcmp(ip, mapped, sizeof(mapped)) == 0) {
        set_ipv4(out, ip + 12, port);
        return;
    }
    memset(out, 0, sizeof(*out));
    out->type = NETCODE_ADDRESS_IPV6;
    out->port = port;
    memcpy(out->ip, ip, 16);
}

static bool parse_port(const char *text, uint16_t *port)
{
    unsigned value = 0;
    size_t n = strlen(text);
    if (n == 0 || n > 5)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        value = value * 10 + (unsigned)(*text - '0');
    }
    *port = (uint16_t)value;
    return value <= 65535;
}

hearth_status netcode_address_parse(netcode_address *out, const char *text)
{
    char host[INET6_ADDRSTRLEN];
    uint8_t ip[16];
    uint16_t port;
    const char *colon = strrchr(text, ':');
    if (!colon || !parse_port(colon + 1, &port))
        return HEARTH_EINVAL;
    bool bracketed = text[0] == '[' && colon > text + 1 && colon[-1] == ']';
    const char *begin = bracketed ? text + 1 : text;
    size_t len = (size_t)(colon - begin) - (bracketed ? 1 : 0);
    if (len == 0 || len >= sizeof(host))
        return HEARTH_EINVAL;
    memcpy(host, begin, len);
    host[len] = '\0';
    if (inet_pton(bracketed ? AF_INET6 : AF_INET, host, ip) != 1)
        return HEARTH_EINVAL;
    if (bracketed)
        set_ipv6(out, ip, port);
    else
        set_ipv4(out, ip, port);
    return HEARTH_OK;
}

const char *netcode_address_format(const netcode_address *a, char text[NETCODE_ADDRESS_TEXT])
{
    char host[INET6_ADDRSTRLEN] = "?";
    if (a->type == NETCODE_ADDRESS_IPV6) {
        inet_ntop(AF_INET6, a->ip, host, sizeof(host));
        snprintf(text, NETCODE_ADDRESS_TEXT, "[%s]:%u", host, a->port);
    } else {
        if (a->type == NETCODE_ADDRESS_IPV4)
            inet_ntop(AF_INET, a->ip, host, sizeof(host));
        snprintf(text, NETCODE_ADDRESS_TEXT, "%s:%u", host, a->port);
    }
    return text;
}

bool netcode_address_equal(const netcode_address *a, const netcode_address *b)
{
    return a->type == b->type && a->port == b->port && memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

bool netcode_address_is_any(const netcode_address *a)
{
    static const uint8_t zeros[16];
    return memcmp(a->ip, zeros, sizeof(zeros)) == 0;
}

hearth_status netcode_address_from_sockaddr(netcode_address *out, const struct sockaddr *from)
{
    if (from->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, from, sizeof(in));
        set_ipv4(out, (const uint8_t *)&in.sin_addr, ntohs(in.sin_port));
        return HEARTH_OK;
    }
    if (from->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, from, sizeof(in6));
        set_ipv6(out, in6.sin6_addr.s6_addr, ntohs(in6.sin6_port));
        return HEARTH_OK;
    }
    return HEARTH_EINVAL;
}

unsigned netcode_address_to_sockaddr(const netcode_address *a, int family,
                                     struct sockaddr_storage *out)
{
    memset(out, 0, sizeof(*out));
    if (family == AF_INET && a->type == NETCODE_ADDRESS_IPV4) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(a->port)};
        memcpy(&in.sin_addr, a->ip, 4);
        memcpy(out, &in, sizeof(in));
        return sizeof(in);
    }
    if (family == AF_INET6) {
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(a->port)};
        if (a->type == NETCODE_ADDRESS_IPV4) {
            in6.sin6_addr.s6_addr[10] = 0xff;
            in6.sin6_addr.s6_addr[11] = 0xff;
            memcpy(in6.sin6_addr.s6_addr + 12, a->ip, 4);
        } else {
            memcpy(in6.sin6_addr.s6_addr, a->ip, 16);
        }
        memcpy(out, &in6, sizeof(in6));
        return sizeof(in6);
    }
    return 0;
}

size_t netcode_address_put(const netcode_address *a, uint8_t *out)
{
    out[0] = a->type;
    if (a->type == NETCODE_ADDRESS_IPV4) {
        memcpy(out + 1, a->ip, 4);
        netcode_put_u16(out + 5, a->port);
        return 7;
    }
    for (size_t i = 0; i < 16; i += 2) {
        out[1 + i] = a->ip[i + 1];
        out[2 + i] = a->ip[i];
    }
    netcode_put_u16(out + 17, a->port);
    return 19;
}

size_t netcode_address_get(netcode_address *out, const uint8_t *in, size_t len)
{
    uint8_t ip[16];
    if (len >= 7 && in[0] == NETCODE_ADDRESS_IPV4) {
        set_ipv4(out, in + 1, netcode_get_u16(in + 5));
        return 7;
    }
    if (len >= 19 && in[0] == NETCODE_ADDRESS_IPV6) {
        for (size_t i = 0; i < 16; i += 2) {
            ip[i] = in[2 + i];
            ip[i + 1] = in[1 + i];
        }
        set_ipv6(out, ip, netcode_get_u16(in + 17));
        return 19;
    }
    return 0;
}
