/*
 * backoff_test.c - the bounds of a wait: it doubles up to its maximum, and is never 0.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hearth/testing.h>

#include "backoff.h"

/* The longest of many waits after so many failures. */
static uint64_t longest(hearth_ctx *ctx, unsigned failures)
{
    uint64_t most = 0;
    for (int i = 0; i < 5000; i++) {
        uint64_t wait = backoff_ms(ctx, 4, 50, failures);
        assert_true(wait >= 1 && wait <= 50);
        most = wait > most ? wait : most;
    }
    return most;
}

static void a_wait_doubles_up_to_its_maximum(void **state)
{
    hearth_test_host *host = hearth_test_create(NULL);
    (void)state;
    assert_int_equal(hearth_test_start(host), HEARTH_OK);
    hearth_ctx *ctx = hearth_test_own_ctx(host, 0);
    assert_int_equal(longest(ctx, 0), 4);
    assert_int_equal(longest(ctx, 1), 8);
    assert_int_equal(longest(ctx, 3), 32);
    assert_int_equal(longest(ctx, 4), 50);
    assert_int_equal(longest(ctx, 4000000000u), 50);
    hearth_test_destroy(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_wait_doubles_up_to_its_maximum)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
