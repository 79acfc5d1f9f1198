/*
 * frame_test.c - frames of control.sock: whole, in pieces, too long, and commands inside them.
 */
#include "../unit.h"

#include "host/frame.h"

static void a_frame_comes_whole_or_not_at_all(void **state)
{
    hearth_buf out, in;
    char kind;
    hearth_str payload;
    (void)state;
    buf_init(&out, 1000);
    buf_init(&in, 1000);
    assert_int_equal(frame_append(&out, FRAME_OUTPUT, HEARTH_STR("hello")), HEARTH_OK);
    for (size_t i = 0; i < out.len; i++) {
        assert_int_equal(frame_peek(&in, 100, &kind, &payload), HEARTH_DEFERRED);
        assert_int_equal(buf_append(&in, out.ptr + i, 1), HEARTH_OK);
    }
    assert_int_equal(frame_peek(&in, 100, &kind, &payload), HEARTH_OK);
    assert_int_equal(kind, FRAME_OUTPUT);
    assert_str(payload, "hello");
    frame_consume(&in, payload);
    assert_int_equal(in.len, 0);
    buf_finish(&out);
    buf_finish(&in);
}

static void a_frame_past_the_limit_is_refused_before_it_came(void **state)
{
    hearth_buf in;
    char kind;
    hearth_str payload;
    (void)state;
    buf_init(&in, 1000);
    assert_int_equal(buf_append(&in, "C\0\0\0\x65\0\0\0", 8), HEARTH_OK);
    assert_int_equal(frame_peek(&in, 100, &kind, &payload), HEARTH_EINVAL);
    assert_int_equal(frame_peek(&in, 101, &kind, &payload), HEARTH_DEFERRED);
    buf_reset(&in);
    assert_int_equal(buf_append(&in, "C\1\0\0\0\0\0\0", 8), HEARTH_OK);
    assert_int_equal(frame_peek(&in, 100, &kind, &payload), HEARTH_EINVAL);
    buf_finish(&in);
}

static void a_command_comes_out_as_it_went_in(void **state)
{
    hearth_str words[] = {HEARTH_STR("account"), HEARTH_STR("add"), HEARTH_STR("")};
    hearth_str args[CONTROL_MAX_ARGS];
    control_command command = {words, 3, true, HEARTH_STR("a\0b")}, out;
    hearth_buf buf;
    (void)state;
    buf_init(&buf, CONTROL_MAX_REQUEST);
    assert_int_equal(frame_put_command(&buf, &command), HEARTH_OK);
    assert_int_equal(frame_get_command(buf_str(&buf), &out, args), HEARTH_OK);
    assert_int_equal(out.arg_count, 3);
    assert_str(out.args[1], "add");
    assert_true(out.has_input && out.input.len == 3);
    for (size_t len = 0; len < buf.len; len++)
        assert_int_equal(frame_get_command((hearth_str){buf.ptr, len}, &out, args), HEARTH_EINVAL);
    assert_int_equal(buf_append_char(&buf, 'x'), HEARTH_OK);
    assert_int_equal(frame_get_command(buf_str(&buf), &out, args), HEARTH_EINVAL);
    buf_finish(&buf);
}

static void too_much_is_not_sent(void **state)
{
    hearth_str words[CONTROL_MAX_ARGS + 1] = {{0}};
    control_command many = {words, CONTROL_MAX_ARGS + 1, false, {NULL, 0}};
    control_command large = {words, 0, true, {"", CONTROL_MAX_INPUT + 1}};
    hearth_buf buf;
    (void)state;
    buf_init(&buf, CONTROL_MAX_REQUEST);
    assert_int_equal(frame_put_command(&buf, &many), HEARTH_EINVAL);
    assert_int_equal(frame_put_command(&buf, &large), HEARTH_EINVAL);
    buf_finish(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_comes_whole_or_not_at_all),
        cmocka_unit_test(a_frame_past_the_limit_is_refused_before_it_came),
        cmocka_unit_test(a_command_comes_out_as_it_went_in),
        cmocka_unit_test(too_much_is_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
