/*
 * client_wire.c - the client's own view of the netcode formats; see client_wire.h for why.
 */
#include "bot/client_wire.h"

#include <sodium.h>
#include <string.h>

/* A cursor over untrusted bytes: reading past the end gives zeros and remembers it. */
struct reader {
    const uint8_t *at, *end;
    bool failed;
};

static const uint8_t *take(struct reader *r, size_t n)
{
    static const uint8_t zeros[NETCODE_PRIVATE_BYTES];
    if ((size_t)(r->end - r->at) < n) {
        r->failed = true;
        return zeros;
    }
    r->at += n;
    return r->at - n;
}

static uint64_t take_number(struct reader *r, unsigned bytes)
{
    const uint8_t *p = take(r, bytes);
    uint64_t value = 0;
    while (bytes-- > 0)
        value = value << 8 | p[bytes];
    return value;
}

static void take_address(struct reader *r, netcode_address *out)
{
    memset(out, 0, sizeof(*out));
    out->type = (uint8_t)take_number(r, 1);
    if (out->type == NETCODE_ADDRESS_IPV4) {
        memcpy(out->ip, take(r, 4), 4);
    } else if (out->type == NETCODE_ADDRESS_IPV6) {
        for (unsigned group = 0; group < 8; group++) {
            unsigned value = (unsigned)take_number(r, 2);
            out->ip[2 * group] = (uint8_t)(value >> 8);
            out->ip[2 * group + 1] = (uint8_t)value;
        }
    } else {
        r->failed = true;
    }
    out->port = (uint16_t)take_number(r, 2);
}

bool client_token_read(struct client_token *out, const uint8_t *bytes, size_t len)
{
    struct reader r = {bytes, bytes + len, len != NETCODE_TOKEN_BYTES};
    if (r.failed || memcmp(take(&r, 13), "NETCODE 1.02", 13) != 0)
        return false;
    out->protocol_id = take_number(&r, 8);
    out->created_at = take_number(&r, 8);
    out->expires_at = take_number(&r, 8);
    memcpy(out->nonce, take(&r, sizeof(out->nonce)), sizeof(out->nonce));
    memcpy(out->sealed, take(&r, sizeof(out->sealed)), sizeof(out->sealed));
    out->timeout_seconds = (int32_t)(uint32_t)take_number(&r, 4);
    out->server_count = (uint32_t)take_number(&r, 4);
    if (out->created_at > out->expires_at || out->server_count - 1u >= NETCODE_ADDRESSES_MAX)
        return false;
    for (uint32_t i = 0; i < out->server_count; i++)
        take_address(&r, &out->servers[i]);
    memcpy(out->send_key, take(&r, NETCODE_KEY_BYTES), NETCODE_KEY_BYTES);
    memcpy(out->receive_key, take(&r, NETCODE_KEY_BYTES), NETCODE_KEY_BYTES);
    return !r.failed;
}

bool client_window_fresh(const struct client_window *window, uint64_t sequence)
{
    unsigned cell = (unsigned)(sequence & (NETCODE_REPLAY_WINDOW - 1));
    if (window->newest >= sequence && window->newest - sequence >= NETCODE_REPLAY_WINDOW)
        return false;
    return !window->set[cell] || window->seen[cell] < sequence;
}

void client_window_add(struct client_window *window, uint64_t sequence)
{
    unsigned cell = (unsigned)(sequence & (NETCODE_REPLAY_WINDOW - 1));
    window->set[cell] = 1;
    window->seen[cell] = sequence;
    if (window->newest < sequence)
        window->newest = sequence;
}

/* What the tag covers besides the body, and the nonce, both from the packet's own header. */
struct seal {
    uint8_t associated[22];
    uint8_t nonce[12];
};

static void put_number(uint8_t *out, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++, value >>= 8)
        out[i] = (uint8_t)value;
}

static void make_seal(struct seal *seal, uint64_t protocol_id, uint8_t prefix, uint64_t sequence)
{
    memcpy(seal->associated, "NETCODE 1.02", 13);
    put_number(seal->associated + 13, protocol_id, 8);
    seal->associated[21] = prefix;
    put_number(seal->nonce, 0, 4);
    put_number(seal->nonce + 4, sequence, 8);
}

static bool size_is_right(uint8_t type, size_t len)
{
    if (type == NETCODE_CHALLENGE)
        return len == 308;
    if (type == NETCODE_KEEP_ALIVE)
        return len == 8;
    if (type == NETCODE_PAYLOAD)
        return len > 0 && len <= 1200;
    return len == 0;
}

bool client_packet_read(struct client_packet *out, const struct client_token *token,
                        struct client_window *window, const uint8_t *datagram, size_t len)
{
    struct reader r = {datagram, datagram + len, false};
    if (len < 18 || len > NETCODE_PACKET_BYTES_MAX)
        return false;
    uint8_t prefix = (uint8_t)take_number(&r, 1);
    out->type = prefix & 0x0f;
    if (out->type == NETCODE_REQUEST || out->type == NETCODE_RESPONSE || out->type > 6)
        return false;
    unsigned bytes = prefix >> 4;
    if (bytes == 0 || bytes > 8)
        return false;
    out->sequence = take_number(&r, bytes);
    size_t sealed = (size_t)(r.end - r.at);
    bool windowed = out->type >= NETCODE_KEEP_ALIVE;
    if (r.failed || sealed < 16 || (windowed && !client_window_fresh(window, out->sequence)))
        return false;

    struct seal seal;
    unsigned long long opened = 0;
    make_seal(&seal, token->protocol_id, prefix, out->sequence);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(out->body, &opened, NULL, r.at, sealed,
                                                  seal.associated, sizeof(seal.associated),
                                                  seal.nonce, token->receive_key) != 0)
        return false;
    if (windowed)
        client_window_add(window, out->sequence);
    out->len = (size_t)opened;
    return size_is_right(out->type, out->len);
}

size_t client_packet_write(uint8_t *out, const struct client_token *token, uint8_t type,
                           uint64_t sequence, const uint8_t *body, size_t len)
{
    struct seal seal;
    unsigned long long sealed = 0;
    unsigned bytes = 1;
    while (bytes < 8 && sequence >> (8 * bytes) != 0)
        bytes++;
    out[0] = (uint8_t)(bytes << 4 | type);
    put_number(out + 1, sequence, bytes);
    make_seal(&seal, token->protocol_id, out[0], sequence);
    crypto_aead_chacha20poly1305_ietf_encrypt(out + 1 + bytes, &sealed, body, len, seal.associated,
                                              sizeof(seal.associated), NULL, seal.nonce,
                                              token->send_key);
    return 1 + bytes + (size_t)sealed;
}

size_t client_request_write(uint8_t *out, const struct client_token *token)
{
    out[0] = NETCODE_REQUEST;
    memcpy(out + 1, "NETCODE 1.02", 13);
    put_number(out + 14, token->protocol_id, 8);
    put_number(out + 22, token->expires_at, 8);
    memcpy(out + 30, token->nonce, sizeof(token->nonce));
    memcpy(out + 54, token->sealed, sizeof(token->sealed));
    return NETCODE_REQUEST_BYTES;
}
