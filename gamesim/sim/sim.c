/*
 * sim.c - the life of a match: seats, the order of a tick, rooms, the end.
 */
#include "sim/sim.h"
#include "sim/sim_state.h"

#include <string.h>

void sim_init(struct sim *sim, const struct sim_config *config)
{
    memset(sim, 0, sizeof(*sim));
    sim->config = *config;
    sim->next_id = 1;
    dice_seed(&sim->dice, config->seed);
}

const struct dungeon_room *sim_room(const struct sim *sim)
{
    return &sim->config.dungeon->rooms[sim->room];
}

bool sim_player_active(const struct sim_player *player)
{
    return player->seated && player->present && combat_alive(&player->fighter);
}

void sim_emit(struct sim *sim, struct sim_event event)
{
    sim->config.event(sim->config.event_arg, &event);
}

static bool is_players(const struct sim *sim, uint16_t id)
{
    for (unsigned i = 0; i < SIM_SEATS_MAX; i++) {
        if (sim->players[i].fighter.id == id)
            return true;
    }
    return false;
}

/* After 65,535 things the oldest are long gone, but for players. */
uint16_t sim_new_id(struct sim *sim)
{
    uint16_t id = sim->next_id++;
    while (id == 0 || is_players(sim, id))
        id = sim->next_id++;
    return id;
}

int32_t sim_step_length(const struct sim *sim, const struct sim_fighter *f)
{
    return f->speed / (int32_t)sim->config.dungeon->round_ticks;
}

static void place_at_entry(const struct sim *sim, struct sim_player *player)
{
    static const int32_t offsets[SIM_SEATS_MAX] = {0, 300, -300, 600, -600, 900, -900, 1200};
    const struct dungeon_room *room = sim_room(sim);
    player->fighter.x = room->entry.x;
    player->fighter.y = room->entry.y;
    /* Beside each other, as far as walls allow. */
    space_move(sim, &player->fighter, 0, offsets[player - sim->players],
               offsets[player - sim->players] < 0 ? -offsets[player - sim->players]
                                                  : offsets[player - sim->players]);
}

static void arm(struct sim_player *player)
{
    const session_combat *combat = &player->combat;
    struct sim_fighter *f = &player->fighter;
    f->hitpoints = combat->hitpoints;
    f->max_hitpoints = combat->max_hitpoints;
    f->speed = FEET(combat->speed_feet);
    f->range = FEET(combat->range_feet);
    f->armor_class = combat->armor_class;
    f->attack_bonus = combat->attack_bonus;
    f->damage = combat->damage;
    f->ready_at = 0;
}

static void join(struct sim *sim, uint8_t seat, const session_combat *combat)
{
    struct sim_player *player = &sim->players[seat];
    if (!player->seated) {
        memset(player, 0, sizeof(*player));
        player->seated = true;
        player->combat = *combat;
        player->fighter.id = sim_new_id(sim);
        arm(player);
        place_at_entry(sim, player);
    }
    player->present = true;
    memset(&player->input, 0, sizeof(player->input));
}

static void enter_room(struct sim *sim, uint8_t room)
{
    sim->room = room;
    sim->cleared = false;
    memset(sim->drops, 0, sizeof(sim->drops));
    for (unsigned i = 0; i < SIM_SEATS_MAX; i++) {
        if (sim->players[i].seated)
            place_at_entry(sim, &sim->players[i]);
    }
    sim_emit(sim, (struct sim_event){.type = SIM_EVENT_ROOM, .value = room});
}

static void set_phase(struct sim *sim, uint8_t phase)
{
    sim->phase = phase;
    sim->phase_since = sim->tick;
}

static void start(struct sim *sim)
{
    sim->match++;
    set_phase(sim, SIM_RUNNING);
    sim_emit(sim, (struct sim_event){.type = SIM_EVENT_START, .value = sim->match});
    enter_room(sim, 0);
    monsters_spawn(sim);
}

static void end(struct sim *sim, uint8_t outcome)
{
    set_phase(sim, outcome);
    sim_emit(sim, (struct sim_event){.type = SIM_EVENT_END, .value = outcome});
}

/* Stand-alone: everybody is well again, and the next input starts the next match. */
static void rest(struct sim *sim)
{
    if (!sim->config.repeating || sim->tick - sim->phase_since < sim->config.dungeon->rest_ticks)
        return;
    memset(sim->monsters, 0, sizeof(sim->monsters));
    for (unsigned i = 0; i < SIM_SEATS_MAX; i++) {
        if (sim->players[i].seated)
            arm(&sim->players[i]);
        memset(&sim->players[i].input, 0, sizeof(sim->players[i].input));
    }
    set_phase(sim, SIM_WAITING);
    enter_room(sim, 0);
}

