/*
 * buf_test.c - a buffer grows to its ceiling and not past it, in the heap and in an arena.
 */
#include "../unit.h"

#include "base/buf.h"

static void appends_up_to_the_very_ceiling(void **state)
{
    (void)state;
    hearth_buf buf;
    buf_init(&buf, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(buf_append_char(&buf, (char)i), HEARTH_OK);
    assert_int_equal(buf_append_char(&buf, 'x'), HEARTH_ENOMEM);
    assert_int_equal(buf.len, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(buf.ptr[i], (char)i);
    buf_consume(&buf, 400);
    char more[401] = {1};
    assert_int_equal(buf_append(&buf, more, 401), HEARTH_ENOMEM);
    assert_int_equal(buf_append(&buf, more, 400), HEARTH_OK);
    assert_int_equal(buf.ptr[0], (char)400);
    assert_int_equal(buf.ptr[600], 1);
    buf_finish(&buf);
    assert_null(buf.base);
    assert_int_equal(buf_append_str(&buf, HEARTH_STR("again")), HEARTH_OK);
    assert_str(buf_str(&buf), "again");
    buf_finish(&buf);
}

static void consumed_room_is_used_again(void **state)
{
    (void)state;
    hearth_buf buf;
    buf_init(&buf, 1 << 20);
    size_t capacity = 0;
    for (int i = 0; i < 10000; i++) {
        assert_int_equal(buf_append(&buf, "0123456789", 10), HEARTH_OK);
        buf_consume(&buf, (size_t)(9 + (i % 3 == 0) - (i % 3 == 1)));
        if (i == 100)
            capacity = buf.capacity;
        while (buf.len > 100)
            buf_consume(&buf, 1);
    }
    assert_int_equal(buf.capacity, capacity);
    buf_finish(&buf);
}

static void reserve_then_commit(void **state)
{
    (void)state;
    hearth_buf buf;
    buf_init(&buf, 64);
    char *room = buf_reserve(&buf, 64);
    assert_non_null(room);
    memcpy(room, "abc", 3);
    buf_commit(&buf, 3);
    assert_str(buf_str(&buf), "abc");
    assert_null(buf_reserve(&buf, 62));
    assert_non_null(buf_reserve(&buf, 0));
    assert_null(buf_reserve(&buf, SIZE_MAX));
    buf_reset(&buf);
    assert_int_equal(buf.len, 0);
    assert_non_null(buf.base);
    buf_finish(&buf);
    assert_non_null(buf_reserve(&buf, 0));
    buf_finish(&buf);
}

static void printf_of_any_length(void **state)
{
    (void)state;
    hearth_buf buf;
    buf_init(&buf, 1000);
    assert_int_equal(buf_printf(&buf, "%s=%d", "key", 5), HEARTH_OK);
    assert_str(buf_str(&buf), "key=5");
    assert_int_equal(buf_printf(&buf, "%0995d", 1), HEARTH_OK);
    assert_int_equal(buf.len, 1000);
    assert_int_equal(buf_printf(&buf, "x"), HEARTH_ENOMEM);
    buf_reset(&buf);
    assert_int_equal(buf_printf(&buf, "%01001d", 1), HEARTH_ENOMEM);
    assert_int_equal(buf.len, 0);
    buf_finish(&buf);
}

static void lives_in_an_arena(void **state)
{
    (void)state;
    hearth_arena arena;
    hearth_buf buf;
    arena_init(&arena, NULL, 8192);
    buf_init_arena(&buf, &arena, 1 << 20);
    int appended = 0;
    while (buf_append(&buf, "12345678", 8) == HEARTH_OK)
        appended++;
    assert_in_range(appended, 256, 1023); /* the arena's ceiling ended it */
    assert_int_equal(buf.len, appended * 8);
    assert_memory_equal(buf.ptr + buf.len - 8, "12345678", 8);
    arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_up_to_the_very_ceiling),
        cmocka_unit_test(consumed_room_is_used_again),
        cmocka_unit_test(reserve_then_commit),
        cmocka_unit_test(printf_of_any_length),
        cmocka_unit_test(lives_in_an_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
