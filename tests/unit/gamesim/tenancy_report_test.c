/*
 * tenancy_report_test.c - what of a match hearthd hears: which happening becomes which report, and
 * of whom.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "host/tenancy_state.h"

#define PLAYER   7 /* fighter in seat 0 */
#define GIVEN_UP 8 /* in seat 1, which is nobody's any more */
#define MONSTER  9

static struct session session;
static struct stream stream;
static struct tenant tenant;
static gamesim_host host = {.sessions = &session, .session_count = 1};
static struct tenancy tenancy = {.host = &host, .tenants = &tenant};

static int begin(void **state)
{
    (void)state;
    memset(&session, 0, sizeof(session));
    session.seat_count = 2;
    session.sim.players[0].fighter.id = PLAYER;
    session.sim.players[1].fighter.id = GIVEN_UP;
    stream_init(&stream, (const uint8_t[16]){1});
    tenant = (struct tenant){.used = true, .stream = &stream};
    tenant.seats[0] = (struct tenant_seat){.kept = true, .character = {0xaa}};
    tenant.seats[1] = (struct tenant_seat){.kept = false, .character = {0xbb}};
    return 0;
}

static void happens(struct sim_event event)
{
    tenancy_happened(&tenancy, &session, &event);
}

static void assert_reported(uint8_t type, uint32_t item, uint32_t amount)
{
    assert_int_equal(stream.pending_count, 1);
    const struct report_event *event = &stream.pending[0];
    assert_int_equal(event->type, type);
    assert_int_equal(event->character[0], 0xaa);
    assert_int_equal(event->item, item);
    assert_int_equal(event->amount, amount);
    stream.pending_count = 0;
}

static void what_happens_to_a_player_is_reported(void **state)
{
    (void)state;
    happens((struct sim_event){
        .type = SIM_EVENT_ATTACK, .actor = MONSTER, .target = PLAYER, .value = 3});
    assert_reported(REPORT_DAMAGE, 0, 3);
    happens((struct sim_event){.type = SIM_EVENT_DEATH, .actor = PLAYER});
    assert_reported(REPORT_DEATH, 0, 0);
    happens((struct sim_event){.type = SIM_EVENT_WAKE, .actor = PLAYER});
    assert_reported(REPORT_HEAL, 0, 1);
    happens((struct sim_event){.type = SIM_EVENT_EXPERIENCE, .actor = PLAYER, .value = 25});
    assert_reported(REPORT_EXPERIENCE, 0, 25);
    happens((struct sim_event){.type = SIM_EVENT_LOOT, .actor = PLAYER, .item = 1478, .value = 2});
    assert_reported(REPORT_LOOT, 1478, 2);
    happens((struct sim_event){.type = SIM_EVENT_LOOT, .actor = PLAYER, .value = 4});
    assert_reported(REPORT_GOLD, 0, 4);
}

static void what_changes_nobodys_character_is_not(void **state)
{
    (void)state;
    happens((struct sim_event){.type = SIM_EVENT_START, .value = 1});
    happens((struct sim_event){.type = SIM_EVENT_ROOM});
    happens((struct sim_event){
        .type = SIM_EVENT_ATTACK, .actor = MONSTER, .target = PLAYER}); /* a miss */
    happens((struct sim_event){
        .type = SIM_EVENT_ATTACK, .actor = PLAYER, .target = MONSTER, .value = 5});
    happens((struct sim_event){.type = SIM_EVENT_DEATH, .actor = MONSTER});
    happens((struct sim_event){.type = SIM_EVENT_EXPERIENCE, .actor = GIVEN_UP, .value = 25});
    assert_int_equal(stream.pending_count, 0);
}

static void behind_its_end_nothing_is_reported(void **state)
{
    (void)state;
    tenant.over = true;
    tenant.stream = NULL;
    happens((struct sim_event){.type = SIM_EVENT_DEATH, .actor = PLAYER});
    assert_int_equal(stream.pending_count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
        TEST(what_happens_to_a_player_is_reported),
        TEST(what_changes_nobodys_character_is_not),
        TEST(behind_its_end_nothing_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
