/*
 * session_test.c - one session and its clients without a socket: welcome, reliable events through
 * losses, inputs, and who is put out.
 */
#include "../unit.h"

#include "match/session.h"

#include <stdlib.h>
#include <string.h>

#define STEP_NS UINT64_C(33333333)

static struct dungeon shipped;

/* What one client has received; it acknowledges events like a real one. */
struct client {
    unsigned welcomes, snapshots, leaves, gaps, rooms;
    bool disconnected, deaf;
    uint32_t events, newest_event_seen, input;
    struct wire_snapshot last;
};

struct scene {
    struct session session;
    struct session_output output;
    struct client clients[4];
    uint64_t now;
};

static void on_events(struct client *c, const struct wire_events *events)
{
    for (unsigned i = 0; i < events->count; i++) {
        if (events->first + i != c->events + 1)
            continue;
        c->events++;
        c->gaps += events->events[i].type == WIRE_EVENT_GAP;
        c->rooms += events->events[i].type == WIRE_EVENT_ROOM;
    }
}

static void on_send(void *arg, uint32_t slot, const uint8_t *message, size_t len, uint64_t mono_ns)
{
    struct client *c = &((struct scene *)arg)->clients[slot];
    struct wire_events events;
    (void)mono_ns;
    assert_false(c->disconnected);
    if (c->deaf)
        return;
    switch (wire_type_of(message, len)) {
    case WIRE_WELCOME:
        c->welcomes++;
        break;
    case WIRE_SNAPSHOT:
        c->snapshots++;
        assert_true(wire_read_snapshot(&c->last, message, len));
        break;
    case WIRE_EVENTS:
        assert_true(wire_read_events(&events, message, len));
        on_events(c, &events);
        break;
    case WIRE_LEAVE:
        c->leaves++;
        break;
    default:
        fail_msg("a message of type %u", wire_type_of(message, len));
    }
}

static void on_disconnect(void *arg, uint32_t slot)
{
    ((struct scene *)arg)->clients[slot].disconnected = true;
}

static struct scene *scene_create(void)
{
    static const uint8_t id[16] = {1};
    struct scene *s = calloc(1, sizeof(*s));
    assert_non_null(s);
    s->now = UINT64_C(1000000000);
    s->output = (struct session_output){on_send, on_disconnect, s, NULL};
    session_init(&s->session, id, &shipped, 7, 4, true, &s->output);
    return s;
}

static void step(struct scene *s, unsigned ticks)
{
    while (ticks-- > 0) {
        s->now += STEP_NS;
        session_tick(&s->session, s->now);
    }
}

static void say(struct scene *s, uint8_t seat)
{
    uint8_t message[WIRE_MESSAGE_MAX];
    struct client *c = &s->clients[seat];
    struct wire_inputs inputs = {
        .snapshot_ack = c->last.number, .event_ack = c->events, .newest = ++c->input, .count = 1};
    assert_true(
        session_receive(&s->session, seat, message, wire_write_inputs(message, &inputs), s->now));
}

static void a_silent_client_is_welcomed_and_shown_the_world(void **state)
{
    (void)state;
    struct scene *s = scene_create();
    session_join(&s->session, 0, 0, &shipped.hero);
    step(s, 300);
    assert_int_equal(s->clients[0].snapshots, 300);
    assert_in_range(s->clients[0].welcomes, 30, 50);
    assert_int_equal(s->clients[0].last.phase, SIM_WAITING);
    say(s, 0);
    unsigned welcomes = s->clients[0].welcomes;
    step(s, 30);
    assert_int_equal(s->clients[0].welcomes, welcomes);
    assert_int_equal(s->clients[0].last.phase, SIM_RUNNING);
    assert_int_equal(s->clients[0].last.input_ack, 1);
    free(s);
}

static void events_arrive_once_and_in_order_through_losses(void **state)
{
    (void)state;
    struct scene *s = scene_create();
    session_join(&s->session, 0, 0, &shipped.hero);
    session_join(&s->session, 1, 1, &shipped.hero);
    say(s, 0);
    say(s, 1);
    for (unsigned i = 0; i < 600; i++) {
        s->clients[1].deaf = i % 3 != 0; /* two thirds are lost */
        step(s, 1);
        say(s, 0);
        if (i % 2)
            say(s, 1);
    }
    s->clients[1].deaf = false;
    step(s, 10);
    say(s, 1);
    assert_true(s->clients[0].events > 5);
    /* One room event more or less: each was told its room when it was greeted. */
    assert_int_equal(s->clients[0].events, s->clients[1].events);
    assert_int_equal(s->clients[1].gaps, 0);
    free(s);
}

