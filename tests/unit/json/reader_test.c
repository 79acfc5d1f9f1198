/*
 * reader_test.c - the reader takes RFC 8259 and nothing else, and says what is wrong where.
 */
#include "../unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "json/reader.h"

static hearth_arena arena;
static hearth_error error;

static int begin(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 16 << 20);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_finish(&arena);
    return 0;
}

static const hearth_json_value *parse_len(const char *text, size_t len)
{
    /* a heap copy of the exact size: ASan sees any step past the end */
    char *copy = malloc(len ? len : 1);
    memcpy(copy, text, len);
    const hearth_json_value *value;
    hearth_status status = json_parse(&arena, (hearth_str){copy, len}, &value, &error);
    free(copy);
    if (status != HEARTH_OK) {
        assert_int_equal(status, HEARTH_EINVAL);
        assert_null(value);
        assert_true(error.text[0] != '\0');
    }
    return value;
}

static const hearth_json_value *parse(const char *text)
{
    return parse_len(text, strlen(text));
}

static void reads_every_type(void **state)
{
    (void)state;
    const hearth_json_value *v =
        parse(" {\"s\":\"x\\u00e4\\n\", \"i\":-12,\"n\":1.5, \"t\":true,"
              "\"f\":false,\"z\":null,\"a\":[1,[2],{}],\"\":{\"k\":\"v\"}}\r\n");
    assert_int_equal(json_type_of(v), HEARTH_JSON_OBJECT);
    assert_int_equal(json_size(v), 8);
    assert_str(json_as_string(json_get(v, HEARTH_STR("s"))), "x\xC3\xA4\n");
    assert_int_equal(json_as_integer(json_get(v, HEARTH_STR("i"))), -12);
    assert_int_equal(json_type_of(json_get(v, HEARTH_STR("n"))), HEARTH_JSON_NUMBER);
    assert_int_equal(json_as_integer(json_get(v, HEARTH_STR("n"))), 0);
    assert_true(json_as_boolean(json_get(v, HEARTH_STR("t"))));
    assert_false(json_as_boolean(json_get(v, HEARTH_STR("f"))));
    assert_int_equal(json_type_of(json_get(v, HEARTH_STR("f"))), HEARTH_JSON_BOOL);
    assert_int_equal(json_type_of(json_get(v, HEARTH_STR("z"))), HEARTH_JSON_NULL);
    const hearth_json_value *a = json_get(v, HEARTH_STR("a"));
    assert_int_equal(json_size(a), 3);
    assert_int_equal(json_as_integer(json_at(json_at(a, 1), 0)), 2);
    assert_int_equal(json_type_of(json_at(a, 2)), HEARTH_JSON_OBJECT);
    assert_null(json_at(a, 3));
    hearth_str key;
    assert_non_null(json_member(v, 7, &key));
    assert_int_equal(key.len, 0);
    assert_null(json_member(v, 8, &key));
    assert_null(json_get(v, HEARTH_STR("missing")));
    assert_null(json_get(a, HEARTH_STR("s")));
    assert_null(json_get(NULL, HEARTH_STR("s")));
    assert_int_equal(json_size(json_get(v, HEARTH_STR("s"))), 0);
}

static void integers_are_only_what_is_written_as_one(void **state)
{
    (void)state;
    const struct {
        const char *text;
        hearth_json_type type;
        int64_t value;
    } cases[] = {{"0", HEARTH_JSON_INTEGER, 0},
                 {"-0", HEARTH_JSON_INTEGER, 0},
                 {"9007199254740991", HEARTH_JSON_INTEGER, 9007199254740991},
                 {"-9007199254740991", HEARTH_JSON_INTEGER, -9007199254740991},
                 {"9007199254740992", HEARTH_JSON_NUMBER, 0},
                 {"-9007199254740992", HEARTH_JSON_NUMBER, 0},
                 {"1.0", HEARTH_JSON_NUMBER, 0},
                 {"1e2", HEARTH_JSON_NUMBER, 0},
                 {"1E-2", HEARTH_JSON_NUMBER, 0},
                 {"99999999999999999999999999999999999999", HEARTH_JSON_NUMBER, 0},
                 {"1e999", HEARTH_JSON_NUMBER, 0}};
    for (size_t i = 0; i < HEARTH_COUNT(cases); i++) {
        const hearth_json_value *value = parse(cases[i].text);
        assert_non_null(value);
        assert_int_equal(json_type_of(value), cases[i].type);
        assert_true(json_as_integer(value) == cases[i].value);
    }
}

