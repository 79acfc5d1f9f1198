/*
 * arena_test.c - an arena aligns, stops at its ceiling, gives chunks back, runs its cleanups.
 */
#include "../unit.h"

#include "base/arena.h"

static void objects_are_aligned_and_apart(void **state)
{
    (void)state;
    hearth_arena_pool pool;
    hearth_arena arena;
    arena_pool_init(&pool, 1024, 4);
    arena_init(&arena, &pool, 64 * 1024);
    unsigned char *objects[200];
    for (size_t i = 0; i < 200; i++) {
        objects[i] = arena_alloc(&arena, i);
        assert_non_null(objects[i]);
        assert_int_equal((uintptr_t)objects[i] % HEARTH_ARENA_ALIGN, 0);
        memset(objects[i], (int)i, i);
    }
    for (size_t i = 0; i < 200; i++) {
        for (size_t j = 0; j < i; j++)
            assert_int_equal(objects[i][j], i);
    }
    arena_finish(&arena);
    arena_pool_finish(&pool);
}

static void ceiling_counts_the_same_bytes_for_small_and_large_objects(void **state)
{
    (void)state;
    hearth_arena arena;
    arena_init(&arena, NULL, 10000);
    size_t count = 0;
    while (arena_alloc(&arena, 100))
        count++;
    assert_int_equal(count, 10000 / 112);
    arena_finish(&arena);
    assert_non_null(arena_alloc(&arena, 10000));
    assert_null(arena_alloc(&arena, 1));
    arena_finish(&arena);
    assert_null(arena_alloc(&arena, 10001));
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_alloc(&arena, SIZE_MAX - 15));
    assert_null(arena_calloc(&arena, SIZE_MAX / 2, 3));
    assert_null(arena_dup(&arena, "", SIZE_MAX));
    arena_finish(&arena);
}

static void an_empty_object_is_not_null(void **state)
{
    (void)state;
    hearth_arena arena;
    arena_init(&arena, NULL, 64);
    void *first = arena_alloc(&arena, 0);
    assert_non_null(first);
    assert_ptr_not_equal(first, arena_alloc(&arena, 0));
    arena_finish(&arena);
}

struct order {
    char *trace;
    char letter;
};

static void write_letter(void *arg)
{
    struct order *order = arg;
    order->trace[strlen(order->trace)] = order->letter;
}

static void cleanups_run_newest_first_while_memory_is_there(void **state)
{
    (void)state;
    char trace[8] = {0};
    hearth_arena arena;
    arena_init(&arena, NULL, 4096);
    for (int i = 0; i < 3; i++) {
        struct order *order = arena_alloc(&arena, sizeof(*order));
        *order = (struct order){trace, (char)('a' + i)};
        assert_int_equal(arena_defer(&arena, write_letter, order), HEARTH_OK);
    }
    arena_finish(&arena);
    assert_string_equal(trace, "cba");
    arena_finish(&arena);
    assert_string_equal(trace, "cba");
}

static void a_cleanup_that_finds_no_room_does_not_run(void **state)
{
    (void)state;
    char trace[8] = {0};
    struct order order = {trace, 'x'};
    hearth_arena arena;
    arena_init(&arena, NULL, 16);
    assert_int_equal(arena_defer(&arena, write_letter, &order), HEARTH_ENOMEM);
    arena_finish(&arena);
    assert_string_equal(trace, "");
}

static void chunks_come_back_to_a_bounded_free_list(void **state)
{
    (void)state;
    if (HEARTH_ARENA_DEBUG)
        skip();
    hearth_arena_pool pool;
    hearth_arena arena;
    arena_pool_init(&pool, 1024, 2);
    for (int round = 0; round < 3; round++) {
        arena_init(&arena, &pool, 1 << 20);
        for (int i = 0; i < 50; i++)
            assert_non_null(arena_alloc(&arena, 100));
        assert_in_range(pool.in_use, 5, 8);
        arena_finish(&arena);
        assert_int_equal(pool.in_use, 0);
        assert_int_equal(pool.free_count, 2);
    }
    arena_pool_finish(&pool);
    assert_int_equal(pool.free_count, 0);
}

static void what_was_secret_is_overwritten(void **state)
{
    (void)state;
    if (HEARTH_ARENA_DEBUG)
        skip();
    hearth_arena_pool pool;
    hearth_arena arena;
    char *objects[30];
    static const char zeros[100];
    arena_pool_init(&pool, 1024, 100);
    arena_init(&arena, &pool, 1 << 20);
    arena.secret = true;
    for (int i = 0; i < 30; i++) {
        objects[i] = arena_alloc(&arena, 100);
        memset(objects[i], 'x', 100);
    }
    arena_finish(&arena);
    for (int i = 0; i < 30; i++) /* the chunks are in the pool, and live */
        assert_memory_equal(objects[i], zeros, 100);
    arena_pool_finish(&pool);
}

static void printf_and_dup_end_in_nul(void **state)
{
    (void)state;
    hearth_arena arena;
    arena_init(&arena, NULL, 8192);
    assert_string_equal(arena_printf(&arena, "%d-%s", 7, "seven"), "7-seven");
    char *longer = arena_printf(&arena, "%0700d", 1);
    assert_int_equal(strlen(longer), 700);
    assert_null(arena_printf(&arena, "%09000d", 1));
    assert_string_equal(arena_dup(&arena, "abc", 2), "ab");
    assert_string_equal(arena_dup(&arena, NULL, 0), "");
    assert_str(arena_dup_str(&arena, HEARTH_STR("xyz")), "xyz");
    arena_finish(&arena);
}

static void growing_keeps_the_content(void **state)
{
    (void)state;
    hearth_arena arena;
    arena_init(&arena, NULL, 1 << 16);
    size_t size = 3;
    char *text = arena_alloc(&arena, size);
    memcpy(text, "abc", 3);
    for (int i = 0; i < 9; i++) {
        if (i % 3 == 2)
            assert_non_null(arena_alloc(&arena, 1)); /* no longer the newest */
        text = arena_grow(&arena, text, size, size * 2);
        assert_non_null(text);
        memset(text + size, 'z', size);
        size *= 2;
        assert_memory_equal(text, "abc", 3);
    }
    assert_null(arena_grow(&arena, text, size, 1 << 17));
    arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_are_aligned_and_apart),
        cmocka_unit_test(ceiling_counts_the_same_bytes_for_small_and_large_objects),
        cmocka_unit_test(an_empty_object_is_not_null),
        cmocka_unit_test(cleanups_run_newest_first_while_memory_is_there),
        cmocka_unit_test(a_cleanup_that_finds_no_room_does_not_run),
        cmocka_unit_test(chunks_come_back_to_a_bounded_free_list),
        cmocka_unit_test(what_was_secret_is_overwritten),
        cmocka_unit_test(printf_and_dup_end_in_nul),
        cmocka_unit_test(growing_keeps_the_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
