/*
 * wire_test.c - every message reads back as it was written; anything shorter, longer or out of
 * bounds is refused.
 */
#include "../unit.h"

#include "wire/wire.h"

#include <stdlib.h>
#include <string.h>

typedef bool (*reader_fn)(const uint8_t *in, size_t len);

static bool reads_inputs(const uint8_t *in, size_t len)
{
    struct wire_inputs out;
    return wire_read_inputs(&out, in, len);
}

static bool reads_welcome(const uint8_t *in, size_t len)
{
    struct wire_welcome out;
    return wire_read_welcome(&out, in, len);
}

static bool reads_snapshot(const uint8_t *in, size_t len)
{
    struct wire_snapshot out;
    return wire_read_snapshot(&out, in, len);
}

static bool reads_events(const uint8_t *in, size_t len)
{
    struct wire_events out;
    return wire_read_events(&out, in, len);
}

static bool reads_leave(const uint8_t *in, size_t len)
{
    uint8_t reason;
    return wire_read_leave(&reason, in, len);
}

/* Exactly these bytes are read: none fewer, none more, no other version or type. */
static void only_whole(const uint8_t *message, size_t len, reader_fn reads)
{
    uint8_t longer[WIRE_MESSAGE_MAX + 1];
    for (size_t n = 0; n < len; n++) {
        uint8_t *copy = malloc(n ? n : 1);
        assert_non_null(copy);
        memcpy(copy, message, n);
        assert_false(reads(copy, n));
        free(copy);
    }
    memcpy(longer, message, len);
    longer[len] = 0;
    assert_true(reads(longer, len));
    assert_false(reads(longer, len + 1));
    longer[0] ^= 3;
    assert_false(reads(longer, len));
    longer[0] ^= 3;
    longer[1] ^= 0x40;
    assert_false(reads(longer, len));
}

static void inputs_travel(void **state)
{
    (void)state;
    uint8_t message[WIRE_MESSAGE_MAX];
    struct wire_inputs in = {.snapshot_ack = 1, .event_ack = 2, .newest = 77, .count = 3}, out;
    in.inputs[0] = (struct wire_input){-127, 127, 1, 65535};
    in.inputs[2] = (struct wire_input){1, -1, 0, 3};
    size_t len = wire_write_inputs(message, &in);
    assert_true(wire_read_inputs(&out, message, len));
    assert_int_equal(out.newest, 77);
    assert_int_equal(out.count, 3);
    assert_int_equal(out.inputs[0].move_x, -127);
    assert_int_equal(out.inputs[0].move_y, 127);
    assert_int_equal(out.inputs[0].action, 1);
    assert_int_equal(out.inputs[0].target, 65535);
    assert_int_equal(out.inputs[2].target, 3);
    only_whole(message, len, reads_inputs);
}

static void impossible_inputs_are_refused(void **state)
{
    (void)state;
    uint8_t message[WIRE_MESSAGE_MAX];
    struct wire_inputs in = {.newest = 5, .count = 1}, out;
    size_t len = wire_write_inputs(message, &in);
    assert_true(wire_read_inputs(&out, message, len));
    message[15] = 0x80; /* a movement of -128 */
    assert_false(wire_read_inputs(&out, message, len));
    message[15] = 0;
    message[17] = 2; /* an action that does not exist */
    assert_false(wire_read_inputs(&out, message, len));
    in = (struct wire_inputs){.newest = 1, .count = 2}; /* the second would be number 0 */
    assert_false(wire_read_inputs(&out, message, wire_write_inputs(message, &in)));
}

static void a_welcome_travels(void **state)
{
    (void)state;
    uint8_t message[WIRE_MESSAGE_MAX];
    struct wire_welcome in = {3, 4, 30, 30, 9, UINT64_C(0x1122334455667788), {1, 2, 3}}, out;
    size_t len = wire_write_welcome(message, &in);
    assert_true(wire_read_welcome(&out, message, len));
    assert_true(in.gamedata_version == out.gamedata_version);
    assert_int_equal(out.seat, 3);
    assert_int_equal(out.entity_id, 9);
    assert_memory_equal(in.session_id, out.session_id, 16);
    only_whole(message, len, reads_welcome);
}

