/*
 * header_test.c - known fields and the bytes that fields may have.
 */
#include "../unit.h"

#include "http/header.h"

static void known_fields_are_found_in_any_case(void **state)
{
    static const struct {
        const char *name;
        http_known known;
    } cases[] = {
        {"Host", HTTP_HOST},
        {"HOST", HTTP_HOST},
        {"connection", HTTP_CONNECTION},
        {"Content-length", HTTP_CONTENT_LENGTH},
        {"transfer-encoding", HTTP_TRANSFER_ENCODING},
        {"expect", HTTP_EXPECT},
        {"CONTENT-TYPE", HTTP_CONTENT_TYPE},
        {"authorization", HTTP_AUTHORIZATION},
        {"x-request-id", HTTP_REQUEST_ID},
        {"TraceParent", HTTP_TRACEPARENT},
        {"if-match", HTTP_IF_MATCH},
        {"If-None-Match", HTTP_IF_NONE_MATCH},
        {"idempotency-key", HTTP_IDEMPOTENCY_KEY},
        {"origin", HTTP_ORIGIN},
        {"forwarded", HTTP_FORWARDED},
        {"x-forwarded-for", HTTP_FORWARDED_FOR},
        {"accept", HTTP_ACCEPT},
        {"Hos", HTTP_KNOWN_COUNT},
        {"", HTTP_KNOWN_COUNT},
        {"Hosu", HTTP_KNOWN_COUNT},
        {"accepts", HTTP_KNOWN_COUNT},
        {"x-forwarded-host-and-more", HTTP_KNOWN_COUNT},
    };
    (void)state;
    for (size_t i = 0; i < HEARTH_COUNT(cases); i++)
        assert_int_equal(header_known(str_from(cases[i].name)), cases[i].known);
}

static void names_are_tokens_and_values_have_no_controls(void **state)
{
    (void)state;
    assert_true(header_name_is_valid(HEARTH_STR("X-a_b.c!#$%&'*+^`|~1")));
    assert_false(header_name_is_valid(HEARTH_STR("")));
    for (int c = 0; c < 256; c++) {
        char byte = (char)c;
        hearth_str one = {&byte, 1};
        bool control = (c < 0x20 && c != '\t') || c == 0x7f;
        assert_int_equal(header_value_is_valid(one), !control);
        if (c <= 0x20 || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c))
            assert_false(header_name_is_valid(one));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_fields_are_found_in_any_case),
        cmocka_unit_test(names_are_tokens_and_values_have_no_controls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
