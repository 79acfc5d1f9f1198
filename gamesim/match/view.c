/*
 * view.c - from the simulation's structs to the wire's. Clients never see seeds, dice or what a
 * monster carries.
 */
#include "match/view.h"

#define STRIKING_TICKS 6 /* how long a blow is shown */

_Static_assert(SIM_SEATS_MAX + DUNGEON_MONSTERS_MAX + SIM_DROPS_MAX <= WIRE_ENTITIES_MAX,
               "entities");
_Static_assert((int)SIM_EVENT_START == WIRE_EVENT_START && (int)SIM_EVENT_ROOM == WIRE_EVENT_ROOM &&
                   (int)SIM_EVENT_END == WIRE_EVENT_END,
               "events");
_Static_assert(DUNGEON_BLOCKS_MAX <= WIRE_BLOCKS_MAX, "blocks");

static struct wire_entity *next(struct wire_snapshot *out)
{
    return &out->entities[out->count++];
}

static void add_fighter(struct wire_snapshot *out, const struct sim *sim,
                        const struct sim_fighter *f, enum wire_entity_kind kind, uint16_t subject,
                        bool present)
{
    uint8_t flags = present ? WIRE_FLAG_PRESENT : 0;
    if (f->struck_at != 0 && sim->tick - f->struck_at < STRIKING_TICKS)
        flags |= WIRE_FLAG_STRIKING;
    *next(out) =
        (struct wire_entity){.id = f->id,
                             .kind = (uint8_t)kind,
                             .flags = flags,
                             .subject = subject,
                             .x = (int16_t)f->x,
                             .y = (int16_t)f->y,
                             .value = (uint32_t)f->hitpoints | (uint32_t)f->max_hitpoints << 16};
}

void view_snapshot(struct wire_snapshot *out, const struct sim *sim)
{
    *out = (struct wire_snapshot){
        .number = sim->tick, .phase = sim->phase, .room = sim->room, .cleared = sim->cleared};
    for (uint16_t i = 0; i < SIM_SEATS_MAX; i++) {
        const struct sim_player *player = &sim->players[i];
        if (player->seated)
            add_fighter(out, sim, &player->fighter, WIRE_PLAYER, i, player->present);
    }
    for (unsigned i = 0; i < DUNGEON_MONSTERS_MAX; i++) {
        const struct sim_fighter *monster = &sim->monsters[i];
        if (monster->id != 0 && monster->hitpoints > 0)
            add_fighter(out, sim, monster, WIRE_MONSTER, monster->kind, true);
    }
    for (unsigned i = 0; i < SIM_DROPS_MAX; i++) {
        const struct sim_drop *d = &sim->drops[i];
        if (d->id != 0)
            *next(out) = (struct wire_entity){.id = d->id,
                                              .kind = WIRE_DROP,
                                              .subject = d->quantity,
                                              .x = (int16_t)d->x,
                                              .y = (int16_t)d->y,
                                              .value = d->item_id};
    }
}

static void make_room(struct wire_event *out, const struct sim *sim, uint32_t index)
{
    const struct dungeon_room *room = &sim->config.dungeon->rooms[index];
    struct wire_room view = {.index = (uint8_t)index,
                             .count = sim->config.dungeon->room_count,
                             .width = (int16_t)room->width,
                             .height = (int16_t)room->height,
                             .entry_x = (int16_t)room->entry.x,
                             .entry_y = (int16_t)room->entry.y,
                             .exit_x = (int16_t)room->exit.x,
                             .exit_y = (int16_t)room->exit.y,
                             .block_count = room->block_count};
    for (unsigned i = 0; i < room->block_count; i++) {
        const struct dungeon_block *b = &room->blocks[i];
        view.blocks[i] =
            (struct wire_rect){(int16_t)b->x, (int16_t)b->y, (int16_t)b->width, (int16_t)b->height};
    }
    wire_make_room(out, &view);
}

void view_event(struct wire_event *out, const struct sim *sim, const struct sim_event *event)
{
    if (event->type == SIM_EVENT_ROOM) {
        make_room(out, sim, event->value);
        return;
    }
    const struct wire_happening happening = {.detail = event->detail,
                                             .actor = event->actor,
                                             .target = event->target,
                                             .item = event->item,
                                             .value = event->value};
    wire_make_happening(out, (enum wire_event_type)event->type, &happening);
}
