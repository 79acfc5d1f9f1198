/*
 * handshake_test.c - who is let in and who is not: requests, tokens, responses.
 */
#include "world.h"

static void a_good_token_connects_and_both_sides_talk(void **state)
{
    (void)state;
    struct world *w = world_create(4);
    struct actor *a = world_join(w, 3);
    world_run(w, 50);
    assert_int_equal(a->client.state, CLIENT_CONNECTED);
    assert_int_equal(a->client.index, 0);
    assert_int_equal(a->client.max_clients, 4);
    assert_int_equal(w->connected, 1);
    assert_true(w->last_client_id == 3);
    assert_int_equal(w->last_user_data[255], 3);
    assert_true(netcode_client_send(&a->client, (const uint8_t *)"hi", 2, w->now.mono_ns));
    world_step(w);
    assert_int_equal(w->payloads, 1);
    assert_int_equal(a->payloads, 1);
    assert_memory_equal(a->last, "hi", 2);
    world_destroy(w);
}

static void every_answer_is_smaller_than_the_request(void **state)
{
    (void)state;
    struct world *w = world_create(1);
    world_join(w, 1);
    deliver_to_server(w);
    assert_int_equal(w->to_clients_count, 1);
    assert_int_equal(w->to_clients[0].len, 333);
    world_destroy(w);
}

static void a_request_replayed_from_another_address_is_ignored(void **state)
{
    (void)state;
    struct world *w = world_create(4);
    world_join(w, 1);
    struct mail request = world_first(w);
    world_run(w, 50);
    assert_int_equal(world_hand_in(w, &w->actors[2].address, request.bytes, request.len),
                     NETCODE_DROP_REQUEST_CONNECTED);
    netcode_client_disconnect(&w->actors[1].client);
    world_step(w);
    assert_int_equal(world_hand_in(w, &w->actors[2].address, request.bytes, request.len),
                     NETCODE_DROP_REQUEST_USED);
    world_destroy(w);
}

static void a_pending_token_belongs_to_its_first_source(void **state)
{
    (void)state;
    struct world *w = world_create(4);
    world_join(w, 1);
    struct mail request = world_first(w);
    assert_int_equal(world_hand_in(w, &request.from, request.bytes, request.len), NETCODE_ACCEPTED);
    assert_int_equal(world_hand_in(w, &w->actors[2].address, request.bytes, request.len),
                     NETCODE_DROP_REQUEST_USED);
    /* Its own source may repeat it, and gets a new challenge each time. */
    assert_int_equal(world_hand_in(w, &request.from, request.bytes, request.len), NETCODE_ACCEPTED);
    assert_int_equal(w->to_clients_count, 2);
    assert_memory_not_equal(w->to_clients[0].bytes, w->to_clients[1].bytes, 333);
    world_destroy(w);
}

static void a_used_token_lets_nobody_in_again(void **state)
{
    (void)state;
    struct world *w = world_create(4);
    uint8_t token[NETCODE_TOKEN_BYTES];
    world_token(w, 1, 5, token);
    actor_connect(&w->actors[1], token);
    world_run(w, 50);
    netcode_client_disconnect(&w->actors[1].client);
    world_step(w);
    assert_int_equal(world_count(w), 0);
    actor_connect(&w->actors[1], token);
    world_run(w, 300);
    assert_int_equal(w->actors[1].client.state, CLIENT_SENDING_REQUEST);
    assert_true(world_drops(w, NETCODE_DROP_REQUEST_USED) >= 3);
    world_join(w, 1);
    world_run(w, 50);
    assert_int_equal(w->actors[1].client.state, CLIENT_CONNECTED);
    world_destroy(w);
}

static void a_clock_that_steps_back_does_not_reopen_used_tokens(void **state)
{
    (void)state;
    struct world *w = world_create(4);
    world_join(w, 1);
    struct mail request = world_first(w);
    world_run(w, 50);
    netcode_client_disconnect(&w->actors[1].client);
    world_step(w);
    w->now.unix_seconds += 1000;
    world_join(w, 2); /* makes the server forget what has expired */
    world_run(w, 50);
    w->now.unix_seconds -= 1000;
    assert_int_equal(world_hand_in(w, &request.from, request.bytes, request.len),
                     NETCODE_DROP_REQUEST_USED);
    world_destroy(w);
}

