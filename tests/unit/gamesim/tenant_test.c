/*
 * tenant_test.c - which place of an instance a new session gets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "host/tenancy_state.h"
#include "report/registry_state.h"

#define PLACES 2

static struct session sessions[PLACES];
static struct tenant tenants[PLACES];
static struct delivery deliveries[2 * PLACES];
static struct identity identity;
static gamesim_registry registry;
static gamesim_host host = {.sessions = sessions, .session_count = PLACES, .players = 4};
static struct tenancy tenancy = {.host = &host, .registry = &registry, .tenants = tenants};

/* Every place has a session, number 1 and 2. */
static int begin(void **state)
{
    (void)state;
    memset(tenants, 0, sizeof(tenants));
    memset(deliveries, 0, sizeof(deliveries));
    registry = (gamesim_registry){.phase = REGISTRY_PRESENT,
                                  .identity = &identity,
                                  .deliveries = deliveries,
                                  .delivery_count = 2 * PLACES};
    for (uint8_t i = 1; i <= PLACES; i++)
        assert_non_null(tenant_open(&tenancy, &(session_claims){.game_sim_id = {i}}));
    return 0;
}

static void is_over(struct tenant *tenant, uint64_t since_ns)
{
    tenant->over = true;
    tenant->over_ns = since_ns;
}

static void while_all_are_played_in_there_is_no_place(void **state)
{
    (void)state;
    assert_null(tenant_open(&tenancy, &(session_claims){.game_sim_id = {3}}));
    assert_non_null(tenant_find(&tenancy, (const uint8_t[16]){1}));
    assert_non_null(tenant_find(&tenancy, (const uint8_t[16]){2}));
}

static void the_one_that_has_been_over_longest_makes_room(void **state)
{
    (void)state;
    is_over(&tenants[0], 2000);
    is_over(&tenants[1], 1000);
    assert_ptr_equal(tenant_open(&tenancy, &(session_claims){.game_sim_id = {3}}), &tenants[1]);
    assert_false(tenants[1].over);
    assert_non_null(tenant_find(&tenancy, (const uint8_t[16]){3}));
    assert_null(tenant_find(&tenancy, (const uint8_t[16]){2}));
    assert_non_null(tenant_find(&tenancy, (const uint8_t[16]){1}));
}

static void nobody_is_disturbed_while_a_place_is_free(void **state)
{
    (void)state;
    is_over(&tenants[0], 1000);
    tenant_close(&tenancy, &tenants[1]);
    assert_ptr_equal(tenant_open(&tenancy, &(session_claims){.game_sim_id = {3}}), &tenants[1]);
    assert_true(tenants[0].over);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
        TEST(while_all_are_played_in_there_is_no_place),
        TEST(the_one_that_has_been_over_longest_makes_room),
        TEST(nobody_is_disturbed_while_a_place_is_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
