/*
 * json_test.c - the fake host's hearth.json/1 keeps the contract of json.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <hearth/testing.h>

struct fixture {
    hearth_test_host *host;
    const hearth_json *json;
    const hearth_arena_api *arenas;
    hearth_arena *arena;
};

static int set_up(void **state)
{
    static struct fixture f;
    f.host = hearth_test_create(NULL);
    hearth_ctx *own = hearth_test_own_ctx(f.host, 0);
    f.json = hearth_json_get(own);
    f.arenas = hearth_arena_get(own);
    f.arena = f.arenas->create(own, 65536);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    f->arenas->destroy(f->arena);
    hearth_test_destroy(f->host);
    return 0;
}

static void what_is_not_json_is_refused(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {"",
                                      "{",
                                      "[1,]",
                                      "{\"a\":1,}",
                                      "{\"a\":1,\"a\":2}",
                                      "\"\\ud800\"",
                                      "01",
                                      "1.",
                                      "1e",
                                      "+1",
                                      "nul",
                                      "1 2",
                                      "\"\t\"",
                                      "\"\xff\"",
                                      "\"\\x41\"",
                                      "\"\\udc00\\ud800\"",
                                      "{a:1}",
                                      "\"\\u00g0\""};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const hearth_json_value *value;
        hearth_str error = {NULL, 0};
        hearth_str text = {bad[i], strlen(bad[i])};
        assert_int_equal(f->json->parse(f->arena, text, &value, &error), HEARTH_EINVAL);
        assert_true(error.len > 0);
    }
}

static const hearth_json_value *parsed(struct fixture *f, const char *text)
{
    const hearth_json_value *value;
    hearth_str input = {text, strlen(text)};
    assert_int_equal(f->json->parse(f->arena, input, &value, NULL), HEARTH_OK);
    return value;
}

static void nesting_ends_at_32(void **state)
{
    struct fixture *f = *state;
    char text[80];
    memset(text, '[', 33);
    memset(text + 33, ']', 33);
    const hearth_json_value *value;
    hearth_str deep = {text, 66}, fits = {text + 1, 64};
    assert_int_equal(f->json->parse(f->arena, deep, &value, NULL), HEARTH_EINVAL);
    assert_int_equal(f->json->parse(f->arena, fits, &value, NULL), HEARTH_OK);
}

static void numbers_are_integers_up_to_2_53(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(f->json->as_integer(parsed(f, "-9007199254740991")), -9007199254740991);
    static const char *const others[] = {"9007199254740992", "1.0", "1e2", "123456789012345678901"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_int_equal(f->json->type(parsed(f, others[i])), HEARTH_JSON_NUMBER);
}

static void members_are_found_and_counted(void **state)
{
    struct fixture *f = *state;
    const hearth_json_value *value =
        parsed(f, " {\"a\" : [true, null, \"\\ud83d\\ude00\\n\"], \"b\":{}} ");
    const hearth_json_value *a = f->json->get(value, "a");
    assert_int_equal(f->json->size(value), 2);
    assert_int_equal(f->json->size(a), 3);
    assert_true(f->json->as_boolean(f->json->at(a, 0)));
    assert_int_equal(f->json->type(f->json->at(a, 1)), HEARTH_JSON_NULL);
    assert_string_equal(f->json->as_string(f->json->at(a, 2)).ptr, "\xf0\x9f\x98\x80\n");
    assert_null(f->json->at(a, 3));
    hearth_str key;
    assert_int_equal(f->json->type(f->json->member(value, 1, &key)), HEARTH_JSON_OBJECT);
    assert_string_equal(key.ptr, "b");
}

static void the_writer_escapes_and_keeps_its_first_error(void **state)
{
    struct fixture *f = *state;
    const hearth_json *json = f->json;
    hearth_str out;
    hearth_json_writer *w = json->writer(f->arena, 100);
    json->object_begin(w);
    json->key(w, HEARTH_STR("a\"\\\n\x01"));
    json->array_begin(w);
    json->integer(w, -5);
    json->boolean(w, 0);
    json->null(w);
    json->raw(w, HEARTH_STR("{}"));
    json->array_end(w);
    json->object_end(w);
    assert_int_equal(json->finish(w, &out), HEARTH_OK);
    assert_string_equal(out.ptr, "{\"a\\\"\\\\\\n\\u0001\":[-5,false,null,{}]}");
    w = json->writer(f->arena, 5);
    json->string(w, HEARTH_STR("123456"));
    assert_int_equal(json->finish(w, &out), HEARTH_ENOMEM);
    w = json->writer(f->arena, 50);
    json->string(w, HEARTH_STR("\xff"));
    assert_int_equal(json->finish(w, &out), HEARTH_EINVAL);
    w = json->writer(f->arena, 50);
    json->object_begin(w);
    json->string(w, HEARTH_STR("no key"));
    json->object_end(w);
    assert_int_equal(json->finish(w, &out), HEARTH_EINVAL);
    w = json->writer(f->arena, 50);
    json->array_begin(w);
    assert_int_equal(json->finish(w, &out), HEARTH_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_not_json_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nesting_ends_at_32, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numbers_are_integers_up_to_2_53, set_up, tear_down),
        cmocka_unit_test_setup_teardown(members_are_found_and_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_writer_escapes_and_keeps_its_first_error, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