static void the_same_player_is_connected_once(void **state)
{
    (void)state;
    struct world *w = world_create(4);
    uint8_t token[NETCODE_TOKEN_BYTES];
    world_join(w, 1);
    world_run(w, 50);
    world_token(w, 1, 5, token);
    actor_connect(&w->actors[2], token);
    world_run(w, 50);
    assert_int_equal(world_count(w), 1);
    assert_int_equal(w->actors[2].client.state, CLIENT_SENDING_REQUEST);
    assert_true(world_drops(w, NETCODE_DROP_REQUEST_CONNECTED) > 0);
    world_destroy(w);
}

static void two_pending_tokens_of_one_player_fill_one_slot(void **state)
{
    (void)state;
    struct world *w = world_create(4);
    uint8_t token[NETCODE_TOKEN_BYTES];
    for (unsigned i = 1; i <= 2; i++) {
        world_token(w, 7, 5, token);
        actor_connect(&w->actors[i], token);
    }
    world_run(w, 200);
    assert_int_equal(world_count(w), 1);
    assert_int_equal(world_drops(w, NETCODE_DROP_RESPONSE_CONNECTED) > 0, 1);
    world_destroy(w);
}

/* Somebody with two good tokens answers the challenge of one under the keys of the other. */
static void two_tokens_cannot_be_mixed(void **state)
{
    (void)state;
    struct world *w = world_create(4);
    struct actor *a = world_join(w, 1), *b = world_join(w, 2);
    deliver_to_server(w);
    deliver_to_clients(w);
    assert_int_equal(a->client.state, CLIENT_SENDING_RESPONSE);
    assert_int_equal(b->client.state, CLIENT_SENDING_RESPONSE);
    w->to_server_count = 0; /* their honest responses */
    memcpy(a->client.challenge, b->client.challenge, sizeof(a->client.challenge));
    world_pass(w, NETCODE_SEND_INTERVAL_NS);
    netcode_client_update(&a->client, w->now.mono_ns);
    deliver_to_server(w);
    assert_int_equal(world_drops(w, NETCODE_DROP_RESPONSE_FORGED), 1);
    assert_int_equal(world_count(w), 0);
    world_destroy(w);
}

/* hearthd gives one player up to ten tokens at a time; each may come from a port of its own. */
static void pending_tokens_of_many_players_keep_nobody_out(void **state)
{
    (void)state;
    struct world *w = world_create(40);
    netcode_address source = w->elsewhere;
    uint8_t token[NETCODE_TOKEN_BYTES], request[NETCODE_REQUEST_BYTES];
    for (unsigned player = 1; player < 40; player++) {
        for (unsigned n = 0; n < 10; n++) {
            world_token(w, player, 5, token);
            actor_connect(&w->actors[0], token);
            netcode_client_update(&w->actors[0].client, w->now.mono_ns);
            memcpy(request, world_first(w).bytes, sizeof(request));
            w->to_server_count = w->to_clients_count = 0;
            source.port++;
            assert_int_equal(world_hand_in(w, &source, request, sizeof(request)), NETCODE_ACCEPTED);
        }
    }
    w->to_clients_count = 0;
    struct actor *honest = world_join(w, 50);
    world_run(w, 50);
    assert_int_equal(honest->client.state, CLIENT_CONNECTED);
    world_destroy(w);
}

static void every_challenge_of_a_pending_client_stays_good(void **state)
{
    (void)state;
    struct world *w = world_create(4);
    struct actor *a = world_join(w, 1);
    struct mail request = world_first(w);
    deliver_to_server(w);
    for (int i = 0; i < 3; i++)
        world_hand_in(w, &request.from, request.bytes, request.len);
    assert_int_equal(w->to_clients_count, 4);
    w->to_clients_count = 1; /* the client only ever sees the oldest */
    deliver_to_clients(w);
    deliver_to_server(w);
    assert_int_equal(world_count(w), 1);
    deliver_to_clients(w);
    assert_int_equal(a->client.state, CLIENT_CONNECTED);
    world_destroy(w);
}

