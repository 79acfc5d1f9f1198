/*
 * combat.c - attacks after the System Reference Document: d20 + bonus against armour class, a 20
 * hits and doubles the dice, a 1 misses; what the dead leave behind, and who picks it up.
 */
#include "sim/sim_state.h"

#include <string.h>

bool combat_alive(const struct sim_fighter *f)
{
    return f->id != 0 && f->hitpoints > 0;
}

struct sim_fighter *combat_monster(struct sim *sim, uint16_t id)
{
    for (unsigned i = 0; i < DUNGEON_MONSTERS_MAX; i++) {
        if (sim->monsters[i].id == id && combat_alive(&sim->monsters[i]))
            return &sim->monsters[i];
    }
    return NULL;
}

static void drop(struct sim *sim, const struct sim_fighter *where, uint32_t item, uint16_t quantity)
{
    for (unsigned i = 0; i < SIM_DROPS_MAX; i++) {
        if (sim->drops[i].id == 0) {
            sim->drops[i] = (struct sim_drop){sim_new_id(sim), quantity, item, where->x, where->y};
            return;
        }
    }
}

static void leave_loot(struct sim *sim, const struct sim_fighter *monster)
{
    const struct dungeon_monster *kind = &sim->config.dungeon->kinds[monster->kind];
    int32_t gold = dice_damage(&sim->dice, kind->gold, 1);
    if (gold > 0)
        drop(sim, monster, 0, (uint16_t)gold);
    for (uint8_t i = 0; i < kind->drop_count; i++) {
        if (dice_roll(&sim->dice, 100) <= kind->drops[i].percent)
            drop(sim, monster, kind->drops[i].item_id, kind->drops[i].quantity);
    }
}

/* Everybody who is there shares alike; what cannot be divided is lost. */
static void share_experience(struct sim *sim, uint32_t amount)
{
    uint32_t sharers = 0;
    for (unsigned i = 0; i < SIM_SEATS_MAX; i++)
        sharers += sim->players[i].seated && sim->players[i].present;
    for (unsigned i = 0; i < SIM_SEATS_MAX && sharers > 0; i++) {
        struct sim_player *player = &sim->players[i];
        if (!player->seated || !player->present || amount / sharers == 0)
            continue;
        player->experience += amount / sharers;
        sim_emit(sim, (struct sim_event){.type = SIM_EVENT_EXPERIENCE,
                                         .actor = player->fighter.id,
                                         .value = amount / sharers});
    }
}

static void fall(struct sim *sim, const struct sim_fighter *fallen)
{
    sim_emit(sim, (struct sim_event){.type = SIM_EVENT_DEATH, .actor = fallen->id});
    if (fallen >= sim->monsters && fallen < sim->monsters + DUNGEON_MONSTERS_MAX) {
        leave_loot(sim, fallen);
        share_experience(sim, sim->config.dungeon->kinds[fallen->kind].experience);
    }
}

void combat_attack(struct sim *sim, struct sim_fighter *attacker, struct sim_fighter *target)
{
    if (sim->tick < attacker->ready_at ||
        !space_within(attacker, target->x, target->y, attacker->range) ||
        !space_sees(sim, attacker, target))
        return;
    attacker->ready_at = sim->tick + sim->config.dungeon->round_ticks;
    attacker->struck_at = sim->tick;
    int32_t roll = dice_roll(&sim->dice, 20), damage = 0;
    uint8_t detail = SIM_MISS;
    if (roll == 20)
        detail = SIM_CRITICAL;
    else if (roll != 1 && roll + attacker->attack_bonus >= target->armor_class)
        detail = SIM_HIT;
    if (detail != SIM_MISS)
        damage = dice_damage(&sim->dice, attacker->damage, detail == SIM_CRITICAL ? 2 : 1);
    if (damage > target->hitpoints)
        damage = target->hitpoints;
    target->hitpoints -= damage;
    sim_emit(sim, (struct sim_event){.type = SIM_EVENT_ATTACK,
                                     .detail = detail,
                                     .actor = attacker->id,
                                     .target = target->id,
                                     .value = (uint32_t)damage});
    if (target->hitpoints == 0)
        fall(sim, target);
}

void combat_pick_up(struct sim *sim, struct sim_player *player)
{
    for (unsigned i = 0; i < SIM_DROPS_MAX; i++) {
        struct sim_drop *found = &sim->drops[i];
        if (found->id == 0 || !space_within(&player->fighter, found->x, found->y, SIM_REACH))
            continue;
        sim_emit(sim, (struct sim_event){.type = SIM_EVENT_LOOT,
                                         .actor = player->fighter.id,
                                         .target = found->id,
                                         .item = found->item_id,
                                         .value = found->quantity});
        memset(found, 0, sizeof(*found));
    }
}
