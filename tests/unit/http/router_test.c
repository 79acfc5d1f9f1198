/*
 * router_test.c - which route a path belongs to, and which sets of routes are refused.
 */
#include "../unit.h"

#include "http/router.h"

static http_router *router;
static hearth_arena arena;
static hearth_error error;

static int begin(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 1 << 20);
    router = NULL;
    return 0;
}

static int end(void **state)
{
    (void)state;
    router_destroy(router);
    arena_finish(&arena);
    return 0;
}

static hearth_status add(http_method method, const char *pattern)
{
    http_route route = {.method = method, .pattern = pattern, .plugin = "test"};
    return router_add(router, &route, &error);
}

static hearth_status match(http_method method, const char *path, http_match *out)
{
    http_path split;
    const char *reason;
    assert_int_equal(path_split(&arena, str_from(path), &split, &reason), HEARTH_OK);
    return router_match(router, method, &split, out);
}

static void check(http_method method, const char *path, const char *pattern)
{
    http_match found;
    assert_int_equal(match(method, path, &found), HEARTH_OK);
    assert_string_equal(found.route->pattern, pattern);
}

static void build(const char *base)
{
    router = router_create(str_from(base), &error);
    assert_non_null(router);
    assert_int_equal(add(HTTP_GET_METHOD, "/"), HEARTH_OK);
    assert_int_equal(add(HTTP_GET_METHOD, "/games/{id}"), HEARTH_OK);
    assert_int_equal(add(HTTP_POST_METHOD, "/games/find"), HEARTH_OK);
    assert_int_equal(add(HTTP_POST_METHOD, "/games/{game}/join"), HEARTH_OK);
    assert_int_equal(add(HTTP_DELETE_METHOD, "/games/find/{x}/{y}"), HEARTH_OK);
    assert_int_equal(add(HTTP_DELETE_METHOD, "/games/{id}"), HEARTH_OK);
}

static void paths_find_their_routes(void **state)
{
    http_match found;
    (void)state;
    build("");
    check(HTTP_GET_METHOD, "/", "/");
    check(HTTP_HEAD_METHOD, "/", "/");
    check(HTTP_GET_METHOD, "/games/7", "/games/{id}");
    check(HTTP_POST_METHOD, "/games/find", "/games/find");
    check(HTTP_POST_METHOD, "/g%61mes/f%69nd", "/games/find");
    check(HTTP_POST_METHOD, "/games/find/join", "/games/{game}/join");
    check(HTTP_DELETE_METHOD, "/games/find/1/2", "/games/find/{x}/{y}");
    assert_int_equal(match(HTTP_POST_METHOD, "/games/a%20b/join", &found), HEARTH_OK);
    assert_str(found.params[0], "a b");
    assert_str(found.route->params[0], "game");
    assert_int_equal(match(HTTP_DELETE_METHOD, "/games/find/1/2", &found), HEARTH_OK);
    assert_str(found.params[0], "1");
    assert_str(found.params[1], "2");
}

static void a_literal_without_the_method_leaves_the_parameter_its_turn(void **state)
{
    http_match found;
    (void)state;
    build("");
    check(HTTP_POST_METHOD, "/games/find", "/games/find");
    check(HTTP_DELETE_METHOD, "/games/find", "/games/{id}");
    assert_int_equal(match(HTTP_HEAD_METHOD, "/games/find", &found), HEARTH_OK);
    assert_str(found.params[0], "find");
}

static void what_is_not_there_is_not_found(void **state)
{
    http_match found;
    char allow[64];
    (void)state;
    build("");
    assert_int_equal(match(HTTP_GET_METHOD, "/games", &found), HEARTH_ENOTFOUND);
    assert_int_equal(match(HTTP_GET_METHOD, "/Games/7", &found), HEARTH_ENOTFOUND);
    assert_int_equal(match(HTTP_GET_METHOD, "/games/7/8/9", &found), HEARTH_ENOTFOUND);
    assert_int_equal(match(HTTP_PUT_METHOD, "/games/find", &found), HEARTH_ECONFLICT);
    method_list(found.allow, allow);
    assert_string_equal(allow, "GET, HEAD, POST, DELETE, OPTIONS");
    assert_int_equal(match(HTTP_OTHER_METHOD, "/games/7", &found), HEARTH_ECONFLICT);
    method_list(found.allow, allow);
    assert_string_equal(allow, "GET, HEAD, DELETE, OPTIONS");
    assert_int_equal(match(HTTP_GET_METHOD,
                           "/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2/3/4",
                           &found),
                     HEARTH_ENOTFOUND);
}

static void the_base_path_stands_in_front(void **state)
{
    http_match found;
    (void)state;
    build("/api/v1");
    check(HTTP_GET_METHOD, "/api/v1", "/");
    check(HTTP_GET_METHOD, "/api/v1/games/7", "/games/{id}");
    assert_int_equal(match(HTTP_GET_METHOD, "/games/7", &found), HEARTH_ENOTFOUND);
    assert_null(router_create(HEARTH_STR("api"), &error));
    assert_null(router_create(HEARTH_STR("/api/"), &error));
}

static void conflicts_name_both_routes(void **state)
{
    (void)state;
    build("");
    assert_int_equal(add(HTTP_GET_METHOD, "/games/{other}"), HEARTH_ECONFLICT);
    assert_non_null(strstr(error.text, "/games/{other}"));
    assert_non_null(strstr(error.text, "/games/{id}"));
    assert_int_equal(add(HTTP_POST_METHOD, "/games/find"), HEARTH_ECONFLICT);
}

static void bad_patterns_are_refused(void **state)
{
    static const char *const bad[] = {
        "",         "a",     "/a/",  "//",
        "/a//b",    "/{}",   "/{a",  "/a}",
        "/x{a}",    "/{a}x", "/{1}", "/{a b}",
        "/{a}/{a}", "/../a", "/%2F", "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}"};
    (void)state;
    build("");
    for (size_t i = 0; i < HEARTH_COUNT(bad); i++)
        if (add(HTTP_GET_METHOD, bad[i]) != HEARTH_EINVAL)
            fail_msg("\"%s\" was taken", bad[i]);
    assert_int_equal(add(HTTP_OTHER_METHOD, "/fine"), HEARTH_EINVAL);
}

static void unclean_paths_are_refused(void **state)
{
    static const char *const bad[] = {"",       "a",    "//",      "/a/",  "/a//b",   "/.",   "/..",
                                      "/a/./b", "/%2e", "/%2E%2e", "/%2f", "/%2F",    "/%00", "/%",
                                      "/%1",    "/%1g", "/%g1",    "/%80", "/%c0%80", "/a%"};
    http_path path;
    const char *reason;
    (void)state;
    for (size_t i = 0; i < HEARTH_COUNT(bad); i++)
        if (path_split(&arena, str_from(bad[i]), &path, &reason) != HEARTH_EINVAL)
            fail_msg("\"%s\" was taken", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(paths_find_their_routes, begin, end),
        cmocka_unit_test_setup_teardown(what_is_not_there_is_not_found, begin, end),
        cmocka_unit_test_setup_teardown(a_literal_without_the_method_leaves_the_parameter_its_turn,
                                        begin, end),
        cmocka_unit_test_setup_teardown(the_base_path_stands_in_front, begin, end),
        cmocka_unit_test_setup_teardown(conflicts_name_both_routes, begin, end),
        cmocka_unit_test_setup_teardown(bad_patterns_are_refused, begin, end),
        cmocka_unit_test_setup_teardown(unclean_paths_are_refused, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
