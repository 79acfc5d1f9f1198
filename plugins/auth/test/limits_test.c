/*
 * limits_test.c - the counters of failed logins, by themselves: exact, in parallel too, bounded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../login_limits.h"
#include "../text.h"

#define MINUTE UINT64_C(60000)

struct attempt {
    struct limits_ticket ticket;
    int decided;
    enum limits_verdict verdict;
    uint64_t retry_ms;
};

static struct limits *limits;
static const struct limits_rule rule = {10, 100, 15 * MINUTE, 1000, 50};

static void decided(struct limits_ticket *ticket, enum limits_verdict verdict, uint64_t retry_ms)
{
    struct attempt *attempt = (struct attempt *)(void *)ticket;
    attempt->decided++;
    attempt->verdict = verdict;
    attempt->retry_ms = retry_ms;
}

static void enter(struct attempt *attempt, const char *address, const char *account, uint64_t now)
{
    memset(attempt, 0, sizeof(*attempt));
    attempt->ticket.decided = decided;
    limits_enter(limits, &attempt->ticket, text_of(address), text_of(account), now);
}

/* One whole attempt; whether it was let through. */
static int try_login(const char *address, const char *account, enum limits_outcome outcome,
                     uint64_t now)
{
    struct attempt attempt;

    enter(&attempt, address, account, now);
    assert_int_equal(attempt.decided, 1);
    if (attempt.verdict == LIMITS_GO)
        limits_leave(&attempt.ticket, outcome, now);
    return attempt.verdict == LIMITS_GO;
}

static int setup(void **state)
{
    static const unsigned char key[16] = {1};
    (void)state;
    limits = limits_create(&rule, key);
    return limits ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    limits_destroy(limits);
    return 0;
}

static void ten_failures_refuse_the_right_password_too(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 10; i++)
        assert_true(try_login("a", "bob", LIMITS_FAILED, i * MINUTE));
    assert_false(try_login("a", "bob", LIMITS_SUCCEEDED, 10 * MINUTE));
    assert_true(try_login("a", "eve", LIMITS_FAILED, 10 * MINUTE));
    assert_true(try_login("b", "bob", LIMITS_FAILED, 10 * MINUTE));
}

static void the_oldest_failure_frees_a_place_after_the_window(void **state)
{
    struct attempt attempt;
    (void)state;
    for (uint64_t i = 0; i < 10; i++)
        assert_true(try_login("a", "bob", LIMITS_FAILED, i * MINUTE));
    enter(&attempt, "a", "bob", 15 * MINUTE - 1);
    assert_int_equal(attempt.verdict, LIMITS_REFUSED);
    assert_int_equal(attempt.retry_ms, 1);
    assert_true(try_login("a", "bob", LIMITS_FAILED, 15 * MINUTE));
    assert_false(try_login("a", "bob", LIMITS_FAILED, 16 * MINUTE - 1));
    assert_true(try_login("a", "bob", LIMITS_FAILED, 16 * MINUTE));
}

static void refused_attempts_do_not_count(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++)
        assert_true(try_login("a", "bob", LIMITS_FAILED, 0));
    for (int i = 0; i < 1000; i++)
        assert_false(try_login("a", "bob", LIMITS_FAILED, 14 * MINUTE));
    assert_true(try_login("a", "bob", LIMITS_SUCCEEDED, 15 * MINUTE));
}

static void a_success_clears_the_account_and_not_the_address(void **state)
{
    char name[16];
    (void)state;
    for (int i = 0; i < 9; i++)
        assert_true(try_login("a", "bob", LIMITS_FAILED, 0));
    assert_true(try_login("a", "bob", LIMITS_SUCCEEDED, 0));
    for (int i = 0; i < 10; i++)
        assert_true(try_login("a", "bob", LIMITS_FAILED, 0));
    assert_false(try_login("a", "bob", LIMITS_FAILED, 0));
    for (int i = 0; i < 81; i++) { /* 19 failures count already */
        snprintf(name, sizeof(name), "user%d", i);
        assert_true(try_login("a", name, LIMITS_FAILED, 0));
    }
    assert_false(try_login("a", "new", LIMITS_FAILED, 0));
    assert_true(try_login("b", "new", LIMITS_FAILED, 0));
}

