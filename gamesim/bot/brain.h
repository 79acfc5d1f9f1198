/*
 * brain.h - what a bot does with what it sees: fight the nearest monster, pick up what lies about,
 * go to the exit. Good enough to bring a match to its end, one way or the other.
 */
#ifndef BOT_BRAIN_H
#define BOT_BRAIN_H

#include "wire/wire.h"

struct brain {
    struct wire_room room;
    bool knows_room;
    int16_t last_x, last_y;
    unsigned stuck;    /* decisions without getting anywhere */
    unsigned sidestep; /* decisions left of walking around something */
    bool turn_left;
};

struct wire_input brain_decide(struct brain *brain, const struct wire_snapshot *snapshot,
                               uint16_t own_id);

#endif
