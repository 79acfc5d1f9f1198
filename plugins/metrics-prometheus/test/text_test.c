/*
 * text_test.c - the two text formats, against what their standards print.
 */
#include "text.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const double bounds[] = {0.1, 1};
static const hearth_metric counter = {.name = "hearth_tests_total",
                                      .kind = HEARTH_COUNTER,
                                      .help = "A \"counter\"\\ of\ntests",
                                      .labels = "name"};
static const hearth_metric histogram = {.name = "hearth_test_duration_seconds",
                                        .kind = HEARTH_HISTOGRAM,
                                        .unit = "seconds",
                                        .help = "Durations",
                                        .buckets = bounds,
                                        .bucket_count = 2};
static const hearth_str names[] = {{"name", 4}};

static void expect_page(enum format format, const char *expected)
{
    static const uint64_t counts[] = {1, 2, 3};
    hearth_str hostile = {"a\"b\\c\nd", 7};
    struct text text;
    hearth_metric_sample sample = {.struct_size = sizeof(sample),
                                   .label_count = 1,
                                   .metric = &counter,
                                   .label_names = names,
                                   .label_values = &hostile,
                                   .value = 3};

    text_init(&text, format);
    text_sample(&text, &sample);
    sample = (hearth_metric_sample){.struct_size = sizeof(sample),
                                    .metric = &histogram,
                                    .value = 12.25,
                                    .count = 6,
                                    .buckets = counts};
    text_sample(&text, &sample);
    text_end(&text);
    assert_false(text.failed);
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.bytes, expected, text.len);
    text_finish(&text);
}

static void prometheus_format(void **state)
{
    (void)state;
    expect_page(FORMAT_PROMETHEUS, "# HELP hearth_tests_total A \"counter\"\\\\ of\\ntests\n"
                                   "# TYPE hearth_tests_total counter\n"
                                   "hearth_tests_total{name=\"a\\\"b\\\\c\\nd\"} 3\n"
                                   "# HELP hearth_test_duration_seconds Durations\n"
                                   "# TYPE hearth_test_duration_seconds histogram\n"
                                   "hearth_test_duration_seconds_bucket{le=\"0.1\"} 1\n"
                                   "hearth_test_duration_seconds_bucket{le=\"1\"} 3\n"
                                   "hearth_test_duration_seconds_bucket{le=\"+Inf\"} 6\n"
                                   "hearth_test_duration_seconds_sum 12.25\n"
                                   "hearth_test_duration_seconds_count 6\n");
}

static void openmetrics_format(void **state)
{
    (void)state;
    expect_page(FORMAT_OPENMETRICS, "# HELP hearth_tests A \\\"counter\\\"\\\\ of\\ntests\n"
                                    "# TYPE hearth_tests counter\n"
                                    "hearth_tests_total{name=\"a\\\"b\\\\c\\nd\"} 3\n"
                                    "# HELP hearth_test_duration_seconds Durations\n"
                                    "# TYPE hearth_test_duration_seconds histogram\n"
                                    "# UNIT hearth_test_duration_seconds seconds\n"
                                    "hearth_test_duration_seconds_bucket{le=\"0.1\"} 1\n"
                                    "hearth_test_duration_seconds_bucket{le=\"1.0\"} 3\n"
                                    "hearth_test_duration_seconds_bucket{le=\"+Inf\"} 6\n"
                                    "hearth_test_duration_seconds_sum 12.25\n"
                                    "hearth_test_duration_seconds_count 6\n"
                                    "# EOF\n");
}

static void accept_header_chooses(void **state)
{
    (void)state;
    assert_int_equal(text_negotiate(HEARTH_STR("")), FORMAT_PROMETHEUS);
    assert_int_equal(text_negotiate(HEARTH_STR("text/plain;version=0.0.4")), FORMAT_PROMETHEUS);
    assert_int_equal(
        text_negotiate(HEARTH_STR("Application/OpenMetrics-Text;version=1.0.0,text/plain;q=0.5")),
        FORMAT_OPENMETRICS);
}

static void large_and_odd_numbers(void **state)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {{1e21, "1e+21"},     {0.1, "0.1"}, {123456789012.0, "123456789012"},
                 {-INFINITY, "-Inf"}, {NAN, "NaN"}, {1.0 / 3.0, "0.3333333333333333"}};
    static const hearth_metric gauge = {.name = "g", .kind = HEARTH_GAUGE, .help = "h"};
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct text text;
        hearth_metric_sample sample = {
            .struct_size = sizeof(sample), .metric = &gauge, .value = cases[i].value};
        text_init(&text, FORMAT_PROMETHEUS);
        text_sample(&text, &sample);
        const char *last = (const char *)memrchr(text.bytes, ' ', text.len) + 1;
        assert_int_equal(text.bytes + text.len - last - 1, strlen(cases[i].text));
        assert_memory_equal(last, cases[i].text, strlen(cases[i].text));
        text_finish(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prometheus_format),
        cmocka_unit_test(openmetrics_format),
        cmocka_unit_test(accept_header_chooses),
        cmocka_unit_test(large_and_odd_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