static void attempts_that_came_to_no_end_do_not_count(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++)
        assert_true(try_login("a", "bob", LIMITS_VOID, 0));
}

static void guessing_in_parallel_gains_nothing(void **state)
{
    struct attempt attempts[30];
    (void)state;
    for (int i = 0; i < 30; i++)
        enter(&attempts[i], "a", "bob", 0);
    for (int i = 0; i < 30; i++)
        assert_int_equal(attempts[i].decided, i < 10);
    for (int i = 0; i < 10; i++)
        limits_leave(&attempts[i].ticket, LIMITS_FAILED, 0);
    for (int i = 10; i < 30; i++) {
        assert_int_equal(attempts[i].decided, 1);
        assert_int_equal(attempts[i].verdict, LIMITS_REFUSED);
    }
}

static void a_crowd_with_the_right_password_is_let_through(void **state)
{
    struct attempt attempts[30];
    (void)state;
    for (int i = 0; i < 30; i++)
        enter(&attempts[i], "a", "bob", 0);
    for (int i = 0; i < 30; i++) {
        assert_int_equal(attempts[i].decided, 1);
        assert_int_equal(attempts[i].verdict, LIMITS_GO);
        limits_leave(&attempts[i].ticket, LIMITS_SUCCEEDED, 0);
    }
}

static void those_who_wait_are_bounded(void **state)
{
    struct attempt attempts[61];
    (void)state;
    for (int i = 0; i < 61; i++)
        enter(&attempts[i], "a", "bob", 0);
    assert_int_equal(attempts[60].decided, 1);
    assert_int_equal(attempts[60].verdict, LIMITS_OVERLOADED);
    for (int i = 0; i < 60; i++) {
        assert_int_equal(attempts[i].verdict, LIMITS_GO);
        limits_leave(&attempts[i].ticket, LIMITS_SUCCEEDED, 0);
    }
}

static void counters_are_bounded_and_those_in_use_stay(void **state)
{
    struct attempt held;
    char name[32];
    (void)state;
    enter(&held, "a", "bob", 0);
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof(name), "10.0.%d.%d", i / 256, i % 256);
        assert_true(try_login(name, "bob", LIMITS_FAILED, 0));
    }
    limits_leave(&held.ticket, LIMITS_FAILED, 0);
    for (int i = 0; i < 9; i++)
        assert_true(try_login("a", "bob", LIMITS_FAILED, 0));
    assert_false(try_login("a", "bob", LIMITS_FAILED, 0));
}

static void an_ipv6_client_is_its_64_bits(void **state)
{
    static const char *const rows[][2] = {{"192.0.2.7", "192.0.2.7"},
                                          {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"},
                                          {"2001:db8:1:2::9", "2001:db8:1:2::"},
                                          {"::ffff:192.0.2.7", "192.0.2.7"},
                                          {"::1", "::"},
                                          {"unknown", "unknown"},
                                          {"", ""}};
    char out[LIMITS_ADDRESS_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void)limits_address(text_of(rows[i][0]), out);
        assert_string_equal(out, rows[i][1]);
    }
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(ten_failures_refuse_the_right_password_too),
        TEST(the_oldest_failure_frees_a_place_after_the_window),
        TEST(refused_attempts_do_not_count),
        TEST(a_success_clears_the_account_and_not_the_address),
        TEST(attempts_that_came_to_no_end_do_not_count),
        TEST(guessing_in_parallel_gains_nothing),
        TEST(a_crowd_with_the_right_password_is_let_through),
        TEST(those_who_wait_are_bounded),
        TEST(counters_are_bounded_and_those_in_use_stay),
        TEST(an_ipv6_client_is_its_64_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
