/*
 * request_test.c - requests to the fake host: routes, phases, deferrals, deadlines.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <hearth/testing.h>

#include "sample.h"

static hearth_test_host *start_with(const hearth_test_options *options)
{
    hearth_test_host *host = hearth_test_create(options);
    assert_int_equal(hearth_test_add(host, &hearth_plugin_main), HEARTH_OK);
    assert_int_equal(hearth_test_start(host), HEARTH_OK);
    return host;
}

static void finish(hearth_test_host *host)
{
    hearth_status status = hearth_test_stop(host);
    assert_string_equal(hearth_test_error(host), "");
    assert_int_equal(status, HEARTH_OK);
    hearth_test_destroy(host);
}

static struct sample_state *state_of(hearth_test_host *host, uint32_t loop)
{
    return hearth_test_ctx(host, "sample", loop)->state;
}

static void a_route_sees_its_parameters_decoded(void **unused)
{
    (void)unused;
    hearth_test_host *host = start_with(NULL);
    hearth_test_call *call = hearth_test_request(host, "GET", "/greet/J%C3%BCrgen", NULL, NULL);
    assert_int_equal(hearth_test_status(call), 200);
    assert_string_equal(hearth_test_body(call).ptr, "hello Jürgen on 0");
    assert_string_equal(hearth_test_header(call, "content-type"), "text/plain");
    assert_int_equal(hearth_test_logged(host, HEARTH_LOG_INFO, "greeted J"), 1);
    assert_int_equal((int)hearth_test_metric(host, "sample_greetings_total", "name=Jürgen"), 1);
    assert_int_equal((int)hearth_test_metric(host, "sample_seconds", NULL), 1);
    assert_int_equal(state_of(host, 0)->last_status, 200);
    call = hearth_test_request(host, "HEAD", "/greet/x", NULL, NULL);
    assert_int_equal(hearth_test_status(call), 200);
    assert_int_equal(hearth_test_body(call).len, 0);
    finish(host);
}

static void what_has_no_route_is_refused(void **unused)
{
    (void)unused;
    hearth_test_host *host = start_with(NULL);
    assert_int_equal(hearth_test_status(hearth_test_request(host, "GET", "/no", NULL, NULL)), 404);
    hearth_test_call *call = hearth_test_request(host, "PUT", "/timer", NULL, NULL);
    assert_int_equal(hearth_test_status(call), 405);
    assert_string_equal(hearth_test_header(call, "allow"), "GET, HEAD");
    static const char *const malformed[] = {"/greet/%2",  "/greet/%00", "/greet/a%2Fb", "/timer/",
                                            "/greet/%ff", "/greet/..",  "//timer"};
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
        assert_int_equal(
            hearth_test_status(hearth_test_request(host, "GET", malformed[i], NULL, NULL)), 400);
    finish(host);
}

static void a_deferral_is_answered_when_the_clock_says_so(void **unused)
{
    (void)unused;
    hearth_test_host *host = start_with(NULL);
    hearth_test_call *call = hearth_test_request(host, "GET", "/timer", NULL, NULL);
    hearth_test_advance(host, 499);
    assert_int_equal(hearth_test_status(call), 0);
    hearth_test_advance(host, 1);
    assert_int_equal(hearth_test_status(call), 200);
    assert_int_equal(hearth_test_status(hearth_test_request(host, "GET", "/once", NULL, NULL)),
                     200);
    assert_int_equal(hearth_test_status(hearth_test_request(host, "GET", "/task", NULL, NULL)),
                     200);
    assert_int_equal(state_of(host, 0)->number, 42);
    finish(host);
}

static void a_deadline_answers_504_and_still_completes(void **unused)
{
    (void)unused;
    hearth_test_host *host = start_with(NULL);
    hearth_test_call *call = hearth_test_request(host, "GET", "/short", NULL, NULL);
    hearth_test_advance(host, 100);
    assert_int_equal(hearth_test_status(call), 504);
    assert_int_equal(state_of(host, 0)->canceled, 1);
    hearth_test_advance(host, 400);
    assert_int_equal(state_of(host, 0)->nobody, 1);
    finish(host);
}

static void a_client_that_leaves_is_noticed(void **unused)
{
    (void)unused;
    hearth_test_host *host = start_with(NULL);
    hearth_test_call *call = hearth_test_request(host, "GET", "/timer", NULL, NULL);
    hearth_test_disconnect(call);
    assert_int_equal(state_of(host, 0)->canceled, 1);
    hearth_test_advance(host, 500);
    assert_int_equal(hearth_test_status(call), 0);
    assert_int_equal(state_of(host, 0)->nobody, 1);
    finish(host);
}

static void errors_have_the_one_shape(void **unused)
{
    (void)unused;
    hearth_test_host *host = start_with(NULL);
    hearth_test_call *call = hearth_test_request(host, "POST", "/refused", "X-Request-Id: r1", "");
    assert_int_equal(hearth_test_status(call), 409);
    assert_string_equal(hearth_test_body(call).ptr, "{\"error\":\"No way.\",\"code\":\"CONFLICT\","
                                                    "\"requestId\":\"r1\",\"at\":{\"x\":[1,2]}}");
    assert_string_equal(hearth_test_json(call, "at.x.1"), "2");
    assert_null(hearth_test_json(call, "at.y"));
    assert_int_equal(hearth_test_status(hearth_test_request(host, "GET", "/missing", NULL, NULL)),
                     404);
    assert_int_equal(hearth_test_status(hearth_test_request(host, "GET", "/silent", NULL, NULL)),
                     500);
    finish(host);
}

static void tokens_are_judged_by_the_hooks(void **unused)
{
    (void)unused;
    hearth_test_host *host = start_with(NULL);
    hearth_test_call *call = hearth_test_request(host, "GET", "/me", NULL, NULL);
    assert_int_equal(hearth_test_status(call), 401);
    assert_string_equal(hearth_test_header(call, "WWW-Authenticate"), "Bearer");
    const char *alice = "Authorization: Bearer alice";
    call = hearth_test_request(host, "GET", "/me", alice, NULL);
    assert_int_equal(hearth_test_status(call), 0); /* the LIMIT hook holds it for 10 ms */
    hearth_test_advance(host, 10);
    assert_int_equal(hearth_test_status(call), 200);
    assert_string_equal(hearth_test_body(call).ptr, "alice on 0");
    assert_string_equal(hearth_test_header(call, "X-Limited"), "no");
    call = hearth_test_request(host, "GET", "/admin", alice, NULL);
    hearth_test_advance(host, 10);
    assert_int_equal(hearth_test_status(call), 200);
    assert_int_equal(hearth_test_status(hearth_test_request(host, "GET", "/root", alice, NULL)),
                     403);
    finish(host);
}

