/*
 * space.c - distances, walls and lines of sight, in whole numbers of a hundredth of a foot.
 */
#include "sim/sim_state.h"

#define BODY FEET(1) /* nobody's middle comes nearer to a wall */

int64_t space_distance_squared(int32_t ax, int32_t ay, int32_t bx, int32_t by)
{
    int64_t dx = ax - bx, dy = ay - by;
    return dx * dx + dy * dy;
}

bool space_within(const struct sim_fighter *a, int32_t x, int32_t y, int32_t distance)
{
    return space_distance_squared(a->x, a->y, x, y) <= (int64_t)distance * distance;
}

static bool is_free(const struct dungeon_room *room, int32_t x, int32_t y)
{
    if (x < BODY || y < BODY || x > room->width - BODY || y > room->height - BODY)
        return false;
    for (uint8_t i = 0; i < room->block_count; i++) {
        const struct dungeon_block *b = &room->blocks[i];
        if (x > b->x && x < b->x + b->width && y > b->y && y < b->y + b->height)
            return false;
    }
    return true;
}

bool space_sees(const struct sim *sim, const struct sim_fighter *a, const struct sim_fighter *b)
{
    const struct dungeon_room *room = sim_room(sim);
    if (room->block_count == 0)
        return true;
    /* A point on the line for each foot of the longest room's diagonal would be 424; 128 are enough
     * to find any block of more than three feet. */
    for (int32_t i = 1; i < 128; i++) {
        int32_t x = a->x + (int32_t)((int64_t)(b->x - a->x) * i / 128);
        int32_t y = a->y + (int32_t)((int64_t)(b->y - a->y) * i / 128);
        if (!is_free(room, x, y))
            return false;
    }
    return true;
}

/* Rounded up, so that nobody gets further than they should. */
static int64_t square_root(int64_t n)
{
    int64_t root = 0;
    for (int64_t bit = INT64_C(1) << 30; bit > 0; bit >>= 1) {
        if ((root + bit) * (root + bit) <= n)
            root += bit;
    }
    return root * root < n ? root + 1 : root;
}

bool space_move(const struct sim *sim, struct sim_fighter *f, int32_t dx, int32_t dy, int32_t step)
{
    const struct dungeon_room *room = sim_room(sim);
    int64_t length = square_root((int64_t)dx * dx + (int64_t)dy * dy);
    if (length == 0)
        return false;
    int32_t x = f->x + (int32_t)((int64_t)dx * step / length);
    int32_t y = f->y + (int32_t)((int64_t)dy * step / length);
    if (x == f->x && y == f->y)
        return false;
    if (is_free(room, x, y)) {
        f->x = x;
        f->y = y;
        return true;
    }
    if (x != f->x && is_free(room, x, f->y)) {
        f->x = x;
        return true;
    }
    if (y != f->y && is_free(room, f->x, y)) {
        f->y = y;
        return true;
    }
    return false;
}
