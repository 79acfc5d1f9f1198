/*
 * desc_check_test.c - what a plugin's tables must say before it is taken.
 */
#include "../unit.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "plugin/desc_check.h"

static hearth_status handler(hearth_ctx *ctx, hearth_req *req)
{
    (void)ctx;
    (void)req;
    return HEARTH_OK;
}

/* A route that is taken, until a test spoils it. */
static hearth_route good_route(void)
{
    return (hearth_route){
        .method = "GET", .path = "/thing", .handler = handler, .help = "Gets the thing"};
}

static void assert_route(const hearth_route *route, const char *problem)
{
    hearth_error error;
    plugin_desc desc = {.head = {.id = "p", .routes = route}, .route_count = 1};

    error_clear(&error);
    assert_int_equal(plugin_desc_check(&desc, &error), problem ? HEARTH_EINVAL : HEARTH_OK);
    if (problem)
        assert_string_equal(error.text, problem);
}

static void a_route_has_method_path_and_handler(void **state)
{
    hearth_route route = good_route();
    (void)state;
    route.path = "thing";
    assert_route(&route, "p: routes[0]: expected a method, a path and a handler");
    route = good_route();
    route.handler = NULL;
    assert_route(&route, "p: routes[0]: expected a method, a path and a handler");
}

static void a_scope_goes_with_the_access_that_asks_for_it(void **state)
{
    hearth_route route = good_route();
    (void)state;
    route.access = HEARTH_SCOPE;
    assert_route(&route, "p: route GET /thing: expected a known access and affinity, and a scope "
                         "with HEARTH_SCOPE only");
    route.scope = "admin";
    assert_route(&route, NULL);
}

static void assert_metric(const hearth_metric *metric, const char *problem)
{
    hearth_error error;
    plugin_desc desc = {.head = {.id = "p", .metrics = metric}, .metric_count = 1};

    error_clear(&error);
    assert_int_equal(plugin_desc_check(&desc, &error), problem ? HEARTH_EINVAL : HEARTH_OK);
    if (problem && !strstr(error.text, problem))
        fail_msg("expected \"...%s...\", found \"%s\"", problem, error.text);
}

static void a_metric_s_labels_are_names_that_prometheus_takes(void **state)
{
    static const char problem[] = "p: metric `m`: expected at most 4 different label names";
    const double bucket = 1;
    hearth_metric metric = {.name = "m", .kind = HEARTH_COUNTER, .help = "h", .labels = "a b le d"};

    (void)state;
    assert_metric(&metric, NULL);
    const char *const bad[] = {"a b c d e", "a-b", "1a", "a  b", "a a", "a b a"};
    for (size_t i = 0; i < HEARTH_COUNT(bad); i++) {
        metric.labels = bad[i];
        assert_metric(&metric, problem);
    }
    metric = (hearth_metric){.name = "m",
                             .kind = HEARTH_HISTOGRAM,
                             .help = "h",
                             .buckets = &bucket,
                             .bucket_count = 1,
                             .labels = "le"};
    assert_metric(&metric, problem);
}

static void buckets_grow_and_are_numbers(void **state)
{
    double buckets[3] = {1, 2, 3};
    hearth_metric metric = {
        .name = "m", .kind = HEARTH_HISTOGRAM, .help = "h", .buckets = buckets, .bucket_count = 3};

    (void)state;
    assert_metric(&metric, NULL);
    const double bad[] = {2, NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < HEARTH_COUNT(bad); i++) {
        for (size_t at = 0; at < 3; at++) {
            if (i == 0 && at == 1)
                continue; /* 2 is what stands there */
            double before = buckets[at];
            buckets[at] = i == 0 && at == 0 ? 2 : bad[i];
            assert_metric(&metric, "p: metric `m`: expected growing buckets");
            buckets[at] = before;
        }
    }
}

static hearth_status run_nothing(hearth_ctx *ctx, hearth_cmd *cmd)
{
    (void)ctx;
    (void)cmd;
    return HEARTH_OK;
}

static void a_command_has_one_or_two_words(void **state)
{
    const struct {
        const char *name;
        bool good;
    } names[] = {{"show", true},   {"show all-9", true}, {"a b c", false}, {"", false},
                 {"show ", false}, {" show", false},     {"Show", false},  {"--show", false},
                 {"a  b", false},  {"a -b", false}};

    (void)state;
    for (size_t i = 0; i < HEARTH_COUNT(names); i++) {
        hearth_error error;
        const hearth_command command = {
            .name = names[i].name, .usage = "", .help = "h", .run = run_nothing};
        plugin_desc desc = {.head = {.id = "p", .commands = &command}, .command_count = 1};
        error_clear(&error);
        assert_int_equal(plugin_desc_check(&desc, &error),
                         names[i].good ? HEARTH_OK : HEARTH_EINVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_route_has_method_path_and_handler),
        cmocka_unit_test(a_scope_goes_with_the_access_that_asks_for_it),
        cmocka_unit_test(a_metric_s_labels_are_names_that_prometheus_takes),
        cmocka_unit_test(buckets_grow_and_are_numbers),
        cmocka_unit_test(a_command_has_one_or_two_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
