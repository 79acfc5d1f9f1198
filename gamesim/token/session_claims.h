/*
 * session_claims.h - the 256 bytes of user data in a connect token that hearthd issues: which
 * session and seat a player is admitted to, and the character's fighting values. The matchmaking
 * plugin writes them, hearth-gamesim reads them; gamesim/PROTOCOL.md has the table.
 */
#ifndef SESSION_CLAIMS_H
#define SESSION_CLAIMS_H

#include <hearth/types.h>
#include <stdbool.h>

#include "netcode_protocol.h"

#define SESSION_CLAIMS_FORMAT 1
#define SESSION_NAME_BYTES    16 /* up to 15 letters, then zeros */
#define SESSION_LEVEL_MAX     20
#define SESSION_DICE_MAX      20
#define SESSION_FEET_MAX      1000 /* of speed and range */

/* number d sides + modifier; number 0 is a fixed amount. */
typedef struct session_dice {
    uint8_t number, sides;
    int8_t modifier;
} session_dice;

/* What a character fights with, derived by the rules when the token was issued. */
typedef struct session_combat {
    uint8_t level; /* from 1 on */
    uint8_t armor_class;
    uint16_t speed_feet; /* in a round */
    uint16_t hitpoints, max_hitpoints;
    int8_t modifiers[6]; /* strength, dexterity, constitution, intelligence, wisdom, charisma */
    int8_t attack_bonus;
    session_dice damage;
    uint16_t range_feet; /* 5 for a melee weapon */
    char name[SESSION_NAME_BYTES];
} session_combat;

typedef struct session_claims {
    uint8_t seat;
    uint8_t game_sim_id[16], user_id[16], character_id[16];
    uint64_t seed;
    uint32_t admission; /* the newest token of a player wins */
    session_combat combat;
} session_claims;

/* [any] Writes all 256 bytes. */
void session_claims_write(const session_claims *claims, uint8_t out[NETCODE_USER_DATA_BYTES]);

/* [any] EINVAL for another format, for flags that are not known, or for values that no character
 * can have (no hitpoints, a speed or range beyond SESSION_FEET_MAX, a name without its end). */
HEARTH_MUST_CHECK hearth_status session_claims_read(session_claims *out,
                                                    const uint8_t in[NETCODE_USER_DATA_BYTES]);

/* [any] BLAKE2b-64 of the user id: netcode's client id, so that one player is connected once. */
uint64_t session_client_id(const uint8_t user_id[16]);

#endif
