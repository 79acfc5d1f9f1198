/*
 * token_test.c - connect tokens against the published vectors, byte for byte, and the issuer's
 * rules.
 */
#include "vectors.h"

#include <netcode_token.h>
#include <session_claims.h>
#include <sodium.h>

struct script {
    uint8_t random[2 * NETCODE_KEY_BYTES + NETCODE_TOKEN_NONCE_BYTES]; /* both keys, the nonce */
    size_t used;
    uint64_t now;
};

static void scripted_random(void *arg, uint8_t *out, size_t len)
{
    struct script *script = arg;
    assert_true(script->used + len <= sizeof(script->random));
    memcpy(out, script->random + script->used, len);
    script->used += len;
}

static uint64_t scripted_seconds(void *arg)
{
    return ((struct script *)arg)->now;
}

static size_t get_addresses(const json_t *vector, const char *key, netcode_address out[])
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(vector, key), i, item)
        assert_int_equal(netcode_address_parse(&out[i], json_string_value(item)), HEARTH_OK);
    return i;
}

struct scene {
    struct script script;
    netcode_issuer issuer;
    netcode_grant grant;
    netcode_address public_addresses[NETCODE_ADDRESSES_MAX];
    netcode_address private_addresses[NETCODE_ADDRESSES_MAX];
    uint8_t user_data[NETCODE_USER_DATA_BYTES];
};

static void scene_from_vector(struct scene *s, const json_t *v)
{
    uint8_t bytes[VECTOR_BYTES_MAX];
    memset(s, 0, sizeof(*s));
    vector_bytes(v, "private_key", bytes);
    s->script.now = vector_u64(v, "create_timestamp");
    assert_int_equal(netcode_issuer_init(&s->issuer, bytes, vector_u64(v, "protocol_id"),
                                         vector_u64(v, "expire_timestamp") == UINT64_MAX
                                             ? NETCODE_LIFETIME_FOREVER
                                             : vector_u64(v, "expire_timestamp") - s->script.now),
                     HEARTH_OK);
    s->issuer.random_fill = scripted_random;
    s->issuer.unix_seconds = scripted_seconds;
    s->issuer.arg = &s->script;
    vector_bytes(v, "client_to_server_key", bytes);
    memcpy(s->script.random, bytes, 32);
    vector_bytes(v, "server_to_client_key", bytes);
    memcpy(s->script.random + 32, bytes, 32);
    vector_bytes(v, "nonce", bytes);
    memcpy(s->script.random + 64, bytes, 24);
    vector_bytes(v, "user_data", bytes);
    memcpy(s->user_data, bytes, sizeof(s->user_data));
    s->grant.client_id = vector_u64(v, "client_id");
    s->grant.timeout_seconds = (int32_t)json_integer_value(json_object_get(v, "timeout_seconds"));
    s->grant.public_count = get_addresses(v, "public_addresses", s->public_addresses);
    s->grant.private_count = get_addresses(v, "private_addresses", s->private_addresses);
    s->grant.public_addresses = s->public_addresses;
    s->grant.private_addresses = s->private_addresses;
    s->grant.user_data = s->user_data;
}

static void token_vectors_are_written_byte_for_byte(void **state)
{
    (void)state;
    json_t *root = vectors_load(), *v;
    size_t i, seen = 0;
    json_array_foreach(json_object_get(root, "vectors"), i, v)
    {
        if (!vector_is(v, "connect_token"))
            continue;
        struct scene s;
        uint8_t token[NETCODE_TOKEN_BYTES], expected[VECTOR_BYTES_MAX];
        uint64_t expires_at;
        scene_from_vector(&s, v);
        assert_int_equal(netcode_token_write(&s.issuer, &s.grant, token, &expires_at), HEARTH_OK);
        assert_true(expires_at == vector_u64(v, "expire_timestamp"));
        assert_int_equal(vector_bytes(v, "token", expected), NETCODE_TOKEN_BYTES);
        assert_memory_equal(token, expected, NETCODE_TOKEN_BYTES);
        seen++;
    }
    assert_int_equal(seen, 4);
    json_decref(root);
}

static void token_vectors_open_to_what_was_granted(void **state)
{
    (void)state;
    json_t *root = vectors_load(), *v;
    size_t i;
    json_array_foreach(json_object_get(root, "vectors"), i, v)
    {
        if (!vector_is(v, "connect_token"))
            continue;
        struct scene s;
        uint8_t token[VECTOR_BYTES_MAX];
        netcode_private_token opened;
        scene_from_vector(&s, v);
        vector_bytes(v, "token", token);
        assert_int_equal(
            netcode_token_open(s.issuer.private_key, s.issuer.protocol_id, token, &opened),
            HEARTH_OK);
        assert_true(opened.client_id == s.grant.client_id);
        assert_int_equal(opened.timeout_seconds, s.grant.timeout_seconds);
        assert_int_equal(opened.address_count, s.grant.private_count);
        for (size_t k = 0; k < s.grant.private_count; k++)
            assert_true(netcode_address_equal(&opened.addresses[k], &s.private_addresses[k]));
        assert_memory_equal(opened.client_to_server_key, s.script.random, 32);
        assert_memory_equal(opened.server_to_client_key, s.script.random + 32, 32);
        assert_memory_equal(opened.user_data, s.user_data, sizeof(s.user_data));
    }
    json_decref(root);
}

