/*
 * address.c - parsing and printing of addresses. Names other than localhost are not looked up:
 * a listening address that depends on DNS at start is a trap.
 */
#include "net/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

static const uint8_t v4_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* Splits host and port; brackets come off. */
static bool split_port(hearth_str text, hearth_str *host, hearth_str *port)
{
    if (text.len > 0 && text.ptr[0] == '[') {
        size_t close = str_index(text, ']');
        if (close + 1 >= text.len || text.ptr[close + 1] != ':')
            return false;
        *host = str_slice(text, 1, close - 1);
        *port = str_slice(text, close + 2, text.len);
        return true;
    }
    size_t colon = str_index(text, ':');
    if (colon == text.len)
        return false;
    *host = str_slice(text, 0, colon);
    *port = str_slice(text, colon + 1, text.len);
    return true;
}

static bool ip_is_v4(const hearth_ip *ip)
{
    return memcmp(ip->bytes, v4_mapped, sizeof(v4_mapped)) == 0;
}

hearth_status address_parse(hearth_str text, hearth_address *out, hearth_error *error)
{
    hearth_str host, port;
    uint64_t number;
    hearth_ip ip;
    if (!split_port(text, &host, &port) || !str_parse_u64(port, &number) || number > 65535)
        goto refuse;
    memset(out, 0, sizeof(*out));
    if (str_eq(host, HEARTH_STR("*"))) {
        out->v6.sin6_family = AF_INET6;
    } else if (str_eq(host, HEARTH_STR("localhost"))) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else if (!ip_parse(host, &ip)) {
        goto refuse;
    } else if (text.ptr[0] == '[') {
        out->v6.sin6_family = AF_INET6;
        memcpy(&out->v6.sin6_addr, ip.bytes, sizeof(ip.bytes));
    } else {
        out->v4.sin_family = AF_INET;
        memcpy(&out->v4.sin_addr, ip.bytes + 12, 4);
    }
    address_set_port(out, (uint16_t)number);
    return HEARTH_OK;
refuse:
    return error_set(
        error, HEARTH_EINVAL,
        "expected an address like 127.0.0.1:8080, [::1]:8080 or *:8080, found \"%.*s\"",
        HEARTH_ARG(text));
}

uint16_t address_port(const hearth_address *address)
{
    return ntohs(address->any.sa_family == AF_INET6 ? address->v6.sin6_port : address->v4.sin_port);
}

void address_set_port(hearth_address *address, uint16_t port)
{
    if (address->any.sa_family == AF_INET6)
        address->v6.sin6_port = htons(port);
    else
        address->v4.sin_port = htons(port);
}

void address_format(const hearth_address *address, char out[ADDRESS_TEXT_SIZE])
{
    char host[INET6_ADDRSTRLEN] = "?";
    bool v6 = address->any.sa_family == AF_INET6;
    const void *bytes =
        v6 ? (const void *)&address->v6.sin6_addr : (const void *)&address->v4.sin_addr;
    inet_ntop(v6 ? AF_INET6 : AF_INET, bytes, host, sizeof(host));
    snprintf(out, ADDRESS_TEXT_SIZE, v6 ? "[%s]:%u" : "%s:%u", host, address_port(address));
}

hearth_ip address_ip(const hearth_address *address)
{
    hearth_ip ip = {{0}};
    if (address->any.sa_family == AF_INET6) {
        memcpy(ip.bytes, &address->v6.sin6_addr, sizeof(ip.bytes));
    } else if (address->any.sa_family == AF_INET) {
        memcpy(ip.bytes, v4_mapped, sizeof(v4_mapped));
        memcpy(ip.bytes + 12, &address->v4.sin_addr, 4);
    }
    return ip;
}

bool ip_parse(hearth_str text, hearth_ip *out)
{
    char copy[INET6_ADDRSTRLEN];
    struct in_addr v4;
    if (text.len == 0 || text.len >= sizeof(copy) || str_has_nul(text))
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    if (inet_pton(AF_INET, copy, &v4) == 1) {
        memcpy(out->bytes, v4_mapped, sizeof(v4_mapped));
        memcpy(out->bytes + 12, &v4, 4);
        return true;
    }
    return inet_pton(AF_INET6, copy, out->bytes) == 1;
}

size_t ip_format(const hearth_ip *ip, char out[ADDRESS_TEXT_SIZE])
{
    static const hearth_ip unknown;
    out[0] = '\0';
    if (memcmp(ip, &unknown, sizeof(unknown)) == 0)
        return 0;
    if (ip_is_v4(ip))
        inet_ntop(AF_INET, ip->bytes + 12, out, ADDRESS_TEXT_SIZE);
    else
        inet_ntop(AF_INET6, ip->bytes, out, ADDRESS_TEXT_SIZE);
    return strlen(out);
}

hearth_status network_parse(hearth_str text, hearth_network *out, hearth_error *error)
{
    size_t slash = str_index(text, '/');
    hearth_str host = str_slice(text, 0, slash);
    uint64_t prefix = 128;
    if (!ip_parse(host, &out->ip))
        goto refuse;
    bool v4 = str_index(host, ':') == host.len;
    if (slash < text.len) {
        if (!str_parse_u64(str_slice(text, slash + 1, text.len), &prefix) ||
            prefix > (v4 ? 32u : 128u))
            goto refuse;
        prefix += v4 ? 96 : 0;
    }
    out->prefix = (uint32_t)prefix;
    hearth_network whole = *out;
    for (uint32_t bit = out->prefix; bit < 128; bit++)
        whole.ip.bytes[bit / 8] &= (uint8_t) ~(0x80u >> (bit % 8));
    if (memcmp(&whole.ip, &out->ip, sizeof(whole.ip)) != 0)
        return error_set(error, HEARTH_EINVAL,
                         "expected a network without bits beyond its prefix, found \"%.*s\"",
                         HEARTH_ARG(text));
    return HEARTH_OK;
refuse:
    return error_set(error, HEARTH_EINVAL,
                     "expected a network like 10.0.0.0/8 or fd00::/8, found \"%.*s\"",
                     HEARTH_ARG(text));
}

bool network_contains(const hearth_network *network, const hearth_ip *ip)
{
    uint32_t whole = network->prefix / 8, rest = network->prefix % 8;
    if (memcmp(network->ip.bytes, ip->bytes, whole) != 0)
        return false;
    if (rest == 0)
        return true;
    uint8_t mask = (uint8_t)(0xff00u >> rest);
    return (network->ip.bytes[whole] & mask) == (ip->bytes[whole] & mask);
}
