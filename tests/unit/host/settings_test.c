/*
 * settings_test.c - the table of hearth.yaml: sound in itself, its defaults usable, and what the
 * table cannot say.
 */
#include "../unit.h"

#include "host/settings.h"

static hearth_arena arena;
static conf_errors errors;

static const host_settings *parse(const char *text)
{
    conf_errors_init(&errors, &arena);
    const conf_doc *doc = conf_parse(&arena, "hearth.yaml", str_from(text), &errors);
    if (!doc)
        return NULL;
    conf_source source = {doc, "", NULL};
    const host_settings *settings = conf_fill(&arena, &settings_schema, &source, &errors);
    if (settings)
        settings_check(settings, doc, &errors);
    return errors.count == 0 ? settings : NULL;
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 1 << 24);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_finish(&arena);
    return 0;
}

static void the_table_is_sound(void **state)
{
    (void)state;
    conf_errors_init(&errors, &arena);
    if (!conf_schema_check(&settings_schema, "hearth.yaml", &errors))
        fail_msg("%s", errors.lines[0]);
}

static void an_empty_file_gives_the_documented_defaults(void **state)
{
    (void)state;
    const host_settings *settings = parse("");
    assert_non_null(settings);
    assert_str(settings->loops, "auto");
    assert_int_equal(settings->max_header, 16384);
    assert_int_equal(settings->max_target, 8192);
    assert_int_equal(settings->max_body, 65536);
    assert_int_equal(settings->header_timeout, 10000);
    assert_int_equal(settings->body_timeout, 30000);
    assert_int_equal(settings->idle_timeout, 60000);
    assert_int_equal(settings->loop_stall_warn, 50);
    assert_int_equal(settings->listen.count, 0);
    assert_true(settings_loops(settings) >= 1);
}

static void loops_are_auto_or_a_number(void **state)
{
    (void)state;
    assert_int_equal(settings_loops(parse("loops: 3\n")), 3);
    static const char *const bad[] = {"loops: 0\n", "loops: many\n", "loops: 129\n", "loops: -1\n"};
    for (size_t i = 0; i < HEARTH_COUNT(bad); i++)
        assert_null(parse(bad[i]));
}

static void a_base_path_is_made_of_plain_segments(void **state)
{
    (void)state;
    assert_non_null(parse("base_path: /game/v1\n"));
    static const char *const bad[] = {
        "base_path: game\n",  "base_path: /\n",    "base_path: /a/\n",  "base_path: /a//b\n",
        "base_path: /../a\n", "base_path: /a b\n", "base_path: /{id}\n"};
    for (size_t i = 0; i < HEARTH_COUNT(bad); i++)
        assert_null(parse(bad[i]));
}

static void certificate_and_key_come_together(void **state)
{
    (void)state;
    assert_null(parse("listen: [{address: '127.0.0.1:1', tls_certificate: a.pem}]\n"));
    assert_non_null(
        parse("listen: [{address: '127.0.0.1:1', tls_certificate: a.pem, tls_key: b.pem}]\n"));
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_table_is_sound),
        TEST(an_empty_file_gives_the_documented_defaults),
        TEST(loops_are_auto_or_a_number),
        TEST(a_base_path_is_made_of_plain_segments),
        TEST(certificate_and_key_come_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
