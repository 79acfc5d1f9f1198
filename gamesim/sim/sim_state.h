/*
 * sim_state.h - what the files of the simulation share; private to this folder.
 */
#ifndef SIM_SIM_STATE_H
#define SIM_SIM_STATE_H

#include "sim/sim.h"

/* space.c */
int64_t space_distance_squared(int32_t ax, int32_t ay, int32_t bx, int32_t by);
bool space_within(const struct sim_fighter *a, int32_t x, int32_t y, int32_t distance);
bool space_sees(const struct sim *sim, const struct sim_fighter *a, const struct sim_fighter *b);
/* Moves by a direction of any length and a distance; slides along walls. False if it did not move.
 */
bool space_move(const struct sim *sim, struct sim_fighter *f, int32_t dx, int32_t dy, int32_t step);

/* combat.c */
bool combat_alive(const struct sim_fighter *f);
void combat_attack(struct sim *sim, struct sim_fighter *attacker, struct sim_fighter *target);
struct sim_fighter *combat_monster(struct sim *sim, uint16_t id);
void combat_pick_up(struct sim *sim, struct sim_player *player);

/* monsters.c */
void monsters_spawn(struct sim *sim);
void monsters_act(struct sim *sim);

/* sim.c */
void sim_emit(struct sim *sim, struct sim_event event);
uint16_t sim_new_id(struct sim *sim);
int32_t sim_step_length(const struct sim *sim, const struct sim_fighter *f);

#endif
