/*
 * desc_test.c - a descriptor that the real host would refuse is refused by the fake one: a plugin
 * whose tests pass is one that loads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <hearth/testing.h>

typedef struct conf {
    hearth_str text;
    int64_t number;
    uint32_t choice;
} conf;

static hearth_status handle(hearth_ctx *ctx, hearth_req *req)
{
    (void)ctx;
    (void)req;
    return HEARTH_ENOTFOUND;
}

static hearth_status command(hearth_ctx *ctx, hearth_cmd *cmd)
{
    (void)ctx;
    (void)cmd;
    return HEARTH_OK;
}

HEARTH_PLUGIN("plain", "1.0.0", .config_size = sizeof(conf));

/* What is wrong with a plugin that has this table; "" when it is taken. */
static void assert_problem(const hearth_plugin_desc *desc, const char *expected)
{
    hearth_test_host *host = hearth_test_create(NULL);
    hearth_status status = hearth_test_add(host, desc);
    if (!strstr(hearth_test_error(host), expected) || (status == HEARTH_OK) != !expected[0])
        fail_msg("expected \"...%s...\", found \"%s\"", expected, hearth_test_error(host));
    hearth_test_destroy(host);
}

static void config_fields_have_a_place_a_type_and_known_flags(void **unused)
{
    (void)unused;
    const size_t number = offsetof(conf, number), choice = offsetof(conf, choice);
    const struct {
        hearth_conf_field field;
        const char *problem;
    } cases[] = {
        {{"n", HEARTH_CONF_INT, 0, number, "1", 0, 0, NULL, "h"}, ""},
        {{"N", HEARTH_CONF_INT, 0, number, "1", 0, 0, NULL, "h"}, "expected a key"},
        {{"n", HEARTH_CONF_INT, 0, number, "1", 0, 0, NULL, ""}, "expected a key"},
        {{"n", HEARTH_CONF_INT, 0, number + 4, "1", 0, 0, NULL, "h"}, "not aligned"},
        {{"n", HEARTH_CONF_INT, 0, sizeof(conf), "1", 0, 0, NULL, "h"}, "inside the struct"},
        {{"n", (hearth_conf_type)9, 0, number, "1", 0, 0, NULL, "h"}, "expected a type"},
        {{"n", HEARTH_CONF_INT, 0, 8, "1", 0, 0, NULL, "h"}, "a place of its own"},
        {{"text", HEARTH_CONF_INT, 0, number, "1", 0, 0, NULL, "h"}, "a second time"},
        {{"n", HEARTH_CONF_INT, 16, number, "1", 0, 0, NULL, "h"}, "expected flags"},
        {{"n", HEARTH_CONF_INT, HEARTH_CONF_SECRET, number, NULL, 0, 0, NULL, "h"}, "to be a text"},
        {{"n", HEARTH_CONF_INT, HEARTH_CONF_REQUIRED, number, "1", 0, 0, NULL, "h"},
         "without a default"},
        {{"n", HEARTH_CONF_ENUM, 0, choice, "a", 0, 0, "a|b", "h"}, ""},
        {{"n", HEARTH_CONF_ENUM, 0, choice, "a", 0, 0, "", "h"}, "expected choices"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const hearth_conf_field fields[] = {
            {"text", HEARTH_CONF_STR, 0, 0, "", 0, 0, NULL, "h"}, cases[i].field, {0}};
        hearth_plugin_desc desc = hearth_plugin_main;
        desc.config = fields;
        assert_problem(&desc, cases[i].problem);
    }
}

static void routes_are_ones_that_the_host_can_serve(void **unused)
{
    (void)unused;
    const struct {
        hearth_route route;
        const char *problem;
    } cases[] = {
        {{.method = "GET", .path = "/a/{b}/c", .handler = handle}, ""},
        {{.method = "GET", .path = "/", .handler = handle}, ""},
        {{.method = "GTE", .path = "/a", .handler = handle}, "expected GET, POST"},
        {{.method = "GET", .path = "a", .handler = handle}, "a path"},
        {{.method = "GET", .path = "/a", .handler = NULL}, "a handler"},
        {{.method = "GET", .path = "/a/{b", .handler = handle}, "whole segment"},
        {{.method = "GET", .path = "/a/x{b}", .handler = handle}, "whole segment"},
        {{.method = "GET", .path = "/a/{}", .handler = handle}, "whole segment"},
        {{.method = "GET", .path = "/a", .handler = handle, .access = (hearth_access)9}, "access"},
        {{.method = "GET", .path = "/a", .handler = handle, .access = HEARTH_SCOPE}, "a scope"},
        {{.method = "GET", .path = "/a", .handler = handle, .affinity = HEARTH_AFFINITY_USER},
         "go together"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const hearth_route routes[] = {cases[i].route, {0}};
        hearth_plugin_desc desc = hearth_plugin_main;
        desc.routes = routes;
        assert_problem(&desc, cases[i].problem);
    }
    const hearth_hook hooks[] = {{(hearth_phase)9, 0, handle}, {0}};
    hearth_plugin_desc desc = hearth_plugin_main;
    desc.hooks = hooks;
    assert_problem(&desc, "hooks[0]: expected a known phase");
}

static void metrics_are_ones_that_can_be_read(void **unused)
{
    (void)unused;
    static const double growing[] = {1, 2}, falling[] = {2, 1};
    const struct {
        hearth_metric metric;
        const char *problem;
    } cases[] = {
        {{"m_total", HEARTH_COUNTER, 0, NULL, "h", NULL, 0, "a b c d"}, ""},
        {{"m_s", HEARTH_HISTOGRAM, 0, NULL, "h", growing, 2, NULL}, ""},
        {{"first", HEARTH_COUNTER, 0, NULL, "h", NULL, 0, NULL}, "metric first"},
        {{"m-total", HEARTH_COUNTER, 0, NULL, "h", NULL, 0, NULL}, "metric m-total"},
        {{"m_total", (hearth_metric_kind)9, 0, NULL, "h", NULL, 0, NULL}, "metric m_total"},
        {{"m_total", HEARTH_COUNTER, 0, NULL, "h", NULL, 0, "a b c d e"}, "metric m_total"},
        {{"m_total", HEARTH_COUNTER, 0, NULL, "h", NULL, 0, "a-b"}, "metric m_total"},
        {{"m_total", HEARTH_COUNTER, 0, NULL, "h", NULL, 0, "a a"}, "metric m_total"},
        {{"m_s", HEARTH_HISTOGRAM, 0, NULL, "h", growing, 2, "le"}, "metric m_s"},
        {{"m_s", HEARTH_HISTOGRAM, 0, NULL, "h", falling, 2, NULL}, "metric m_s"},
        {{"m_s", HEARTH_HISTOGRAM, 0, NULL, "h", NULL, 0, NULL}, "metric m_s"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const hearth_metric metrics[] = {
            {.name = "first", .kind = HEARTH_GAUGE, .help = "h"}, cases[i].metric, {0}};
        hearth_plugin_desc desc = hearth_plugin_main;
        desc.metrics = metrics;
        assert_problem(&desc, cases[i].problem);
    }
}

static void services_and_commands_have_names(void **unused)
{
    (void)unused;
    static const uint32_t no_size = 0, size = 4;
    hearth_plugin_desc desc = hearth_plugin_main;
    desc.uses = (const hearth_use[]){{HEARTH_HTTP_ID, 8, 7, 0}, {0}};
    assert_problem(&desc, "a known flag");
    desc.uses = (const hearth_use[]){{"no id", 8, 0, 0}, {0}};
    assert_problem(&desc, "an id like");
    desc = hearth_plugin_main;
    desc.provides = (const hearth_provide[]){{"a.b/1", &no_size}, {0}};
    assert_problem(&desc, "starts with its struct_size");
    desc.provides = (const hearth_provide[]){{HEARTH_HTTP_ID, &size}, {0}};
    assert_problem(&desc, "the host's own");
    desc.provides = (const hearth_provide[]){{"a.b/1", &size}, {0}};
    assert_problem(&desc, "");
    const char *const bad[] = {"a b c", "", "A", "a  b", "--a", " a", "a "};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const hearth_command commands[] = {{bad[i], "", "h", command}, {0}};
        desc.commands = commands;
        assert_problem(&desc, "one or two words");
    }
    desc.commands = (const hearth_command[]){{"account add", "", "h", command}, {0}};
    assert_problem(&desc, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_fields_have_a_place_a_type_and_known_flags),
        cmocka_unit_test(routes_are_ones_that_the_host_can_serve),
        cmocka_unit_test(metrics_are_ones_that_can_be_read),
        cmocka_unit_test(services_and_commands_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
