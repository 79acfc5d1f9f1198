/*
 * turns.c - see turns.h. The table holds the turns that run; each has those that wait behind it.
 */
#include "turns.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS_OF_TURNS 256u
#define WAITING_MAX      32u /* behind the one that runs */

struct turns {
    struct turn *running[BUCKETS_OF_TURNS];
};

struct turns *turns_create(void)
{
    return calloc(1, sizeof(struct turns));
}

void turns_destroy(struct turns *turns)
{
    free(turns);
}

static struct turn **place_of(struct turns *turns, const char *user)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *c = user; *c; c++)
        hash = (hash ^ (uint8_t)*c) * 16777619u;
    struct turn **at = &turns->running[hash % BUCKETS_OF_TURNS];
    while (*at && strcmp((*at)->user, user) != 0)
        at = &(*at)->next;
    return at;
}

bool turn_has_room(struct turns *turns, const char *user)
{
    uint32_t waiting = 0;
    const struct turn *turn = *place_of(turns, user);
    for (; turn && turn->behind; turn = turn->behind)
        waiting++;
    return waiting < WAITING_MAX;
}

void turn_take(struct turns *turns, struct turn *turn)
{
    struct turn **at = place_of(turns, turn->user);
    turn->next = turn->behind = NULL;
    if (!*at) {
        *at = turn;
        turn->run(turn);
        return;
    }
    struct turn *last = *at;
    while (last->behind)
        last = last->behind;
    last->behind = turn;
}

void turn_end(struct turns *turns, struct turn *turn)
{
    struct turn **at = place_of(turns, turn->user), *behind = turn->behind;
    if (!behind) {
        *at = turn->next;
        return;
    }
    behind->next = turn->next;
    *at = behind;
    behind->run(behind);
}
