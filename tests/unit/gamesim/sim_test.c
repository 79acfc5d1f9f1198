/*
 * sim_test.c - the simulation: the same seed and commands give the same state, the rules of a
 * fight, how a match begins and ends, and the data it is played with.
 */
#include "../unit.h"

#include "sim/sim_state.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct dungeon shipped;

struct seen {
    unsigned count[SIM_EVENT_END + 1];
    uint32_t experience, outcome;
};

static void on_event(void *arg, const struct sim_event *event)
{
    struct seen *seen = arg;
    seen->count[event->type]++;
    if (event->type == SIM_EVENT_EXPERIENCE)
        seen->experience += event->value;
    if (event->type == SIM_EVENT_END)
        seen->outcome = event->value;
}

static void setup(struct sim *sim, struct seen *seen, uint64_t seed, uint8_t seats)
{
    memset(seen, 0, sizeof(*seen));
    const struct sim_config config = {&shipped, seed, seats, false, on_event, seen};
    sim_init(sim, &config);
}

static void join(struct sim *sim, uint8_t seat)
{
    const struct sim_command command = {.type = SIM_JOIN, .seat = seat, .combat = shipped.hero};
    sim_apply(sim, &command);
}

static void input(struct sim *sim, uint8_t seat, struct sim_input in)
{
    const struct sim_command command = {.type = SIM_INPUT, .seat = seat, .input = in};
    sim_apply(sim, &command);
}

static void tick(struct sim *sim)
{
    const struct sim_command command = {.type = SIM_TICK};
    sim_apply(sim, &command);
}

/* Goes for the first monster, then for the exit, like a careless player. */
static struct sim_input careless(const struct sim *sim, uint8_t seat)
{
    const struct sim_fighter *own = &sim->players[seat].fighter;
    int32_t x = sim_room(sim)->exit.x, y = sim_room(sim)->exit.y;
    struct sim_input in = {0};
    for (unsigned i = 0; i < DUNGEON_MONSTERS_MAX && in.action == 0; i++) {
        if (combat_alive(&sim->monsters[i])) {
            x = sim->monsters[i].x;
            y = sim->monsters[i].y;
            in.action = SIM_ACTION_ATTACK;
            in.target = sim->monsters[i].id;
        }
    }
    in.move_x = (int8_t)(x > own->x + 200 ? 127 : x < own->x - 200 ? -127 : 0);
    in.move_y = (int8_t)(y > own->y + 200 ? 127 : y < own->y - 200 ? -127 : 0);
    return in;
}

static uint64_t play(uint64_t seed, struct seen *seen)
{
    struct sim sim;
    setup(&sim, seen, seed, 4);
    for (uint8_t i = 0; i < 4; i++)
        join(&sim, i);
    for (int t = 0; t < 12000 && seen->count[SIM_EVENT_END] == 0; t++) {
        for (uint8_t i = 0; i < 4; i++)
            input(&sim, i, careless(&sim, i));
        tick(&sim);
    }
    return sim_hash(&sim);
}

static void a_seed_and_its_inputs_give_one_state(void **state)
{
    (void)state;
    struct seen first, second, other;
    uint64_t hash = play(42, &first);
    assert_true(hash == play(42, &second));
    assert_memory_equal(&first, &second, sizeof(first));
    assert_true(hash != play(43, &other));
}

/* The number is part of the promise: another machine, compiler or day computes the same. A change
 * of the rules or of dungeon.json changes it, and nothing else may. */
static void the_state_is_the_same_on_every_machine(void **state)
{
    (void)state;
    struct seen seen;
    uint64_t hash = play(1, &seen);
    if (hash != UINT64_C(0xfe0e2cee903ccfad))
        fail_msg("0x%" PRIx64, hash);
}

static void matches_end_and_are_won_and_lost(void **state)
{
    (void)state;
    unsigned won = 0, lost = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct seen seen;
        play(seed, &seen);
        assert_int_equal(seen.count[SIM_EVENT_START], 1);
        assert_int_equal(seen.count[SIM_EVENT_END], 1);
        won += seen.outcome == SIM_VICTORY;
        lost += seen.outcome == SIM_DEFEAT;
        if (seen.outcome == SIM_VICTORY) {
            assert_int_equal(seen.count[SIM_EVENT_ROOM], shipped.room_count);
            assert_true(seen.experience > 0);
        }
    }
    assert_int_equal(won + lost, 40);
    assert_true(won > 0);
}

