/*
 * writer_test.c - what is written is one valid JSON value, or an error and nothing.
 */
#include "../unit.h"

#include "json/reader.h"
#include "json/writer.h"

static hearth_buf buf;
static hearth_json_writer w;

static int begin(void **state)
{
    (void)state;
    buf_init(&buf, 4096);
    json_writer_init(&w, &buf);
    return 0;
}

static int end(void **state)
{
    (void)state;
    buf_finish(&buf);
    return 0;
}

static void nested_containers_get_their_commas(void **state)
{
    (void)state;
    json_begin_object(&w);
    json_member_integer(&w, "a", 1);
    json_put_key(&w, HEARTH_STR("b"));
    json_begin_array(&w);
    json_begin_object(&w);
    json_end_object(&w);
    json_begin_array(&w);
    json_end_array(&w);
    json_put_null(&w);
    json_put_boolean(&w, true);
    json_end_array(&w);
    json_member_string(&w, "c", HEARTH_STR("x"));
    json_member_boolean(&w, "d", false);
    json_put_key(&w, HEARTH_STR("e"));
    json_put_raw(&w, HEARTH_STR("{\"raw\":1}"));
    json_end_object(&w);
    hearth_str out;
    assert_int_equal(json_finish(&w, &out), HEARTH_OK);
    assert_str(out, "{\"a\":1,\"b\":[{},[],null,true],\"c\":\"x\",\"d\":false,\"e\":{\"raw\":1}}");
}

static void integers_of_every_size(void **state)
{
    (void)state;
    json_begin_array(&w);
    json_put_integer(&w, 0);
    json_put_integer(&w, -1);
    json_put_integer(&w, INT64_MAX);
    json_put_integer(&w, INT64_MIN);
    json_end_array(&w);
    hearth_str out;
    assert_int_equal(json_finish(&w, &out), HEARTH_OK);
    assert_str(out, "[0,-1,9223372036854775807,-9223372036854775808]");
}

static void every_character_comes_back_through_the_reader(void **state)
{
    (void)state;
    char text[160 + 12];
    size_t len = 0;
    for (int shift = 0; shift < 9; shift++) { /* special bytes at every place of an 8-byte word */
        len = 0;
        for (int i = 0; i < shift; i++)
            text[len++] = 'x';
        for (int c = 0; c < 128; c++)
            text[len++] = (char)c;
        memcpy(text + len, "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", 9);
        len += 9;
        buf_reset(&buf);
        json_writer_init(&w, &buf);
        json_put_string(&w, (hearth_str){text, len});
        hearth_str out;
        assert_int_equal(json_finish(&w, &out), HEARTH_OK);
        hearth_arena arena;
        const hearth_json_value *value;
        arena_init(&arena, NULL, 8192);
        assert_int_equal(json_parse(&arena, out, &value, NULL), HEARTH_OK);
        assert_true(str_eq(json_as_string(value), (hearth_str){text, len}));
        arena_finish(&arena);
    }
    buf_reset(&buf);
    json_writer_init(&w, &buf);
    json_put_string(&w, HEARTH_STR("\b\t\n\f\r\"\\/\x01\x1f\x7f"));
    hearth_str out;
    assert_int_equal(json_finish(&w, &out), HEARTH_OK);
    assert_str(out, "\"\\b\\t\\n\\f\\r\\\"\\\\/\\u0001\\u001f\x7f\"");
}

static void invalid_utf8_is_refused(void **state)
{
    (void)state;
    assert_int_equal(buf_append(&buf, "before", 6), HEARTH_OK);
    json_writer_init(&w, &buf);
    json_put_string(&w, HEARTH_STR("abc\xff"));
    hearth_str out;
    assert_int_equal(json_finish(&w, &out), HEARTH_EINVAL);
    assert_null(out.ptr);
    assert_str(buf_str(&buf), "before");
}

