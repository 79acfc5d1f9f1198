/*
 * holds.h - a character that sits in a session is held (hearth.characters/1); when the seat is gone
 * the hold is released. A release that is lost does no harm: whoever is asked whether a hold stands
 * looks at the seat.
 */
#ifndef MATCHMAKING_HOLDS_H
#define MATCHMAKING_HOLDS_H

#include "../plugin.h"

/* Releases the hold of one member's character. Nobody waits for it. [loop] */
void holds_release(struct mm_loop *loop, const char *game_sim, const struct member *member);
/* Of all who have a seat on an instance that has become final. [loop] */
void holds_release_instance(struct mm_loop *loop, const struct instance *instance);

#endif
