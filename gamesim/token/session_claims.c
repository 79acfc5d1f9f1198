/*
 * session_claims.c - reading and writing the user data of our own tokens, little-endian throughout.
 */
#include "session_claims.h"
#include "netcode_bytes.h"

#include <sodium.h>
#include <string.h>

enum {
    AT_FORMAT = 0,
    AT_SEAT = 1,
    AT_FLAGS = 2,
    AT_GAME_SIM = 4,
    AT_USER = 20,
    AT_CHARACTER = 36,
    AT_SEED = 52,
    AT_ADMISSION = 60,
    AT_LEVEL = 64,
    AT_ARMOR = 65,
    AT_SPEED = 66,
    AT_HITPOINTS = 68,
    AT_MAX_HITPOINTS = 70,
    AT_MODIFIERS = 72,
    AT_ATTACK = 78,
    AT_DICE = 79,
    AT_RANGE = 82,
    AT_NAME = 84
};

void session_claims_write(const session_claims *claims, uint8_t out[NETCODE_USER_DATA_BYTES])
{
    const session_combat *combat = &claims->combat;
    memset(out, 0, NETCODE_USER_DATA_BYTES);
    out[AT_FORMAT] = SESSION_CLAIMS_FORMAT;
    out[AT_SEAT] = claims->seat;
    memcpy(out + AT_GAME_SIM, claims->game_sim_id, 16);
    memcpy(out + AT_USER, claims->user_id, 16);
    memcpy(out + AT_CHARACTER, claims->character_id, 16);
    netcode_put_u64(out + AT_SEED, claims->seed);
    netcode_put_u32(out + AT_ADMISSION, claims->admission);
    out[AT_LEVEL] = combat->level;
    out[AT_ARMOR] = combat->armor_class;
    netcode_put_u16(out + AT_SPEED, combat->speed_feet);
    netcode_put_u16(out + AT_HITPOINTS, combat->hitpoints);
    netcode_put_u16(out + AT_MAX_HITPOINTS, combat->max_hitpoints);
    memcpy(out + AT_MODIFIERS, combat->modifiers, sizeof(combat->modifiers));
    out[AT_ATTACK] = (uint8_t)combat->attack_bonus;
    out[AT_DICE] = combat->damage.number;
    out[AT_DICE + 1] = combat->damage.sides;
    out[AT_DICE + 2] = (uint8_t)combat->damage.modifier;
    netcode_put_u16(out + AT_RANGE, combat->range_feet);
    memcpy(out + AT_NAME, combat->name, sizeof(combat->name));
}

static bool combat_possible(const session_combat *combat)
{
    return combat->level >= 1 && combat->level <= SESSION_LEVEL_MAX && combat->max_hitpoints >= 1 &&
           combat->hitpoints <= combat->max_hitpoints && combat->speed_feet <= SESSION_FEET_MAX &&
           combat->range_feet >= 1 && combat->range_feet <= SESSION_FEET_MAX &&
           combat->damage.number <= SESSION_DICE_MAX &&
           (combat->damage.number == 0 || combat->damage.sides >= 1) &&
           memchr(combat->name, '\0', sizeof(combat->name)) != NULL;
}

hearth_status session_claims_read(session_claims *out, const uint8_t in[NETCODE_USER_DATA_BYTES])
{
    session_combat *combat = &out->combat;
    if (in[AT_FORMAT] != SESSION_CLAIMS_FORMAT || netcode_get_u16(in + AT_FLAGS) != 0)
        return HEARTH_EINVAL;
    memset(out, 0, sizeof(*out));
    out->seat = in[AT_SEAT];
    memcpy(out->game_sim_id, in + AT_GAME_SIM, 16);
    memcpy(out->user_id, in + AT_USER, 16);
    memcpy(out->character_id, in + AT_CHARACTER, 16);
    out->seed = netcode_get_u64(in + AT_SEED);
    out->admission = netcode_get_u32(in + AT_ADMISSION);
    combat->level = in[AT_LEVEL];
    combat->armor_class = in[AT_ARMOR];
    combat->speed_feet = netcode_get_u16(in + AT_SPEED);
    combat->hitpoints = netcode_get_u16(in + AT_HITPOINTS);
    combat->max_hitpoints = netcode_get_u16(in + AT_MAX_HITPOINTS);
    memcpy(combat->modifiers, in + AT_MODIFIERS, sizeof(combat->modifiers));
    combat->attack_bonus = (int8_t)in[AT_ATTACK];
    combat->damage.number = in[AT_DICE];
    combat->damage.sides = in[AT_DICE + 1];
    combat->damage.modifier = (int8_t)in[AT_DICE + 2];
    combat->range_feet = netcode_get_u16(in + AT_RANGE);
    memcpy(combat->name, in + AT_NAME, sizeof(combat->name));
    return combat_possible(combat) ? HEARTH_OK : HEARTH_EINVAL;
}

uint64_t session_client_id(const uint8_t user_id[16])
{
    uint8_t hash[8];
    crypto_generichash(hash, sizeof(hash), user_id, 16, NULL, 0);
    return netcode_get_u64(hash);
}
