/*
 * head_test.c - the head of a request: every cut of it gives the same answer, and what it says is
 * understood. What is refused is tested on real sockets (tests/integration/test_http_hostile.py).
 */
#include "../unit.h"

#include <stdio.h>

#include "http/head.h"

static const head_limits limits = {.max_target = 64, .max_block = 128};

static head_result scan_in_pieces(const char *text, size_t piece, size_t *length)
{
    head_scan scan = {0};
    head_result result = HEAD_MORE;
    for (size_t len = piece; result == HEAD_MORE; len += piece) {
        size_t all = strlen(text);
        result = head_scan_more(&scan, (hearth_str){text, len < all ? len : all}, &limits, length);
        if (len >= all)
            break;
    }
    return result;
}

static void every_cut_gives_the_same_result(void **state)
{
    static const struct {
        const char *text;
        head_result result;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", HEAD_COMPLETE},
        {"GET / HTTP/1.1\r\n\r\nrest", HEAD_COMPLETE},
        {"GET / HTTP/1.1\r\nHost: x\r\n", HEAD_MORE},
        {"GET / HTTP/1.1\r\nHost: x\r\n\r", HEAD_MORE},
        {"GET / HTTP/1.1\nHost: x\r\n\r\n", HEAD_MALFORMED},
        {"GET / HTTP/1.1\r\nHost: x\r\n\n", HEAD_MALFORMED},
        {"GET / HTTP/1.1\r\nHost: x\r\n y\r\n\r\n", HEAD_MALFORMED},
        {"\n", HEAD_MALFORMED},
    };
    (void)state;
    for (size_t i = 0; i < HEARTH_COUNT(cases); i++) {
        size_t whole = 0;
        head_result expected = scan_in_pieces(cases[i].text, strlen(cases[i].text), &whole);
        if (expected != cases[i].result)
            fail_msg("case %zu: expected %d, found %d", i, (int)cases[i].result, (int)expected);
        for (size_t piece = 1; piece < strlen(cases[i].text); piece++) {
            size_t length = 0;
            assert_int_equal(scan_in_pieces(cases[i].text, piece, &length), expected);
            assert_int_equal(length, whole);
        }
    }
}

static void the_block_limit_is_inclusive_for_every_cut(void **state)
{
    char text[400];
    (void)state;
    for (int extra = 0; extra < 2; extra++) {
        int len =
            snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nA: %0*d\r\n\r\n", 128 - 5 + extra, 1);
        for (size_t piece = 1; piece <= (size_t)len; piece++) {
            size_t length;
            assert_int_equal(scan_in_pieces(text, piece, &length),
                             extra ? HEAD_TOO_LARGE : HEAD_COMPLETE);
        }
    }
}

static void the_target_limit_is_inclusive_for_every_cut(void **state)
{
    char text[400];
    (void)state;
    for (int extra = 0; extra < 2; extra++) {
        int len = snprintf(text, sizeof(text), "GET /%0*d HTTP/1.1\r\n\r\n", 63 + extra, 1);
        for (size_t piece = 1; piece <= (size_t)len; piece++) {
            size_t length;
            assert_int_equal(scan_in_pieces(text, piece, &length),
                             extra ? HEAD_TARGET_TOO_LONG : HEAD_COMPLETE);
        }
    }
}

static hearth_status parse(hearth_arena *arena, const char *text, http_head *head)
{
    return head_parse(arena, str_from(text), head);
}

static void a_head_is_understood(void **state)
{
    hearth_arena arena;
    http_head head;
    (void)state;
    arena_init(&arena, NULL, 65536);
    assert_int_equal(
        parse(&arena,
              "POST /a/b?c=d&e HTTP/1.1\r\nhOsT: example.com:80\r\nEmpty:\r\nX-A:  v w \t\r\n"
              "Content-Length: 0012\r\nExpect: 100-Continue\r\n\r\n",
              &head),
        HEARTH_OK);
    assert_int_equal(head.method, HTTP_POST_METHOD);
    assert_str(head.target, "/a/b?c=d&e");
    assert_str(head.path, "/a/b");
    assert_str(head.query, "c=d&e");
    assert_int_equal(head.headers.count, 5);
    assert_str(headers_known(&head.headers, HTTP_HOST), "example.com:80");
    assert_str(head.headers.items[1].name, "Empty");
    assert_str(head.headers.items[1].value, "");
    assert_str(head.headers.items[2].value, "v w");
    assert_int_equal(head.content_length, 12);
    assert_true(head.has_body && !head.chunked && head.keep_alive && head.expects_continue);
    arena_finish(&arena);
}

