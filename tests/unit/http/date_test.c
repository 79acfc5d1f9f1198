/*
 * date_test.c - HTTP dates.
 */
#include "../unit.h"

#include "http/date.h"

static void dates_are_written_as_http_wants(void **state)
{
    char text[HTTP_DATE_LEN + 1];
    (void)state;
    date_format(784111777, text);
    assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
    date_format(0, text);
    assert_string_equal(text, "Thu, 01 Jan 1970 00:00:00 GMT");
    date_format(951782400, text);
    assert_string_equal(text, "Tue, 29 Feb 2000 00:00:00 GMT");
}

static void the_copy_is_renewed_within_a_second(void **state)
{
    http_date date = {0};
    (void)state;
    const char *text = date_now(&date, 5000);
    assert_int_equal(strlen(text), HTTP_DATE_LEN);
    assert_true(date.until_ms > 5000 && date.until_ms <= 6000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_are_written_as_http_wants),
        cmocka_unit_test(the_copy_is_renewed_within_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
