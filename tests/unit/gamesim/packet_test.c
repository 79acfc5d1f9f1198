/*
 * packet_test.c - packets, challenge tokens, requests and the replay window against the published
 * vectors: our writers byte for byte, and the verdict of both readers on every packet.
 */
#include "vectors.h"

#include "bot/client_wire.h"
#include "netcode/challenge.h"
#include "netcode/packet.h"
#include "netcode/request.h"

#include <stdlib.h>

/* A copy of exactly the right size on the heap, so that ASan sees one byte too many. */
static uint8_t *exact(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    return copy;
}

static size_t each(const char *kind, void (*check)(const json_t *vector))
{
    json_t *root = vectors_load(), *v;
    size_t i, seen = 0;
    json_array_foreach(json_object_get(root, "vectors"), i, v)
    {
        if (!vector_is(v, kind))
            continue;
        print_message("%s %s\n", kind, vector_text(v, "name"));
        check(v);
        seen++;
    }
    json_decref(root);
    return seen;
}

static void server_judges(const json_t *v)
{
    uint8_t wire[VECTOR_BYTES_MAX], key[VECTOR_BYTES_MAX], body[VECTOR_BYTES_MAX];
    size_t len = vector_bytes(v, "wire", wire), body_len = vector_bytes(v, "body", body);
    vector_bytes(v, "key", key);
    struct replay replay = {0};
    struct packet packet;
    uint8_t *datagram = exact(wire, len);
    netcode_drop drop =
        packet_open(&packet, datagram, len, key, vector_u64(v, "protocol_id"), &replay);
    assert_int_equal(drop == NETCODE_ACCEPTED, vector_accepts(v, "server_reader"));
    if (drop == NETCODE_ACCEPTED) {
        assert_int_equal(packet.type, vector_u64(v, "type_id"));
        assert_true(packet.sequence == vector_u64(v, "sequence"));
        assert_int_equal(packet.body_len, body_len);
        assert_memory_equal(packet.body, body, body_len);
    }
    free(datagram);
}

static void client_judges(const json_t *v)
{
    uint8_t wire[VECTOR_BYTES_MAX], key[VECTOR_BYTES_MAX], body[VECTOR_BYTES_MAX];
    size_t len = vector_bytes(v, "wire", wire), body_len = vector_bytes(v, "body", body);
    struct client_token token = {.protocol_id = vector_u64(v, "protocol_id")};
    vector_bytes(v, "key", key);
    memcpy(token.receive_key, key, sizeof(token.receive_key));
    struct client_window window = {0};
    struct client_packet packet;
    uint8_t *datagram = exact(wire, len);
    bool accepted = client_packet_read(&packet, &token, &window, datagram, len);
    assert_int_equal(accepted, vector_accepts(v, "client_reader"));
    if (accepted) {
        assert_int_equal(packet.type, vector_u64(v, "type_id"));
        assert_true(packet.sequence == vector_u64(v, "sequence"));
        assert_int_equal(packet.len, body_len);
        assert_memory_equal(packet.body, body, body_len);
    }
    free(datagram);
}

/* What some reader accepts was well made, unless it says non-minimal; both writers must make it. */
static void writers_agree(const json_t *v)
{
    uint8_t wire[VECTOR_BYTES_MAX], key[VECTOR_BYTES_MAX], body[VECTOR_BYTES_MAX];
    uint8_t out[NETCODE_PACKET_BYTES_MAX];
    if ((!vector_accepts(v, "server_reader") && !vector_accepts(v, "client_reader")) ||
        strncmp(vector_text(v, "name"), "nonminimal", 10) == 0)
        return;
    size_t len = vector_bytes(v, "wire", wire), body_len = vector_bytes(v, "body", body);
    uint64_t protocol_id = vector_u64(v, "protocol_id"), sequence = vector_u64(v, "sequence");
    uint8_t type = (uint8_t)vector_u64(v, "type_id");
    vector_bytes(v, "key", key);
    assert_int_equal(packet_seal(out, type, sequence, body, body_len, key, protocol_id), len);
    assert_memory_equal(out, wire, len);
    struct client_token token = {.protocol_id = protocol_id};
    memcpy(token.send_key, key, sizeof(token.send_key));
    assert_int_equal(client_packet_write(out, &token, type, sequence, body, body_len), len);
    assert_memory_equal(out, wire, len);
}

static void packets_have_the_servers_verdict(void **state)
{
    (void)state;
    assert_int_equal(each("packet", server_judges), 54);
}

static void packets_have_the_clients_verdict(void **state)
{
    (void)state;
    assert_int_equal(each("packet", client_judges), 54);
}

static void packets_are_written_byte_for_byte(void **state)
{
    (void)state;
    assert_int_equal(each("packet", writers_agree), 54);
}

static void check_challenge(const json_t *v)
{
    uint8_t key[VECTOR_BYTES_MAX], plain[VECTOR_BYTES_MAX], sealed[VECTOR_BYTES_MAX];
    uint8_t out[NETCODE_CHALLENGE_BYTES];
    struct challenge challenge = {.client_id = vector_u64(v, "client_id")}, opened;
    uint64_t sequence = vector_u64(v, "sequence");
    vector_bytes(v, "key", key);
    vector_bytes(v, "plain", plain);
    assert_int_equal(vector_bytes(v, "encrypted", sealed), sizeof(out));
    memcpy(challenge.user_data, plain + 8, sizeof(challenge.user_data));
    challenge_seal(out, &challenge, sequence, key);
    assert_memory_equal(out, sealed, sizeof(out));
    assert_true(challenge_open(&opened, sealed, sequence, key));
    assert_true(opened.client_id == challenge.client_id);
    assert_memory_equal(opened.user_data, challenge.user_data, sizeof(opened.user_data));
    assert_false(challenge_open(&opened, sealed, sequence + 1, key));
    sealed[0] ^= 1;
    assert_false(challenge_open(&opened, sealed, sequence, key));
}

