/*
 * players_test.c - players who ask for a seat while storage fails, loses answers, or their
 * character cannot be held; and what the connect token says.
 */
#include "plugin_fixture.h"

#include "players/connect.h"

#include <netcode_token.h>
#include <session_claims.h>
#include <sodium.h>

#define CREATE "{\"characterId\":\"" ALICES_HERO "\"}"

static hearth_test_call *create(struct world *world)
{
    return send_as(world, ALICE, "player", "POST", "/gamesims", CREATE);
}

/* Running sessions, as an operator counts them. */
static int64_t count_sessions(struct world *world)
{
    return number_of(list_as(world, "operator", "admin"), "instances.0.activeGameSims");
}

static void a_lost_answer_about_the_ticket_seats_him_once(void **state)
{
    struct world *world = *state;
    static const enum script script[] = {SCRIPT_LOST};
    register_at(world, 7000);
    world->store.only = "gamesim-players";
    store_script(&world->store, script, 1);
    assert_status(create(world), 201);
    assert_refused(create(world), 409, "ALREADY_IN_SESSION");
    assert_int_equal(count_sessions(world), 1);
}

static void a_ticket_that_was_not_written_is_tried_again(void **state)
{
    struct world *world = *state;
    static const enum script script[] = {SCRIPT_RETRY, SCRIPT_RETRY};
    register_at(world, 7000);
    world->store.only = "gamesim-players";
    store_script(&world->store, script, 2);
    assert_status(create(world), 201);
    hearth_test_pump(world->host);
    assert_int_equal(count_sessions(world), 1); /* the seats of the first tries were given back */
}

static void a_ticket_that_cannot_be_written_leaves_no_seat(void **state)
{
    struct world *world = *state;
    register_at(world, 7000);
    world->store.only = "gamesim-players";
    world->store.always = SCRIPT_RETRY;
    hearth_test_call *call = create(world);
    hearth_test_advance(world->host, 10000);
    assert_refused(call, 503, "STORAGE_UNAVAILABLE");
    assert_int_equal(count_sessions(world), 0);
    world->store.always = SCRIPT_OK;
    assert_status(create(world), 201);
}

static void a_character_that_cannot_be_held_gets_no_seat(void **state)
{
    struct world *world = *state;
    register_at(world, 7000);
    hero_of(world, ALICES_HERO)->holds = HEARTH_EUNAVAILABLE;
    assert_refused(create(world), 503, "STORAGE_UNAVAILABLE");
    assert_int_equal(count_sessions(world), 0);
    hero_of(world, ALICES_HERO)->holds = HEARTH_ENOTFOUND; /* deleted in between */
    assert_refused(create(world), 404, "CHARACTER_NOT_FOUND");
    hero_of(world, ALICES_HERO)->holds = HEARTH_OK;
    assert_status(create(world), 201);
    assert_int_equal(count_sessions(world), 1);
}

static hearth_test_call *create_with_key(struct world *world, const char *key)
{
    char headers[128];
    snprintf(headers, sizeof(headers), "Content-Type: application/json\nIdempotency-Key: %s", key);
    const hearth_test_request_spec spec = {.method = "POST",
                                           .path = "/gamesims",
                                           .headers = headers,
                                           .body = HEARTH_STR(CREATE),
                                           .user = ALICE,
                                           .scope = "player"};
    return hearth_test_send(world->host, &spec);
}

/* Storage answers one call after another, until Alice's ticket is written. */
static void answer_until_the_ticket_is_written(struct world *world)
{
    const hearth_key ticket = store_key("gamesim-players", ALICE, "");
    for (int i = 0; i < 100 && !store_find(&world->store, &ticket); i++) {
        store_release(&world->store);
        world->store.hold = true;
        hearth_test_pump(world->host);
    }
    assert_non_null(store_find(&world->store, &ticket));
}

