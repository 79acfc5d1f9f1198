/*
 * schema_test.c - tables are checked, compared and printed; texts of every type parse strictly.
 */
#include "../unit.h"

#include "conf/internal.h"
#include "test_schema.h"

static hearth_arena arena;
static conf_errors errors;

static int begin(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 1 << 20);
    conf_errors_init(&errors, &arena);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_finish(&arena);
    return 0;
}

static void durations_and_sizes_are_strict(void **state)
{
    (void)state;
    int64_t value = 0;
    const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"250ms", 250},    {"10s", 10000},
                {"15m", 900000},   {"24h", 86400000},
                {"7d", 604800000}, {"0", 0},
                {"0s", 0},         {"106751991167d", INT64_C(106751991167) * 86400000}};
    for (size_t i = 0; i < HEARTH_COUNT(good); i++) {
        assert_true(conf_duration(str_from(good[i].text), &value));
        assert_true(value == good[i].ms);
    }
    const char *bad[] = {"",    "s",     "10",  "10S",   "1.5s",          "-1s",
                         "1 s", "1h30m", "01s", "10sec", "106751991168d", "99999999999999999999s"};
    for (size_t i = 0; i < HEARTH_COUNT(bad); i++)
        assert_false(conf_duration(str_from(bad[i]), &value));
    assert_true(parse_size(HEARTH_STR("512"), &value) && value == 512);
    assert_true(parse_size(HEARTH_STR("64k"), &value) && value == 65536);
    assert_true(parse_size(HEARTH_STR("1g"), &value) && value == 1 << 30);
    const char *bad_sizes[] = {"", "k", "64K", "64kb", "1t", "-1", "8589934592g"};
    for (size_t i = 0; i < HEARTH_COUNT(bad_sizes); i++)
        assert_false(parse_size(str_from(bad_sizes[i]), &value));
}

static void choices_are_whole_words(void **state)
{
    (void)state;
    uint32_t index = 9;
    assert_true(parse_choice("closed|open", HEARTH_STR("open"), &index));
    assert_int_equal(index, 1);
    assert_false(parse_choice("closed|open", HEARTH_STR("close"), &index));
    assert_false(parse_choice("closed|open", HEARTH_STR(""), &index));
    assert_false(parse_choice("closed|open", HEARTH_STR("closed|open"), &index));
}

static const char *suggest(const char *wanted)
{
    static char text[80];
    const char *candidates[] = {"registration", "port", "timeout", "max_body"};
    suggestion s;
    suggestion_init(&s, str_from(wanted));
    for (size_t i = 0; i < HEARTH_COUNT(candidates); i++)
        suggestion_offer(&s, str_from(candidates[i]));
    suggestion_text(&s, text, sizeof(text));
    return text;
}

