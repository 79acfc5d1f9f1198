/*
 * lifecycle_test.c - the order of a plugin's calls, and what a refusal undoes.
 */
#include "../unit.h"

#include <stdio.h>
#include <string.h>

#include "plugin/lifecycle.h"
#include "plugin/thread.h"

static char calls[512];
static const char *refuses; /* "open b" */
static hearth_status refusal;
static plugin_set set;
static hearth_error error;

static hearth_status note(const char *what, hearth_ctx *ctx)
{
    char text[64];
    (void)snprintf(text, sizeof(text), "%s %s", what, plugin_ctx_of(ctx)->plugin->id);
    (void)snprintf(calls + strlen(calls), sizeof(calls) - strlen(calls), "%s%s",
                   calls[0] ? ", " : "", text);
    return refuses && strcmp(refuses, text) == 0 ? refusal : HEARTH_OK;
}

static hearth_status on_open(hearth_ctx *ctx)
{
    ctx->shared = ctx;
    return note("open", ctx);
}

static hearth_status on_start(hearth_ctx *ctx)
{
    return note("start", ctx);
}

static void on_stop(hearth_ctx *ctx)
{
    (void)note("stop", ctx);
}

static void on_close(hearth_ctx *ctx)
{
    (void)note("close", ctx);
}

static hearth_status on_check(const void *conf, char *text, size_t size)
{
    (void)snprintf(text, size, "%s is too odd", (const char *)conf);
    return strcmp(conf, "odd") == 0 ? HEARTH_EINVAL : HEARTH_OK;
}

static void *owner(void *arg, uint32_t loop)
{
    (void)loop;
    return arg;
}

static int set_up(void **state)
{
    static const hearth_host host = {.struct_size = sizeof(host)};
    static const char *const ids[] = {"a", "b", "c"};
    (void)state;
    calls[0] = '\0';
    refuses = NULL;
    refusal = HEARTH_EUNAVAILABLE;
    plugin_set_init(&set);
    error_clear(&error);
    thread_set_role(0);
    for (size_t i = 0; i < 3; i++) {
        hearth_plugin *item = arena_calloc(&set.arena, 1, sizeof(*item));
        item->id = ids[i];
        item->desc.head = (hearth_plugin_desc){.check = on_check,
                                               .open = on_open,
                                               .start = on_start,
                                               .stop = on_stop,
                                               .close = on_close};
        set.items[set.count++] = item;
    }
    return plugin_set_contexts(&set, &host, 2, owner, &set, &error);
}

static int tear_down(void **state)
{
    (void)state;
    plugin_set_finish(&set);
    return 0;
}

static void after(plugin_ctx *ctx)
{
    (void)note("after", &ctx->public);
}

static void users_stop_before_their_providers(void **state)
{
    (void)state;
    assert_int_equal(plugin_set_open(&set, 2, &error), HEARTH_OK);
    assert_int_equal(plugin_set_start(&set, 0, &error), HEARTH_OK);
    plugin_set_stop(&set, 0, after);
    plugin_set_close(&set);
    assert_string_equal(calls, "open a, open b, open c, start a, start b, start c, stop c, after "
                               "c, stop b, after b, stop a, after a, close c, close b, close a");
}

static void a_refused_open_closes_what_had_opened(void **state)
{
    (void)state;
    refuses = "open b";
    assert_int_equal(plugin_set_open(&set, 2, &error), HEARTH_EUNAVAILABLE);
    assert_string_equal(error.text, "plugin b could not open: EUNAVAILABLE");
    assert_string_equal(calls, "open a, open b, close a");
}

static void what_is_neither_ok_nor_a_failure_is_no_success(void **state)
{
    (void)state;
    refuses = "start b";
    refusal = HEARTH_DEFERRED;
    assert_int_equal(plugin_set_open(&set, 2, &error), HEARTH_OK);
    assert_int_equal(plugin_set_start(&set, 0, &error), HEARTH_EINTERNAL);
    assert_string_equal(error.text, "plugin b could not start on loop 0: DEFERRED");
    plugin_set_stop(&set, 0, after);
    plugin_set_close(&set);
    refuses = "open b";
    refusal = (hearth_status)77;
    assert_int_equal(plugin_set_open(&set, 2, &error), HEARTH_EINTERNAL);
}

static void a_refused_start_stops_only_what_had_started(void **state)
{
    (void)state;
    refuses = "start b";
    assert_int_equal(plugin_set_open(&set, 2, &error), HEARTH_OK);
    assert_int_equal(plugin_set_start(&set, 0, &error), HEARTH_EUNAVAILABLE);
    assert_string_equal(error.text, "plugin b could not start on loop 0: EUNAVAILABLE");
    calls[0] = '\0';
    plugin_set_stop(&set, 0, after);
    assert_string_equal(calls, "after c, after b, stop a, after a");
}

static void what_open_shares_every_loop_sees(void **state)
{
    (void)state;
    assert_int_equal(plugin_set_open(&set, 2, &error), HEARTH_OK);
    hearth_plugin *item = set.items[1];
    assert_ptr_equal(item->loops[1].public.shared, &item->main.public);
    assert_int_equal(item->loops[1].public.loop, 1);
    assert_int_equal(item->main.public.loop, HEARTH_LOOP_MAIN);
    plugin_set_conf(item, 2, "conf");
    assert_string_equal(item->loops[1].public.conf, "conf");
}

static void check_tells_the_plugins_own_sentence(void **state)
{
    (void)state;
    assert_int_equal(plugin_check(set.items[0], "even", &error), HEARTH_OK);
    assert_int_equal(plugin_check(set.items[0], "odd", &error), HEARTH_EINVAL);
    assert_string_equal(error.text, "plugin a refuses its configuration: odd is too odd");
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(users_stop_before_their_providers),
        TEST(a_refused_open_closes_what_had_opened),
        TEST(a_refused_start_stops_only_what_had_started),
        TEST(what_is_neither_ok_nor_a_failure_is_no_success),
        TEST(what_open_shares_every_loop_sees),
        TEST(check_tells_the_plugins_own_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