static void a_ticket_that_is_not_known_to_be_written_is_repeated_with_its_key(void **state)
{
    struct world *world = *state;
    static const enum script script[] = {SCRIPT_LOST};
    register_at(world, 7000);
    world->store.only = "gamesim-players";
    store_script(&world->store, script, 1);
    world->store.hold = true;
    hearth_test_call *call = create_with_key(world, "one");
    answer_until_the_ticket_is_written(world);
    world->store.down = true;
    store_release(&world->store);
    hearth_test_pump(world->host);
    assert_refused(call, 503, "STORAGE_UNAVAILABLE");
    world->store.down = false;
    hearth_test_advance(world->host, 1000);
    assert_status(create_with_key(world, "one"), 201);
    assert_int_equal(count_sessions(world), 1);
}

static void what_failed_behind_the_ticket_is_repeated_with_its_key(void **state)
{
    struct world *world = *state;
    register_at(world, 7000);
    hero_of(world, ALICES_HERO)->holds = HEARTH_EUNAVAILABLE;
    assert_refused(create_with_key(world, "one"), 503, "STORAGE_UNAVAILABLE");
    hearth_test_pump(world->host);
    hero_of(world, ALICES_HERO)->holds = HEARTH_OK;
    assert_status(create_with_key(world, "one"), 201);
    assert_status(create_with_key(world, "one"), 201);
    assert_int_equal(count_sessions(world), 1);
}

static void a_seat_that_failed_was_still_his_before(void **state)
{
    struct world *world = *state;
    char path[128];
    register_at(world, 7000);
    snprintf(path, sizeof(path), "/gamesims/%s/join", open_session(world));
    hero_of(world, ALICES_HERO)->holds = HEARTH_EUNAVAILABLE;
    assert_refused(send_as(world, ALICE, "player", "POST", path, CREATE), 503,
                   "STORAGE_UNAVAILABLE");
    hearth_test_pump(world->host);
    assert_int_equal(count_sessions(world), 1);
    hero_of(world, ALICES_HERO)->holds = HEARTH_OK;
    hearth_test_call *call = send_as(world, ALICE, "player", "POST", path, CREATE);
    assert_status(call, 200);
    assert_int_equal(number_of(call, "seat"), 0);
}

static void without_storage_nobody_is_seated(void **state)
{
    struct world *world = *state;
    register_at(world, 7000);
    world->store.down = true;
    hearth_test_call *call = create(world);
    hearth_test_advance(world->host, 11000);
    assert_int_not_equal(hearth_test_status(call), 201);
    assert_in_range(hearth_test_status(call), 503, 504);
    world->store.down = false;
    hearth_test_advance(world->host, 61000); /* the next pass over the registry */
    assert_status(create(world), 201);
    assert_int_equal(count_sessions(world), 1);
}

static void who_fell_in_the_match_may_come_back_to_it(void **state)
{
    struct world *world = *state;
    char path[128];
    register_at(world, 7000);
    snprintf(path, sizeof(path), "/gamesims/%s/join", open_session(world));
    hero_of(world, ALICES_HERO)->unconscious = 1;
    hero_of(world, BOBS_HERO)->unconscious = 1;
    assert_status(send_as(world, ALICE, "player", "POST", path, CREATE), 200);
    assert_refused(
        send_as(world, BOB, "player", "POST", path, "{\"characterId\":\"" BOBS_HERO "\"}"), 422,
        "CHARACTER_UNCONSCIOUS");
}

static void requests_of_one_player_take_turns(void **state)
{
    struct world *world = *state;
    hearth_test_call *calls[3];
    size_t made = 0;
    register_at(world, 7000);
    for (size_t i = 0; i < 3; i++) {
        const hearth_test_request_spec spec = {.method = "POST",
                                               .path = "/gamesims",
                                               .headers = "Content-Type: application/json\n"
                                                          "Idempotency-Key: one",
                                               .body = HEARTH_STR(CREATE),
                                               .user = ALICE,
                                               .scope = "player",
                                               .no_pump = 1};
        calls[i] = hearth_test_send(world->host, &spec);
    }
    hearth_test_pump(world->host);
    for (size_t i = 0; i < 3; i++) {
        assert_status(calls[i], 201);
        made += hearth_test_header(calls[i], "Idempotency-Replayed") == NULL;
    }
    assert_int_equal(made, 1);
    assert_int_equal(count_sessions(world), 1);
}