static void a_client_that_falls_behind_is_told_so_and_not_put_out(void **state)
{
    (void)state;
    struct scene *s = scene_create();
    const struct wire_event event = {.type = WIRE_EVENT_DEATH, .len = 1};
    session_join(&s->session, 0, 0, &shipped.hero);
    say(s, 0);
    s->clients[0].deaf = true;
    for (unsigned i = 0; i < 3 * CHANNEL_EVENTS; i++) {
        channel_queue(&s->session.seats[0].channel, &event);
        step(s, 1);
    }
    s->clients[0].deaf = false;
    for (unsigned i = 0; i < 60; i++) {
        step(s, 1);
        say(s, 0);
    }
    assert_false(s->clients[0].disconnected);
    assert_int_equal(s->clients[0].gaps, 1);
    assert_true(s->clients[0].rooms >= 1);
    assert_int_equal(s->session.seats[0].channel.queued, s->clients[0].events);
    free(s);
}

static void a_hundred_bad_messages_in_ten_seconds_are_too_many(void **state)
{
    (void)state;
    static const uint8_t junk[] = {WIRE_VERSION, WIRE_INPUTS, 1, 2, 3};
    struct scene *s = scene_create();
    session_join(&s->session, 0, 0, &shipped.hero);
    for (unsigned i = 1; i < CHANNEL_BAD_MESSAGES; i++)
        assert_true(session_receive(&s->session, 0, junk, sizeof(junk), s->now));
    assert_false(session_receive(&s->session, 0, junk, sizeof(junk), s->now));
    session_put_out(&s->session, 0, WIRE_LEAVE_BAD_MESSAGES, s->now);
    session_leave(&s->session, 0, false);
    assert_int_equal(s->clients[0].leaves, 1);
    assert_true(s->clients[0].disconnected);
    assert_int_equal(session_free_seat(&s->session), 0);
    /* Nine a second for ever are not. */
    session_join(&s->session, 1, 1, &shipped.hero);
    for (unsigned i = 0; i < 1000; i++) {
        s->now += UINT64_C(111111111);
        assert_true(session_receive(&s->session, 1, junk, sizeof(junk), s->now));
    }
    free(s);
}

static void repeated_inputs_count_once_and_lost_ones_come_again(void **state)
{
    (void)state;
    struct channel channel;
    struct wire_input input;
    channel_reset(&channel);
    struct wire_inputs in = {.newest = 1, .count = 1, .inputs = {{1, 0, 0, 0}}};
    assert_true(channel_receive(&channel, &in));
    assert_false(channel_receive(&channel, &in));
    assert_true(channel_next_input(&channel, &input));
    assert_false(channel_next_input(&channel, &input));
    /* 2 was lost; 3 brings it along, newest first. */
    in = (struct wire_inputs){.newest = 3, .count = 3, .inputs = {{3}, {2}, {1}}};
    channel_receive(&channel, &in);
    assert_true(channel_next_input(&channel, &input));
    assert_int_equal(input.move_x, 2);
    assert_true(channel_next_input(&channel, &input));
    assert_int_equal(input.move_x, 3);
    /* Too long a loss is passed over; a crowd is thinned to the newest. */
    in = (struct wire_inputs){.newest = 4000000000u, .count = 8, .inputs = {{9}, {8}, {7}, {6}}};
    channel_receive(&channel, &in);
    assert_true(channel_next_input(&channel, &input));
    assert_int_equal(input.move_x, 7);
    assert_int_equal(channel.input_applied, 3999999998u);
}

static void an_input_holds_for_half_a_second(void **state)
{
    (void)state;
    struct scene *s = scene_create();
    const struct sim_fighter *hero = &s->session.sim.players[0].fighter;
    uint8_t message[WIRE_MESSAGE_MAX];
    const struct wire_inputs north = {.newest = 1, .count = 1, .inputs = {{.move_y = -127}}};
    session_join(&s->session, 0, 0, &shipped.hero);
    assert_true(
        session_receive(&s->session, 0, message, wire_write_inputs(message, &north), s->now));
    step(s, 1);
    for (int i = 1; i < SIM_TICKS_PER_SECOND / 2; i++) {
        int32_t y = hero->y;
        step(s, 1);
        assert_true(hero->y < y);
    }
    step(s, 1);
    int32_t y = hero->y;
    step(s, SIM_TICKS_PER_SECOND);
    assert_int_equal(hero->y, y);
    free(s);
}

static void an_acknowledgement_of_what_was_never_sent_changes_nothing(void **state)
{
    (void)state;
    struct channel channel;
    channel_reset(&channel);
    const struct wire_inputs in = {.newest = 1, .count = 1, .event_ack = 77};
    channel_receive(&channel, &in);
    assert_int_equal(channel.acked, 0);
}

int main(void)
{
    char error[512];
    if (dungeon_load(&shipped, GAMEDATA, error) != HEARTH_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_client_is_welcomed_and_shown_the_world),
        cmocka_unit_test(events_arrive_once_and_in_order_through_losses),
        cmocka_unit_test(a_client_that_falls_behind_is_told_so_and_not_put_out),
        cmocka_unit_test(a_hundred_bad_messages_in_ten_seconds_are_too_many),
        cmocka_unit_test(repeated_inputs_count_once_and_lost_ones_come_again),
        cmocka_unit_test(an_input_holds_for_half_a_second),
        cmocka_unit_test(an_acknowledgement_of_what_was_never_sent_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
