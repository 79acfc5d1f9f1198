/*
 * brain.c - see brain.h. It knows only what any client is told.
 */
#include "bot/brain.h"

#include <stdlib.h>

#define CLOSE_ENOUGH 350 /* hundredths of a foot: well within a melee weapon's reach */
#define STUCK_AFTER  10
#define SIDESTEP_FOR 20

static const struct wire_entity *find_own(const struct wire_snapshot *snapshot, uint16_t id)
{
    for (unsigned i = 0; i < snapshot->count; i++) {
        if (snapshot->entities[i].kind == WIRE_PLAYER && snapshot->entities[i].id == id)
            return &snapshot->entities[i];
    }
    return NULL;
}

static int64_t distance_squared(const struct wire_entity *from, int x, int y)
{
    int64_t dx = x - from->x, dy = y - from->y;
    return dx * dx + dy * dy;
}

static const struct wire_entity *nearest(const struct wire_snapshot *snapshot,
                                         const struct wire_entity *own, uint8_t kind)
{
    const struct wire_entity *best = NULL;
    for (unsigned i = 0; i < snapshot->count; i++) {
        const struct wire_entity *entity = &snapshot->entities[i];
        if (entity->kind == kind && (!best || distance_squared(own, entity->x, entity->y) <
                                                  distance_squared(own, best->x, best->y)))
            best = entity;
    }
    return best;
}

static void walk(struct brain *brain, struct wire_input *input, const struct wire_entity *own,
                 int x, int y)
{
    int dx = x - own->x, dy = y - own->y;
    int longest = abs(dx) > abs(dy) ? abs(dx) : abs(dy);
    if (longest == 0)
        return;
    dx = dx * 127 / longest;
    dy = dy * 127 / longest;
    brain->stuck = own->x == brain->last_x && own->y == brain->last_y ? brain->stuck + 1 : 0;
    if (brain->stuck >= STUCK_AFTER) {
        brain->stuck = 0;
        brain->sidestep = SIDESTEP_FOR;
        brain->turn_left = !brain->turn_left;
    }
    if (brain->sidestep > 0) {
        int side = brain->turn_left ? 1 : -1, old = dx;
        brain->sidestep--;
        dx = -dy * side;
        dy = old * side;
    }
    input->move_x = (int8_t)dx;
    input->move_y = (int8_t)dy;
}

struct wire_input brain_decide(struct brain *brain, const struct wire_snapshot *snapshot,
                               uint16_t own_id)
{
    struct wire_input input = {0};
    const struct wire_entity *own = find_own(snapshot, own_id);
    if (!own || (own->value & 0xffff) == 0)
        return input;
    const struct wire_entity *monster = nearest(snapshot, own, WIRE_MONSTER);
    const struct wire_entity *drop = nearest(snapshot, own, WIRE_DROP);
    if (monster) {
        input.action = 1;
        input.target = monster->id;
        if (distance_squared(own, monster->x, monster->y) > CLOSE_ENOUGH * CLOSE_ENOUGH)
            walk(brain, &input, own, monster->x, monster->y);
    } else if (drop) {
        walk(brain, &input, own, drop->x, drop->y);
    } else if (snapshot->cleared && brain->knows_room && brain->room.index == snapshot->room) {
        walk(brain, &input, own, brain->room.exit_x, brain->room.exit_y);
    }
    brain->last_x = own->x;
    brain->last_y = own->y;
    return input;
}
