/*
 * restart_test.c - hearth.characters/1 on the real entities and storage-sqlite: what a report did,
 * and that it was applied, is still known after a restart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hearth/service/characters.h>
#include <hearth/service/identity.h>
#include <hearth/testing.h>

#define ALICE "11111111-1111-4111-8111-111111111111"

extern const hearth_plugin_desc hearth_plugin_main;

static char folder[] = "/tmp/hearth-characters-XXXXXX";

static hearth_status on_last_logout(hearth_ctx *ctx, void (*fn)(hearth_str user, void *arg),
                                    void *arg)
{
    (void)ctx, (void)fn, (void)arg;
    return HEARTH_OK;
}

static const hearth_identity_service identity = {.struct_size = sizeof(identity),
                                                 .on_last_logout = on_last_logout};

static int is_ready(void *host)
{
    return hearth_test_health(host, "entities", "lease", NULL) == HEARTH_HEALTHY &&
           hearth_test_health(host, "entities", "journal", NULL) == HEARTH_HEALTHY;
}

static hearth_test_host *start(void)
{
    hearth_test_host *host = hearth_test_create(
        &(hearth_test_options){.loops = 2, .real_time = 1, .task_threads = 2, .data_dir = folder});
    assert_int_equal(hearth_test_load(host, PLUGINS "/storage-sqlite.so"), HEARTH_OK);
    assert_int_equal(hearth_test_load(host, PLUGINS "/entities.so"), HEARTH_OK);
    assert_int_equal(hearth_test_add(host, &hearth_plugin_main), HEARTH_OK);
    hearth_test_provide(host, HEARTH_IDENTITY_ID, &identity, NULL);
    assert_int_equal(hearth_test_set(host, "characters", "gamedata=" GAMEDATA), HEARTH_OK);
    if (hearth_test_start(host) != HEARTH_OK)
        fail_msg("%s", hearth_test_error(host));
    assert_true(hearth_test_wait_for(host, is_ready, host, 20000));
    return host;
}

static void stop(hearth_test_host *host)
{
    if (hearth_test_stop(host) != HEARTH_OK)
        fail_msg("%s", hearth_test_error(host));
    hearth_test_destroy(host);
}

struct answer {
    int called;
    hearth_status status;
    hearth_character_view view;
};

static void on_view(hearth_status status, const hearth_character_view *view, void *arg)
{
    struct answer *answer = arg;
    answer->called = 1;
    answer->status = status;
    if (view)
        answer->view = *view;
}

static void on_applied(hearth_status status, const char *const *codes, size_t count, void *arg)
{
    struct answer *answer = arg;
    (void)codes;
    assert_int_equal(count, 1);
    answer->called = 1;
    answer->status = status;
}

static hearth_character_view view_of(hearth_test_host *host, const char *id)
{
    struct answer answer = {0};
    hearth_ctx *provider;
    const hearth_characters *service =
        hearth_test_service(host, HEARTH_CHARACTERS_ID, 0, &provider);
    service->get(provider, HEARTH_STR(ALICE), (hearth_str){id, strlen(id)}, on_view, &answer);
    assert_true(hearth_test_wait(host, &answer.called, 20000));
    assert_int_equal(answer.status, HEARTH_OK);
    return answer.view;
}

static void report(hearth_test_host *host, const char *id, uint64_t sequence)
{
    struct answer answer = {0};
    hearth_ctx *provider;
    const hearth_characters *service =
        hearth_test_service(host, HEARTH_CHARACTERS_ID, 0, &provider);
    const hearth_change_source source = {sizeof(source), 0, HEARTH_STR("game-1"), sequence};
    const hearth_character_change hit = {
        .struct_size = sizeof(hit), .kind = HEARTH_CHANGE_DAMAGE, .amount = 1};
    const hearth_character_change *const list[] = {&hit};
    service->apply(provider, HEARTH_STR(ALICE), (hearth_str){id, strlen(id)}, &source, list, 1,
                   on_applied, &answer);
    assert_true(hearth_test_wait(host, &answer.called, 20000));
    assert_int_equal(answer.status, HEARTH_OK);
}

static void a_report_is_known_after_a_restart(void **state)
{
    char id[64];
    (void)state;
    hearth_test_host *host = start();
    hearth_test_as(host, ALICE, "player");
    hearth_test_call *call =
        hearth_test_request(host, "POST", "/characters", "Content-Type: application/json",
                            "{\"race\":\"Human\",\"class\":\"Fighter\"}");
    assert_int_equal(hearth_test_await(call, 20000), 201);
    snprintf(id, sizeof(id), "%.36s", hearth_test_json(call, "id") + 1);
    int32_t top = view_of(host, id).hitpoints;
    report(host, id, 1);
    report(host, id, 2);
    report(host, id, 2);
    assert_int_equal(view_of(host, id).hitpoints, top - 2);
    stop(host);

    host = start();
    report(host, id, 2); /* the match did not hear the answer, and asks again */
    assert_int_equal(view_of(host, id).hitpoints, top - 2);
    assert_int_equal(view_of(host, id).version, 3);
    report(host, id, 3);
    assert_int_equal(view_of(host, id).hitpoints, top - 3);
    stop(host);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof(command), "rm -r %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_report_is_known_after_a_restart)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