static void spoofed_sources_get_and_change_nothing(void **state)
{
    (void)state;
    struct world *w = world_create(4);
    struct actor *a = world_join(w, 1);
    world_run(w, 50);
    uint8_t junk[NETCODE_REQUEST_BYTES];
    memset(junk, 0xa5, sizeof(junk));
    for (unsigned type = 0; type < 256; type++) {
        junk[0] = (uint8_t)type;
        /* From the connected client's address, and from one that nobody knows. */
        assert_int_not_equal(world_hand_in(w, &a->address, junk, sizeof(junk)), NETCODE_ACCEPTED);
        assert_int_not_equal(world_hand_in(w, &w->elsewhere, junk, 40), NETCODE_ACCEPTED);
    }
    assert_int_equal(w->to_clients_count, 0);
    assert_int_equal(w->connected, 1);
    assert_int_equal(w->left, 0);
    world_run(w, 6000);
    assert_int_equal(a->client.state, CLIENT_CONNECTED);
    world_destroy(w);
}

static void a_full_server_tells_only_token_holders_so(void **state)
{
    (void)state;
    struct world *w = world_create(2);
    world_join(w, 1);
    world_join(w, 2);
    world_run(w, 50);
    struct actor *late = world_join(w, 3);
    uint8_t forged[NETCODE_REQUEST_BYTES];
    memcpy(forged, world_first(w).bytes, sizeof(forged));
    forged[1077] ^= 1;
    size_t before = w->to_clients_count;
    assert_int_equal(world_hand_in(w, &w->actors[4].address, forged, sizeof(forged)),
                     NETCODE_DROP_REQUEST_FORGED);
    assert_int_equal(w->to_clients_count, before);
    world_run(w, 50);
    assert_int_equal(late->client.state, CLIENT_DENIED);
    world_destroy(w);
}

static void a_denied_client_may_come_back_with_its_token(void **state)
{
    (void)state;
    struct world *w = world_create(1);
    uint8_t token[NETCODE_TOKEN_BYTES];
    world_join(w, 1);
    world_run(w, 50);
    world_token(w, 2, 5, token);
    actor_connect(&w->actors[2], token);
    world_run(w, 50);
    assert_int_equal(w->actors[2].client.state, CLIENT_DENIED);
    netcode_client_disconnect(&w->actors[1].client);
    world_step(w);
    actor_connect(&w->actors[2], token);
    world_run(w, 50);
    assert_int_equal(w->actors[2].client.state, CLIENT_CONNECTED);
    world_destroy(w);
}

static void the_last_slot_goes_to_the_first_response(void **state)
{
    (void)state;
    struct world *w = world_create(1);
    world_join(w, 1);
    world_join(w, 2); /* both are challenged: pending clients take no slot */
    world_run(w, 50);
    assert_int_equal(w->actors[1].client.state, CLIENT_CONNECTED);
    assert_int_equal(w->actors[2].client.state, CLIENT_DENIED);
    world_destroy(w);
}

static void after_a_restart_only_newer_tokens_count(void **state)
{
    (void)state;
    struct world *w = world_create(4);
    uint8_t old[NETCODE_TOKEN_BYTES];
    world_token(w, 1, 5, old);
    w->now.unix_seconds++;
    w->config.token_lifetime_seconds = 30;
    world_start_server(w);
    actor_connect(&w->actors[1], old);
    world_join(w, 2); /* a full lifetime from the very second of the start */
    world_run(w, 50);
    assert_int_equal(w->actors[1].client.state, CLIENT_SENDING_REQUEST);
    assert_true(world_drops(w, NETCODE_DROP_REQUEST_OLD) > 0);
    assert_int_equal(w->actors[2].client.state, CLIENT_CONNECTED);
    world_destroy(w);
}

static void a_token_for_another_server_is_ignored(void **state)
{
    (void)state;
    struct world *w = world_create(4);
    w->config.addresses = &w->elsewhere;
    world_start_server(w);
    world_join(w, 1);
    deliver_to_server(w);
    assert_int_equal(world_drops(w, NETCODE_DROP_REQUEST_ELSEWHERE), 1);
    assert_int_equal(w->to_clients_count, 0);
    world_destroy(w);
}