static void the_largest_snapshot_fits(void **state)
{
    (void)state;
    uint8_t message[WIRE_MESSAGE_MAX];
    static struct wire_snapshot in, out;
    in =
        (struct wire_snapshot){.number = 9, .input_ack = 8, .phase = 1, .count = WIRE_ENTITIES_MAX};
    in.entities[79] = (struct wire_entity){7, WIRE_DROP, 1, 2, -3, 30000, UINT32_MAX};
    size_t len = wire_write_snapshot(message, &in);
    assert_in_range(len, 1100, WIRE_MESSAGE_MAX);
    assert_true(wire_read_snapshot(&out, message, len));
    assert_int_equal(out.entities[79].x, -3);
    assert_int_equal(out.entities[79].y, 30000);
    assert_true(out.entities[79].value == UINT32_MAX);
    only_whole(message, len, reads_snapshot);
}

static void a_delta_is_not_understood_yet(void **state)
{
    (void)state;
    uint8_t message[WIRE_MESSAGE_MAX];
    struct wire_snapshot in = {.number = 9, .baseline = 8};
    assert_false(reads_snapshot(message, wire_write_snapshot(message, &in)));
}

static void events_fill_a_message_and_no_more(void **state)
{
    (void)state;
    uint8_t message[WIRE_MESSAGE_MAX];
    struct wire_events out;
    struct wire_event event = {.type = 200, .len = WIRE_EVENT_MAX};
    size_t len = wire_begin_events(message, 5), longer;
    unsigned count = 0;
    while ((longer = wire_append_event(message, len, &event)) > 0) {
        len = longer;
        count++;
    }
    assert_int_equal(count, (WIRE_MESSAGE_MAX - 7) / (WIRE_EVENT_MAX + 2));
    assert_true(wire_read_events(&out, message, len)); /* unknown types are the reader's to skip */
    assert_int_equal(out.count, count);
    assert_int_equal(out.first, 5);
    only_whole(message, len, reads_events);
}

static void rooms_and_happenings_travel(void **state)
{
    (void)state;
    struct wire_event event;
    struct wire_room in = {.index = 1, .count = 3, .width = 3000, .exit_y = 20, .block_count = 8},
                     out;
    struct wire_happening deed = {2, 3, 4, 1601, 7}, done;
    in.blocks[7] = (struct wire_rect){1, 2, 3, 4};
    wire_make_room(&event, &in);
    assert_true(wire_read_room(&out, &event));
    assert_int_equal(out.exit_y, 20);
    assert_int_equal(out.blocks[7].height, 4);
    assert_false(wire_read_happening(&done, &event));
    event.len--;
    assert_false(wire_read_room(&out, &event));
    wire_make_happening(&event, WIRE_EVENT_LOOT, &deed);
    assert_true(wire_read_happening(&done, &event));
    assert_int_equal(done.item, 1601);
    assert_false(wire_read_room(&out, &event));
}

static void a_leave_travels(void **state)
{
    (void)state;
    uint8_t message[WIRE_MESSAGE_MAX], reason;
    size_t len = wire_write_leave(message, WIRE_LEAVE_KICKED);
    assert_true(wire_read_leave(&reason, message, len));
    assert_int_equal(reason, WIRE_LEAVE_KICKED);
    only_whole(message, len, reads_leave);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inputs_travel),
        cmocka_unit_test(impossible_inputs_are_refused),
        cmocka_unit_test(a_welcome_travels),
        cmocka_unit_test(the_largest_snapshot_fits),
        cmocka_unit_test(a_delta_is_not_understood_yet),
        cmocka_unit_test(events_fill_a_message_and_no_more),
        cmocka_unit_test(rooms_and_happenings_travel),
        cmocka_unit_test(a_leave_travels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