static void errors_say_where_and_what(void **state)
{
    (void)state;
    const char *cases[][2] = {
        {"", "line 1, column 1: expected a value, found the end of the text"},
        {"  \n ", "line 2, column 2: expected a value, found the end of the text"},
        {"{\"a\":1,\"a\":2}", "line 1, column 8: the key \"a\" appears twice"},
        {"{\"a\\n\":\"\\n\",\n\"b\":1, \"b\":2}", "line 2, column 8: the key \"b\" appears twice"},
        {"{\"a\":1,\"\\u0061\":2}", "line 1, column 8: the key \"a\" appears twice"},
        {"1 2", "line 1, column 3: expected the end of the text, found \"2\""},
        {"{} x", "line 1, column 4: expected the end of the text, found \"x\""},
        {"\"\\ud800\"", "line 1, column 2: expected a character, found half a surrogate pair"},
        {"\"\\ud800\\u0041\"",
         "line 1, column 2: expected a character, found half a surrogate pair"},
        {"\"\\udc00\"",
         "line 1, column 2: expected a character, found the second half of a surrogate pair"},
        {"\"\xC3\xA4\xff\"", "line 1, column 3: expected UTF-8, found an invalid byte sequence"},
        {"[1,]", "line 1, column 4: expected a value, found \"]\""},
        {"[1 2]", "line 1, column 4: expected \",\" or \"]\", found \"2\""},
        {"{\"a\" 1}", "line 1, column 6: expected \":\", found \"1\""},
        {"{a:1}", "line 1, column 2: expected a key in quotes, found \"a\""},
        {"{\"a\":1,}", "line 1, column 8: expected a key in quotes, found \"}\""},
        {"\"a\nb\"",
         "line 1, column 3: expected the rest of a string, found the control character 0x0a"},
        {"\"a", "line 1, column 3: expected the rest of a string, found the end of the text"},
        {"\"\\x\"",
         "line 1, column 3: expected an escape (one of \" \\ / b f n r t u), found \"x\""},
        {"\"\\u12g4\"",
         "line 1, column 6: expected four hexadecimal digits after \\u, found \"g\""},
        {"01", "line 1, column 2: expected no digit after a leading zero, found \"1\""},
        {"-", "line 1, column 2: expected a digit after the minus, found the end of the text"},
        {"1.",
         "line 1, column 3: expected a digit after the decimal point, found the end of the text"},
        {"1e+", "line 1, column 4: expected a digit of the exponent, found the end of the text"},
        {"nul", "line 1, column 1: expected a value, found \"n\""},
        {"True", "line 1, column 1: expected a value, found \"T\""},
        {"\xEF\xBB\xBF{}", "line 1, column 1: expected a value, found \"\xEF\xBB\xBF\""},
        {"NaN", "line 1, column 1: expected a value, found \"N\""},
        {"'a'", "line 1, column 1: expected a value, found \"'\""},
        {"[1] // no", "line 1, column 5: expected the end of the text, found \"/\""},
    };
    for (size_t i = 0; i < HEARTH_COUNT(cases); i++) {
        assert_null(parse(cases[i][0]));
        assert_string_equal(error.text, cases[i][1]);
    }
}

static void nesting_ends_at_32(void **state)
{
    (void)state;
    char text[200];
    for (int depth = 32; depth <= 33; depth++) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        bool taken = parse_len(text, (size_t)depth * 2) != NULL;
        assert_int_equal(taken, depth == 32);
    }
    assert_string_equal(error.text,
                        "line 1, column 33: expected nesting of at most 32, found deeper");
}

static void a_nul_is_a_character_in_a_string_only(void **state)
{
    (void)state;
    const hearth_json_value *value = parse("\"a\\u0000b\"");
    assert_int_equal(json_as_string(value).len, 3);
    assert_memory_equal(json_as_string(value).ptr, "a\0b", 3);
    assert_null(parse_len("\"a\0b\"", 5));
    assert_null(parse_len("1\0", 2));
    assert_null(parse_len("\0", 1));
    assert_null(parse_len("\"\\\0\"", 4));
}