static void connection_semantics(void **state)
{
    static const struct {
        const char *text;
        bool keep;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: x\r\nConnection: a, CLOSE ,b\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: x\r\nConnection: a\r\nConnection: close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: x\r\nConnection: closed\r\n\r\n", true},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
        {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false},
    };
    hearth_arena arena;
    http_head head;
    (void)state;
    arena_init(&arena, NULL, 65536);
    for (size_t i = 0; i < HEARTH_COUNT(cases); i++) {
        assert_int_equal(parse(&arena, cases[i].text, &head), HEARTH_OK);
        assert_int_equal(head.keep_alive, cases[i].keep);
    }
    arena_finish(&arena);
}

/* Most are refused on real sockets as well; these say which rule of the parser it is. */
static void what_is_no_head_is_refused(void **state)
{
    static const struct {
        const char *text;
        int status;
    } cases[] = {
        {"GET /\r\n\r\n", 400},
        {"GET / HTTP/1.1 \r\nHost: x\r\n\r\n", 400},
        {"GET /\x7f HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET /a\rb HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nName\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\n: value\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nName : value\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nName: va\rlue\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nName: value\r\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\nName: value\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nName: value\r\n\r\nmore", 400},
        {"GET http://user@x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET http://x{y}/ HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nExpect: 200-ok\r\n\r\n", 417},
    };
    hearth_arena arena;
    http_head head;
    (void)state;
    arena_init(&arena, NULL, 65536);
    for (size_t i = 0; i < HEARTH_COUNT(cases); i++) {
        if (parse(&arena, cases[i].text, &head) != HEARTH_EINVAL ||
            head.status != cases[i].status || !head.reason)
            fail_msg("case %zu: expected %d, found %d", i, cases[i].status, head.status);
        /* What was understood is still asked for: the request's id goes into the answer. */
        if (headers_have(&head.headers, HTTP_HOST))
            assert_str(headers_known(&head.headers, HTTP_HOST), "x");
    }
    arena_finish(&arena);
}

static void a_hundred_header_lines_are_the_most(void **state)
{
    char text[1024];
    hearth_arena arena;
    http_head head;
    (void)state;
    arena_init(&arena, NULL, 65536);
    for (int lines = 100; lines <= 101; lines++) {
        size_t len = (size_t)snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: x\r\n");
        for (int i = 1; i < lines; i++)
            len += (size_t)snprintf(text + len, sizeof(text) - len, "a: b\r\n");
        snprintf(text + len, sizeof(text) - len, "\r\n");
        assert_int_equal(parse(&arena, text, &head), lines > 100 ? HEARTH_EINVAL : HEARTH_OK);
        assert_int_equal(lines > 100 ? head.status : (int)head.headers.count,
                         lines > 100 ? 431 : 100);
    }
    arena_finish(&arena);
}

static void a_full_arena_is_reported(void **state)
{
    hearth_arena arena;
    http_head head;
    (void)state;
    arena_init(&arena, NULL, 16);
    assert_int_equal(parse(&arena, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", &head), HEARTH_ENOMEM);
    arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cut_gives_the_same_result),
        cmocka_unit_test(the_block_limit_is_inclusive_for_every_cut),
        cmocka_unit_test(the_target_limit_is_inclusive_for_every_cut),
        cmocka_unit_test(a_head_is_understood),
        cmocka_unit_test(connection_semantics),
        cmocka_unit_test(what_is_no_head_is_refused),
        cmocka_unit_test(a_hundred_header_lines_are_the_most),
        cmocka_unit_test(a_full_arena_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