static void player_acts(struct sim *sim, struct sim_player *player)
{
    const struct sim_input *input = &player->input;
    struct sim_fighter *f = &player->fighter;
    int32_t full = sim_step_length(sim, f);
    int32_t size = input->move_x * input->move_x + input->move_y * input->move_y;
    /* A vector shorter than 127 is a slower walk. */
    int32_t step = size >= 127 * 127 ? full : 0;
    if (step == 0) {
        int32_t part = 0;
        while ((part + 1) * (part + 1) <= size)
            part++;
        step = full * part / 127;
    }
    space_move(sim, f, input->move_x, input->move_y, step);
    if (input->action == SIM_ACTION_ATTACK) {
        struct sim_fighter *target = combat_monster(sim, input->target);
        if (target)
            combat_attack(sim, f, target);
    }
    combat_pick_up(sim, player);
}

static bool anybody(const struct sim *sim, bool (*is)(const struct sim_player *))
{
    for (unsigned i = 0; i < SIM_SEATS_MAX; i++) {
        if (is(&sim->players[i]))
            return true;
    }
    return false;
}

static bool monsters_left(const struct sim *sim)
{
    for (unsigned i = 0; i < DUNGEON_MONSTERS_MAX; i++) {
        if (combat_alive(&sim->monsters[i]))
            return true;
    }
    return false;
}

/* Once the last monster is dead the unconscious come to, with one hitpoint. */
static void clear_room(struct sim *sim)
{
    sim->cleared = true;
    for (unsigned i = 0; i < SIM_SEATS_MAX; i++) {
        struct sim_player *player = &sim->players[i];
        if (player->seated && player->fighter.hitpoints == 0) {
            player->fighter.hitpoints = 1;
            sim_emit(sim, (struct sim_event){.type = SIM_EVENT_WAKE, .actor = player->fighter.id});
        }
    }
}

/* Somebody who is only away may come back; nobody conscious at all is the end. */
static bool can_fight(const struct sim_player *player)
{
    return player->seated && combat_alive(&player->fighter);
}

static void judge(struct sim *sim)
{
    const struct dungeon_room *room = sim_room(sim);
    bool late = sim->tick - sim->phase_since >= sim->config.dungeon->match_ticks;
    if (late || (!anybody(sim, can_fight) && monsters_left(sim))) {
        end(sim, SIM_DEFEAT);
        return;
    }
    if (!sim->cleared && !monsters_left(sim))
        clear_room(sim);
    for (unsigned i = 0; i < SIM_SEATS_MAX && sim->cleared; i++) {
        if (!sim_player_active(&sim->players[i]) ||
            !space_within(&sim->players[i].fighter, room->exit.x, room->exit.y, SIM_REACH))
            continue;
        if (sim->room + 1 == sim->config.dungeon->room_count) {
            end(sim, SIM_VICTORY);
        } else {
            enter_room(sim, (uint8_t)(sim->room + 1));
            monsters_spawn(sim);
        }
        return;
    }
}

static void tick(struct sim *sim)
{
    sim->tick++;
    if (sim->phase == SIM_RUNNING) {
        for (unsigned i = 0; i < SIM_SEATS_MAX; i++) {
            if (sim_player_active(&sim->players[i]))
                player_acts(sim, &sim->players[i]);
        }
        monsters_act(sim);
        judge(sim);
    } else if (sim->phase != SIM_WAITING) {
        rest(sim);
    }
}

void sim_apply(struct sim *sim, const struct sim_command *command)
{
    struct sim_player *player = &sim->players[command->seat % SIM_SEATS_MAX];
    if (command->type == SIM_TICK) {
        tick(sim);
        return;
    }
    if (command->seat >= sim->config.seats)
        return;
    if (command->type == SIM_JOIN) {
        join(sim, command->seat, &command->combat);
    } else if (command->type == SIM_LEAVE) {
        player->present = false;
    } else if (command->type == SIM_VACATE) {
        memset(player, 0, sizeof(*player));
    } else if (command->type == SIM_INPUT && player->seated && player->present) {
        player->input = command->input;
        if (sim->phase == SIM_WAITING)
            start(sim);
    }
}
