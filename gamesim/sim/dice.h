/*
 * dice.h - the simulation's only source of chance: a small generator whose numbers are the same on
 * every machine, so that a session replays to the same state from its seed and its inputs.
 */
#ifndef SIM_DICE_H
#define SIM_DICE_H

#include <session_claims.h>
#include <stdint.h>

/* PCG32 (XSH-RR). Not for secrets. */
struct dice {
    uint64_t state;
};

void dice_seed(struct dice *dice, uint64_t seed);

/* 0..n-1, each equally likely; n is at least 1. */
uint32_t dice_below(struct dice *dice, uint32_t n);

/* 1..sides */
int32_t dice_roll(struct dice *dice, uint32_t sides);

/* number d sides, the dice counted `times` over (2 for a critical hit), + modifier; at least 0. */
int32_t dice_damage(struct dice *dice, session_dice damage, unsigned times);

#endif