static void surrogate_pairs_become_one_character(void **state)
{
    (void)state;
    assert_str(json_as_string(parse("\"\\ud83d\\uDE00\"")), "\xF0\x9F\x98\x80");
    assert_str(json_as_string(parse("\"\\uffff\\u0800\\u07ff\"")),
               "\xEF\xBF\xBF\xE0\xA0\x80\xDF\xBF");
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    const char *text =
        "{\"a\":[1,-2.5e3,\"x\\u00e4\\ud83d\\ude00\",true,null],\"b\":{\"c\":\"d\"}}";
    for (size_t len = 0; len < strlen(text); len++)
        assert_null(parse_len(text, len));
    assert_non_null(parse(text));
}

static char *many_members(size_t count, bool duplicate, size_t *len)
{
    char *text = malloc(count * 12 + 32);
    *len = 0;
    text[(*len)++] = '{';
    for (size_t i = 0; i < count; i++)
        *len += (size_t)sprintf(text + *len, "%s\"k%zu\":1", i ? "," : "",
                                duplicate && i == count - 1 ? 0 : i);
    text[(*len)++] = '}';
    return text;
}

static void many_keys_are_checked_quickly(void **state)
{
    (void)state;
    size_t len;
    char *text = many_members(20000, false, &len);
    uint64_t start = clock_mono_ms();
    assert_non_null(parse_len(text, len));
    assert_true(clock_mono_ms() - start < 2000);
    free(text);
    text = many_members(20000, true, &len);
    assert_null(parse_len(text, len));
    assert_non_null(strstr(error.text, "the key \"k0\" appears twice"));
    free(text);
    text = many_members(17, true, &len);
    assert_null(parse_len(text, len));
    free(text);
}

static void a_quoted_key_is_short_and_printable(void **state)
{
    (void)state;
    char text[1000];
    memset(text, 'k', sizeof(text));
    int len = snprintf(text, sizeof(text), "{\"%0300d\":1,\"%0300d\":1}", 7, 7);
    assert_null(parse_len(text, (size_t)len));
    assert_true(strlen(error.text) < 120);
    assert_null(parse("{\"a\\nb\":1,\"a\\nb\":1}"));
    assert_string_equal(error.text, "line 1, column 11: the key \"a...\" appears twice");
}

static void the_arena_bounds_the_cost(void **state)
{
    (void)state;
    char text[2001];
    for (size_t i = 0; i < 2000; i += 2)
        memcpy(text + i, "1,", 2);
    text[0] = '[';
    memcpy(text + 1998, "1]", 3);
    text[1] = '1';
    hearth_arena small;
    const hearth_json_value *value;
    arena_init(&small, NULL, 8000);
    assert_int_equal(json_parse(&small, str_from(text), &value, &error), HEARTH_ENOMEM);
    assert_null(value);
    arena_finish(&small);
    arena_init(&small, NULL, 40000);
    assert_int_equal(json_parse(&small, str_from(text), &value, &error), HEARTH_OK);
    arena_finish(&small);
}

static void every_arena_ceiling_fails_cleanly(void **state)
{
    (void)state;
    const char *text = "{\"a\":[1,-2,\"x\",true],\"b\":{\"c\":\"d\"},\"e\":[]}";
    hearth_status status = HEARTH_ENOMEM;
    for (size_t ceiling = 0; status != HEARTH_OK; ceiling += 16) {
        hearth_arena small;
        const hearth_json_value *value;
        arena_init(&small, NULL, ceiling);
        status = json_parse(&small, str_from(text), &value, &error);
        assert_true(status == HEARTH_OK || status == HEARTH_ENOMEM);
        assert_int_equal(status == HEARTH_OK, value != NULL);
        assert_true(ceiling < 2048);
        arena_finish(&small);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_every_type, begin, end),
        cmocka_unit_test_setup_teardown(integers_are_only_what_is_written_as_one, begin, end),
        cmocka_unit_test_setup_teardown(errors_say_where_and_what, begin, end),
        cmocka_unit_test_setup_teardown(nesting_ends_at_32, begin, end),
        cmocka_unit_test_setup_teardown(a_nul_is_a_character_in_a_string_only, begin, end),
        cmocka_unit_test_setup_teardown(surrogate_pairs_become_one_character, begin, end),
        cmocka_unit_test_setup_teardown(every_truncation_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(many_keys_are_checked_quickly, begin, end),
        cmocka_unit_test_setup_teardown(a_quoted_key_is_short_and_printable, begin, end),
        cmocka_unit_test(the_arena_bounds_the_cost),
        cmocka_unit_test(every_arena_ceiling_fails_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