static void a_player_who_only_stands_there_loses(void **state)
{
    (void)state;
    struct sim sim;
    struct seen seen;
    setup(&sim, &seen, 5, 4);
    join(&sim, 0);
    input(&sim, 0, (struct sim_input){0}); /* and then nothing more */
    for (int t = 0; t < 9000 && seen.count[SIM_EVENT_END] == 0; t++)
        tick(&sim);
    assert_int_equal(seen.outcome, SIM_DEFEAT);
    assert_int_equal(sim.players[0].fighter.hitpoints, 0);
}

static void a_match_starts_with_its_first_input(void **state)
{
    (void)state;
    struct sim sim;
    struct seen seen;
    setup(&sim, &seen, 5, 4);
    join(&sim, 0);
    for (int t = 0; t < 100; t++)
        tick(&sim);
    assert_int_equal(sim.phase, SIM_WAITING);
    input(&sim, 1, (struct sim_input){0}); /* from an empty seat */
    assert_int_equal(sim.phase, SIM_WAITING);
    input(&sim, 0, (struct sim_input){0});
    assert_int_equal(sim.phase, SIM_RUNNING);
}

static void a_repeating_session_plays_the_next_match(void **state)
{
    (void)state;
    struct sim sim;
    struct seen seen = {0};
    const struct sim_config config = {&shipped, 5, 4, true, on_event, &seen};
    sim_init(&sim, &config);
    join(&sim, 0);
    for (int t = 0; t < 40000 && seen.count[SIM_EVENT_START] < 3; t++) {
        input(&sim, 0, careless(&sim, 0));
        tick(&sim);
    }
    assert_int_equal(seen.count[SIM_EVENT_START], 3);
    assert_int_equal(seen.count[SIM_EVENT_END], 2);
    assert_int_equal(sim.players[0].fighter.hitpoints, shipped.hero.hitpoints);
}

static void a_kept_seat_comes_back_as_it_was(void **state)
{
    (void)state;
    struct sim sim;
    struct seen seen;
    setup(&sim, &seen, 5, 4);
    join(&sim, 0);
    input(&sim, 0, (struct sim_input){.move_x = 127});
    for (int t = 0; t < 10; t++)
        tick(&sim);
    struct sim_fighter before = sim.players[0].fighter;
    const struct sim_command leave = {.type = SIM_LEAVE};
    sim_apply(&sim, &leave);
    tick(&sim);
    assert_int_equal(sim.phase, SIM_RUNNING); /* somebody who is away may come back */
    join(&sim, 0);
    assert_int_equal(sim.players[0].fighter.id, before.id);
    assert_int_equal(sim.players[0].fighter.x, before.x);
}

/* Whoever is there shares alike, also who lies unconscious; who is away gets nothing. */
static void experience_goes_to_those_who_are_there(void **state)
{
    (void)state;
    struct sim sim;
    struct seen seen;
    setup(&sim, &seen, 1, 4);
    for (uint8_t i = 0; i < 3; i++)
        join(&sim, i);
    input(&sim, 0, (struct sim_input){0});
    sim_apply(&sim, &(struct sim_command){.type = SIM_LEAVE, .seat = 1});
    sim.players[2].fighter.hitpoints = 0;
    struct sim_fighter *monster = &sim.monsters[0], *hero = &sim.players[0].fighter;
    monster->x = hero->x;
    monster->y = hero->y;
    monster->hitpoints = 1;
    hero->attack_bonus = 100;
    hero->ready_at = 0;
    const uint32_t worth = shipped.kinds[monster->kind].experience;
    for (int t = 0; t < 600 && combat_alive(monster); t++) {
        sim.tick += shipped.round_ticks;
        combat_attack(&sim, hero, monster);
    }
    assert_false(combat_alive(monster));
    assert_int_equal(sim.players[0].experience, worth / 2);
    assert_int_equal(sim.players[1].experience, 0);
    assert_int_equal(sim.players[2].experience, worth / 2);
    assert_int_equal(seen.count[SIM_EVENT_EXPERIENCE], 2);
}

static void ids_of_those_who_stay_for_long_are_not_given_again(void **state)
{
    (void)state;
    struct sim sim;
    struct seen seen;
    setup(&sim, &seen, 1, 4);
    for (uint8_t i = 0; i < 4; i++)
        join(&sim, i);
    for (uint32_t i = 0; i < 200000; i++) {
        uint16_t id = sim_new_id(&sim);
        assert_int_not_equal(id, 0);
        for (unsigned k = 0; k < 4; k++)
            assert_int_not_equal(id, sim.players[k].fighter.id);
    }
}

