/*
 * server_test.c - connected clients: time-outs, keep-alives, replays, leaving and being put out.
 */
#include "world.h"

#include "netcode/server_state.h"

static void twenty_players_behind_one_nat_connect(void **state)
{
    (void)state;
    struct world *w = world_create(20);
    for (unsigned i = 0; i < 20; i++)
        world_join(w, i);
    world_run(w, 100);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(w->actors[i].client.state, CLIENT_CONNECTED);
    assert_int_equal(world_count(w), 20);
    world_destroy(w);
}

static void a_client_that_never_speaks_times_out(void **state)
{
    (void)state;
    struct world *w = world_create(4);
    world_join(w, 1);
    world_run(w, 50);
    struct actor *a = &w->actors[1];
    a->client.state = CLIENT_DISCONNECTED; /* it has crashed: no more packets */
    world_run(w, 4900);
    assert_int_equal(w->timed_out, 0);
    size_t before = w->to_clients_count;
    world_run(w, 200);
    assert_int_equal(w->timed_out, 1);
    assert_int_equal(world_count(w), 0);
    assert_int_equal(w->to_clients_count, before); /* and is sent nothing */
    world_destroy(w);
}

static void a_pending_client_that_never_answers_is_forgotten(void **state)
{
    (void)state;
    struct world *w = world_create(4);
    struct actor *a = world_join(w, 1);
    deliver_to_server(w);
    deliver_to_clients(w);
    struct mail response = world_first(w);
    w->to_server_count = 0;
    a->client.state = CLIENT_DISCONNECTED;
    world_run(w, 5100);
    assert_int_equal(world_hand_in(w, &response.from, response.bytes, response.len),
                     NETCODE_DROP_UNKNOWN_SOURCE);
    assert_int_equal(w->connected, 0);
    world_destroy(w);
}

static void a_negative_timeout_never_times_out(void **state)
{
    (void)state;
    struct world *w = world_create(4);
    uint8_t token[NETCODE_TOKEN_BYTES];
    world_token(w, 1, -1, token);
    actor_connect(&w->actors[1], token);
    world_run(w, 50);
    w->actors[1].client.state = CLIENT_DISCONNECTED;
    world_run(w, 60000);
    assert_int_equal(world_count(w), 1);
    world_destroy(w);
}

static void replayed_packets_do_not_keep_a_client_alive(void **state)
{
    (void)state;
    struct world *w = world_create(4);
    struct actor *a = world_join(w, 1);
    world_run(w, 50);
    assert_true(netcode_client_send(&a->client, (const uint8_t *)"x", 1, w->now.mono_ns));
    struct mail payload = world_first(w);
    deliver_to_server(w);
    a->client.state = CLIENT_DISCONNECTED;
    for (int i = 0; i < 60; i++) {
        world_run(w, 100);
        netcode_drop drop = world_hand_in(w, &payload.from, payload.bytes, payload.len);
        assert_true(drop == NETCODE_DROP_REPLAYED || drop == NETCODE_DROP_UNKNOWN_SOURCE);
    }
    assert_int_equal(w->payloads, 1);
    assert_int_equal(w->timed_out, 1);
    world_destroy(w);
}

static void keep_alives_go_out_ten_times_a_second(void **state)
{
    (void)state;
    struct world *w = world_create(4);
    struct actor *a = world_join(w, 1);
    world_run(w, 50);
    netcode_server_stats before, after;
    netcode_server_stats_get(w->server, &before);
    world_run(w, 10000);
    netcode_server_stats_get(w->server, &after);
    assert_in_range(after.packets_out - before.packets_out, 90, 101);
    assert_int_equal(a->client.state, CLIENT_CONNECTED);
    world_destroy(w);
}

static void payloads_reach_a_client_whose_first_keep_alive_was_lost(void **state)
{
    (void)state;
    struct world *w = world_create(4);
    struct actor *a = world_join(w, 1);
    deliver_to_server(w);
    deliver_to_clients(w);
    deliver_to_server(w); /* the response */
    assert_int_equal(world_count(w), 1);
    w->to_clients_count = 0; /* the keep-alive is lost */
    assert_int_equal(netcode_server_send(w->server, 0, (const uint8_t *)"y", 1, w->now.mono_ns),
                     HEARTH_OK);
    assert_int_equal(w->to_clients_count, 2);
    deliver_to_clients(w);
    assert_int_equal(a->client.state, CLIENT_CONNECTED);
    assert_int_equal(a->payloads, 1);
    world_destroy(w);
}

