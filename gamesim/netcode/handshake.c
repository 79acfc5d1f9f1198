/*
 * handshake.c - how a client gets in: request, challenge, response. The checks stand in the order
 * of the standard; whoever fails one gets no answer, except that a full server tells a token holder
 * so.
 */
#include "netcode/challenge.h"
#include "netcode/server_state.h"

#include <netcode_bytes.h>
#include <sodium.h>
#include <string.h>

static bool is_for_us(const netcode_server *server, const netcode_private_token *token)
{
    for (uint32_t i = 0; i < token->address_count; i++) {
        for (size_t k = 0; k < server->address_count; k++) {
            if (netcode_address_equal(&token->addresses[i], &server->addresses[k]))
                return true;
        }
    }
    return false;
}

static void send_challenge(netcode_server *server, const struct peer *peer)
{
    uint8_t body[NETCODE_CHALLENGE_BODY_BYTES];
    struct challenge challenge = {.client_id = peer->client_id};
    memcpy(challenge.user_data, peer->user_data, sizeof(challenge.user_data));
    netcode_put_u64(body, server->challenge_sequence);
    challenge_seal(body + 8, &challenge, server->challenge_sequence, server->challenge_key);
    server->challenge_sequence++;
    server->stats.challenges++;
    server_send_global(server, &peer->address, peer->server_to_client_key, NETCODE_CHALLENGE, body,
                       sizeof(body));
}

static void send_denied(netcode_server *server, const netcode_address *to, const uint8_t *key)
{
    server->stats.denied++;
    server_send_global(server, to, key, NETCODE_DENIED, NULL, 0);
}

/* Rules 7 to 14, for a token that opened. */
static netcode_drop answer_request(netcode_server *server, const netcode_address *from,
                                   const struct request *request, netcode_time now)
{
    if (!is_for_us(server, &request->token))
        return NETCODE_DROP_REQUEST_ELSEWHERE;
    if (server_has_client(server, request->token.client_id))
        return NETCODE_DROP_REQUEST_CONNECTED;
    /* Counted only now, so that forged requests cannot use up the allowance of the address they
     * pretend to come from. */
    if (!limiter_allow(&server->limiter, from, now.mono_ns))
        return NETCODE_DROP_REQUEST_RATE;
    netcode_drop drop =
        history_admit(&server->history, request->tag, from, request->expires_at, now.unix_seconds);
    if (drop != NETCODE_ACCEPTED)
        return drop;
    if (server->connected == server->slot_count) {
        send_denied(server, from, request->token.server_to_client_key);
        return NETCODE_ACCEPTED;
    }
    struct peer *peer =
        peers_claim(&server->peers, from, &request->token, request->tag, now.mono_ns);
    if (!peer)
        return NETCODE_DROP_REQUEST_PENDING;
    send_challenge(server, peer);
    return NETCODE_ACCEPTED;
}

netcode_drop handshake_request(netcode_server *server, const netcode_address *from,
                               const uint8_t *datagram, size_t len, netcode_time now)
{
    struct request request;
    netcode_drop drop = request_check(datagram, len, &server->rules, now.unix_seconds);
    if (drop != NETCODE_ACCEPTED)
        return drop;
    const struct peer *peer = peers_find(&server->peers, from, now.mono_ns);
    if (peer && peer->slot != PEER_NO_SLOT)
        return NETCODE_DROP_REQUEST_CONNECTED;
    drop = request_open(&request, datagram, &server->rules);
    if (drop == NETCODE_ACCEPTED)
        drop = answer_request(server, from, &request, now);
    netcode_token_wipe(&request.token);
    return drop;
}

static void fill_slot(netcode_server *server, struct peer *peer, uint64_t mono_ns)
{
    uint32_t index = 0;
    while (server->slots[index].peer)
        index++;
    struct server_slot *slot = &server->slots[index];
    memset(slot, 0, sizeof(*slot));
    slot->peer = peer;
    slot->last_receive_ns = mono_ns;
    peer->slot = index;
    server->connected++;
    server->stats.connects++;
    history_consume(&server->history, peer->tag);
    server_send_keep_alive(server, index, mono_ns);
    netcode_client_info info = {peer->client_id, peer->address, peer->user_data};
    server->events.connected(server->events.arg, index, &info);
}

netcode_drop handshake_response(netcode_server *server, struct peer *peer,
                                const struct packet *packet, uint64_t mono_ns)
{
    struct challenge challenge;
    if (!challenge_open(&challenge, packet->body + 8, netcode_get_u64(packet->body),
                        server->challenge_key))
        return NETCODE_DROP_RESPONSE_FORGED;
    /* The holder of two tokens must not answer the challenge of one under the keys of the other. */
    if (challenge.client_id != peer->client_id ||
        sodium_memcmp(challenge.user_data, peer->user_data, sizeof(peer->user_data)) != 0)
        return NETCODE_DROP_RESPONSE_FORGED;
    if (server_has_client(server, challenge.client_id))
        return NETCODE_DROP_RESPONSE_CONNECTED;
    if (server->connected == server->slot_count) {
        send_denied(server, &peer->address, peer->server_to_client_key);
        return NETCODE_ACCEPTED;
    }
    fill_slot(server, peer, mono_ns);
    return NETCODE_ACCEPTED;
}
