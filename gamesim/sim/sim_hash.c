/*
 * sim_hash.c - the whole state of a simulation in one number, to compare a replay with its
 * original. Field by field, never the structs' memory: padding is not state.
 */
#include "sim/sim.h"

/* FNV-1a over the value's eight bytes. */
static uint64_t mix(uint64_t hash, uint64_t value)
{
    for (int i = 0; i < 8; i++, value >>= 8)
        hash = (hash ^ (value & 255)) * UINT64_C(1099511628211);
    return hash;
}

static uint64_t mix_dice(uint64_t hash, session_dice dice)
{
    return mix(hash, (uint64_t)dice.number | (uint64_t)dice.sides << 8 |
                         (uint64_t)(uint8_t)dice.modifier << 16);
}

static uint64_t mix_fighter(uint64_t hash, const struct sim_fighter *f)
{
    const int64_t values[] = {f->id,          f->kind,          f->x,        f->y,
                              f->hitpoints,   f->max_hitpoints, f->speed,    f->range,
                              f->armor_class, f->attack_bonus,  f->ready_at, f->struck_at,
                              f->detour};
    for (unsigned i = 0; i < sizeof(values) / sizeof(*values); i++)
        hash = mix(hash, (uint64_t)values[i]);
    return mix_dice(hash, f->damage);
}

static uint64_t mix_player(uint64_t hash, const struct sim_player *player)
{
    const int64_t values[] = {player->seated,       player->present,      player->input.move_x,
                              player->input.move_y, player->input.action, player->input.target,
                              player->experience};
    for (unsigned i = 0; i < sizeof(values) / sizeof(*values); i++)
        hash = mix(hash, (uint64_t)values[i]);
    return mix_fighter(hash, &player->fighter);
}

uint64_t sim_hash(const struct sim *sim)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    const uint64_t values[] = {sim->dice.state, sim->tick, sim->match,   sim->phase_since,
                               sim->phase,      sim->room, sim->cleared, sim->next_id};
    for (unsigned i = 0; i < sizeof(values) / sizeof(*values); i++)
        hash = mix(hash, values[i]);
    for (unsigned i = 0; i < SIM_SEATS_MAX; i++)
        hash = mix_player(hash, &sim->players[i]);
    for (unsigned i = 0; i < DUNGEON_MONSTERS_MAX; i++)
        hash = mix_fighter(hash, &sim->monsters[i]);
    for (unsigned i = 0; i < SIM_DROPS_MAX; i++) {
        const struct sim_drop *d = &sim->drops[i];
        hash = mix(hash, d->id | (uint64_t)d->quantity << 16 | (uint64_t)d->item_id << 32);
        hash = mix(hash, (uint64_t)(uint32_t)d->x | (uint64_t)(uint32_t)d->y << 32);
    }
    return hash;
}
