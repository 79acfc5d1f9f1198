/*
 * connect.c - see connect.h.
 */
#include "connect.h"

#include <netcode_token.h>
#include <session_claims.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define TOKEN_TIMEOUT_SECONDS 10

void fighter_take(struct fighter *fighter, const hearth_character_view *view)
{
    size_t len = view->name.len < MEMBER_NAME_SIZE ? view->name.len : MEMBER_NAME_SIZE - 1;
    *fighter = (struct fighter){
        .level = view->level,
        .hitpoints = view->hitpoints,
        .max_hitpoints = view->max_hitpoints,
        .armor_class = view->armor_class,
        .speed = view->movement_speed,
        .range = view->attack_range,
        .attack_bonus = view->attack_bonus,
        .dice = view->damage_dice,
        .sides = view->damage_sides,
        .damage_modifier = view->damage_modifier,
    };
    memcpy(fighter->modifiers, view->modifiers, sizeof(fighter->modifiers));
    memcpy(fighter->name, view->name.ptr, len);
}

static void uuid_bytes(const char *text, uint8_t out[16])
{
    size_t len = 0;
    if (sodium_hex2bin(out, 16, text, HEARTH_UUID_SIZE - 1, "-", &len, NULL) != 0 || len != 16)
        memset(out, 0, 16);
}

static int32_t clamp(int32_t value, int32_t least, int32_t most)
{
    return value < least ? least : value > most ? most : value;
}

/* One who fell in this very match may come back to it: he lies there with one hitpoint until the
 * instance, which knows better, says otherwise. */
static void fill_combat(session_combat *combat, const struct fighter *fighter)
{
    combat->level = (uint8_t)clamp(fighter->level, 1, SESSION_LEVEL_MAX);
    combat->armor_class = (uint8_t)clamp(fighter->armor_class, 0, UINT8_MAX);
    combat->speed_feet = (uint16_t)clamp(fighter->speed, 0, SESSION_FEET_MAX);
    combat->max_hitpoints = (uint16_t)clamp(fighter->max_hitpoints, 1, UINT16_MAX);
    combat->hitpoints = (uint16_t)clamp(fighter->hitpoints, 1, combat->max_hitpoints);
    for (int i = 0; i < 6; i++)
        combat->modifiers[i] = (int8_t)clamp(fighter->modifiers[i], INT8_MIN, INT8_MAX);
    combat->attack_bonus = (int8_t)clamp(fighter->attack_bonus, INT8_MIN, INT8_MAX);
    combat->damage = (session_dice){(uint8_t)clamp(fighter->dice, 0, SESSION_DICE_MAX),
                                    (uint8_t)clamp(fighter->sides, 0, UINT8_MAX),
                                    (int8_t)clamp(fighter->damage_modifier, INT8_MIN, INT8_MAX)};
    combat->range_feet = (uint16_t)clamp(fighter->range, 1, SESSION_FEET_MAX);
    memcpy(combat->name, fighter->name, sizeof(combat->name));
}

static size_t parse_addresses(const struct seat *seat,
                              netcode_address out[INSTANCE_ADDRESSES_MAX + 1])
{
    char first[INSTANCE_ADDRESS_SIZE + 9];
    size_t count = 0;
    snprintf(first, sizeof(first), strchr(seat->address, ':') ? "[%s]:%u" : "%s:%u", seat->address,
             (unsigned)seat->port);
    if (netcode_address_parse(&out[0], first) == HEARTH_OK)
        count = 1;
    for (uint32_t i = 0; count > 0 && i < seat->address_count; i++) {
        if (netcode_address_parse(&out[count], seat->addresses[i]) == HEARTH_OK)
            count++;
    }
    return count;
}

/* The token's life ends when the seat's document says so, however long the way here has taken. */
static uint64_t issued_at(void *arg)
{
    const uint64_t *seconds = arg;
    return *seconds;
}

hearth_status connect_token(const struct mm_loop *loop, const struct seat *seat,
                            const struct player *player, int64_t expires_ms,
                            const struct fighter *fighter, char out[CONNECT_TOKEN_TEXT])
{
    netcode_address addresses[INSTANCE_ADDRESSES_MAX + 1];
    size_t count = parse_addresses(seat, addresses);
    session_claims claims = {
        .seat = seat->number, .seed = seat->seed, .admission = seat->admission};
    uint8_t user_data[NETCODE_USER_DATA_BYTES], token[NETCODE_TOKEN_BYTES];
    uint64_t lifetime = (uint64_t)mm_conf(loop)->token_lifetime_ms / 1000, expires;
    uint64_t issued = (uint64_t)expires_ms / 1000 - lifetime;
    netcode_issuer issuer;
    uuid_bytes(seat->game_sim, claims.game_sim_id);
    uuid_bytes(player->user, claims.user_id);
    uuid_bytes(player->character, claims.character_id);
    fill_combat(&claims.combat, fighter);
    session_claims_write(&claims, user_data);
    netcode_grant grant = {
        .client_id = session_client_id(claims.user_id),
        .timeout_seconds = TOKEN_TIMEOUT_SECONDS,
        .public_addresses = addresses,
        .public_count = count,
        .private_addresses = addresses,
        .private_count = count,
        .user_data = user_data,
    };
    hearth_status status =
        netcode_issuer_init(&issuer, seat->connect_key, loop->protocol_id, lifetime);
    if (status != HEARTH_OK)
        return status;
    issuer.unix_seconds = issued_at;
    issuer.arg = &issued;
    status = netcode_token_write(&issuer, &grant, token, &expires);
    netcode_issuer_finish(&issuer);
    if (status == HEARTH_OK)
        sodium_bin2base64(out, CONNECT_TOKEN_TEXT, token, sizeof(token),
                          sodium_base64_VARIANT_ORIGINAL);
    sodium_memzero(token, sizeof(token));
    return status == HEARTH_OK ? HEARTH_OK : HEARTH_EINTERNAL;
}
