/*
 * str_test.c - strict numbers, UTF-8 to the letter of RFC 3629, splitting and trimming.
 */
#include "../unit.h"

static void equality_looks_at_every_byte(void **state)
{
    (void)state;
    assert_true(str_eq(HEARTH_STR(""), (hearth_str){NULL, 0}));
    assert_true(str_eq(HEARTH_STR("a\0b"), HEARTH_STR("a\0b")));
    assert_false(str_eq(HEARTH_STR("a\0b"), HEARTH_STR("a\0c")));
    assert_true(str_eq_nocase(HEARTH_STR("Content-TYPE"), HEARTH_STR("content-type")));
    assert_false(str_eq_nocase(HEARTH_STR("[a"), HEARTH_STR("{a")));
    assert_false(str_eq_nocase(HEARTH_STR("\xC3\xA4"), HEARTH_STR("\xC3\x84")));
    assert_int_equal(str_compare(HEARTH_STR("ab"), HEARTH_STR("abc")), -1);
    assert_int_equal(str_compare(HEARTH_STR("\xff"), HEARTH_STR("a")), 1);
    assert_int_equal(str_compare(HEARTH_STR("a"), HEARTH_STR("a")), 0);
}

/* Texts are looked at in blocks: every byte value, at every place, in texts of every length. */
static void every_byte_counts_wherever_it_stands(void **state)
{
    char text[40], other[40];
    (void)state;
    for (size_t len = 1; len <= sizeof(text); len++) {
        for (size_t at = 0; at < len; at++) {
            for (int c = 0; c < 256; c++) {
                memset(text, 'z', len);
                memset(other, 'Z', len);
                text[at] = (char)c;
                hearth_str a = {text, len}, b = {other, len};
                assert_int_equal(str_has_control(a), (c < 0x20 && c != '\t') || c == 0x7f);
                assert_int_equal(str_is_visible(a), c > 0x20 && c < 0x7f);
                assert_int_equal(str_eq_nocase(a, b), c == 'z' || c == 'Z');
                other[at] = (char)(c ^ 0x20);
                bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
                assert_int_equal(str_eq_nocase(a, b), letter);
                other[at] = (char)c;
                assert_true(str_eq_nocase(a, b));
            }
        }
    }
    assert_false(str_has_control((hearth_str){NULL, 0}));
    assert_true(str_is_visible((hearth_str){NULL, 0}));
    assert_true(str_eq_nocase(HEARTH_STR(""), (hearth_str){NULL, 0}));
}

static void prefixes_suffixes_and_slices(void **state)
{
    (void)state;
    assert_true(str_starts_with(HEARTH_STR("env:X"), HEARTH_STR("env:")));
    assert_false(str_starts_with(HEARTH_STR("en"), HEARTH_STR("env:")));
    assert_true(str_starts_with(HEARTH_STR("x"), HEARTH_STR("")));
    assert_true(str_ends_with(HEARTH_STR("a.yaml"), HEARTH_STR(".yaml")));
    assert_false(str_ends_with(HEARTH_STR("yaml"), HEARTH_STR(".yaml")));
    assert_str(str_slice(HEARTH_STR("hello"), 1, 3), "ell");
    assert_str(str_slice(HEARTH_STR("hello"), 3, 99), "lo");
    assert_str(str_slice(HEARTH_STR("hello"), 9, 1), "");
    assert_int_equal(str_index(HEARTH_STR("a:b"), ':'), 1);
    assert_int_equal(str_index(HEARTH_STR("ab"), ':'), 2);
    assert_str(str_trim_ows(HEARTH_STR(" \t a b\t ")), "a b");
    assert_str(str_trim_ows(HEARTH_STR(" \t ")), "");
    assert_true(str_has_nul(HEARTH_STR("a\0")));
}

static void split_gives_every_part_once(void **state)
{
    (void)state;
    hearth_str rest = HEARTH_STR("a,,b,"), part;
    const char *parts[] = {"a", "", "b", ""};
    for (size_t i = 0; i < 4; i++) {
        assert_true(str_split(&rest, ',', &part));
        assert_str(part, parts[i]);
    }
    assert_false(str_split(&rest, ',', &part));
    rest = HEARTH_STR("");
    assert_true(str_split(&rest, ',', &part));
    assert_false(str_split(&rest, ',', &part));
}

static void unsigned_numbers_are_strict(void **state)
{
    (void)state;
    uint64_t value = 7;
    const char *bad[] = {"",
                         "-1",
                         "+1",
                         " 1",
                         "1 ",
                         "01",
                         "00",
                         "0x1",
                         "1.0",
                         "1e2",
                         "18446744073709551616",
                         "99999999999999999999",
                         "184467440737095516150"};
    for (size_t i = 0; i < HEARTH_COUNT(bad); i++)
        assert_false(str_parse_u64(str_from(bad[i]), &value));
    assert_int_equal(value, 7);
    assert_true(str_parse_u64(HEARTH_STR("0"), &value));
    assert_true(value == 0);
    assert_true(str_parse_u64(HEARTH_STR("18446744073709551615"), &value));
    assert_true(value == UINT64_MAX);
}

static void signed_numbers_are_strict(void **state)
{
    (void)state;
    int64_t value = 7;
    const char *bad[] = {
        "", "-", "-0", "--1", "+1", "-01", "9223372036854775808", "-9223372036854775809"};
    for (size_t i = 0; i < HEARTH_COUNT(bad); i++)
        assert_false(str_parse_i64(str_from(bad[i]), &value));
    assert_int_equal(value, 7);
    assert_true(str_parse_i64(HEARTH_STR("-9223372036854775808"), &value));
    assert_true(value == INT64_MIN);
    assert_true(str_parse_i64(HEARTH_STR("9223372036854775807"), &value));
    assert_true(value == INT64_MAX);
}

static void utf8_is_what_rfc_3629_says(void **state)
{
    (void)state;
    const char *good[] = {"",
                          "plain ascii, longer than eight",
                          "\xC2\x80",
                          "\xDF\xBF",
                          "\xE0\xA0\x80",
                          "\xED\x9F\xBF",
                          "\xEE\x80\x80",
                          "\xEF\xBF\xBF",
                          "\xF0\x90\x80\x80",
                          "\xF4\x8F\xBF\xBF",
                          "1234567\xC3\xA4"
                          "89012345"};
    const char *bad[] = {"\x80",
                         "\xBF",
                         "\xC0\x80",
                         "\xC1\xBF",
                         "\xC2",
                         "\xC2 ",
                         "\xE0\x9F\xBF",
                         "\xED\xA0\x80",
                         "\xED\xBF\xBF",
                         "\xE2\x82",
                         "\xF0\x8F\xBF\xBF",
                         "\xF4\x90\x80\x80",
                         "\xF5\x80\x80\x80",
                         "\xFE",
                         "\xFF",
                         "\xF0\x9F\x98",
                         "12345678\xC3",
                         "1234567890123456\xFF"};
    for (size_t i = 0; i < HEARTH_COUNT(good); i++)
        assert_true(str_is_utf8(str_from(good[i])));
    for (size_t i = 0; i < HEARTH_COUNT(bad); i++)
        assert_false(str_is_utf8(str_from(bad[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equality_looks_at_every_byte),
        cmocka_unit_test(every_byte_counts_wherever_it_stands),
        cmocka_unit_test(prefixes_suffixes_and_slices),
        cmocka_unit_test(split_gives_every_part_once),
        cmocka_unit_test(unsigned_numbers_are_strict),
        cmocka_unit_test(signed_numbers_are_strict),
        cmocka_unit_test(utf8_is_what_rfc_3629_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
