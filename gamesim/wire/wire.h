/*
 * wire.h - the messages inside netcode payloads, as gamesim/PROTOCOL.md has them.
 * Little-endian, at most 1200 bytes each, the first byte is the wire version. Readers take hostile
 * bytes: they check every length and refuse what is left over.
 */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include <netcode_protocol.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_VERSION      1
#define WIRE_INPUTS_MAX   8
#define WIRE_ENTITIES_MAX 80
#define WIRE_EVENT_MAX    96 /* bytes of one event's body */
#define WIRE_EVENTS_MAX   64 /* in one message */
#define WIRE_BLOCKS_MAX   8
#define WIRE_MESSAGE_MAX  NETCODE_PAYLOAD_BYTES_MAX

enum wire_type {
    WIRE_INPUTS = 1,
    WIRE_WELCOME = 16,
    WIRE_SNAPSHOT = 17,
    WIRE_EVENTS = 18,
    WIRE_LEAVE = 19
};

enum wire_leave {
    WIRE_LEAVE_SHUTDOWN = 1,     /* the server stops */
    WIRE_LEAVE_BAD_MESSAGES = 2, /* too many messages that cannot be read */
    WIRE_LEAVE_SESSION_OVER = 3, /* the session has ended */
    WIRE_LEAVE_KICKED = 4,       /* the player left by other means, or was put out */
    WIRE_LEAVE_REFUSED = 5,      /* the token admits to nothing here */
    WIRE_LEAVE_REPLACED = 6      /* a newer token of the same player was used */
};

/* Client to server, about 30 a second. Inputs are newest first: newest, newest - 1, ... */
struct wire_input {
    int8_t move_x, move_y;
    uint8_t action;
    uint16_t target;
};

struct wire_inputs {
    uint32_t snapshot_ack; /* newest snapshot received; 0: none yet */
    uint32_t event_ack;    /* newest event received in order; 0: none yet */
    uint32_t newest;       /* sequence of inputs[0]; the first input is 1 */
    uint8_t count;         /* 1..8 */
    struct wire_input inputs[WIRE_INPUTS_MAX];
};

/* Server to client until the first inputs arrive. */
struct wire_welcome {
    uint8_t seat, seats, tick_rate, snapshot_rate;
    uint16_t entity_id; /* the player's own */
    uint64_t gamedata_version;
    uint8_t session_id[16];
};

enum wire_entity_kind { WIRE_PLAYER = 0, WIRE_MONSTER = 1, WIRE_DROP = 2 };
enum { WIRE_FLAG_PRESENT = 1, WIRE_FLAG_STRIKING = 2 };

struct wire_entity {
    uint16_t id;
    uint8_t kind, flags;
    uint16_t subject; /* player: seat; monster: kind; drop: quantity */
    int16_t x, y;     /* hundredths of a foot */
    uint32_t value;   /* fighter: hitpoints | maximum << 16; drop: item id, 0 is gold */
};

struct wire_snapshot {
    uint32_t number;   /* the tick */
    uint32_t baseline; /* 0: a full snapshot. Others are deltas, which wire version 1 never sends */
    uint32_t input_ack;
    uint8_t phase, room, cleared, count;
    struct wire_entity entities[WIRE_ENTITIES_MAX];
};

/* Reliable: each once, in order, resent until acknowledged. Unknown types are skipped by length. */
struct wire_event {
    uint8_t type, len;
    uint8_t body[WIRE_EVENT_MAX];
};

struct wire_events {
    uint32_t first; /* sequence of events[0]; the first event of a connection is 1 */
    uint8_t count;
    struct wire_event events[WIRE_EVENTS_MAX];
};

enum wire_event_type {
    WIRE_EVENT_START = 1,
    WIRE_EVENT_ROOM = 2,
    WIRE_EVENT_ATTACK = 3,
    WIRE_EVENT_DEATH = 4,
    WIRE_EVENT_LOOT = 5,
    WIRE_EVENT_EXPERIENCE = 6,
    WIRE_EVENT_WAKE = 7,
    WIRE_EVENT_END = 8,
    WIRE_EVENT_GAP = 9 /* the client fell too far behind: events before this one were not sent */
};

struct wire_rect {
    int16_t x, y, width, height;
};

struct wire_room {
    uint8_t index, count;
    int16_t width, height, entry_x, entry_y, exit_x, exit_y;
    uint8_t block_count;
    struct wire_rect blocks[WIRE_BLOCKS_MAX];
};

/* The common form of all events but ROOM. */
struct wire_happening {
    uint8_t detail;
    uint16_t actor, target;
    uint32_t item, value;
};

/* Writers fill `out` (WIRE_MESSAGE_MAX bytes) and return the length. The caller keeps the limits.
 */
size_t wire_write_inputs(uint8_t *out, const struct wire_inputs *inputs);
size_t wire_write_welcome(uint8_t *out, const struct wire_welcome *welcome);
size_t wire_write_snapshot(uint8_t *out, const struct wire_snapshot *snapshot);
size_t wire_write_leave(uint8_t *out, enum wire_leave reason);

/* Events are appended one by one: 0 when one does not fit any more. */
size_t wire_begin_events(uint8_t *out, uint32_t first);
size_t wire_append_event(uint8_t *out, size_t len, const struct wire_event *event);

void wire_make_room(struct wire_event *out, const struct wire_room *room);
void wire_make_happening(struct wire_event *out, enum wire_event_type type,
                         const struct wire_happening *happening);

/* The type of a message of our version, or 0. */
unsigned wire_type_of(const uint8_t *in, size_t len);

/* False if these are not exactly the bytes of such a message. */
bool wire_read_inputs(struct wire_inputs *out, const uint8_t *in, size_t len);
bool wire_read_welcome(struct wire_welcome *out, const uint8_t *in, size_t len);
bool wire_read_snapshot(struct wire_snapshot *out, const uint8_t *in, size_t len);
bool wire_read_events(struct wire_events *out, const uint8_t *in, size_t len);
bool wire_read_leave(uint8_t *reason, const uint8_t *in, size_t len);
bool wire_read_room(struct wire_room *out, const struct wire_event *event);
bool wire_read_happening(struct wire_happening *out, const struct wire_event *event);

#endif
