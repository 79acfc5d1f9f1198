/*
 * loop_test.c - letters between threads, timers on a running loop, and the watchdog.
 */
#include "../unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/watchdog.h"

enum { SENDERS = 4, LETTERS = 20000 };

typedef struct numbered {
    hearth_letter letter;
    int sender, number;
} numbered;

static hearth_loop loops[2];
static int next_of[SENDERS], received;

static void on_numbered(hearth_loop *loop, hearth_letter *letter)
{
    numbered *n = HEARTH_CONTAINER_OF(letter, numbered, letter);
    assert_ptr_equal(loop_current(), loop);
    assert_int_equal(n->number, next_of[n->sender]++);
    if (++received == SENDERS * LETTERS)
        loop_stop(loop);
}

static void *send_all(void *arg)
{
    numbered *letters = arg;
    for (int i = 0; i < LETTERS; i++)
        if (loop_send(&loops[0], &letters[i].letter) < 0)
            abort();
    return NULL;
}

static void letters_of_one_sender_keep_their_order(void **state)
{
    pthread_t threads[SENDERS];
    numbered *letters = calloc(SENDERS * LETTERS, sizeof(*letters));
    (void)state;
    assert_non_null(letters);
    assert_int_equal(loop_init(&loops[0], 0, 1, NULL), HEARTH_OK);
    for (int i = 0; i < SENDERS * LETTERS; i++)
        letters[i] =
            (numbered){.letter.fn = on_numbered, .sender = i / LETTERS, .number = i % LETTERS};
    for (int i = 0; i < SENDERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, send_all, letters + i * LETTERS), 0);
    loop_run(&loops[0]);
    for (int i = 0; i < SENDERS; i++)
        pthread_join(threads[i], NULL);
    loop_finish(&loops[0]);
    assert_int_equal(received, SENDERS * LETTERS);
    assert_int_equal(loop_send(&loops[0], &letters[0].letter), HEARTH_ECANCELED);
    free(letters);
}

/* A ball goes back and forth between two loops. */
static hearth_letter ball;
static int throws;

static void on_ball(hearth_loop *loop, hearth_letter *letter)
{
    if (++throws == 2000) {
        loop_stop(&loops[0]);
        loop_stop(&loops[1]);
        return;
    }
    if (loop_send(&loops[1 - loop->index], letter) < 0)
        abort();
}

static void *run_loop(void *arg)
{
    loop_run(arg);
    return NULL;
}

static void loops_send_to_each_other(void **state)
{
    pthread_t threads[2];
    (void)state;
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal(loop_init(&loops[i], i, 2, NULL), HEARTH_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_loop, &loops[i]), 0);
    ball.fn = on_ball;
    assert_int_equal(loop_send(&loops[0], &ball), HEARTH_OK);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 2; i++)
        loop_finish(&loops[i]);
    assert_int_equal(throws, 2000);
}

static int delivered;

static void on_late(hearth_loop *loop, hearth_letter *letter)
{
    (void)loop;
    (void)letter;
    delivered++;
}

static void letters_are_delivered_also_at_the_end(void **state)
{
    hearth_letter letter = {.fn = on_late};
    (void)state;
    assert_int_equal(loop_init(&loops[0], 0, 1, NULL), HEARTH_OK);
    assert_int_equal(loop_send(&loops[0], &letter), HEARTH_OK);
    assert_int_equal(delivered, 0);
    loop_finish(&loops[0]);
    assert_int_equal(delivered, 1);
}

static hearth_wheel_timer tick;
static uint64_t started_ns;

static void on_tick(hearth_wheel_timer *timer)
{
    (void)timer;
    loop_stop(&loops[0]);
}

static void timers_run_on_a_sleeping_loop(void **state)
{
    (void)state;
    assert_int_equal(loop_init(&loops[0], 0, 1, NULL), HEARTH_OK);
    wheel_timer_init(&tick, on_tick);
    started_ns = clock_mono_ns();
    loop_timer_set(&loops[0], &tick, 50);
    loop_run(&loops[0]);
    uint64_t took_ms = (clock_mono_ns() - started_ns) / 1000000;
    assert_true(took_ms >= 49);
    assert_true(took_ms < 5000);
    loop_finish(&loops[0]);
}

static char stalled_plugin[32], stalled_route[32];
static uint64_t stalled_ms;

static void on_stall(void *arg, hearth_loop *loop, const char *plugin, const char *route,
                     uint64_t duration_ms)
{
    (void)arg;
    (void)loop;
    strcpy(stalled_plugin, plugin ? plugin : "");
    strcpy(stalled_route, route ? route : "");
    stalled_ms = duration_ms;
}

static void hold(hearth_wheel_timer *timer)
{
    hearth_loop *loop = &loops[0];
    (void)timer;
    loop_enter(loop, "slowpoke", "/sleep");
    usleep(200000);
    loop_leave(loop);
    loop_stop(loop);
}

static void ignore_line(void *arg, log_level level, hearth_str line)
{
    (void)arg;
    (void)level;
    (void)line;
}

static void the_watchdog_names_who_holds_a_loop(void **state)
{
    hearth_loop *watched[] = {&loops[0]};
    (void)state;
    log_set_sink(ignore_line, NULL);
    assert_int_equal(loop_init(&loops[0], 0, 1, NULL), HEARTH_OK);
    hearth_watchdog *dog = watchdog_create(watched, 1, 20, on_stall, NULL);
    assert_non_null(dog);
    wheel_timer_init(&tick, hold);
    loop_timer_set(&loops[0], &tick, 50);
    loop_run(&loops[0]);
    usleep(50000);
    watchdog_destroy(dog);
    loop_finish(&loops[0]);
    log_set_sink(NULL, NULL);
    assert_string_equal(stalled_plugin, "slowpoke");
    assert_string_equal(stalled_route, "/sleep");
    assert_true(stalled_ms >= 150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_of_one_sender_keep_their_order),
        cmocka_unit_test(loops_send_to_each_other),
        cmocka_unit_test(letters_are_delivered_also_at_the_end),
        cmocka_unit_test(timers_run_on_a_sleeping_loop),
        cmocka_unit_test(the_watchdog_names_who_holds_a_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