static void an_expired_token_is_ignored_from_its_very_second(void **state)
{
    (void)state;
    struct world *w = world_create(4);
    world_join(w, 1);
    struct mail request = world_first(w);
    w->now.unix_seconds += 29;
    assert_int_equal(world_hand_in(w, &request.from, request.bytes, request.len), NETCODE_ACCEPTED);
    w->now.unix_seconds += 1;
    assert_int_equal(world_hand_in(w, &request.from, request.bytes, request.len),
                     NETCODE_DROP_REQUEST_EXPIRED);
    world_destroy(w);
}

static void requests_are_capped_per_address_and_port(void **state)
{
    (void)state;
    struct world *w = world_create(4);
    world_pass(w, SECOND_NS - w->now.mono_ns % SECOND_NS);
    world_join(w, 1);
    world_join(w, 2);
    struct mail first = w->to_server[0], second = w->to_server[1];
    unsigned answered = 0;
    for (int i = 0; i < 200; i++)
        answered += world_hand_in(w, &first.from, first.bytes, first.len) == NETCODE_ACCEPTED;
    assert_in_range(answered, 20, 50);
    assert_int_equal(world_hand_in(w, &second.from, second.bytes, second.len), NETCODE_ACCEPTED);
    world_pass(w, SECOND_NS);
    assert_int_equal(world_hand_in(w, &first.from, first.bytes, first.len), NETCODE_ACCEPTED);
    world_destroy(w);
}

static void a_full_history_refuses_and_never_forgets_early(void **state)
{
    (void)state;
    struct world *w = world_create(1); /* 1024 tokens are remembered */
    uint8_t token[NETCODE_TOKEN_BYTES];
    netcode_address from = w->actors[0].address;
    for (unsigned i = 0; i < 1024; i++) {
        world_token(w, i, 1, token);
        from.port = (uint16_t)(2000 + i);
        world_pass(w, i % 64 == 0 ? 20 * STEP_NS : 0);
        w->actors[0].address = from;
        actor_connect(&w->actors[0], token);
        netcode_server_update(w->server, w->now.mono_ns);
        deliver_to_server(w);
        w->to_clients_count = 0;
    }
    netcode_server_stats stats;
    netcode_server_stats_get(w->server, &stats);
    assert_int_equal(stats.tokens_remembered, 1024);
    world_join(w, 1);
    struct mail request = world_first(w);
    assert_int_equal(world_hand_in(w, &request.from, request.bytes, request.len),
                     NETCODE_DROP_REQUEST_HISTORY);
    world_pass(w, 29 * SECOND_NS); /* the first ones expire */
    assert_int_equal(world_hand_in(w, &request.from, request.bytes, request.len), NETCODE_ACCEPTED);
    world_destroy(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_token_connects_and_both_sides_talk),
        cmocka_unit_test(every_answer_is_smaller_than_the_request),
        cmocka_unit_test(a_request_replayed_from_another_address_is_ignored),
        cmocka_unit_test(a_pending_token_belongs_to_its_first_source),
        cmocka_unit_test(a_used_token_lets_nobody_in_again),
        cmocka_unit_test(a_clock_that_steps_back_does_not_reopen_used_tokens),
        cmocka_unit_test(the_same_player_is_connected_once),
        cmocka_unit_test(two_pending_tokens_of_one_player_fill_one_slot),
        cmocka_unit_test(two_tokens_cannot_be_mixed),
        cmocka_unit_test(pending_tokens_of_many_players_keep_nobody_out),
        cmocka_unit_test(every_challenge_of_a_pending_client_stays_good),
        cmocka_unit_test(spoofed_sources_get_and_change_nothing),
        cmocka_unit_test(a_full_server_tells_only_token_holders_so),
        cmocka_unit_test(a_denied_client_may_come_back_with_its_token),
        cmocka_unit_test(the_last_slot_goes_to_the_first_response),
        cmocka_unit_test(after_a_restart_only_newer_tokens_count),
        cmocka_unit_test(a_token_for_another_server_is_ignored),
        cmocka_unit_test(an_expired_token_is_ignored_from_its_very_second),
        cmocka_unit_test(requests_are_capped_per_address_and_port),
        cmocka_unit_test(a_full_history_refuses_and_never_forgets_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