/* ---- the token ---- */

static void check_claims(const netcode_private_token *inside, hearth_test_call *call,
                         uint32_t admission)
{
    static const uint8_t alice[16] = {0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x41, 0x11,
                                      0x81, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11};
    session_claims claims;
    uint8_t bytes[16];
    size_t len;
    assert_int_equal(sodium_hex2bin(bytes, 16, string_of(call, "gameSimId"), 36, "-", &len, NULL),
                     0);
    assert_int_equal(session_claims_read(&claims, inside->user_data), HEARTH_OK);
    assert_memory_equal(claims.game_sim_id, bytes, 16);
    assert_memory_equal(claims.user_id, alice, 16);
    assert_true(inside->client_id == session_client_id(alice));
    assert_int_equal(claims.seat, 0);
    assert_int_equal(claims.admission, admission);
    assert_int_equal(claims.combat.hitpoints, 9);
    assert_string_equal(claims.combat.name, "Hero");
    assert_int_equal(inside->timeout_seconds, 10);
    assert_int_equal(inside->address_count, 1);
}

static void open_token(hearth_test_call *call, const uint8_t key[32], uint32_t admission)
{
    const char *text = string_of(call, "connectToken");
    uint8_t token[NETCODE_TOKEN_BYTES];
    size_t len = 0;
    netcode_private_token inside;
    assert_int_equal(sodium_base642bin(token, sizeof(token), text, strlen(text), NULL, &len, NULL,
                                       sodium_base64_VARIANT_ORIGINAL),
                     0);
    assert_int_equal(len, NETCODE_TOKEN_BYTES);
    assert_int_equal(netcode_token_open(key, UINT64_C(0x4865617274680001), token, &inside),
                     HEARTH_OK);
    check_claims(&inside, call, admission);
    netcode_token_wipe(&inside);
}

static void the_token_says_who_sits_where(void **state)
{
    struct world *world = *state;
    char hex[80], path[128];
    uint8_t key[32];
    size_t len;
    hearth_test_call *made =
        send_as(world, "fleet", "gamesim", "POST", "/gamesim-instances",
                "{\"address\":\"192.0.2.7\",\"port\":7000,\"version\":\"1.0.0\",\"wireVersion\":1,"
                "\"capacity\":{\"gameSims\":2,\"players\":3}}");
    assert_status(made, 201);
    snprintf(hex, sizeof(hex), "%s", string_of(made, "connectKey"));
    assert_int_equal(sodium_hex2bin(key, 32, hex, 64, NULL, &len, NULL), 0);
    hearth_test_call *call = create(world);
    assert_status(call, 201);
    open_token(call, key, 1);
    snprintf(path, sizeof(path), "/gamesims/%s/join", string_of(call, "gameSimId"));
    call = send_as(world, ALICE, "player", "POST", path, CREATE);
    assert_status(call, 200);
    open_token(call, key, 2);
    for (size_t i = 0; *hearth_test_log_line(world->host, i); i++) /* never logged */
        assert_null(strstr(hearth_test_log_line(world->host, i), hex));
}

/* Studios make their own rules: what does not fit a token is cut, never refused by the instance. */
static void every_character_fits_into_a_token(void **state)
{
    struct world *world = *state;
    static const int32_t values[] = {INT32_MIN, -1, 0, 1, 1000, 1001, INT32_MAX};
    const struct player player = {.user = ALICE, .character = ALICES_HERO};
    const struct seat seat = {.address = "192.0.2.7", .port = 7000, .connect_key = {1}};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        const int32_t v = values[i];
        const struct fighter fighter = {"Hero", v, v, v, v, v, v, {v, v, v, v, v, v}, v, v, v, v};
        char text[CONNECT_TOKEN_TEXT];
        uint8_t token[NETCODE_TOKEN_BYTES];
        size_t len;
        netcode_private_token inside;
        session_claims claims;
        const struct mm_loop *loop = hearth_test_ctx(world->host, "matchmaking", 0)->state;
        assert_int_equal(connect_token(loop, &seat, &player, 2000000000000, &fighter, text),
                         HEARTH_OK);
        assert_int_equal(sodium_base642bin(token, sizeof(token), text, strlen(text), NULL, &len,
                                           NULL, sodium_base64_VARIANT_ORIGINAL),
                         0);
        assert_int_equal(netcode_token_open(seat.connect_key, loop->protocol_id, token, &inside),
                         HEARTH_OK);
        assert_int_equal(session_claims_read(&claims, inside.user_data), HEARTH_OK);
    }
}

