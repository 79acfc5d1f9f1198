/*
 * connect.h - the connect token that admits a player to his seat: NETCODE 1.02, in base64. It holds
 * keys: it goes into one reply, and nowhere else.
 */
#ifndef MATCHMAKING_CONNECT_H
#define MATCHMAKING_CONNECT_H

#include "../fleet/allocate.h"

#define CONNECT_TOKEN_TEXT 2740 /* base64 of 2048 bytes, and NUL */

/* What the token says of a character, from what hearth.characters/1 shows of it. */
struct fighter {
    char name[MEMBER_NAME_SIZE];
    int32_t level, hitpoints, max_hitpoints, armor_class, speed, range;
    int32_t modifiers[6];
    int32_t attack_bonus, dice, sides, damage_modifier;
};

void fighter_take(struct fighter *fighter, const hearth_character_view *view);

/* EINTERNAL: a character or address that no token can hold. Wipe the text after use. [any] */
hearth_status connect_token(const struct mm_loop *loop, const struct seat *seat,
                            const struct player *player, int64_t expires_ms,
                            const struct fighter *fighter, char out[CONNECT_TOKEN_TEXT]);

#endif
