/*
 * report_test.c - what a session's reports come to: adding up, batches, sequences, bodies; and the
 * reading of hearthd's replies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "report/messages.h"
#include "text/uuid.h"

static const uint8_t session_id[16] = {1, 2, 3};

static struct report_event event(uint8_t type, uint8_t who, uint32_t item, uint32_t amount)
{
    return (struct report_event){.type = type, .character = {who}, .item = item, .amount = amount};
}

static void add(struct stream *stream, uint8_t type, uint8_t who, uint32_t item, uint32_t amount)
{
    const struct report_event e = event(type, who, item, amount);
    stream_add(stream, &e);
}

static void events_of_one_kind_are_added_up(void **state)
{
    struct stream stream;
    (void)state;
    stream_init(&stream, session_id);
    add(&stream, REPORT_EXPERIENCE, 1, 0, 10);
    add(&stream, REPORT_LOOT, 1, 7, 1);
    add(&stream, REPORT_EXPERIENCE, 2, 0, 10);
    add(&stream, REPORT_EXPERIENCE, 1, 0, 5);
    add(&stream, REPORT_LOOT, 1, 8, 1);
    add(&stream, REPORT_LOOT, 1, 7, 2);
    assert_int_equal(stream.pending_count, 4);
    assert_int_equal(stream.pending[0].amount, 15);
    assert_int_equal(stream.pending[1].amount, 3);
}

static void damage_after_a_healing_stays_after_it(void **state)
{
    struct stream stream;
    (void)state;
    stream_init(&stream, session_id);
    add(&stream, REPORT_DAMAGE, 1, 0, 3);
    add(&stream, REPORT_DAMAGE, 2, 0, 1);
    add(&stream, REPORT_DAMAGE, 1, 0, 4);
    add(&stream, REPORT_HEAL, 1, 0, 1);
    add(&stream, REPORT_DAMAGE, 1, 0, 1);
    assert_int_equal(stream.pending_count, 4);
    assert_int_equal(stream.pending[0].amount, 7);
    assert_int_equal(stream.pending[3].type, REPORT_DAMAGE);
}

static void a_full_queue_counts_what_it_cannot_take(void **state)
{
    struct stream stream;
    (void)state;
    stream_init(&stream, session_id);
    for (uint32_t i = 0; i < STREAM_PENDING + 3; i++)
        add(&stream, REPORT_LOOT, 1, i + 1, 1);
    assert_int_equal(stream.pending_count, STREAM_PENDING);
    assert_int_equal(stream.dropped, 3);
    add(&stream, REPORT_LOOT, 1, 1, 1);
    assert_int_equal(stream.dropped, 3);
}

static void a_batch_stands_until_it_is_acknowledged(void **state)
{
    struct stream stream;
    (void)state;
    stream_init(&stream, session_id);
    assert_false(stream_prepare(&stream));
    add(&stream, REPORT_EXPERIENCE, 1, 0, 10);
    assert_true(stream_prepare(&stream));
    char *first = message_batch(&stream);
    add(&stream, REPORT_EXPERIENCE, 1, 0, 5);
    stream_close(&stream, STREAM_VICTORY);
    assert_true(stream_prepare(&stream));
    char *again = message_batch(&stream);
    assert_string_equal(first, again);
    assert_false(stream_acknowledge(&stream));
    assert_true(stream_prepare(&stream));
    assert_true(stream.batch_ends);
    assert_int_equal(stream.sequence, 2);
    char *end = message_batch(&stream);
    assert_non_null(strstr(end, "\"outcome\":\"victory\""));
    assert_non_null(strstr(end, "\"amount\":5"));
    assert_true(stream_acknowledge(&stream));
    assert_true(stream_done(&stream));
    free(first);
    free(again);
    free(end);
}

static void more_than_a_batch_goes_in_several_before_the_end(void **state)
{
    struct stream stream;
    (void)state;
    stream_init(&stream, session_id);
    for (uint32_t i = 0; i < STREAM_BATCH + 1; i++)
        add(&stream, REPORT_LOOT, 1, i + 1, 1);
    stream_close(&stream, STREAM_DEFEAT);
    assert_true(stream_prepare(&stream));
    assert_false(stream.batch_ends);
    assert_int_equal(stream.batch_count, STREAM_BATCH);
    assert_false(stream_acknowledge(&stream));
    assert_true(stream_prepare(&stream));
    assert_true(stream.batch_ends);
    assert_int_equal(stream.batch_count, 1);
    assert_int_equal(stream.batch[0].item, STREAM_BATCH + 1);
}

static void the_largest_batch_fits_into_hearthds_bodies(void **state)
{
    struct stream stream;
    (void)state;
    stream_init(&stream, session_id);
    for (uint32_t i = 0; i < STREAM_BATCH; i++)
        add(&stream, REPORT_LOOT, 1, UINT32_MAX - i, UINT32_MAX);
    assert_true(stream_prepare(&stream));
    char *body = message_batch(&stream);
    assert_true(strlen(body) < 64 * 1024);
    free(body);
}

static void terms_are_taken_whole_or_not_at_all(void **state)
{
    struct registration_terms terms;
    char error[128];
    (void)state;
    static const char good[] =
        "{\"id\":\"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\",\"heartbeatSeconds\":30,\"connectKey\":"
        "\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\",\"protocolId\":"
        "\"0000000000000007\",\"tokenLifetimeSeconds\":30,\"rejoinSeconds\":120,\"instanceToken\":"
        "\"t\"}";
    assert_true(message_read_terms(&terms, good, error));
    assert_int_equal(terms.protocol_id, 7);
    assert_int_equal(terms.connect_key[1], 0x11);
    assert_int_equal(terms.heartbeat_ns, UINT64_C(30000000000));
    static const char *const spoiled[] = {"connectKey",    "protocolId",       "id",
                                          "rejoinSeconds", "heartbeatSeconds", "instanceToken"};
    for (unsigned i = 0; i < sizeof(spoiled) / sizeof(*spoiled); i++) {
        char key[32], body[sizeof(good)];
        strcpy(body, good);
        strcpy(key, "\"");
        strcat(strcat(key, spoiled[i]), "\"");
        strstr(body, key)[1] = 'X';
        assert_false(message_read_terms(&terms, body, error));
        assert_non_null(strstr(error, spoiled[i]));
    }
    assert_false(message_read_terms(&terms, "", error));
    assert_false(message_read_terms(&terms, "[]", error));
}

static unsigned ends, kicks;

static void on_end(void *arg, const uint8_t session[16])
{
    (void)arg;
    (void)session;
    ends++;
}

static void on_kick(void *arg, const uint8_t session[16], const uint8_t user[16])
{
    (void)arg;
    (void)session;
    (void)user;
    kicks++;
}

static void orders_are_carried_out_only_from_a_whole_reply(void **state)
{
    const struct heartbeat_orders orders = {on_end, on_kick, NULL};
    char token[MESSAGES_TOKEN_MAX];
    bool drain = false;
    (void)state;
    ends = kicks = 0;
    assert_false(
        message_read_heartbeat("{\"end\":[\"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\"],\"kick\":[]}",
                               &orders, &drain, token));
    assert_false(message_read_heartbeat("nonsense", &orders, &drain, token));
    assert_int_equal(ends, 0);
    assert_true(message_read_heartbeat(
        "{\"drain\":true,\"end\":[\"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\",\"x\",7],"
        "\"kick\":[{\"gameSimId\":\"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\",\"userId\":"
        "\"F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6\"},{}]}",
        &orders, &drain, token));
    assert_int_equal(ends, 1);
    assert_int_equal(kicks, 1);
    assert_true(drain);
    assert_string_equal(token, "");
}

static void ids_are_read_and_written(void **state)
{
    uint8_t id[16];
    char text[UUID_TEXT];
    (void)state;
    assert_true(uuid_parse(id, "F81D4FAE-7dec-11d0-a765-00a0c91e6bf6"));
    assert_string_equal(uuid_format(id, text), "f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
    assert_false(uuid_parse(id, "f81d4fae-7dec-11d0-a765-00a0c91e6bf"));
    assert_false(uuid_parse(id, "f81d4fae07dec-11d0-a765-00a0c91e6bf6"));
    assert_false(uuid_parse(id, "g81d4fae-7dec-11d0-a765-00a0c91e6bf6"));
    assert_false(uuid_parse(id, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_of_one_kind_are_added_up),
        cmocka_unit_test(damage_after_a_healing_stays_after_it),
        cmocka_unit_test(a_full_queue_counts_what_it_cannot_take),
        cmocka_unit_test(a_batch_stands_until_it_is_acknowledged),
        cmocka_unit_test(more_than_a_batch_goes_in_several_before_the_end),
        cmocka_unit_test(the_largest_batch_fits_into_hearthds_bodies),
        cmocka_unit_test(terms_are_taken_whole_or_not_at_all),
        cmocka_unit_test(orders_are_carried_out_only_from_a_whole_reply),
        cmocka_unit_test(ids_are_read_and_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
