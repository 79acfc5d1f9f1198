/*
 * cells_test.c - counting per loop, the ceiling of series, and adding loops up.
 */
#include "../unit.h"

#include "host/cells.h"

static const double bounds[] = {1, 10};
static const hearth_metric metrics[] = {
    {.name = "hits_total", .kind = HEARTH_COUNTER, .max_series = 2, .help = "h", .labels = "a b"},
    {.name = "seconds",
     .kind = HEARTH_HISTOGRAM,
     .help = "h",
     .buckets = bounds,
     .bucket_count = 2},
};
static cells_family items[2];
static const cells_families families = {items, 2};
static host_cells one, two;

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++)
        cells_family_init(&items[i], "test", &metrics[i]);
    return cells_init(&one, &families) || cells_init(&two, &families);
}

static int tear_down(void **state)
{
    (void)state;
    cells_finish(&one);
    cells_finish(&two);
    return 0;
}

static hearth_series *hits(host_cells *cells, const char *a, const char *b)
{
    hearth_str values[] = {str_from(a), str_from(b)};
    return cells_series(cells, 0, values, 2);
}

static void equal_labels_are_one_series(void **state)
{
    (void)state;
    assert_ptr_equal(hits(&one, "x", "y"), hits(&one, "x", "y"));
    assert_ptr_not_equal(hits(&one, "x", "y"), hits(&one, "xy", ""));
    assert_str(hits(&one, "x", "y")->values[1], "y");
}

static void past_the_ceiling_all_are_other(void **state)
{
    (void)state;
    hearth_series *x = hits(&one, "x", ""), *y = hits(&one, "y", "");
    hearth_series *other = hits(&one, "z", "");
    assert_str(other->values[0], "other");
    assert_str(other->values[1], "other");
    assert_ptr_equal(hits(&one, "w", "w"), other);
    assert_ptr_equal(hits(&one, "x", ""), x);
    assert_ptr_equal(hits(&one, "y", ""), y);
}

static void long_labels_are_cut_at_a_character(void **state)
{
    char text[CELLS_MAX_LABEL + 8];
    (void)state;
    for (size_t i = 0; i < sizeof(text); i += 2)
        memcpy(text + i, "\xc3\xa4", 2);
    text[0] = 'a';
    text[1] = 'b';
    hearth_str values[] = {{text, sizeof(text)}, HEARTH_STR("")};
    hearth_series *series = cells_series(&one, 0, values, 2);
    assert_int_equal(series->values[0].len, CELLS_MAX_LABEL);
    assert_true(str_is_utf8(series->values[0]));
}

static void missing_labels_are_empty(void **state)
{
    (void)state;
    assert_ptr_equal(cells_series(&one, 0, NULL, 0), hits(&one, "", ""));
}

static void an_observation_falls_into_one_bucket(void **state)
{
    (void)state;
    hearth_series *series = cells_series(&one, 1, NULL, 0);
    const double values[] = {0.5, 1, 1.01, 10, 11};
    for (size_t i = 0; i < HEARTH_COUNT(values); i++)
        cells_observe(series, values[i]);
    assert_int_equal(series->buckets[0], 2);
    assert_int_equal(series->buckets[1], 2);
    assert_int_equal(series->buckets[2], 1);
    assert_int_equal(series->count, 5);
    assert_true(series->value > 23.50 && series->value < 23.52);
}

static void count(const hearth_metric_sample *sample, void *arg)
{
    size_t *order = arg;
    assert_string_equal(sample->plugin, "test");
    if (sample->metric == &metrics[0])
        assert_int_equal(order[1], 0); /* family by family */
    order[sample->metric == &metrics[1]]++;
}

static void loops_add_up(void **state)
{
    (void)state;
    cells_add(hits(&one, "x", "y"), 2);
    cells_add(hits(&two, "x", "y"), 3);
    cells_add(hits(&two, "z", "y"), 1);
    cells_observe(cells_series(&one, 1, NULL, 0), 5);
    cells_observe(cells_series(&two, 1, NULL, 0), 50);
    assert_int_equal(cells_merge(&one, &two), HEARTH_OK);
    assert_int_equal((int)hits(&one, "x", "y")->value, 5);
    assert_int_equal((int)hits(&one, "z", "y")->value, 1);
    hearth_series *seconds = cells_series(&one, 1, NULL, 0);
    assert_int_equal(seconds->count, 2);
    assert_int_equal(seconds->buckets[1], 1);
    assert_int_equal(seconds->buckets[2], 1);
    size_t visits[2] = {0};
    cells_visit(&one, count, visits);
    assert_int_equal(visits[0], 2);
    assert_int_equal(visits[1], 1);
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(equal_labels_are_one_series),          TEST(past_the_ceiling_all_are_other),
        TEST(long_labels_are_cut_at_a_character),   TEST(missing_labels_are_empty),
        TEST(an_observation_falls_into_one_bucket), TEST(loops_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
