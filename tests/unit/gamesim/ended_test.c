/*
 * ended_test.c - ids of ended sessions are known for their time, and no longer.
 */
#include "../unit.h"

#include "host/ended.h"

static const uint8_t *numbered(uint16_t number)
{
    static uint8_t id[16];
    id[0] = 1; /* no id is all zero */
    id[1] = (uint8_t)number;
    id[2] = (uint8_t)(number >> 8);
    return id;
}

static void an_id_is_known_until_its_time(void **state)
{
    static struct ended ended;
    (void)state;
    assert_false(ended_has(&ended, numbered(1), 0));
    ended_add(&ended, numbered(1), 100);
    assert_true(ended_has(&ended, numbered(1), 99));
    assert_false(ended_has(&ended, numbered(1), 100));
    assert_false(ended_has(&ended, numbered(2), 99));
}

/* hearthd repeats an order until it is confirmed. */
static void an_id_that_is_told_again_takes_no_more_room(void **state)
{
    static struct ended ended;
    (void)state;
    ended_add(&ended, numbered(1), 100);
    for (unsigned i = 0; i < 2 * ENDED_MAX; i++)
        ended_add(&ended, numbered(2), 100 + i);
    assert_true(ended_has(&ended, numbered(1), 99));
    assert_true(ended_has(&ended, numbered(2), 99 + 2 * ENDED_MAX - 1));
}

static void the_oldest_goes_when_there_is_no_room(void **state)
{
    static struct ended ended;
    (void)state;
    for (uint16_t i = 0; i <= ENDED_MAX; i++)
        ended_add(&ended, numbered(i), 100);
    assert_false(ended_has(&ended, numbered(0), 1));
    assert_true(ended_has(&ended, numbered(1), 1));
    assert_true(ended_has(&ended, numbered(ENDED_MAX), 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_known_until_its_time),
        cmocka_unit_test(an_id_that_is_told_again_takes_no_more_room),
        cmocka_unit_test(the_oldest_goes_when_there_is_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
