/*
 * request_test.c - recording a reply: what is refused, what is added, and that an error's body is
 * JSON whatever it quotes.
 */
#include "../unit.h"

#include "http/request.h"

static struct hearth_req req;

static int begin(void **state)
{
    (void)state;
    memset(&req, 0, sizeof(req));
    arena_init(&req.arena, NULL, 1 << 16);
    req.request_id = HEARTH_STR("id-1");
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_finish(&req.arena);
    return 0;
}

static hearth_status set(const char *name, const char *value)
{
    return request_set_header(&req, str_from(name), str_from(value));
}

static hearth_str header(const char *name)
{
    for (const http_reply_header *h = req.reply.headers; h; h = h->next)
        if (str_eq_nocase(h->name, str_from(name)))
            return h->value;
    return (hearth_str){NULL, 0};
}

static void headers_cannot_be_forged(void **state)
{
    (void)state;
    assert_int_equal(set("ETag", "\"5\""), HEARTH_OK);
    assert_int_equal(set("X-A", "  trimmed\t"), HEARTH_OK);
    assert_str(header("x-a"), "trimmed");
    assert_int_equal(set("", "a"), HEARTH_EINVAL);
    assert_int_equal(set("A b", "a"), HEARTH_EINVAL);
    assert_int_equal(set("A:", "a"), HEARTH_EINVAL);
    assert_int_equal(set("A\r\nB", "a"), HEARTH_EINVAL);
    assert_int_equal(set("A", "a\r\nB: c"), HEARTH_EINVAL);
    assert_int_equal(set("A", "a\nb"), HEARTH_EINVAL);
    assert_int_equal(request_set_header(&req, HEARTH_STR("A"), (hearth_str){"a\0b", 3}),
                     HEARTH_EINVAL);
    static const char *const reserved[] = {"Content-Length", "transfer-encoding", "CONNECTION",
                                           "Date", "X-Request-Id"};
    for (size_t i = 0; i < HEARTH_COUNT(reserved); i++)
        assert_int_equal(set(reserved[i], "1"), HEARTH_EINVAL);
}

static void a_reply_is_copied_and_is_the_only_one(void **state)
{
    char body[] = "body", type[] = "text/plain";
    (void)state;
    assert_int_equal(request_reply(&req, 199, HEARTH_STR(""), HEARTH_STR("")), HEARTH_EINVAL);
    assert_int_equal(request_reply(&req, 600, HEARTH_STR(""), HEARTH_STR("")), HEARTH_EINVAL);
    assert_int_equal(request_reply(&req, 200, HEARTH_STR("a\r\nb"), HEARTH_STR("")), HEARTH_EINVAL);
    assert_int_equal(request_reply(&req, 200, (hearth_str){type, 10}, (hearth_str){body, 4}),
                     HEARTH_OK);
    memset(body, 'x', sizeof(body));
    memset(type, 'x', sizeof(type));
    assert_str(req.reply.body, "body");
    assert_str(req.reply.content_type, "text/plain");
    assert_int_equal(request_reply(&req, 200, HEARTH_STR(""), HEARTH_STR("")), HEARTH_ECONFLICT);
    assert_int_equal(request_error(&req, 500, "INTERNAL", HEARTH_STR(""), "no"), HEARTH_ECONFLICT);
    request_unreply(&req);
    assert_int_equal(request_reply(&req, 204, HEARTH_STR(""), HEARTH_STR("")), HEARTH_OK);
    req.reply.sent = true;
    assert_int_equal(set("A", "b"), HEARTH_ECONFLICT);
}

static void errors_have_one_shape(void **state)
{
    (void)state;
    request_error(&req, 409, "VERSION_MISMATCH", HEARTH_STR("\"character\":{\"a\":1}"),
                  "Not \"%s\"\n%d.", "x", 7);
    assert_int_equal(req.reply.status, 409);
    assert_str(req.reply.content_type, "application/json");
    assert_str(req.reply.body, "{\"error\":\"Not \\\"x\\\"\\n7.\",\"code\":\"VERSION_MISMATCH\","
                               "\"requestId\":\"id-1\",\"character\":{\"a\":1}}");
}

static void errors_say_what_http_wants_beside_them(void **state)
{
    (void)state;
    request_error(&req, 401, "UNAUTHENTICATED", HEARTH_STR(""), "No.");
    assert_str(header("WWW-Authenticate"), "Bearer");
    request_unreply(&req);
    request_error(&req, 503, "OVERLOADED", HEARTH_STR(""), "No.");
    assert_str(header("Retry-After"), "1");
    request_unreply(&req);
    assert_int_equal(set("Retry-After", "30"), HEARTH_OK);
    request_error(&req, 429, "TOO_MANY_REQUESTS", HEARTH_STR(""), "No.");
    assert_str(header("Retry-After"), "30");
}

static void an_error_that_quotes_nonsense_is_still_json(void **state)
{
    (void)state;
    request_error(&req, 400, "INVALID_REQUEST", HEARTH_STR(""), "Bad \xff byte.");
    assert_str(req.reply.body,
               "{\"error\":\"Bad Request\",\"code\":\"INVALID_REQUEST\",\"requestId\":\"id-1\"}");
}

static void a_full_arena_still_gives_an_answer(void **state)
{
    (void)state;
    req.arena.ceiling = req.arena.used;
    assert_int_equal(request_error(&req, 400, "INVALID_REQUEST", HEARTH_STR(""), "No."), HEARTH_OK);
    assert_int_equal(req.reply.status, 500);
    assert_int_equal(req.reply.body.len, 0);
}

static void queries_are_decoded(void **state)
{
    (void)state;
    req.raw_query = HEARTH_STR("a=1&b=x%20y+z&b=2&c&%64=%zz&e=%ff");
    assert_str(request_query(&req, HEARTH_STR("a")), "1");
    assert_str(request_query(&req, HEARTH_STR("b")), "x y z");
    assert_str(request_query(&req, HEARTH_STR("c")), "");
    assert_non_null(request_query(&req, HEARTH_STR("c")).ptr);
    assert_str(request_query(&req, HEARTH_STR("d")), "%zz");
    assert_null(request_query(&req, HEARTH_STR("e")).ptr);
    assert_null(request_query(&req, HEARTH_STR("f")).ptr);
}

#define CASE(test_) cmocka_unit_test_setup_teardown(test_, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(headers_cannot_be_forged),
        CASE(a_reply_is_copied_and_is_the_only_one),
        CASE(errors_have_one_shape),
        CASE(errors_say_what_http_wants_beside_them),
        CASE(an_error_that_quotes_nonsense_is_still_json),
        CASE(a_full_arena_still_gives_an_answer),
        CASE(queries_are_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
