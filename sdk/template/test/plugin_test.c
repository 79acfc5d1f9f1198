/*
 * plugin_test.c - @ID@ in the fake host: no sockets, no waiting, a clock that only the test moves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hearth/testing.h>

extern const hearth_plugin_desc hearth_plugin_main;

static hearth_test_host *started(const char *key_value)
{
    hearth_test_host *host = hearth_test_create(NULL);
    assert_int_equal(hearth_test_add(host, &hearth_plugin_main), HEARTH_OK);
    if (key_value)
        assert_int_equal(hearth_test_set(host, "@ID@", key_value), HEARTH_OK);
    assert_int_equal(hearth_test_start(host), HEARTH_OK);
    return host;
}

static void finish(hearth_test_host *host)
{
    assert_int_equal(hearth_test_stop(host), HEARTH_OK);
    hearth_test_destroy(host);
}

static void a_name_is_greeted_and_counted(void **unused)
{
    (void)unused;
    hearth_test_host *host = started("greeting=Welcome");
    hearth_test_call *call = hearth_test_request(host, "GET", "/@ID@/Ada", NULL, NULL);
    assert_int_equal(hearth_test_status(call), 200);
    assert_string_equal(hearth_test_body(call).ptr, "Welcome, Ada!\n");
    assert_int_equal((int)hearth_test_metric(host, "@NAME@_answers_total", NULL), 1);
    finish(host);
}

static void without_memory_the_answer_is_an_error(void **unused)
{
    (void)unused;
    hearth_test_host *host = started(NULL);
    hearth_test_fail_allocation(host, 1);
    hearth_test_call *call = hearth_test_request(host, "GET", "/@ID@/Ada", NULL, NULL);
    assert_int_equal(hearth_test_status(call), 503);
    finish(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_greeted_and_counted),
        cmocka_unit_test(without_memory_the_answer_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
