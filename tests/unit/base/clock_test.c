/*
 * clock_test.c - dates agree with the C library's, over leap years and before 1970.
 */
#include "../unit.h"

#include <time.h>

#include "base/clock.h"

static void monotonic_does_not_go_back(void **state)
{
    (void)state;
    uint64_t before = clock_mono_ns();
    for (int i = 0; i < 1000; i++) {
        uint64_t now = clock_mono_ns();
        assert_true(now >= before);
        before = now;
    }
    assert_true(clock_mono_ms() >= before / 1000000);
}

static void wall_clock_is_the_time_of_day(void **state)
{
    (void)state;
    int64_t seconds = time(NULL);
    assert_true(clock_wall_ms() / 1000 - seconds <= 1);
}

static void dates_are_those_of_the_c_library(void **state)
{
    (void)state;
    char ours[CLOCK_RFC3339_SIZE], theirs[64];
    for (int64_t s = -62000000000; s < 250000000000; s += 98765431) {
        time_t seconds = (time_t)s;
        struct tm tm;
        gmtime_r(&seconds, &tm);
        clock_rfc3339(s * 1000 + 7, ours);
        size_t len = strftime(theirs, sizeof(theirs), "-%m-%dT%H:%M:%S.007Z", &tm);
        assert_int_equal(len, 20);
        assert_string_equal(ours + 4, theirs);
        assert_int_equal((ours[0] - '0') * 1000 + (ours[1] - '0') * 100 + (ours[2] - '0') * 10 +
                             (ours[3] - '0'),
                         tm.tm_year + 1900);
    }
}

static void edges_are_clamped(void **state)
{
    (void)state;
    char text[CLOCK_RFC3339_SIZE];
    clock_rfc3339(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    clock_rfc3339(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
    clock_rfc3339(INT64_C(951782400000), text);
    assert_string_equal(text, "2000-02-29T00:00:00.000Z");
    clock_rfc3339(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    clock_rfc3339(INT64_MIN, text);
    assert_string_equal(text, "0000-01-01T00:00:00.000Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(monotonic_does_not_go_back),
        cmocka_unit_test(wall_clock_is_the_time_of_day),
        cmocka_unit_test(dates_are_those_of_the_c_library),
        cmocka_unit_test(edges_are_clamped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