static void a_user_is_served_on_the_home_loop(void **unused)
{
    (void)unused;
    hearth_test_host *host = start_with(&(hearth_test_options){.loops = 4});
    hearth_ctx *own = hearth_test_own_ctx(host, 0);
    uint32_t home = hearth_loop_get(own)->home(own, HEARTH_STR("bob"));
    hearth_test_as(host, "bob", "player");
    hearth_test_call *call = hearth_test_request(host, "GET", "/me", NULL, NULL);
    hearth_test_advance(host, 10);
    const char *const answers[] = {"bob on 0", "bob on 1", "bob on 2", "bob on 3"};
    assert_string_equal(hearth_test_body(call).ptr, answers[home]);
    call = hearth_test_request(host, "GET", "/everywhere", NULL, NULL);
    assert_int_equal(hearth_test_status(call), 200);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(state_of(host, i)->visits, 1);
    finish(host);
}

static void each_allocation_may_fail_once(void **unused)
{
    (void)unused;
    static const char *const paths[] = {"/timer", "/task", "/everywhere", "/fetch", "/me"};
    for (size_t p = 0; p < sizeof(paths) / sizeof(paths[0]); p++) {
        for (size_t nth = 1; nth < 8; nth++) {
            hearth_test_host *host = start_with(NULL);
            hearth_test_as(host, "carol", NULL);
            hearth_test_fail_allocation(host, nth);
            hearth_test_call *call = hearth_test_request(host, "GET", paths[p], NULL, NULL);
            hearth_test_advance(host, 5000);
            assert_true(hearth_test_status(call) == 200 || hearth_test_status(call) == 503);
            if (nth == 1)
                assert_int_equal(hearth_test_status(call), 503);
            finish(host);
        }
    }
}

static void outgoing_calls_get_the_scripted_answer(void **unused)
{
    (void)unused;
    hearth_test_host *host = start_with(NULL);
    (void)hearth_test_request(host, "GET", "/fetch", NULL, NULL);
    assert_int_equal(state_of(host, 0)->fetch_status, HEARTH_EUNAVAILABLE);
    hearth_test_answer_client(host, &(hearth_test_answer){.url = "thing", .status = 418});
    (void)hearth_test_request(host, "GET", "/fetch", NULL, NULL);
    assert_int_equal(state_of(host, 0)->fetched, 418);
    hearth_test_answer_client(host, &(hearth_test_answer){.delay_ms = 3000});
    hearth_test_call *call = hearth_test_request(host, "GET", "/fetch", NULL, NULL);
    hearth_test_advance(host, 1999);
    assert_int_equal(hearth_test_status(call), 0);
    hearth_test_advance(host, 1);
    assert_int_equal(hearth_test_status(call), 200);
    assert_int_equal(state_of(host, 0)->fetch_status, HEARTH_ETIMEOUT);
    assert_string_equal(hearth_test_sent(host, 0), "GET http://example.test/thing\n\n");
    assert_non_null(hearth_test_sent(host, 2));
    assert_null(hearth_test_sent(host, 3));
    finish(host);
}

static void tasks_may_run_on_real_threads(void **unused)
{
    (void)unused;
    hearth_test_host *host = start_with(&(hearth_test_options){.loops = 2, .task_threads = 2});
    for (int i = 0; i < 20; i++) {
        hearth_test_request_spec spec = {.path = "/task", .loop = (uint32_t)i, .no_pump = i < 19};
        (void)hearth_test_send(host, &spec);
    }
    assert_int_equal(state_of(host, 0)->number, 42);
    assert_int_equal(state_of(host, 1)->number, 42);
    finish(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_route_sees_its_parameters_decoded),
        cmocka_unit_test(what_has_no_route_is_refused),
        cmocka_unit_test(a_deferral_is_answered_when_the_clock_says_so),
        cmocka_unit_test(a_deadline_answers_504_and_still_completes),
        cmocka_unit_test(a_client_that_leaves_is_noticed),
        cmocka_unit_test(errors_have_the_one_shape),
        cmocka_unit_test(tokens_are_judged_by_the_hooks),
        cmocka_unit_test(a_user_is_served_on_the_home_loop),
        cmocka_unit_test(each_allocation_may_fail_once),
        cmocka_unit_test(outgoing_calls_get_the_scripted_answer),
        cmocka_unit_test(tasks_may_run_on_real_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
