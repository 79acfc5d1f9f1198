/*
 * players_memory_test.c - memory is out at any point of a player's or an instance's request: it is
 * answered, nothing of it is used afterwards, and the next one finds things in order.
 */
#include "plugin_fixture.h"

#include <sodium.h>

#define CREATE    "{\"characterId\":\"" ALICES_HERO "\"}"
#define SETTLE_MS 31000 /* until every deadline has passed, and no token is alive */

static hearth_test_call *keyed(struct world *world, const char *path, const char *body,
                               const char *key)
{
    char headers[128];
    snprintf(headers, sizeof(headers), "Content-Type: application/json\nIdempotency-Key: %s", key);
    const hearth_test_request_spec spec = {.method = "POST",
                                           .path = path,
                                           .headers = headers,
                                           .body = {body, strlen(body)},
                                           .user = ALICE,
                                           .scope = "player"};
    return hearth_test_send(world->host, &spec);
}

static void settle(struct world *world)
{
    hearth_test_advance(world->host, SETTLE_MS);
    hearth_test_fail_allocation(world->host, 0);
}

/* Two of them, naming nobody: who has left is out, and his seat is free. */
static void beat_twice(struct world *world, const char *instance)
{
    static unsigned sequence;
    for (int i = 0; i < 2; i++)
        assert_status(beat(world, instance, ++sequence, "[]"), 200);
}

static void a_player_is_seated_or_not(void **state)
{
    struct world *world = *state;
    char path[96], key[16], instance[64];
    unsigned failed = 0;
    snprintf(instance, sizeof(instance), "%s", register_at(world, 7000));
    for (size_t nth = 1; nth <= 80; nth++) {
        snprintf(key, sizeof(key), "%zu", nth);
        hearth_test_fail_allocation(world->host, nth);
        hearth_test_call *call = keyed(world, "/gamesims", CREATE, key);
        settle(world);
        failed += hearth_test_status(call) != 201;
        assert_int_not_equal(hearth_test_status(call), 0);
        call = keyed(world, "/gamesims", CREATE, key);
        assert_status(call, 201);
        const char *id = hearth_test_json(call, "gameSimId");
        snprintf(path, sizeof(path), "/gamesims/%.36s/leave", id + 1);
        hearth_test_fail_allocation(world->host, nth);
        call = send_as(world, ALICE, "player", "POST", path, NULL);
        settle(world);
        assert_int_not_equal(hearth_test_status(call), 0);
        assert_status(send_as(world, ALICE, "player", "POST", path, NULL), 204);
        beat_twice(world, instance);
    }
    assert_true(failed > 10);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_start, world_stop)
    const struct CMUnitTest tests[] = {
        TEST(a_player_is_seated_or_not),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
