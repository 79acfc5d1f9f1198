/*
 * document_test.c - an instance's document: there and back, the largest one, and documents that
 * somebody has tampered with.
 */
#include "model_fixture.h"

#include "instance_json.h"

#include <hearth/testing.h>

static hearth_test_host *host;
static const hearth_json *json;
static hearth_arena *arena;

static int begin(void **state)
{
    (void)state;
    host = hearth_test_create(NULL);
    assert_int_equal(hearth_test_start(host), HEARTH_OK);
    hearth_ctx *ctx = hearth_test_own_ctx(host, 0);
    json = hearth_json_get(ctx);
    arena = hearth_arena_get(ctx)->create(ctx, 64 << 20);
    return arena ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    hearth_arena_get(hearth_test_own_ctx(host, 0))->destroy(arena);
    hearth_test_destroy(host);
    return 0;
}

static struct instance *read_back(hearth_str body, hearth_status expected)
{
    hearth_status status = HEARTH_OK;
    struct instance *instance = instance_read(body, json, arena, &status);
    assert_int_equal(status, expected);
    return instance;
}

static struct instance *sample(void)
{
    struct instance *instance = instance_of(2, 3);
    struct player player = player_of(1, 0);
    memset(instance->connect_key, 0xa5, sizeof(instance->connect_key));
    strcpy(instance->addresses[0], "[2001:db8::7]:40000");
    instance->address_count = 1;
    instance->beat = 77;
    instance->heartbeat_ms = 15000;
    instance->registered_ms = 123456;
    assert_int_equal(open_by(instance, ONE, 1), SEATED);
    assert_int_equal(join_by(instance, ONE, 2), SEATED);
    assert_true(instance_leave(instance, ONE, player.user));
    instance->sessions[0].seed = UINT64_MAX;
    instance->sessions[0].is_private = true;
    instance->sessions[0].members[1].connected = instance->sessions[0].members[1].seen = true;
    instance->sessions[0].members[1].left_ms = 5;
    instance->sessions[0].members[0].kick_beat = 76;
    return instance;
}

static void the_way_there_and_back_loses_nothing(void **state)
{
    (void)state;
    struct instance *there = sample();
    hearth_str first, second;
    assert_int_equal(instance_write(there, json, arena, &first), HEARTH_OK);
    struct instance *back = read_back(first, HEARTH_OK);
    assert_int_equal(instance_write(back, json, arena, &second), HEARTH_OK);
    assert_int_equal(first.len, second.len);
    assert_memory_equal(first.ptr, second.ptr, first.len);
    assert_memory_equal(back->connect_key, there->connect_key, sizeof(back->connect_key));
    assert_string_equal(back->addresses[0], "[2001:db8::7]:40000");
    assert_int_equal(back->heartbeat_ms, 15000);
    assert_true(back->sessions[0].seed == UINT64_MAX);
    assert_true(back->sessions[0].is_private);
    assert_memory_equal(back->sessions[0].members, there->sessions[0].members,
                        2 * sizeof(struct member));
    instance_destroy(there);
    instance_destroy(back);
}

static void a_crowded_instance_fits_every_backend(void **state)
{
    (void)state;
    struct instance *instance = instance_of(INSTANCE_SIMS_MAX, INSTANCE_PLAYERS_MAX);
    char id[HEARTH_UUID_SIZE];
    hearth_str body;
    for (unsigned n = 0; n < INSTANCE_SIMS_MAX; n++) {
        snprintf(id, sizeof(id), "aaaaaaaa-0000-4000-8000-%012u", n / 3);
        struct player player = player_of(n, 999999);
        memset(player.name, 'W', sizeof(player.name) - 1);
        player.token_expires_ms = (INT64_C(1) << 53) - 1;
        (void)instance_open_session(instance, id, UINT64_MAX, true, &player, INT64_C(1) << 52);
    }
    assert_true(instance_is_crowded(instance));
    for (uint32_t i = 0; i < instance->session_count; i++) {
        for (uint32_t k = 0; k < instance->sessions[i].member_count; k++) {
            struct member *member = &instance->sessions[i].members[k];
            member->left_ms = (INT64_C(1) << 53) - 1;
            member->kick_beat = (UINT64_C(1) << 53) - 1;
        }
    }
    assert_int_equal(instance_write(instance, json, arena, &body), HEARTH_OK);
    assert_true(body.len < HEARTH_STORAGE_MAX_BODY);
    instance_destroy(read_back(body, HEARTH_OK));
    instance_destroy(instance);
}

/* Every byte changed, one after another: refused or read, never anything worse. */
static void tampered_documents_are_refused_or_read(void **state)
{
    (void)state;
    struct instance *there = sample();
    hearth_str body;
    hearth_ctx *ctx = hearth_test_own_ctx(host, 0);
    assert_int_equal(instance_write(there, json, arena, &body), HEARTH_OK);
    char *text = malloc(body.len);
    assert_non_null(text);
    for (size_t i = 0; i < body.len; i++) {
        static const char bytes[] = "\"{}[]9-x";
        for (const char *byte = bytes; *byte; byte++) {
            hearth_status status = HEARTH_OK;
            hearth_arena *own = hearth_arena_get(ctx)->create(ctx, 1 << 20);
            memcpy(text, body.ptr, body.len);
            text[i] = *byte;
            struct instance *back = instance_read((hearth_str){text, body.len}, json, own, &status);
            assert_true(back ? status == HEARTH_OK : status < 0);
            instance_destroy(back);
            hearth_arena_get(ctx)->destroy(own);
        }
    }
    for (size_t len = 0; len < body.len; len++)
        assert_null(read_back((hearth_str){body.ptr, len}, HEARTH_EINVAL));
    assert_null(read_back(HEARTH_STR("{}"), HEARTH_EINTERNAL));
    assert_null(read_back(HEARTH_STR("[1]"), HEARTH_EINTERNAL));
    free(text);
    instance_destroy(there);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(the_way_there_and_back_loses_nothing),
        TEST(a_crowded_instance_fits_every_backend),
        TEST(tampered_documents_are_refused_or_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
