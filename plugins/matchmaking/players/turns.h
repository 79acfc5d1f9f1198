/*
 * turns.h - one request of a player at a time, in order of arrival: what he asks for depends on
 * where he sits, and a repeat waits for the first. Per loop: a player's requests all run on his.
 */
#ifndef MATCHMAKING_TURNS_H
#define MATCHMAKING_TURNS_H

#include "../plugin.h"

struct turn {
    void (*run)(struct turn *turn);
    char user[HEARTH_UUID_SIZE];
    struct turn *next, *behind; /* in the table; waiting for this one */
};

struct turns *turns_create(void); /* NULL: no memory */
void turns_destroy(struct turns *turns);

/* Whether another request of this user may be taken: only so many wait for each other. [loop] */
bool turn_has_room(struct turns *turns, const char *user);
/* Runs it now, or when those before it have ended. Belongs to the caller until it ends. [loop] */
void turn_take(struct turns *turns, struct turn *turn);
/* Ends the turn that runs; the next one of this user runs before this returns. [loop] */
void turn_end(struct turns *turns, struct turn *turn);

#endif
