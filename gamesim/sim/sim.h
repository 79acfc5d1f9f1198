/*
 * sim.h - one match in one dungeon: players, monsters, fights, loot, victory and defeat.
 * A pure state machine of whole numbers. Its state depends on the seed and on the sequence of
 * commands alone, so that a recorded session replays to the same hash on any machine. No I/O, no
 * clock, no allocation. Everything that changes it goes through sim_apply.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "sim/dice.h"
#include "sim/dungeon.h"

#define SIM_TICKS_PER_SECOND 30
#define SIM_SEATS_MAX        8
#define SIM_DROPS_MAX        32
#define SIM_REACH            FEET(5) /* to pick something up, or to use an exit */

enum sim_phase { SIM_WAITING, SIM_RUNNING, SIM_VICTORY, SIM_DEFEAT };
enum sim_action { SIM_ACTION_NONE, SIM_ACTION_ATTACK };

/* What a player wants during a tick; it holds until the next one. */
struct sim_input {
    int8_t move_x, move_y; /* -127..127; longer vectors are shortened */
    uint8_t action;
    uint16_t target; /* entity id */
};

/* A fighter: player or monster. Ids are unique among all that is there. */
struct sim_fighter {
    uint16_t id;  /* 0: none here */
    uint8_t kind; /* monsters: index into the dungeon's kinds */
    int32_t x, y, hitpoints, max_hitpoints;
    int32_t speed, range; /* hundredths of a foot, in a round; attack range */
    uint8_t armor_class;
    int8_t attack_bonus;
    session_dice damage;
    uint32_t ready_at;  /* the tick from which it may attack */
    uint32_t struck_at; /* the tick of its latest attack */
    uint8_t detour;     /* monsters: ticks left of walking around something */
};

struct sim_player {
    bool seated, present; /* has a seat; is connected */
    session_combat combat;
    struct sim_fighter fighter;
    struct sim_input input;
    uint32_t experience;
};

/* Something on the floor: an item, or gold when item_id is 0. */
struct sim_drop {
    uint16_t id; /* 0: none here */
    uint16_t quantity;
    uint32_t item_id;
    int32_t x, y;
};

enum sim_event_type {
    SIM_EVENT_START = 1,  /* value: number of the match in this session */
    SIM_EVENT_ROOM,       /* value: index of the room that was entered */
    SIM_EVENT_ATTACK,     /* actor, target, value: damage, detail: SIM_HIT, SIM_CRITICAL */
    SIM_EVENT_DEATH,      /* actor: who fell */
    SIM_EVENT_LOOT,       /* actor: who took it, item, value: quantity; item 0: gold */
    SIM_EVENT_EXPERIENCE, /* actor: who got it, value: amount */
    SIM_EVENT_WAKE,       /* actor: an unconscious player who came to */
    SIM_EVENT_END         /* value: SIM_VICTORY or SIM_DEFEAT */
};
enum { SIM_MISS = 0, SIM_HIT = 1, SIM_CRITICAL = 2 };

struct sim_event {
    uint8_t type, detail;
    uint16_t actor, target;
    uint32_t item, value;
};

typedef void (*sim_event_fn)(void *arg, const struct sim_event *event);

struct sim_config {
    const struct dungeon *dungeon;
    uint64_t seed;
    uint8_t seats;  /* 1..SIM_SEATS_MAX */
    bool repeating; /* stand-alone: another match follows in the same session */
    sim_event_fn event;
    void *event_arg;
};

struct sim {
    struct sim_config config;
    struct dice dice;
    uint32_t tick, match, phase_since;
    uint8_t phase, room;
    bool cleared;
    uint16_t next_id;
    struct sim_player players[SIM_SEATS_MAX];
    struct sim_fighter monsters[DUNGEON_MONSTERS_MAX];
    struct sim_drop drops[SIM_DROPS_MAX];
};

enum sim_command_type { SIM_JOIN = 1, SIM_LEAVE, SIM_VACATE, SIM_INPUT, SIM_TICK };

/* The log of these is the recording of a session. */
struct sim_command {
    uint8_t type, seat;
    struct sim_input input; /* SIM_INPUT */
    session_combat combat;  /* SIM_JOIN of a seat that was empty */
};

void sim_init(struct sim *sim, const struct sim_config *config);

/* SIM_JOIN: a player takes the seat, or comes back to it. SIM_LEAVE: the connection is gone, the
 * seat is kept. SIM_VACATE: the seat is given up. SIM_INPUT: from a present player; the first one
 * starts a waiting match. SIM_TICK: a thirtieth of a second passes. Commands that make no sense
 * change nothing. */
void sim_apply(struct sim *sim, const struct sim_command *command);

/* The whole state in 64 bits. */
uint64_t sim_hash(const struct sim *sim);

const struct dungeon_room *sim_room(const struct sim *sim);
bool sim_player_active(const struct sim_player *player); /* seated, present and conscious */

#endif
