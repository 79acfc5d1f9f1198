/*
 * wheel_test.c - timers are never early, at most a tick late, whatever happens to them meanwhile.
 */
#include "../unit.h"

#include <stdlib.h>

#include "net/wheel.h"

typedef struct probe {
    hearth_wheel_timer timer;
    uint64_t expected; /* WHEEL_NEVER: must not run */
    int runs;
} probe;

static hearth_wheel wheel;
static uint64_t now;

static void on_probe(hearth_wheel_timer *timer)
{
    probe *p = HEARTH_CONTAINER_OF(timer, probe, timer);
    p->runs++;
    assert_true(now >= p->expected);
    assert_true(now < p->expected + 2 * WHEEL_TICK_MS);
}

static void begin(uint64_t at)
{
    now = at;
    wheel_init(&wheel, now);
}

static void set(probe *p, uint64_t due)
{
    p->expected = due;
    wheel_set(&wheel, &p->timer, due);
}

/* As the loop does it: sleeps as long as the wheel says, or a little at a time. */
static void run_until(uint64_t end, uint64_t step)
{
    while (now < end) {
        uint64_t wait = wheel_next(&wheel, now);
        uint64_t next = step ? now + step : wait == WHEEL_NEVER ? end : now + (wait ? wait : 1);
        now = next < end ? next : end;
        wheel_advance(&wheel, now);
    }
}

static void timers_run_when_due(void **state)
{
    static const uint64_t delays[] = {0,         1,         9,         10,      11,      2550,
                                      2559,      2560,      2561,      655350,  655360,  655370,
                                      167772150, 167772160, 200000000, 3600000, 86400000};
    probe probes[HEARTH_COUNT(delays)];
    (void)state;
    for (uint64_t start = 0; start < 700000; start += 99991) {
        begin(start);
        for (size_t i = 0; i < HEARTH_COUNT(delays); i++) {
            probes[i].runs = 0;
            wheel_timer_init(&probes[i].timer, on_probe);
            set(&probes[i], now + delays[i]);
        }
        run_until(start + 200000100, 0);
        for (size_t i = 0; i < HEARTH_COUNT(delays); i++)
            assert_int_equal(probes[i].runs, 1);
        assert_int_equal(wheel.pending, 0);
        assert_true(wheel_next(&wheel, now) == WHEEL_NEVER);
    }
}

static void moved_timers_run_once_at_their_last_time(void **state)
{
    enum { COUNT = 500 };
    static probe probes[COUNT];
    (void)state;
    srand(11);
    begin(123456);
    for (int i = 0; i < COUNT; i++) {
        probes[i].runs = 0;
        wheel_timer_init(&probes[i].timer, on_probe);
    }
    for (int round = 0; round < 400; round++) {
        for (int i = 0; i < COUNT; i++) {
            probe *p = &probes[i];
            int dice = rand() % 16;
            if (p->runs || dice > 3)
                continue;
            if (dice == 0) {
                wheel_stop(&wheel, &p->timer);
                p->expected = WHEEL_NEVER;
            } else if (dice == 1) {
                wheel_pause(&p->timer);
                p->expected = WHEEL_NEVER;
            } else {
                set(p, now + (uint64_t)(rand() % 40000));
            }
        }
        run_until(now + (uint64_t)(rand() % 300), round % 2 ? 7 : 0);
    }
    run_until(now + 50000, 0);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(probes[i].runs, probes[i].expected == WHEEL_NEVER ? 0 : 1);
}

static void restart(hearth_wheel_timer *timer)
{
    probe *p = HEARTH_CONTAINER_OF(timer, probe, timer);
    if (++p->runs < 5)
        wheel_set(&wheel, timer, now);
}

static void a_timer_may_set_itself_again(void **state)
{
    probe p = {.runs = 0};
    (void)state;
    begin(0);
    wheel_timer_init(&p.timer, restart);
    wheel_set(&wheel, &p.timer, 10);
    run_until(1000, 0);
    assert_int_equal(p.runs, 5);
}

static probe *victim;

static void stop_victim(hearth_wheel_timer *timer)
{
    (void)timer;
    wheel_stop(&wheel, &victim->timer);
}

static void a_timer_may_stop_another_of_its_slot(void **state)
{
    probe first = {.runs = 0}, second = {.runs = 0, .expected = 10};
    (void)state;
    begin(0);
    victim = &second;
    wheel_timer_init(&first.timer, stop_victim);
    wheel_timer_init(&second.timer, on_probe);
    wheel_set(&wheel, &first.timer, 10);
    wheel_set(&wheel, &second.timer, 10);
    run_until(100, 0);
    assert_int_equal(second.runs, 0);
    assert_int_equal(wheel.pending, 0);
}

static void count_run(hearth_wheel_timer *timer)
{
    HEARTH_CONTAINER_OF(timer, probe, timer)->runs++;
}

static void a_long_sleep_catches_up(void **state)
{
    probe p = {.runs = 0};
    (void)state;
    begin(0);
    wheel_timer_init(&p.timer, count_run);
    wheel_set(&wheel, &p.timer, 70000);
    now = 10000000;
    wheel_advance(&wheel, now);
    assert_int_equal(p.runs, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_run_when_due),
        cmocka_unit_test(moved_timers_run_once_at_their_last_time),
        cmocka_unit_test(a_timer_may_set_itself_again),
        cmocka_unit_test(a_timer_may_stop_another_of_its_slot),
        cmocka_unit_test(a_long_sleep_catches_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
