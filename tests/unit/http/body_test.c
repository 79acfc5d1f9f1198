/*
 * body_test.c - bodies of a length and in chunks, cut everywhere, up to their limit and past it.
 */
#include "../unit.h"

#include "http/body.h"

static body_result feed(hearth_arena *arena, http_body *body, const char *text, size_t piece,
                        bool chunked, uint64_t length, size_t limit, size_t *used)
{
    body_result result = BODY_MORE;
    size_t len = strlen(text), at = 0;
    body_init(body, arena, chunked, length, limit);
    while (result == BODY_MORE && at < len) {
        size_t step = 0;
        result =
            body_feed(body, (hearth_str){text + at, piece < len - at ? piece : len - at}, &step);
        at += step;
    }
    *used = at;
    return result;
}

static void every_cut_gives_the_same_body(void **state)
{
    static const struct {
        const char *text;
        bool chunked;
        uint64_t length;
        body_result result;
        const char *body;
        size_t used;
    } cases[] = {
        {"hello, and more", false, 5, BODY_COMPLETE, "hello", 5},
        {"hell", false, 5, BODY_MORE, "hell", 4},
        {"5\r\nhello\r\n0\r\n\r\nmore", true, 0, BODY_COMPLETE, "hello", 15},
        {"1;a=b;c=\"d\"\r\nh\r\n00004\r\nello\r\n0;x\r\nT: v\r\nU:\r\n\r\n", true, 0, BODY_COMPLETE,
         "hello", 46},
        {"0\r\n\r\n", true, 0, BODY_COMPLETE, "", 5},
        {"a\r\n0123456789\r\n0\r\n\r\n", true, 0, BODY_COMPLETE, "0123456789", 20},
        {"A\r\n0123456789\r\n1\r\na\r\n0\r\n\r\n", true, 0, BODY_TOO_LARGE, NULL, 0},
        {"fffffff\r\n", true, 0, BODY_TOO_LARGE, NULL, 0},
        {"0000000000000001\r\n", true, 0, BODY_MALFORMED, NULL, 0},
        {"5\nhello\r\n0\r\n\r\n", true, 0, BODY_MALFORMED, NULL, 0},
        {"5\r\nhello\n0\r\n\r\n", true, 0, BODY_MALFORMED, NULL, 0},
        {"5\r\nhello\r\n0\r\n\n", true, 0, BODY_MALFORMED, NULL, 0},
        {"g\r\n", true, 0, BODY_MALFORMED, NULL, 0},
        {";a\r\n", true, 0, BODY_MALFORMED, NULL, 0},
    };
    hearth_arena arena;
    http_body body;
    (void)state;
    arena_init(&arena, NULL, 1 << 20);
    for (size_t i = 0; i < HEARTH_COUNT(cases); i++) {
        for (size_t piece = 1; piece <= strlen(cases[i].text); piece++) {
            size_t used;
            body_result result = feed(&arena, &body, cases[i].text, piece, cases[i].chunked,
                                      cases[i].length, 10, &used);
            if (result != cases[i].result)
                fail_msg("case %zu, cut %zu: expected %d, found %d", i, piece, (int)cases[i].result,
                         (int)result);
            if (!cases[i].body)
                continue;
            assert_str(((hearth_str){body.data, body.len}), cases[i].body);
            assert_int_equal(used, cases[i].used);
        }
    }
    arena_finish(&arena);
}

static void memory_follows_what_arrived(void **state)
{
    hearth_arena arena;
    http_body body;
    size_t used;
    (void)state;
    arena_init(&arena, NULL, 1 << 20);
    assert_int_equal(feed(&arena, &body, "x", 1, false, 500000, 600000, &used), BODY_MORE);
    assert_true(arena.used <= 8192);
    arena_finish(&arena);
}

static void a_full_arena_is_reported(void **state)
{
    hearth_arena arena;
    http_body body;
    size_t used;
    (void)state;
    arena_init(&arena, NULL, 64);
    assert_int_equal(feed(&arena, &body, "x", 1, false, 500000, 600000, &used), BODY_NO_MEMORY);
    arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cut_gives_the_same_body),
        cmocka_unit_test(memory_follows_what_arrived),
        cmocka_unit_test(a_full_arena_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
