/*
 * golden_test.c - each tests/data/conf/NAME.yaml gives exactly the errors of NAME.errors.
 * With HEARTH_GOLDEN_WRITE=1 in the environment the files are written instead; read the diff.
 */
#include "../unit.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "test_schema.h"

static char *slurp(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    char *content = calloc(1, 1 << 16);
    size_t len = fread(content, 1, (1 << 16) - 1, file);
    fclose(file);
    content[len] = '\0';
    return content;
}

static void errors_of(const char *path, hearth_buf *out)
{
    hearth_arena arena;
    conf_errors errors;
    arena_init(&arena, NULL, 4 << 20);
    conf_errors_init(&errors, &arena);
    const conf_doc *doc = conf_read(&arena, path, &errors);
    conf_source source = {.doc = doc, .section = ""};
    const void *conf = doc ? conf_fill(&arena, &test_schema, &source, &errors) : NULL;
    assert_int_equal(conf != NULL, errors.count == 0);
    for (size_t i = 0; i < errors.count; i++)
        assert_int_equal(buf_printf(out, "%s\n", errors.lines[i]), HEARTH_OK);
    if (errors.more > 0)
        assert_int_equal(buf_printf(out, "and %zu more\n", errors.more), HEARTH_OK);
    arena_finish(&arena);
}

static void compare(const char *path, int *failures)
{
    char golden[256];
    snprintf(golden, sizeof(golden), "%.*s.errors", (int)(strlen(path) - 5), path);
    hearth_buf found;
    buf_init(&found, 1 << 16);
    errors_of(path, &found);
    assert_int_equal(buf_append(&found, "", 1), HEARTH_OK);
    if (getenv("HEARTH_GOLDEN_WRITE")) {
        FILE *file = fopen(golden, "wb");
        assert_non_null(file);
        fputs(found.ptr, file);
        fclose(file);
    }
    char *expected = slurp(golden);
    if (!expected || strcmp(expected, found.ptr) != 0) {
        print_error("%s\n  expected:\n%s\n  found:\n%s\n", path, expected ? expected : "(no file)",
                    found.ptr);
        (*failures)++;
    }
    assert_null(strstr(found.ptr, "hunter2"));
    free(expected);
    buf_finish(&found);
}

static void errors_are_exactly_these(void **state)
{
    (void)state;
    glob_t files;
    int failures = 0;
    assert_int_equal(chdir(TEST_DATA), 0);
    assert_int_equal(setenv("HEARTH_TEST_SHORT", "hunter2", 1), 0);
    assert_int_equal(glob("*.yaml", 0, NULL, &files), 0);
    assert_true(files.gl_pathc > 25);
    for (size_t i = 0; i < files.gl_pathc; i++)
        compare(files.gl_pathv[i], &failures);
    globfree(&files);
    assert_int_equal(failures, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(errors_are_exactly_these)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