static void nobody_walks_through_walls_or_faster_than_their_speed(void **state)
{
    (void)state;
    struct sim sim;
    struct seen seen;
    setup(&sim, &seen, 5, 4);
    join(&sim, 0);
    sim.room = 2; /* the one with blocks */
    struct sim_fighter *f = &sim.players[0].fighter;
    struct dice dice;
    dice_seed(&dice, 9);
    for (int i = 0; i < 20000; i++) {
        int32_t x = f->x, y = f->y, full = sim_step_length(&sim, f);
        space_move(&sim, f, (int32_t)dice_below(&dice, 255) - 127,
                   (int32_t)dice_below(&dice, 255) - 100, full);
        assert_true(space_distance_squared(x, y, f->x, f->y) <= (int64_t)full * full);
        assert_in_range(f->x, 0, sim_room(&sim)->width);
        assert_in_range(f->y, 0, sim_room(&sim)->height);
        for (uint8_t b = 0; b < sim_room(&sim)->block_count; b++) {
            const struct dungeon_block *block = &sim_room(&sim)->blocks[b];
            assert_false(f->x > block->x && f->x < block->x + block->width && f->y > block->y &&
                         f->y < block->y + block->height);
        }
    }
}

static void attacks_need_reach_sight_and_time(void **state)
{
    (void)state;
    struct sim sim;
    struct seen seen;
    setup(&sim, &seen, 5, 4);
    join(&sim, 0);
    sim.tick = 1000;
    sim.room = 2;
    struct sim_fighter *archer = &sim.players[0].fighter, *target = &sim.monsters[0];
    archer->range = FEET(60);
    archer->x = FEET(10);
    archer->y = FEET(12);
    *target = (struct sim_fighter){.id = 99, .x = FEET(30), .y = FEET(12), .hitpoints = 500};
    combat_attack(&sim, archer, target); /* a block stands between them */
    assert_int_equal(seen.count[SIM_EVENT_ATTACK], 0);
    target->y = FEET(30);
    combat_attack(&sim, archer, target);
    assert_int_equal(seen.count[SIM_EVENT_ATTACK], 1);
    combat_attack(&sim, archer, target); /* once in a round */
    assert_int_equal(seen.count[SIM_EVENT_ATTACK], 1);
    sim.tick += shipped.round_ticks;
    archer->range = FEET(5);
    combat_attack(&sim, archer, target); /* too far away */
    assert_int_equal(seen.count[SIM_EVENT_ATTACK], 1);
    archer->range = FEET(60);
    combat_attack(&sim, archer, target);
    assert_int_equal(seen.count[SIM_EVENT_ATTACK], 2);
}

static void dice_are_fair_and_bounded(void **state)
{
    (void)state;
    struct dice dice;
    unsigned faces[6] = {0};
    dice_seed(&dice, 3);
    for (int i = 0; i < 60000; i++)
        faces[dice_roll(&dice, 6) - 1]++;
    for (int i = 0; i < 6; i++)
        assert_in_range(faces[i], 9500, 10500);
    for (int i = 0; i < 1000; i++) {
        assert_in_range(dice_damage(&dice, (session_dice){2, 6, 3}, 1), 5, 15);
        assert_in_range(dice_damage(&dice, (session_dice){2, 6, 3}, 2), 7, 27);
        assert_in_range(dice_damage(&dice, (session_dice){1, 4, -2}, 1), 0, 2);
    }
    assert_int_equal(dice_damage(&dice, (session_dice){0, 0, 7}, 1), 7);
}

/* Writes a dungeon.json with one replacement made and says what loading it says. */
static hearth_status load_changed(const char *from, const char *to, char error[512])
{
    static char text[16384];
    struct dungeon dungeon;
    char dir[] = "/tmp/dungeon-XXXXXX", path[64];
    FILE *in = fopen(GAMEDATA "/dungeon.json", "r");
    assert_non_null(in);
    size_t len = fread(text, 1, sizeof(text) - 1, in);
    fclose(in);
    text[len] = '\0';
    char *at = strstr(text, from);
    assert_non_null(at);
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/dungeon.json", dir);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fprintf(out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    fclose(out);
    hearth_status status = dungeon_load(&dungeon, dir, error);
    unlink(path);
    rmdir(dir);
    return status;
}

