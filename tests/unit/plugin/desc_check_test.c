/*
 * desc_check_test.c - what a plugin's tables must say before it is taken.
 */
#include "../unit.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_route_has_method_path_and_handler),
        cmocka_unit_test(a_scope_goes_with_the_access_that_asks_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
