/*
 * error_test.c - texts are bounded, cut at a character, and get their context in front.
 */
#include "../unit.h"

#include "base/error.h"

static void set_returns_the_status(void **state)
{
    (void)state;
    hearth_error error;
    error_clear(&error);
    assert_int_equal(error.status, HEARTH_OK);
    assert_string_equal(error.text, "");
    assert_int_equal(
        error_set(&error, HEARTH_EINVAL, "port: expected 1 to %d, found %s", 65535, "x"),
        HEARTH_EINVAL);
    assert_int_equal(error.status, HEARTH_EINVAL);
    assert_string_equal(error.text, "port: expected 1 to 65535, found x");
    assert_int_equal(error_prefix(&error, "line %d", 3), HEARTH_EINVAL);
    assert_string_equal(error.text, "line 3: port: expected 1 to 65535, found x");
    assert_int_equal(error_set(NULL, HEARTH_ENOMEM, "nobody listens"), HEARTH_ENOMEM);
}

static void a_long_text_is_cut_at_a_character(void **state)
{
    (void)state;
    hearth_error error;
    for (int shift = 0; shift < 4; shift++) {
        char text[1200];
        memset(text, 'a', (size_t)shift);
        for (size_t i = (size_t)shift; i + 4 < sizeof(text); i += 4)
            memcpy(text + i, "\xF0\x9F\x98\x80", 5);
        error_set(&error, HEARTH_EINTERNAL, "%s", text);
        assert_true(strlen(error.text) >= HEARTH_ERROR_SIZE - 4);
        assert_true(str_is_utf8(str_from(error.text)));
        error_prefix(&error, "context");
        assert_true(str_is_utf8(str_from(error.text)));
        assert_true(str_starts_with(str_from(error.text), HEARTH_STR("context: ")));
    }
}

static void every_status_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(status_name(HEARTH_EFORBIDDEN), "EFORBIDDEN");
    assert_string_equal(status_name(HEARTH_OK), "OK");
    assert_string_equal(status_name((hearth_status)-99), "UNKNOWN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_returns_the_status),
        cmocka_unit_test(a_long_text_is_cut_at_a_character),
        cmocka_unit_test(every_status_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
