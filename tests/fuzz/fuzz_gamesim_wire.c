/*
 * fuzz_gamesim_wire.c - every message type, for both sides' readers, and a session that is fed
 * them. What reads must write back to the same bytes.
 */
#include "match/session.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct dungeon dungeon = {.round_ticks = 10,
                                       .match_ticks = 1000,
                                       .rest_ticks = 5,
                                       .hero = {.level = 1,
                                                .armor_class = 12,
                                                .speed_feet = 30,
                                                .hitpoints = 9,
                                                .max_hitpoints = 9,
                                                .damage = {1, 6, 0},
                                                .range_feet = 5},
                                       .kinds = {{.name = "Rat",
                                                  .armor_class = 5,
                                                  .hitpoints = {1, 4, 0},
                                                  .speed = FEET(30),
                                                  .damage = {1, 4, 0},
                                                  .range = FEET(5),
                                                  .experience = 10,
                                                  .gold = {1, 4, 0}}},
                                       .rooms = {{.width = FEET(20),
                                                  .height = FEET(20),
                                                  .entry = {FEET(2), FEET(2)},
                                                  .exit = {FEET(18), FEET(18)},
                                                  .spawns = {{0, 2}},
                                                  .spawn_count = 1}},
                                       .kind_count = 1,
                                       .room_count = 1};

static void send_nowhere(void *arg, uint32_t slot, const uint8_t *message, size_t len,
                         uint64_t mono_ns)
{
    (void)arg, (void)slot, (void)message, (void)mono_ns;
    if (len < 1 || len > WIRE_MESSAGE_MAX)
        abort();
}

static void put_out(void *arg, uint32_t slot)
{
    (void)arg, (void)slot;
}

static void same(const uint8_t *data, size_t size, const uint8_t *again, size_t len)
{
    if (len != size || memcmp(data, again, len) != 0)
        abort();
}

static void read_all(const uint8_t *data, size_t size)
{
    static struct wire_snapshot snapshot;
    static struct wire_events events;
    struct wire_inputs inputs;
    struct wire_welcome welcome;
    struct wire_room room;
    struct wire_happening happening;
    uint8_t reason, out[WIRE_MESSAGE_MAX];
    if (wire_read_inputs(&inputs, data, size))
        same(data, size, out, wire_write_inputs(out, &inputs));
    if (wire_read_welcome(&welcome, data, size))
        same(data, size, out, wire_write_welcome(out, &welcome));
    if (wire_read_snapshot(&snapshot, data, size))
        same(data, size, out, wire_write_snapshot(out, &snapshot));
    if (wire_read_leave(&reason, data, size))
        same(data, size, out, wire_write_leave(out, (enum wire_leave)reason));
    if (!wire_read_events(&events, data, size))
        return;
    for (unsigned i = 0; i < events.count; i++) {
        struct wire_event again;
        if (wire_read_room(&room, &events.events[i]))
            wire_make_room(&again, &room);
        else if (wire_read_happening(&happening, &events.events[i]))
            wire_make_happening(&again, (enum wire_event_type)events.events[i].type, &happening);
        else
            continue;
        same(events.events[i].body, events.events[i].len, again.body, again.len);
    }
}

/* The input as a row of messages, each behind its length, from the clients of two seats. */
static void play(const uint8_t *data, size_t size)
{
    static struct session session;
    static const struct session_output output = {send_nowhere, put_out, NULL, NULL};
    static const uint8_t id[16];
    uint64_t now = UINT64_C(1000000000);
    session_init(&session, id, &dungeon, 1, 2, true, &output);
    session_join(&session, 0, 0, &dungeon.hero);
    session_join(&session, 1, 1, &dungeon.hero);
    while (size >= 1) {
        size_t len = data[0] < size ? data[0] : size - 1;
        uint8_t seat = data[0] & 1;
        if (!session_receive(&session, seat, data + 1, len, now)) {
            session_put_out(&session, seat, WIRE_LEAVE_BAD_MESSAGES, now);
            session_leave(&session, seat, false);
            session_join(&session, seat, seat, &dungeon.hero);
        }
        now += UINT64_C(33000000);
        session_tick(&session, now);
        data += 1 + len;
        size -= 1 + len;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    read_all(copy, size);
    play(copy, size);
    free(copy);
    return 0;
}