static void take_step(char step)
{
    switch (step) {
    case '{':
        json_begin_object(&w);
        break;
    case '}':
        json_end_object(&w);
        break;
    case '[':
        json_begin_array(&w);
        break;
    case ']':
        json_end_array(&w);
        break;
    case 'k':
        json_put_key(&w, HEARTH_STR("k"));
        break;
    case '1':
        json_put_integer(&w, 1);
        break;
    default:
        json_put_null(&w);
    }
}

static void a_wrong_order_of_calls_is_refused(void **state)
{
    (void)state;
    static const char *const orders[] = {"k",  "{1}", "{]",  "[}",   "{k}", "{kk1}", "[k1]",
                                         "nn", "}",   "{k1", "{{}}", "",    "{k1}k", "[]]"};
    for (size_t i = 0; i < HEARTH_COUNT(orders); i++) {
        buf_reset(&buf);
        json_writer_init(&w, &buf);
        for (const char *step = orders[i]; *step; step++)
            take_step(*step);
        assert_int_equal(json_finish(&w, NULL), HEARTH_EINVAL);
        assert_int_equal(buf.len, 0);
    }
    json_writer_init(&w, &buf);
    for (const char *step = "{k[1n]k{}}"; *step; step++)
        take_step(*step);
    assert_int_equal(json_finish(&w, NULL), HEARTH_OK);
}

static void depth_is_bounded(void **state)
{
    (void)state;
    for (int i = 0; i < HEARTH_JSON_WRITE_DEPTH; i++)
        json_begin_array(&w);
    for (int i = 0; i < HEARTH_JSON_WRITE_DEPTH; i++)
        json_end_array(&w);
    assert_int_equal(json_finish(&w, NULL), HEARTH_OK);
    json_writer_init(&w, &buf);
    for (int i = 0; i <= HEARTH_JSON_WRITE_DEPTH; i++)
        json_begin_array(&w);
    assert_int_equal(json_finish(&w, NULL), HEARTH_EINVAL);
}

static void the_ceiling_leaves_the_buffer_as_it_was(void **state)
{
    (void)state;
    const char *expected = "{\"key\":[12,\"abc\"]}";
    for (size_t ceiling = 0; ceiling <= strlen(expected); ceiling++) {
        hearth_buf small;
        buf_init(&small, ceiling);
        json_writer_init(&w, &small);
        json_begin_object(&w);
        json_put_key(&w, HEARTH_STR("key"));
        json_begin_array(&w);
        json_put_integer(&w, 12);
        json_put_string(&w, HEARTH_STR("abc"));
        json_end_array(&w);
        json_end_object(&w);
        hearth_status status = json_finish(&w, NULL);
        if (ceiling < strlen(expected)) {
            assert_int_equal(status, HEARTH_ENOMEM);
            assert_int_equal(small.len, 0);
        } else {
            assert_int_equal(status, HEARTH_OK);
            assert_str(buf_str(&small), expected);
        }
        buf_finish(&small);
    }
}

static void a_writer_in_an_arena(void **state)
{
    (void)state;
    hearth_arena arena;
    arena_init(&arena, NULL, 2048);
    hearth_json_writer *writer = json_writer_create(&arena, 100);
    json_put_string(writer, HEARTH_STR("hello"));
    hearth_str out;
    assert_int_equal(json_finish(writer, &out), HEARTH_OK);
    assert_str(out, "\"hello\"");
    writer = json_writer_create(&arena, 3);
    json_put_string(writer, HEARTH_STR("hello"));
    assert_int_equal(json_finish(writer, &out), HEARTH_ENOMEM);
    arena_finish(&arena);
    arena_init(&arena, NULL, 16);
    assert_null(json_writer_create(&arena, 100));
    arena_finish(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nested_containers_get_their_commas, begin, end),
        cmocka_unit_test_setup_teardown(integers_of_every_size, begin, end),
        cmocka_unit_test_setup_teardown(every_character_comes_back_through_the_reader, begin, end),
        cmocka_unit_test_setup_teardown(invalid_utf8_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(a_wrong_order_of_calls_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(depth_is_bounded, begin, end),
        cmocka_unit_test_setup_teardown(the_ceiling_leaves_the_buffer_as_it_was, begin, end),
        cmocka_unit_test(a_writer_in_an_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