static void leaving_frees_the_slot_at_once_and_only_once(void **state)
{
    (void)state;
    struct world *w = world_create(1);
    world_join(w, 1);
    world_run(w, 50);
    netcode_client_disconnect(&w->actors[1].client);
    assert_int_equal(w->to_server_count, NETCODE_DISCONNECT_PACKETS);
    deliver_to_server(w);
    assert_int_equal(w->left, 1);
    assert_int_equal(world_drops(w, NETCODE_DROP_UNKNOWN_SOURCE), NETCODE_DISCONNECT_PACKETS - 1);
    world_join(w, 2);
    world_run(w, 50);
    assert_int_equal(w->actors[2].client.state, CLIENT_CONNECTED);
    assert_int_equal(w->actors[2].client.index, 0);
    world_destroy(w);
}

/* Whether the server remembers these 32 bytes among its peers. */
static bool remembers(const struct world *w, const uint8_t *key)
{
    const uint8_t *bytes = (const uint8_t *)w->server->peers.all;
    size_t size = w->server->peers.capacity * sizeof(struct peer);
    return memmem(bytes, size, key, NETCODE_KEY_BYTES) != NULL;
}

static void keys_are_wiped_when_a_slot_or_a_mapping_ends(void **state)
{
    (void)state;
    struct world *w = world_create(4);
    uint8_t connected[NETCODE_KEY_BYTES], pending[NETCODE_KEY_BYTES];
    world_join(w, 1);
    world_run(w, 50);
    memcpy(connected, w->actors[1].client.token.send_key, sizeof(connected));
    assert_true(remembers(w, connected));
    netcode_client_disconnect(&w->actors[1].client);
    world_step(w);
    assert_false(remembers(w, connected));
    world_join(w, 2);
    memcpy(pending, w->actors[2].client.token.receive_key, sizeof(pending));
    deliver_to_server(w);
    w->to_clients_count = 0;
    w->actors[2].client.state = CLIENT_DISCONNECTED;
    assert_true(remembers(w, pending));
    world_run(w, 5100);
    assert_false(remembers(w, pending));
    world_destroy(w);
}

static void a_disconnect_of_an_earlier_session_does_nothing(void **state)
{
    (void)state;
    struct world *w = world_create(1);
    world_join(w, 1);
    world_run(w, 50);
    netcode_client_disconnect(&w->actors[1].client);
    struct mail old = w->to_server[5];
    deliver_to_server(w);
    world_join(w, 1); /* the same address, other keys */
    world_run(w, 50);
    assert_int_equal(world_hand_in(w, &old.from, old.bytes, old.len), NETCODE_DROP_FORGED);
    assert_int_equal(world_count(w), 1);
    world_destroy(w);
}

static void a_kick_sends_ten_disconnects(void **state)
{
    (void)state;
    struct world *w = world_create(4);
    struct actor *a = world_join(w, 1);
    world_run(w, 50);
    w->to_clients_count = 0;
    netcode_server_disconnect(w->server, 0);
    assert_int_equal(w->to_clients_count, NETCODE_DISCONNECT_PACKETS);
    assert_int_equal(world_count(w), 0);
    deliver_to_clients(w);
    assert_int_equal(a->client.state, CLIENT_DISCONNECTED);
    netcode_server_disconnect(w->server, 0);
    assert_int_equal(w->to_clients_count, 0);
    world_destroy(w);
}

static void payload_sizes_are_judged_at_the_call(void **state)
{
    (void)state;
    static const uint8_t bytes[NETCODE_PAYLOAD_BYTES_MAX + 1];
    struct world *w = world_create(4);
    struct actor *a = world_join(w, 1);
    world_run(w, 50);
    assert_int_equal(netcode_server_send(w->server, 0, bytes, 0, w->now.mono_ns), HEARTH_EINVAL);
    assert_int_equal(netcode_server_send(w->server, 0, bytes, sizeof(bytes), w->now.mono_ns),
                     HEARTH_EINVAL);
    assert_int_equal(netcode_server_send(w->server, 3, bytes, 1, w->now.mono_ns), HEARTH_ENOTFOUND);
    assert_int_equal(netcode_server_send(w->server, 99, bytes, 1, w->now.mono_ns),
                     HEARTH_ENOTFOUND);
    assert_int_equal(netcode_server_send(w->server, 0, bytes, 1200, w->now.mono_ns), HEARTH_OK);
    deliver_to_clients(w);
    assert_int_equal(a->last_len, 1200);
    world_destroy(w);
}