static void only_so_many_requests_of_one_player_wait(void **state)
{
    struct world *world = *state;
    hearth_test_call *calls[40];
    size_t refused = 0;
    register_at(world, 7000);
    world->store.hold = true;
    for (size_t i = 0; i < 40; i++) {
        calls[i] = send_as(world, ALICE, "player", "POST", "/gamesims", CREATE);
        refused += hearth_test_status(calls[i]) == 429;
    }
    assert_int_equal(refused, 40 - 33);
    assert_refused(calls[39], 429, "TOO_MANY_REQUESTS");
    assert_non_null(hearth_test_header(calls[39], "Retry-After"));
    store_release(&world->store);
    hearth_test_advance(world->host, 5000);
    assert_status(calls[0], 201);
    assert_refused(calls[32], 409, "ALREADY_IN_SESSION");
    assert_int_equal(count_sessions(world), 1);
}

static hearth_test_call *leave(struct world *world, const char *game_sim, const char *headers)
{
    char path[96];
    snprintf(path, sizeof(path), "/gamesims/%s/leave", game_sim);
    const hearth_test_request_spec spec = {
        .method = "POST", .path = path, .headers = headers, .user = ALICE, .scope = "player"};
    return hearth_test_send(world->host, &spec);
}

static void a_late_repeat_of_a_leave_puts_nobody_out(void **state)
{
    struct world *world = *state;
    char game_sim[64];
    register_at(world, 7000);
    snprintf(game_sim, sizeof(game_sim), "%s", open_session(world));
    join_session(world, game_sim, BOB, BOBS_HERO);
    assert_refused(leave(world, game_sim, "Idempotency-Key: "), 400, "INVALID_REQUEST");
    assert_refused(create(world), 409, "ALREADY_IN_SESSION");
    hearth_test_call *call = leave(world, game_sim, "Idempotency-Key: one");
    assert_status(call, 204);
    assert_null(hearth_test_header(call, "Idempotency-Replayed"));
    join_session(world, game_sim, ALICE, ALICES_HERO);
    call = leave(world, game_sim, "Idempotency-Key: one");
    assert_status(call, 204);
    assert_non_null(hearth_test_header(call, "Idempotency-Replayed"));
    assert_refused(create(world), 409, "ALREADY_IN_SESSION");
    assert_status(leave(world, game_sim, "Idempotency-Key: two"), 204);
    assert_status(create(world), 201);
}

static void an_instance_is_stored_with_the_interval_that_it_was_told(void **state)
{
    struct world *world = *state;
    assert_true(is_listed(world, register_at(world, 7000), "\"heartbeat\":3600000"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_start, world_stop)
    const struct CMUnitTest tests[] = {
        TEST(a_lost_answer_about_the_ticket_seats_him_once),
        TEST(a_ticket_that_was_not_written_is_tried_again),
        TEST(a_ticket_that_cannot_be_written_leaves_no_seat),
        TEST(a_character_that_cannot_be_held_gets_no_seat),
        TEST(what_failed_behind_the_ticket_is_repeated_with_its_key),
        TEST(a_ticket_that_is_not_known_to_be_written_is_repeated_with_its_key),
        TEST(a_seat_that_failed_was_still_his_before),
        TEST(without_storage_nobody_is_seated),
        TEST(who_fell_in_the_match_may_come_back_to_it),
        TEST(requests_of_one_player_take_turns),
        TEST(the_token_says_who_sits_where),
        TEST(every_character_fits_into_a_token),
        TEST(only_so_many_requests_of_one_player_wait),
        TEST(a_late_repeat_of_a_leave_puts_nobody_out),
        TEST(an_instance_is_stored_with_the_interval_that_it_was_told),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
