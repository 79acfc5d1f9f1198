/*
 * plugin_test.c - hello in the fake host: no sockets, no waiting, a clock that only the test moves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hearth/testing.h>

extern const hearth_plugin_desc hearth_plugin_main;

static hearth_test_host *started(const char *key_value, uint32_t loops)
{
    hearth_test_options options = {.loops = loops};
    hearth_test_host *host = hearth_test_create(&options);
    assert_int_equal(hearth_test_add(host, &hearth_plugin_main), HEARTH_OK);
    if (key_value)
        assert_int_equal(hearth_test_set(host, "hello", key_value), HEARTH_OK);
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
    hearth_test_host *host = started("greeting=Welcome", 1);
    hearth_test_call *call = hearth_test_request(host, "GET", "/hello/Ada", NULL, NULL);
    assert_int_equal(hearth_test_status(call), 200);
    assert_string_equal(hearth_test_body(call).ptr, "Welcome, Ada! (1 on loop 0)\n");
    assert_int_equal((int)hearth_test_metric(host, "hello_greetings_total", NULL), 1);
    finish(host);
}

static void every_loop_counts_for_itself(void **unused)
{
    (void)unused;
    hearth_test_host *host = started(NULL, 2);
    hearth_test_request_spec spec = {.path = "/hello/Ada", .loop = 1};
    (void)hearth_test_send(host, &spec);
    spec.loop = 0;
    hearth_test_call *call = hearth_test_send(host, &spec);
    assert_string_equal(hearth_test_body(call).ptr, "Hello, Ada! (1 on loop 0)\n");
    assert_int_equal((int)hearth_test_metric(host, "hello_greetings_total", NULL), 2);
    finish(host);
}

static void the_later_answer_comes_after_the_delay(void **unused)
{
    (void)unused;
    hearth_test_host *host = started("delay=250ms", 1);
    hearth_test_call *call = hearth_test_request(host, "GET", "/hello/Ada/later", NULL, NULL);
    hearth_test_advance(host, 240);
    assert_int_equal(hearth_test_status(call), 0);
    hearth_test_advance(host, 30);
    assert_int_equal(hearth_test_status(call), 200);
    finish(host);
}

static void a_client_that_leaves_is_not_greeted(void **unused)
{
    (void)unused;
    hearth_test_host *host = started(NULL, 1);
    hearth_test_call *call = hearth_test_request(host, "GET", "/hello/Ada/later", NULL, NULL);
    hearth_test_disconnect(call);
    hearth_test_advance(host, 200);
    assert_int_equal((int)hearth_test_metric(host, "hello_greetings_total", NULL), 0);
    finish(host);
}

static void a_reload_changes_the_greeting(void **unused)
{
    (void)unused;
    hearth_test_host *host = started(NULL, 1);
    assert_int_equal(hearth_test_reload(host, "hello", "greeting=Salve"), HEARTH_OK);
    hearth_test_call *call = hearth_test_request(host, "GET", "/hello/Ada", NULL, NULL);
    assert_string_equal(hearth_test_body(call).ptr, "Salve, Ada! (1 on loop 0)\n");
    finish(host);
}

static void without_memory_the_answer_is_an_error(void **unused)
{
    (void)unused;
    hearth_test_host *host = started(NULL, 1);
    hearth_test_fail_allocation(host, 1);
    hearth_test_call *call = hearth_test_request(host, "GET", "/hello/Ada", NULL, NULL);
    assert_int_equal(hearth_test_status(call), 503);
    finish(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_greeted_and_counted),
        cmocka_unit_test(every_loop_counts_for_itself),
        cmocka_unit_test(the_later_answer_comes_after_the_delay),
        cmocka_unit_test(a_client_that_leaves_is_not_greeted),
        cmocka_unit_test(a_reload_changes_the_greeting),
        cmocka_unit_test(without_memory_the_answer_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
