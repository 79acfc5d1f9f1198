/*
 * map_test.c - the map against a plain model, its order, its ceiling, and removal on the way.
 */
#include "../unit.h"

#include <stdio.h>

#include "base/map.h"

#define KEYS 500

static char names[KEYS][8];

static hearth_str name(size_t i)
{
    return str_from(names[i]);
}

static int make_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < KEYS; i++)
        snprintf(names[i], sizeof(names[i]), "k%zu", i);
    return 0;
}

static void random_steps_match_a_model(void **state)
{
    (void)state;
    hearth_map map;
    map_init(&map, 1u << 20);
    void *model[KEYS] = {0};
    size_t expected = 0;
    uint64_t random = 12345;
    for (int step = 0; step < 50000; step++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        size_t i = (random >> 33) % KEYS;
        if ((random >> 60) % 2) {
            void *old, *value = &names[(random >> 20) % KEYS];
            assert_int_equal(map_put(&map, name(i), value, &old), HEARTH_OK);
            assert_ptr_equal(old, model[i]);
            expected += model[i] == NULL;
            model[i] = value;
        } else {
            assert_ptr_equal(map_remove(&map, name(i)), model[i]);
            expected -= model[i] != NULL;
            model[i] = NULL;
        }
        assert_int_equal(map_len(&map), expected);
    }
    for (size_t i = 0; i < KEYS; i++)
        assert_ptr_equal(map_get(&map, name(i)), model[i]);
    assert_true(map.capacity <= 1024);
    map_finish(&map);
}

static void iteration_follows_insertion(void **state)
{
    (void)state;
    hearth_map map;
    map_init(&map, KEYS);
    for (size_t i = 0; i < KEYS; i++)
        assert_int_equal(map_put(&map, name(i), names[i], NULL), HEARTH_OK);
    for (size_t i = 0; i < KEYS; i += 2)
        map_remove(&map, name(i));
    for (size_t i = 0; i < KEYS; i += 2)
        assert_int_equal(map_put(&map, name(i), names[i], NULL), HEARTH_OK);
    size_t cursor = 0;
    hearth_map_entry *entry;
    for (size_t n = 0; (entry = map_next(&map, &cursor)); n++)
        assert_ptr_equal(entry->value, names[n < KEYS / 2 ? n * 2 + 1 : (n - KEYS / 2) * 2]);
    map_finish(&map);
}

static void entries_may_go_while_iterating(void **state)
{
    (void)state;
    hearth_map map;
    map_init(&map, KEYS);
    for (size_t i = 0; i < KEYS; i++)
        assert_int_equal(map_put(&map, name(i), names[i], NULL), HEARTH_OK);
    size_t cursor = 0, seen = 0;
    for (hearth_map_entry *entry; (entry = map_next(&map, &cursor)); seen++)
        assert_non_null(map_remove(&map, entry->key));
    assert_int_equal(seen, KEYS);
    assert_int_equal(map_len(&map), 0);
    assert_null(map_get(&map, name(3)));
    map_finish(&map);
}

static void the_ceiling_holds_and_changes_nothing(void **state)
{
    (void)state;
    hearth_map map;
    map_init(&map, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(map_put(&map, name(i), names[i], NULL), HEARTH_OK);
    assert_int_equal(map_put(&map, name(3), names[3], NULL), HEARTH_ENOMEM);
    assert_null(map_get(&map, name(3)));
    assert_int_equal(map_put(&map, name(1), names[9], NULL), HEARTH_OK);
    assert_ptr_equal(map_get(&map, name(1)), names[9]);
    assert_ptr_equal(map_remove(&map, name(0)), names[0]);
    assert_int_equal(map_put(&map, name(3), names[3], NULL), HEARTH_OK);
    map_finish(&map);
}

static void churn_does_not_grow_the_map(void **state)
{
    (void)state;
    hearth_map map;
    map_init(&map, 1u << 20);
    for (size_t i = 0; i < 20000; i++) {
        assert_int_equal(map_put(&map, name(i % KEYS), names[0], NULL), HEARTH_OK);
        if (i >= 10)
            assert_non_null(map_remove(&map, name((i - 10) % KEYS)));
    }
    assert_true(map.capacity <= 16);
    map_finish(&map);
}

static void keys_may_hold_any_byte(void **state)
{
    (void)state;
    hearth_map map;
    map_init(&map, 10);
    assert_int_equal(map_put(&map, HEARTH_STR(""), names[0], NULL), HEARTH_OK);
    assert_int_equal(map_put(&map, HEARTH_STR("a\0b"), names[1], NULL), HEARTH_OK);
    assert_ptr_equal(map_get(&map, (hearth_str){NULL, 0}), names[0]);
    assert_null(map_get(&map, HEARTH_STR("a")));
    assert_ptr_equal(map_get(&map, HEARTH_STR("a\0b")), names[1]);
    map_finish(&map);
    assert_null(map_get(&map, HEARTH_STR("")));
    assert_null(map_remove(&map, HEARTH_STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_steps_match_a_model),
        cmocka_unit_test(iteration_follows_insertion),
        cmocka_unit_test(entries_may_go_while_iterating),
        cmocka_unit_test(the_ceiling_holds_and_changes_nothing),
        cmocka_unit_test(churn_does_not_grow_the_map),
        cmocka_unit_test(keys_may_hold_any_byte),
    };
    return cmocka_run_group_tests(tests, make_names, NULL);
}