static void suggestions_are_near_or_none(void **state)
{
    (void)state;
    assert_string_equal(suggest("registratoin"), "; did you mean \"registration\"?");
    assert_string_equal(suggest("prot"), "; did you mean \"port\"?");
    assert_string_equal(suggest("maxbody"), "; did you mean \"max_body\"?");
    assert_string_equal(suggest("completely"), "");
    assert_string_equal(suggest(""), "");
    assert_string_equal(suggest("a"), "");
    char text[300];
    memset(text, 'p', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_string_equal(suggest(text), "");
}

static void quotes_are_short_and_printable(void **state)
{
    (void)state;
    char out[32], text[600];
    quote(HEARTH_STR("a\n\xff\xC3\xA4"), out, sizeof(out));
    assert_string_equal(out, "\"a\\x0a\\xff\xC3\xA4\"");
    memset(text, 'x', sizeof(text));
    for (size_t size = 16; size < 100; size++) {
        char place[100];
        quote((hearth_str){text, sizeof(text)}, place, size);
        assert_true(strlen(place) < size);
        assert_true(str_ends_with(str_from(place), HEARTH_STR("...\"")));
        memset(text, '\x01', sizeof(text));
    }
}

static bool check(hearth_conf_field field, size_t size)
{
    hearth_conf_field fields[] = {field, {0}};
    conf_schema schema = {.fields = fields, .field_size = sizeof(field), .size = size};
    conf_errors_init(&errors, &arena);
    return conf_schema_check(&schema, "test", &errors);
}

static void unsound_tables_are_refused(void **state)
{
    (void)state;
    assert_true(conf_schema_check(&test_schema, "", &errors));
    hearth_conf_field good = {.key = "k", .type = HEARTH_CONF_INT, .def = "1", .help = "h"};
    assert_true(check(good, 8));
    hearth_conf_field bad = good;
    bad.offset = 1;
    assert_false(check(bad, 64));
    assert_string_equal(errors.lines[0], "test: k: expected an offset inside the struct, found one "
                                         "outside or not aligned");
    bad.offset = 8;
    assert_false(check(bad, 8));
    bad.offset = SIZE_MAX - 7;
    assert_false(check(bad, 8));
    bad = good, bad.help = "";
    assert_false(check(bad, 8));
    bad = good, bad.key = "Bad-Key";
    assert_false(check(bad, 8));
    bad = good, bad.key = NULL;
    assert_false(check(bad, 8));
    bad = good, bad.def = "x";
    assert_false(check(bad, 8));
    assert_string_equal(errors.lines[0], "test: default: k: expected an integer, found \"x\"");
    bad = good, bad.max = -1, bad.min = -5;
    assert_false(check(bad, 8));
    bad = good, bad.flags = HEARTH_CONF_SECRET;
    assert_false(check(bad, 8));
    bad = good, bad.flags = HEARTH_CONF_REQUIRED;
    assert_false(check(bad, 8));
    bad = good, bad.flags = 16;
    assert_false(check(bad, 8));
    assert_string_equal(errors.lines[0], "test: k: expected flags of HEARTH_CONF_*, found another");
    bad = good, bad.flags = HEARTH_CONF_PATH;
    assert_false(check(bad, 8));
    assert_string_equal(errors.lines[0],
                        "test: k: expected a path to be a text, found another type");
    bad = good, bad.type = HEARTH_CONF_ENUM, bad.def = NULL;
    assert_false(check(bad, 8));
    bad = good, bad.type = (hearth_conf_type)99;
    assert_false(check(bad, 8));
    hearth_conf_field over[] = {good, good, {0}};
    over[0].type = HEARTH_CONF_STR;
    over[0].key = "text";
    over[1].offset = 8;
    conf_errors_init(&errors, &arena);
    assert_false(conf_schema_check(
        &(conf_schema){.fields = over, .field_size = sizeof(good), .size = 32}, "test", &errors));
    assert_string_equal(errors.lines[0],
                        "test: k: expected a place of its own in the struct, found "
                        "another key's");
    over[1].offset = 16;
    conf_errors_init(&errors, &arena);
    assert_true(conf_schema_check(
        &(conf_schema){.fields = over, .field_size = sizeof(good), .size = 32}, "test", &errors));
    hearth_conf_field twice[] = {good, good, {0}};
    conf_schema schema = {.fields = twice, .field_size = sizeof(good), .size = 8};
    assert_false(conf_schema_check(&schema, "test", &errors));
    schema.field_size = 8;
    assert_false(conf_schema_check(&schema, "test", &errors));
}

static void rows_may_be_larger_than_known(void **state)
{
    (void)state;
    struct larger {
        hearth_conf_field field;
        uint64_t later;
    } rows[] = {{{.key = "a", .type = HEARTH_CONF_INT, .def = "1", .help = "h"}, 7},
                {{.key = "b", .type = HEARTH_CONF_INT, .def = "2", .offset = 8, .help = "h"}, 7},
                {{0}, 0}};
    conf_schema schema = {.fields = &rows[0].field, .field_size = sizeof(rows[0]), .size = 16};
    assert_true(conf_schema_check(&schema, "test", &errors));
    conf_source source = {.section = "test"};
    const int64_t *values = conf_fill(&arena, &schema, &source, &errors);
    assert_non_null(values);
    assert_int_equal(values[0], 1);
    assert_int_equal(values[1], 2);
}

static void note(void *arg, const char *key, bool reloadable)
{
    char *out = arg;
    strcat(out, key);
    strcat(out, reloadable ? "+ " : "- ");
}

static const void *fill(const char *text)
{
    const conf_doc *doc = conf_parse(&arena, "test.yaml", str_from(text), &errors);
    conf_source source = {.doc = doc, .section = ""};
    const void *conf = conf_fill(&arena, &test_schema, &source, &errors);
    assert_non_null(conf);
    return conf;
}

static void a_diff_names_each_changed_key(void **state)
{
    (void)state;
    char changes[256] = "";
    const void *before = fill("{issuer: me, origins: [a], listen: [{address: x}, {address: y}]}");
    conf_diff(&test_schema, before,
              fill("{listen: [{address: x}, {address: \"y\"}], issuer: me, "
                   "origins: [a], timeout: 10s}"),
              note, changes);
    assert_string_equal(changes, "");
    conf_diff(&test_schema, before,
              fill("{issuer: me, origins: [b], services: {storage: other}, "
                   "listen: [{address: x}, {address: \"y\"}]}"),
              note, changes);
    assert_string_equal(changes, "origins+ services- ");
    changes[0] = '\0';
    conf_diff(&test_schema, before,
              fill("{issuer: you, greeting: hi, port: 1, verbose: true, timeout: 11s, "
                   "max_body: 1m, registration: open, origins: [a, b], services: {storage: x}, "
                   "retries: 2, listen: [{address: x}, {address: z}]}"),
              note, changes);
    assert_string_equal(changes, "issuer- greeting+ port- verbose- timeout+ max_body- "
                                 "registration- origins+ services- retries- listen- ");
}

static void the_table_prints_as_text_and_json(void **state)
{
    (void)state;
    hearth_buf out;
    buf_init(&out, 1 << 16);
    assert_int_equal(conf_print_text(&test_schema, &out), HEARTH_OK);
    assert_int_equal(buf_append(&out, "", 1), HEARTH_OK);
    assert_non_null(strstr(out.ptr, "issuer        text      required                   who issues "
                                    "(a text)\n"));
    assert_non_null(strstr(out.ptr,
                           "timeout       duration  10s                        how long (a "
                           "duration (250ms, 10s, 15m, 24h, 7d) from 100ms to 1h; "
                           "reloadable)\n"));
    assert_non_null(strstr(out.ptr, "    backlog   integer   512       queue (an integer from 1 to "
                                    "4096)\n"));
    buf_reset(&out);
    hearth_json_writer w;
    json_writer_init(&w, &out);
    conf_print_json(&test_schema, &w);
    assert_int_equal(json_finish(&w, NULL), HEARTH_OK);
    assert_int_equal(buf_append(&out, "", 1), HEARTH_OK);
    assert_non_null(strstr(out.ptr, "{\"key\":\"secret\",\"type\":\"text\",\"default\":null,"
                                    "\"expected\":\"env:NAME or file:PATH\",\"required\":false,"
                                    "\"secret\":true,\"reloadable\":false,\"help\":\"a key\"}"));
    assert_non_null(strstr(out.ptr, "\"key\":\"listen\",\"type\":\"list of maps\""));
    buf_finish(&out);
    buf_init(&out, 100);
    assert_int_equal(conf_print_text(&test_schema, &out), HEARTH_ENOMEM);
    buf_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_and_sizes_are_strict),
        cmocka_unit_test(choices_are_whole_words),
        cmocka_unit_test(suggestions_are_near_or_none),
        cmocka_unit_test(quotes_are_short_and_printable),
        cmocka_unit_test_setup_teardown(unsound_tables_are_refused, begin, end),
        cmocka_unit_test_setup_teardown(rows_may_be_larger_than_known, begin, end),
        cmocka_unit_test_setup_teardown(a_diff_names_each_changed_key, begin, end),
        cmocka_unit_test_setup_teardown(the_table_prints_as_text_and_json, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
