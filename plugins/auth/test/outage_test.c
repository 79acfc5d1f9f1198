/*
 * outage_test.c - what stands and what is refused while storage is away, and what a lost answer
 * means.
 */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../text.h"
#include "memory_store.h"

extern const hearth_plugin_desc hearth_plugin_main;

static hearth_test_host *host;

static int setup(void **state)
{
    static const hearth_test_options options = {.loops = 2};
    static const char *const sets[] = {"argon2_memory=8k", "argon2_passes=1", "registration=open"};
    (void)state;

    memory_store_clear();
    host = hearth_test_create(&options);
    assert_int_equal(hearth_test_provide(host, HEARTH_STORAGE_ID, &memory_store, NULL), HEARTH_OK);
    assert_int_equal(hearth_test_add(host, &hearth_plugin_main), HEARTH_OK);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(hearth_test_set(host, "auth", sets[i]), HEARTH_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_stop(host);
    memory_store_clear();
    return 0;
}

static void start(void)
{
    if (hearth_test_start(host) != HEARTH_OK)
        fail_msg("%s", hearth_test_error(host));
    hearth_test_advance(host, 100);
}

/* Sends without waiting, lets time pass for the retries, then takes the answer. */
static hearth_test_call *post(const char *path, const char *body, const char *token)
{
    char headers[2048];

    snprintf(headers, sizeof(headers), "Content-Type: application/json%s%s",
             token ? "\nAuthorization: Bearer " : "", token ? token : "");
    hearth_test_call *call = hearth_test_request(host, "POST", path, headers, body);
    hearth_test_advance(host, 5000);
    assert_int_not_equal(hearth_test_await(call, 20000), 0);
    return call;
}

static void assert_answer(hearth_test_call *call, int status, const char *code)
{
    assert_int_equal(hearth_test_status(call), status);
    assert_non_null(strstr(hearth_test_body(call).ptr, code));
}

static void a_start_without_storage_is_not_ready_and_recovers(void **state)
{
    (void)state;
    memory_store_away = 1;
    start();
    assert_int_equal(hearth_test_health(host, "auth", "tokens", NULL), HEARTH_NOT_READY);
    assert_answer(post("/session/logout", "", "a.b.c"), 503, "STORAGE_UNAVAILABLE");
    memory_store_away = 0;
    hearth_test_advance(host, 10000);
    assert_int_equal(hearth_test_health(host, "auth", "tokens", NULL), HEARTH_HEALTHY);
    assert_answer(post("/session/logout", "", "a.b.c"), 401, "UNAUTHENTICATED");
}

static void an_outage_refuses_changes_and_lets_tokens_pass(void **state)
{
    static const char body[] = "{\"username\":\"bob\",\"password\":\"" PASSWORD "\"}";
    char *token, *refresh, refresh_body[512];
    (void)state;

    start();
    fixture_player(host, "bob", &token, &refresh);
    snprintf(refresh_body, sizeof(refresh_body), "{\"refreshToken\":\"%s\"}", refresh);
    memory_store_away = 1;
    hearth_test_advance(host, 20000);
    int calls = memory_store_calls;
    assert_int_equal(hearth_test_status(fixture_post(host, "/accounts", "{}", token)), 400);
    assert_int_equal(memory_store_calls, calls); /* a token needs no storage */
    assert_answer(post("/session/login", body, NULL), 503, "STORAGE_UNAVAILABLE");
    assert_answer(post("/session/refresh", refresh_body, NULL), 503, "STORAGE_UNAVAILABLE");
    assert_answer(post("/session/logout", "", token), 503, "STORAGE_UNAVAILABLE");
    assert_answer(post("/accounts", "{\"username\":\"eve\",\"password\":\"12345678\"}", NULL), 503,
                  "STORAGE_UNAVAILABLE");
    assert_int_equal(hearth_test_status(fixture_post(host, "/accounts", "{}", token)), 400);
    memory_store_away = 0;
    hearth_test_advance(host, 10000);
    assert_int_equal(hearth_test_status(post("/session/refresh", refresh_body, NULL)), 200);
    assert_int_equal(hearth_test_status(post("/session/logout", "", token)), 204);
    assert_int_equal(hearth_test_status(post("/session/logout", "", token)), 401);
    free(token);
    free(refresh);
}

static void a_lost_answer_is_not_a_conflict_with_oneself(void **state)
{
    static const char body[] = "{\"username\":\"bob\",\"password\":\"" PASSWORD "\"}";
    char refresh_body[512];
    (void)state;

    start();
    memory_store_lose = 1;
    assert_int_equal(hearth_test_status(post("/accounts", body, NULL)), 201);
    memory_store_lose = 1;
    hearth_test_call *call = post("/session/login", body, NULL);
    assert_int_equal(hearth_test_status(call), 200);
    char *refresh = fixture_member(call, "refreshToken");
    snprintf(refresh_body, sizeof(refresh_body), "{\"refreshToken\":\"%s\"}", refresh);
    memory_store_lose = 1;
    assert_int_equal(hearth_test_status(post("/session/refresh", refresh_body, NULL)), 200);
    assert_int_equal(memory_store_lose, 0);
    free(refresh);
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_start_without_storage_is_not_ready_and_recovers),
        TEST(an_outage_refuses_changes_and_lets_tokens_pass),
        TEST(a_lost_answer_is_not_a_conflict_with_oneself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
