/*
 * log_test.c - lines are valid JSON whatever is logged, repeats are counted, a stuck reader of the
 * log stops nobody.
 */
#include "../unit.h"

#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

static char captured[1 << 20];
static size_t captured_len;
static int captured_lines;

static void capture(void *arg, log_level level, hearth_str line)
{
    (void)arg;
    (void)level;
    assert_in_range(line.len, 2, HEARTH_LOG_LINE);
    assert_int_equal(line.ptr[line.len - 1], '\n');
    assert_null(memchr(line.ptr, '\n', line.len - 1));
    assert_true(captured_len + line.len < sizeof(captured));
    memcpy(captured + captured_len, line.ptr, line.len);
    captured_len += line.len;
    captured[captured_len] = '\0';
    captured_lines++;
}

static int begin(void **state)
{
    (void)state;
    log_flush();
    captured_len = 0;
    captured_lines = 0;
    captured[0] = '\0';
    log_set_level(LOG_LEVEL_INFO);
    log_set_sink(capture, NULL);
    return 0;
}

static json_t *last_line(void)
{
    size_t start = captured_len - 1;
    while (start > 0 && captured[start - 1] != '\n')
        start--;
    json_error_t error;
    json_t *line =
        json_loadb(captured + start, captured_len - start, JSON_REJECT_DUPLICATES, &error);
    if (!line)
        fail_msg("not JSON: %s: %s", error.text, captured + start);
    return line;
}

static const char *member(json_t *line, const char *key)
{
    return json_string_value(json_object_get(line, key));
}

static void a_line_has_its_members(void **state)
{
    (void)state;
    log_field fields[] = {LOG_STR("route", HEARTH_STR("/x")), LOG_INT("bytes", -5),
                          LOG_BOOL("late", true)};
    log_context context = {.plugin = "auth",
                           .request_id = HEARTH_STR("r1"),
                           .trace_id = HEARTH_STR("t1"),
                           .fields = fields,
                           .field_count = 3};
    log_at(LOG_LEVEL_WARN, &context, "user %d", 7);
    json_t *line = last_line();
    assert_string_equal(member(line, "level"), "warn");
    assert_string_equal(member(line, "plugin"), "auth");
    assert_string_equal(member(line, "message"), "user 7");
    assert_string_equal(member(line, "requestId"), "r1");
    assert_string_equal(member(line, "traceId"), "t1");
    assert_string_equal(member(line, "route"), "/x");
    assert_int_equal(json_integer_value(json_object_get(line, "bytes")), -5);
    assert_true(json_is_true(json_object_get(line, "late")));
    assert_int_equal(strlen(member(line, "time")), 24);
    json_decref(line);
}

static int evaluated;

static int count_evaluation(void)
{
    return ++evaluated;
}

static void a_level_that_is_off_evaluates_nothing(void **state)
{
    (void)state;
    log_debug("test", "%d", count_evaluation());
    assert_int_equal(evaluated, 0);
    assert_int_equal(captured_lines, 0);
    log_set_level(LOG_LEVEL_DEBUG);
    log_debug("test", "%d", count_evaluation());
    assert_int_equal(evaluated, 1);
    assert_int_equal(captured_lines, 1);
    log_level level = LOG_LEVEL_INFO;
    assert_true(log_parse_level(HEARTH_STR("error"), &level));
    assert_int_equal(level, LOG_LEVEL_ERROR);
    assert_false(log_parse_level(HEARTH_STR("loud"), &level));
}

static void hostile_bytes_stay_inside_the_string(void **state)
{
    (void)state;
    log_info("test", "%s", "a\"b\\c\n\x01\x7f\xff\xc3(\xed\xa0\x80\xc3\xa4");
    json_t *line = last_line();
    assert_string_equal(member(line, "message"),
                        "a\"b\\c\n\x01\x7f\xEF\xBF\xBD\xEF\xBF\xBD(\xEF\xBF\xBD\xEF\xBF\xBD"
                        "\xEF\xBF\xBD\xc3\xa4");
    json_decref(line);
}