static void mistakes_in_the_data_are_named(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"\"roundTicks\": 45", "\"roundTicks\": 0", "roundTicks"},
        {"\"roundTicks\": 45", "\"roundTick\": 45", "roundTick"},
        {"\"2d6\"", "\"2d\"", "hitpoints"},
        {"\"2d6\"", "\"99d6\"", "hitpoints"},
        {"\"count\": 3", "\"count\": 25", "count"},
        {"\"monster\": \"Giant Rat\"", "\"monster\": \"Giant Bat\"", "Giant Bat"},
        {"\"exit\": [36, 15]", "\"exit\": [40, 15]", "exit"},
        {"\"entry\": [5, 20]", "\"entry\": [23, 10]", "block"},
        {"\"percent\": 15", "\"percent\": 101", "percent"},
        {"\"speed\": 30", "\"speed\": \"fast\"", "speed"},
        {"\"rooms\"", "\"rooms\": [], \"rooms\"", ":"},
        {"{", "", ":"},
    };
    char error[512];
    assert_int_equal(load_changed("\"count\": 3", "\"count\": 4", error), HEARTH_OK);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(load_changed(cases[i][0], cases[i][1], error), HEARTH_EINVAL);
        if (!strstr(error, cases[i][2]) || !strstr(error, "dungeon.json"))
            fail_msg("\"%s\" does not name %s", error, cases[i][2]);
    }
}

static bool item_exists(const json_t *items, uint32_t id)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(items, "items"), i, item)
    {
        if (json_integer_value(json_object_get(item, "id")) == id)
            return true;
    }
    return false;
}

/* What monsters drop ends in inventories, where only known items can be used. */
static void monsters_drop_only_items_that_exist(void **state)
{
    (void)state;
    json_t *items = json_load_file(GAMEDATA "/items.json", 0, NULL);
    assert_non_null(items);
    for (unsigned k = 0; k < shipped.kind_count; k++) {
        for (unsigned i = 0; i < shipped.kinds[k].drop_count; i++)
            assert_true(item_exists(items, shipped.kinds[k].drops[i].item_id));
    }
    json_decref(items);
}

/* A recorded session: joins, departures, returns and inputs, in the order they came. */
static void a_recording_replays_to_the_same_hash(void **state)
{
    (void)state;
    static struct sim_command log[40000];
    size_t count = 0;
    struct sim sim, replay;
    struct seen seen, seen_again;
    struct dice dice;
    dice_seed(&dice, 77);
    setup(&sim, &seen, 11, 4);
    while (count < sizeof(log) / sizeof(*log)) {
        struct sim_command command = {.type = SIM_TICK};
        uint32_t chance = dice_below(&dice, 400);
        command.seat = (uint8_t)dice_below(&dice, 5); /* one of them does not exist */
        if (chance == 0)
            command.type = (uint8_t)(SIM_LEAVE + dice_below(&dice, 2));
        else if (chance < 8)
            command.type = SIM_JOIN;
        else if (chance < 250)
            command.type = SIM_INPUT;
        if (command.type == SIM_JOIN)
            command.combat = shipped.hero;
        if (command.type == SIM_INPUT)
            command.input = careless(&sim, command.seat % 4);
        sim_apply(&sim, &command);
        log[count++] = command;
    }
    setup(&replay, &seen_again, 11, 4);
    for (size_t i = 0; i < count; i++)
        sim_apply(&replay, &log[i]);
    assert_true(sim_hash(&sim) == sim_hash(&replay));
    assert_memory_equal(&seen, &seen_again, sizeof(seen));
    assert_true(seen.count[SIM_EVENT_ATTACK] > 10);
}

int main(void)
{
    char error[512];
    if (dungeon_load(&shipped, GAMEDATA, error) != HEARTH_OK) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_and_its_inputs_give_one_state),
        cmocka_unit_test(the_state_is_the_same_on_every_machine),
        cmocka_unit_test(matches_end_and_are_won_and_lost),
        cmocka_unit_test(a_player_who_only_stands_there_loses),
        cmocka_unit_test(a_match_starts_with_its_first_input),
        cmocka_unit_test(a_repeating_session_plays_the_next_match),
        cmocka_unit_test(a_kept_seat_comes_back_as_it_was),
        cmocka_unit_test(experience_goes_to_those_who_are_there),
        cmocka_unit_test(ids_of_those_who_stay_for_long_are_not_given_again),
        cmocka_unit_test(nobody_walks_through_walls_or_faster_than_their_speed),
        cmocka_unit_test(attacks_need_reach_sight_and_time),
        cmocka_unit_test(dice_are_fair_and_bounded),
        cmocka_unit_test(mistakes_in_the_data_are_named),
        cmocka_unit_test(monsters_drop_only_items_that_exist),
        cmocka_unit_test(a_recording_replays_to_the_same_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