static void challenge_tokens_match(void **state)
{
    (void)state;
    assert_int_equal(each("challenge_token", check_challenge), 5);
}

static netcode_drop judge_request(const json_t *v, uint64_t protocol_id)
{
    uint8_t wire[VECTOR_BYTES_MAX], key[VECTOR_BYTES_MAX];
    size_t len = vector_bytes(v, "wire", wire);
    struct request_rules rules = {.protocol_id = protocol_id};
    struct request request;
    vector_bytes(v, "private_key", key);
    memcpy(rules.private_key, key, sizeof(rules.private_key));
    uint8_t *datagram = exact(wire, len);
    netcode_drop drop = request_check(datagram, len, &rules, vector_u64(v, "now"));
    if (drop == NETCODE_ACCEPTED)
        drop = request_open(&request, datagram, &rules);
    free(datagram);
    return drop;
}

static void check_request(const json_t *v)
{
    netcode_drop drop = judge_request(v, vector_u64(v, "protocol_id"));
    assert_int_equal(drop == NETCODE_ACCEPTED, vector_accepts(v, "server_reader"));
}

static void check_bad_private(const json_t *v)
{
    assert_int_equal(judge_request(v, UINT64_C(0x1122334455667788)), NETCODE_DROP_REQUEST_FORGED);
    assert_false(vector_accepts(v, "private_reader"));
}

static void requests_have_the_servers_verdict(void **state)
{
    (void)state;
    assert_int_equal(each("request", check_request), 12);
    assert_int_equal(each("request_bad_private", check_bad_private), 4);
}

static void check_token_as_client(const json_t *v)
{
    uint8_t bytes[VECTOR_BYTES_MAX], expected[VECTOR_BYTES_MAX];
    struct client_token token;
    size_t len = vector_bytes(v, "token", bytes);
    uint8_t *copy = exact(bytes, len);
    assert_true(client_token_read(&token, copy, len));
    free(copy);
    assert_false(client_token_read(&token, bytes, len - 1));
    assert_true(token.protocol_id == vector_u64(v, "protocol_id"));
    assert_true(token.expires_at == vector_u64(v, "expire_timestamp"));
    assert_int_equal(token.timeout_seconds,
                     json_integer_value(json_object_get(v, "timeout_seconds")));
    json_t *list = json_object_get(v, "public_addresses");
    assert_int_equal(token.server_count, json_array_size(list));
    for (uint32_t i = 0; i < token.server_count; i++) {
        netcode_address a;
        assert_int_equal(netcode_address_parse(&a, json_string_value(json_array_get(list, i))),
                         HEARTH_OK);
        assert_true(netcode_address_equal(&a, &token.servers[i]));
    }
    vector_bytes(v, "client_to_server_key", expected);
    assert_memory_equal(token.send_key, expected, sizeof(token.send_key));
    vector_bytes(v, "server_to_client_key", expected);
    assert_memory_equal(token.receive_key, expected, sizeof(token.receive_key));
}

static void tokens_are_read_by_the_client(void **state)
{
    (void)state;
    assert_int_equal(each("connect_token", check_token_as_client), 4);
}

static void check_replay(const json_t *v)
{
    struct replay replay = {0};
    struct client_window window = {0};
    size_t i;
    json_t *step;
    json_array_foreach(json_object_get(v, "steps"), i, step)
    {
        uint64_t sequence = strtoull(json_string_value(json_array_get(step, 0)), NULL, 16);
        bool accept = strcmp(json_string_value(json_array_get(step, 1)), "accept") == 0;
        assert_int_equal(!replay_seen(&replay, sequence), accept);
        assert_int_equal(client_window_fresh(&window, sequence), accept);
        if (accept) {
            replay_mark(&replay, sequence);
            client_window_add(&window, sequence);
        }
    }
    assert_int_equal(i, 33);
}

static void the_replay_script_runs_on_both_sides(void **state)
{
    (void)state;
    assert_int_equal(each("replay", check_replay), 1);
}

/* A forged packet must not move the window, a well-sealed one of the wrong size uses its number up.
 */
static void only_a_verified_tag_moves_the_window(void **state)
{
    (void)state;
    const uint8_t key[NETCODE_KEY_BYTES] = {3}, body[7] = {0};
    uint8_t out[NETCODE_PACKET_BYTES_MAX], forged[NETCODE_PACKET_BYTES_MAX];
    struct replay replay = {0};
    struct packet packet;
    size_t len = packet_seal(out, NETCODE_KEEP_ALIVE, 5, body, sizeof(body), key, 1);
    memcpy(forged, out, len);
    forged[len - 1] ^= 1;
    assert_int_equal(packet_open(&packet, forged, len, key, 1, &replay), NETCODE_DROP_FORGED);
    assert_false(replay_seen(&replay, 5));
    assert_int_equal(packet_open(&packet, out, len, key, 1, &replay), NETCODE_DROP_BODY);
    assert_true(replay_seen(&replay, 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_have_the_servers_verdict),
        cmocka_unit_test(packets_have_the_clients_verdict),
        cmocka_unit_test(packets_are_written_byte_for_byte),
        cmocka_unit_test(challenge_tokens_match),
        cmocka_unit_test(requests_have_the_servers_verdict),
        cmocka_unit_test(tokens_are_read_by_the_client),
        cmocka_unit_test(the_replay_script_runs_on_both_sides),
        cmocka_unit_test(only_a_verified_tag_moves_the_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
