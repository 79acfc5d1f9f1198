/*
 * monsters.c - where monsters stand at first and what they do: each goes for the nearest player it
 * can get at, and walks around what is in its way.
 */
#include "sim/sim_state.h"

#include <string.h>

#define DETOUR_TICKS 20

static void spawn(struct sim *sim, struct sim_fighter *out, uint8_t kind_index)
{
    const struct dungeon_monster *kind = &sim->config.dungeon->kinds[kind_index];
    const struct dungeon_room *room = sim_room(sim);
    memset(out, 0, sizeof(*out));
    out->id = sim_new_id(sim);
    out->kind = kind_index;
    /* In the half of the room where the exit is not the entry: around the exit. */
    int32_t width = room->width / 2, height = room->height - FEET(4);
    out->x = room->exit.x;
    out->y = room->exit.y;
    struct sim_fighter goal = *out;
    goal.x = (room->exit.x >= room->entry.x ? room->width - width : 0) +
             (int32_t)dice_below(&sim->dice, (uint32_t)width);
    goal.y = FEET(2) + (int32_t)dice_below(&sim->dice, (uint32_t)height);
    /* Walking there from the exit keeps it out of walls and blocks. */
    for (int i = 0; i < 100 && !space_within(out, goal.x, goal.y, FEET(1)); i++) {
        if (!space_move(sim, out, goal.x - out->x, goal.y - out->y, FEET(1)))
            break;
    }
    int32_t hitpoints = dice_damage(&sim->dice, kind->hitpoints, 1);
    out->hitpoints = out->max_hitpoints = hitpoints > 0 ? hitpoints : 1;
    out->speed = kind->speed;
    out->range = kind->range;
    out->armor_class = kind->armor_class;
    out->attack_bonus = kind->attack_bonus;
    out->damage = kind->damage;
    /* Not all at once: the first blow falls somewhere in the first round. */
    out->ready_at = sim->tick + dice_below(&sim->dice, sim->config.dungeon->round_ticks);
}

void monsters_spawn(struct sim *sim)
{
    const struct dungeon_room *room = sim_room(sim);
    unsigned n = 0;
    memset(sim->monsters, 0, sizeof(sim->monsters));
    for (uint8_t i = 0; i < room->spawn_count; i++) {
        for (uint8_t k = 0; k < room->spawns[i].count && n < DUNGEON_MONSTERS_MAX; k++)
            spawn(sim, &sim->monsters[n++], room->spawns[i].kind);
    }
}

static struct sim_fighter *nearest_player(struct sim *sim, const struct sim_fighter *monster)
{
    struct sim_fighter *nearest = NULL;
    int64_t best = INT64_MAX;
    for (unsigned i = 0; i < SIM_SEATS_MAX; i++) {
        struct sim_player *player = &sim->players[i];
        if (!sim_player_active(player))
            continue;
        int64_t distance =
            space_distance_squared(monster->x, monster->y, player->fighter.x, player->fighter.y);
        if (distance < best) {
            best = distance;
            nearest = &player->fighter;
        }
    }
    return nearest;
}

static void approach(struct sim *sim, struct sim_fighter *monster, const struct sim_fighter *prey)
{
    int32_t dx = prey->x - monster->x, dy = prey->y - monster->y;
    int32_t step = sim_step_length(sim, monster);
    if (monster->detour > 0) {
        /* Sideways; which side depends on the monster, so that a crowd parts. */
        monster->detour--;
        int32_t side = monster->id % 2 ? 1 : -1;
        space_move(sim, monster, -dy * side, dx * side, step);
    } else if (!space_move(sim, monster, dx, dy, step)) {
        monster->detour = DETOUR_TICKS;
    }
}

void monsters_act(struct sim *sim)
{
    for (unsigned i = 0; i < DUNGEON_MONSTERS_MAX; i++) {
        struct sim_fighter *monster = &sim->monsters[i];
        if (!combat_alive(monster))
            continue;
        struct sim_fighter *prey = nearest_player(sim, monster);
        if (!prey)
            return;
        if (space_within(monster, prey->x, prey->y, monster->range) &&
            space_sees(sim, monster, prey))
            combat_attack(sim, monster, prey);
        else
            approach(sim, monster, prey);
    }
}