static void unreadable_private_parts_are_refused(void **state)
{
    (void)state;
    json_t *root = vectors_load(), *v;
    size_t i, seen = 0;
    json_array_foreach(json_object_get(root, "vectors"), i, v)
    {
        if (!vector_is(v, "request_bad_private"))
            continue;
        uint8_t key[VECTOR_BYTES_MAX], wire[VECTOR_BYTES_MAX];
        netcode_private_token opened;
        vector_bytes(v, "private_key", key);
        vector_bytes(v, "wire", wire);
        /* They open: only the reader refuses them. */
        assert_int_equal(netcode_private_open(key, UINT64_C(0x1122334455667788), 1720000100,
                                              wire + 30, wire + 54, &opened),
                         HEARTH_EINVAL);
        seen++;
    }
    assert_int_equal(seen, 4);
    json_decref(root);
}

static void fresh_scene(struct scene *s)
{
    static const uint8_t key[NETCODE_KEY_BYTES] = {1};
    memset(s, 0, sizeof(*s));
    assert_int_equal(netcode_issuer_init(&s->issuer, key, 7, 30), HEARTH_OK);
    assert_int_equal(netcode_address_parse(&s->public_addresses[0], "127.0.0.1:1"), HEARTH_OK);
    s->grant = (netcode_grant){.client_id = 1,
                               .timeout_seconds = 10,
                               .public_addresses = s->public_addresses,
                               .public_count = 1,
                               .private_addresses = s->public_addresses,
                               .private_count = 1};
}

static void no_two_tokens_share_keys_or_nonce(void **state)
{
    (void)state;
    struct scene s;
    uint8_t a[NETCODE_TOKEN_BYTES], b[NETCODE_TOKEN_BYTES];
    uint64_t expires_at;
    fresh_scene(&s);
    assert_int_equal(netcode_token_write(&s.issuer, &s.grant, a, &expires_at), HEARTH_OK);
    assert_int_equal(netcode_token_write(&s.issuer, &s.grant, b, &expires_at), HEARTH_OK);
    assert_memory_not_equal(a + 37, b + 37, NETCODE_TOKEN_NONCE_BYTES);
    assert_memory_not_equal(a + 1100, b + 1100, NETCODE_KEY_BYTES);
    assert_memory_not_equal(a + 1132, b + 1132, NETCODE_KEY_BYTES);
}

static void useless_grants_are_refused(void **state)
{
    (void)state;
    struct scene s;
    uint8_t token[NETCODE_TOKEN_BYTES];
    uint64_t expires_at;
    fresh_scene(&s);
    s.grant.timeout_seconds = 0;
    assert_int_equal(netcode_token_write(&s.issuer, &s.grant, token, &expires_at), HEARTH_EINVAL);
    fresh_scene(&s);
    s.grant.public_count = 0;
    assert_int_equal(netcode_token_write(&s.issuer, &s.grant, token, &expires_at), HEARTH_EINVAL);
    fresh_scene(&s);
    s.grant.private_count = NETCODE_ADDRESSES_MAX + 1;
    assert_int_equal(netcode_token_write(&s.issuer, &s.grant, token, &expires_at), HEARTH_EINVAL);
    fresh_scene(&s);
    s.public_addresses[0].type = NETCODE_ADDRESS_NONE;
    assert_int_equal(netcode_token_write(&s.issuer, &s.grant, token, &expires_at), HEARTH_EINVAL);
}

static void another_key_protocol_or_bit_does_not_open(void **state)
{
    (void)state;
    struct scene s;
    uint8_t token[NETCODE_TOKEN_BYTES], key[NETCODE_KEY_BYTES];
    netcode_private_token opened;
    uint64_t expires_at;
    fresh_scene(&s);
    memcpy(key, s.issuer.private_key, sizeof(key));
    assert_int_equal(netcode_token_write(&s.issuer, &s.grant, token, &expires_at), HEARTH_OK);
    assert_int_equal(netcode_token_open(key, 7, token, &opened), HEARTH_OK);
    assert_int_equal(netcode_token_open(key, 8, token, &opened), HEARTH_EINVAL);
    token[29] ^= 1; /* expiry: in the associated data */
    assert_int_equal(netcode_token_open(key, 7, token, &opened), HEARTH_EAUTH);
    token[29] ^= 1;
    token[61 + 1023] ^= 1; /* tag */
    assert_int_equal(netcode_token_open(key, 7, token, &opened), HEARTH_EAUTH);
    token[61 + 1023] ^= 1;
    key[0] ^= 1;
    assert_int_equal(netcode_token_open(key, 7, token, &opened), HEARTH_EAUTH);
}