static void a_long_line_is_cut_and_says_so(void **state)
{
    (void)state;
    char *text = malloc(10001);
    memset(text, '\x01', 10000);
    text[10000] = '\0';
    log_field fields[] = {LOG_STR("huge", str_from(text)), LOG_INT("small", 1)};
    log_context context = {.plugin = "test",
                           .request_id = {text, 128},
                           .trace_id = {text, 128},
                           .fields = fields,
                           .field_count = 2};
    log_at(LOG_LEVEL_ERROR, &context, "%s", text);
    json_t *line = last_line();
    assert_true(json_is_true(json_object_get(line, "truncated")));
    assert_null(json_object_get(line, "huge"));
    assert_int_equal(json_integer_value(json_object_get(line, "small")), 1);
    assert_int_equal(json_string_length(json_object_get(line, "requestId")), 128);
    assert_in_range(json_string_length(json_object_get(line, "message")), 300, 2048);
    json_decref(line);
    free(text);
}

static void repeats_are_counted_and_told_once(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        log_warn("test", "same thing %d", i);
    assert_int_equal(captured_lines, 10);
    log_warn("other", "same thing %d", 1);
    log_warn("test", "another thing");
    assert_int_equal(captured_lines, 12);
    log_tick();
    assert_int_equal(captured_lines, 12);
    log_flush();
    assert_int_equal(captured_lines, 13);
    json_t *line = last_line();
    assert_int_equal(json_integer_value(json_object_get(line, "repeated")), 90);
    assert_string_equal(member(line, "message"), "same thing 10");
    assert_string_equal(member(line, "plugin"), "test");
    json_decref(line);
    log_flush();
    assert_int_equal(captured_lines, 13);
}

static void different_texts_behind_percent_s_are_no_repeats(void **state)
{
    (void)state;
    char text[2] = {0};
    for (char c = 'A'; c <= 'Z'; c++) {
        text[0] = c;
        log_info("percent", "%s", text);
    }
    assert_int_equal(captured_lines, 26);
}

static void debug_lines_are_never_held_back(void **state)
{
    (void)state;
    log_set_level(LOG_LEVEL_DEBUG);
    for (int i = 0; i < 50; i++)
        log_debug("test", "each of them");
    assert_int_equal(captured_lines, 50);
}

static void a_full_pipe_drops_lines_and_says_how_many(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    log_set_sink(NULL, NULL);
    log_set_fd(ends[1]);
    log_set_level(LOG_LEVEL_DEBUG);
    uint64_t dropped = log_dropped(), start = clock_mono_ms();
    char text[1001];
    memset(text, 'x', 1000);
    text[1000] = '\0';
    for (int i = 0; i < 500; i++)
        log_debug("test", "%s", text);
    dropped = log_dropped() - dropped;
    assert_in_range(dropped, 300, 499);
    assert_true(clock_mono_ms() - start < 5000);

    char *content = calloc(1, 1 << 20);
    size_t len = 0;
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    for (ssize_t got; (got = read(ends[0], content + len, (1 << 20) - 1 - len)) > 0;)
        len += (size_t)got;
    assert_int_equal(content[len - 1], '\n');
    log_debug("test", "after");
    ssize_t got = read(ends[0], content, 1 << 20);
    assert_true(got > 0);
    content[got] = '\0';
    char expected[64];
    snprintf(expected, sizeof(expected), "\"dropped\":%llu}\n", (unsigned long long)dropped);
    char *notice = strstr(content, expected);
    assert_non_null(notice);
    assert_non_null(strstr(notice, "after"));
    log_set_fd(STDERR_FILENO);
    free(content);
    close(ends[0]);
    close(ends[1]);
}

static void *log_many(void *arg)
{
    for (int i = 0; i < 500; i++)
        log_debug(arg, "line %d", i);
    return NULL;
}

static void threads_do_not_mix_their_lines(void **state)
{
    (void)state;
    log_set_level(LOG_LEVEL_DEBUG);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_many, (void *)"thread"), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(captured_lines, 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_line_has_its_members, begin),
        cmocka_unit_test_setup(a_level_that_is_off_evaluates_nothing, begin),
        cmocka_unit_test_setup(hostile_bytes_stay_inside_the_string, begin),
        cmocka_unit_test_setup(a_long_line_is_cut_and_says_so, begin),
        cmocka_unit_test_setup(repeats_are_counted_and_told_once, begin),
        cmocka_unit_test_setup(different_texts_behind_percent_s_are_no_repeats, begin),
        cmocka_unit_test_setup(debug_lines_are_never_held_back, begin),
        cmocka_unit_test_setup(a_full_pipe_drops_lines_and_says_how_many, begin),
        cmocka_unit_test_setup(threads_do_not_mix_their_lines, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