static void a_client_tries_the_next_address(void **state)
{
    (void)state;
    struct world *w = world_create(4);
    netcode_address both[2] = {w->elsewhere, w->address};
    uint8_t token[NETCODE_TOKEN_BYTES];
    uint64_t expires_at;
    netcode_grant grant = {.client_id = 1,
                           .timeout_seconds = 2,
                           .public_addresses = both,
                           .public_count = 2,
                           .private_addresses = both,
                           .private_count = 2};
    assert_int_equal(netcode_token_write(&w->issuer, &grant, token, &expires_at), HEARTH_OK);
    actor_connect(&w->actors[1], token);
    for (int i = 0; i < 195; i++) { /* nobody hears what goes to the first one */
        world_pass(w, STEP_NS);
        netcode_client_update(&w->actors[1].client, w->now.mono_ns);
        w->to_server_count = 0;
    }
    assert_int_equal(w->actors[1].client.server, 0);
    world_run(w, 200);
    assert_int_equal(w->actors[1].client.server, 1);
    assert_int_equal(w->actors[1].client.state, CLIENT_CONNECTED);
    world_destroy(w);
}

static void a_client_gives_up_in_the_standards_ways(void **state)
{
    (void)state;
    struct world *w = world_create(4);
    uint8_t token[NETCODE_TOKEN_BYTES];
    w->config.addresses = &w->elsewhere; /* so that it never answers */
    world_start_server(w);
    world_join(w, 1);
    world_token(w, 2, -1, token);
    actor_connect(&w->actors[2], token);
    world_run(w, 5100);
    assert_int_equal(w->actors[1].client.state, CLIENT_REQUEST_TIMED_OUT);
    assert_int_equal(w->actors[2].client.state, CLIENT_SENDING_REQUEST);
    world_run(w, 25000);
    assert_int_equal(w->actors[2].client.state, CLIENT_TOKEN_EXPIRED);
    token[12] = 1;
    actor_connect(&w->actors[3], token);
    assert_int_equal(w->actors[3].client.state, CLIENT_TOKEN_INVALID);
    world_destroy(w);
}

static void a_silent_server_times_out_at_the_client(void **state)
{
    (void)state;
    struct world *w = world_create(4);
    struct actor *a = world_join(w, 1);
    world_run(w, 50);
    for (int i = 0; i < 501; i++) {
        world_pass(w, STEP_NS);
        netcode_client_update(&a->client, w->now.mono_ns);
        w->to_server_count = 0;
    }
    assert_int_equal(a->client.state, CLIENT_TIMED_OUT);
    world_destroy(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(twenty_players_behind_one_nat_connect),
        cmocka_unit_test(a_client_that_never_speaks_times_out),
        cmocka_unit_test(a_pending_client_that_never_answers_is_forgotten),
        cmocka_unit_test(a_negative_timeout_never_times_out),
        cmocka_unit_test(replayed_packets_do_not_keep_a_client_alive),
        cmocka_unit_test(keep_alives_go_out_ten_times_a_second),
        cmocka_unit_test(payloads_reach_a_client_whose_first_keep_alive_was_lost),
        cmocka_unit_test(leaving_frees_the_slot_at_once_and_only_once),
        cmocka_unit_test(keys_are_wiped_when_a_slot_or_a_mapping_ends),
        cmocka_unit_test(a_disconnect_of_an_earlier_session_does_nothing),
        cmocka_unit_test(a_kick_sends_ten_disconnects),
        cmocka_unit_test(payload_sizes_are_judged_at_the_call),
        cmocka_unit_test(a_client_tries_the_next_address),
        cmocka_unit_test(a_client_gives_up_in_the_standards_ways),
        cmocka_unit_test(a_silent_server_times_out_at_the_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