static void addresses_read_what_they_write(void **state)
{
    (void)state;
    static const char *const good[] = {"1.2.3.4:0", "255.255.255.255:65535", "[::1]:50000",
                                       "[2001:db8::ff00:42:8300]:30000"};
    static const char *const bad[] = {
        "",           ":1",          "1.2.3.4",       "1.2.3.4:", "1.2.3:1",     "::1:5",
        "[::1]",      "[::1:5",      "1.2.3.4:65536", "[]:1",     "[1.2.3.4]:1", "1.2.3.4:-1",
        "1.2.3.4: 1", "localhost:1", "1.2.3.4:000001"};
    netcode_address a, b;
    char text[NETCODE_ADDRESS_TEXT];
    uint8_t bytes[NETCODE_ADDRESS_BYTES_MAX];
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        assert_int_equal(netcode_address_parse(&a, good[i]), HEARTH_OK);
        assert_string_equal(netcode_address_format(&a, text), good[i]);
        size_t n = netcode_address_put(&a, bytes);
        assert_int_equal(netcode_address_get(&b, bytes, n), n);
        assert_true(netcode_address_equal(&a, &b));
        assert_int_equal(netcode_address_get(&b, bytes, n - 1), 0);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(netcode_address_parse(&a, bad[i]), HEARTH_EINVAL);
}

static void a_mapped_address_equals_its_ipv4_form(void **state)
{
    (void)state;
    netcode_address mapped, plain;
    assert_int_equal(netcode_address_parse(&mapped, "[::ffff:10.1.2.3]:99"), HEARTH_OK);
    assert_int_equal(netcode_address_parse(&plain, "10.1.2.3:99"), HEARTH_OK);
    assert_true(netcode_address_equal(&mapped, &plain));
}

static const session_claims sample = {.seat = 3,
                                      .game_sim_id = {1, 2},
                                      .user_id = {3, 4},
                                      .character_id = {5, 6},
                                      .seed = UINT64_C(0x1122334455667788),
                                      .admission = 9,
                                      .combat = {.level = 2,
                                                 .armor_class = 15,
                                                 .speed_feet = 30,
                                                 .hitpoints = 7,
                                                 .max_hitpoints = 12,
                                                 .modifiers = {-1, 2, 3, 0, 1, -2},
                                                 .attack_bonus = 5,
                                                 .damage = {1, 8, -1},
                                                 .range_feet = 80,
                                                 .name = "Pykey"}};

static void session_claims_read_what_they_write(void **state)
{
    (void)state;
    uint8_t bytes[NETCODE_USER_DATA_BYTES], again[NETCODE_USER_DATA_BYTES];
    session_claims read;
    session_claims_write(&sample, bytes);
    assert_int_equal(session_claims_read(&read, bytes), HEARTH_OK);
    session_claims_write(&read, again);
    assert_memory_equal(bytes, again, sizeof(bytes));
    assert_int_equal(read.combat.modifiers[5], -2);
    assert_int_equal(read.combat.damage.modifier, -1);
    assert_string_equal(read.combat.name, "Pykey");
}

static void impossible_claims_are_refused(void **state)
{
    (void)state;
    static const struct {
        unsigned at;
        uint8_t value;
    } changes[] = {{0, 2},  {2, 1},   {64, 0}, {64, 21}, {68, 13}, {70, 0},
                   {67, 9}, {79, 21}, {80, 0}, {82, 0},  {83, 9}};
    uint8_t bytes[NETCODE_USER_DATA_BYTES];
    session_claims read;
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        session_claims_write(&sample, bytes);
        bytes[changes[i].at] = changes[i].value;
        assert_int_equal(session_claims_read(&read, bytes), HEARTH_EINVAL);
    }
    session_claims_write(&sample, bytes);
    memset(bytes + 84, 'x', 16);
    assert_int_equal(session_claims_read(&read, bytes), HEARTH_EINVAL);
}

static void client_ids_are_blake2b_64(void **state)
{
    (void)state;
    uint8_t user_id[16];
    for (unsigned i = 0; i < 16; i++)
        user_id[i] = (uint8_t)i;
    /* hashlib.blake2b(bytes(range(16)), digest_size=8), read as little-endian. */
    assert_true(session_client_id(user_id) == UINT64_C(0xea97087b864496f4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(token_vectors_are_written_byte_for_byte),
        cmocka_unit_test(token_vectors_open_to_what_was_granted),
        cmocka_unit_test(unreadable_private_parts_are_refused),
        cmocka_unit_test(no_two_tokens_share_keys_or_nonce),
        cmocka_unit_test(useless_grants_are_refused),
        cmocka_unit_test(another_key_protocol_or_bit_does_not_open),
        cmocka_unit_test(addresses_read_what_they_write),
        cmocka_unit_test(a_mapped_address_equals_its_ipv4_form),
        cmocka_unit_test(session_claims_read_what_they_write),
        cmocka_unit_test(impossible_claims_are_refused),
        cmocka_unit_test(client_ids_are_blake2b_64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
