/*
 * argv_test.c - the options that hearthd and hearth share.
 */
#include "../unit.h"

#include "host/host.h"

static host_argv args;
static hearth_error error;

static hearth_status take(int *index, char **argv)
{
    int argc = 0;
    while (argv[argc])
        argc++;
    return host_argv_take(&args, argc, argv, index, &error);
}

static void every_option_is_taken_in_both_spellings(void **state)
{
    char *argv[] = {"--config",
                    "a.yaml",
                    "--listen=[::1]:0",
                    "--data-dir",
                    "d",
                    "--plugin-dir=p",
                    "--loops",
                    "3",
                    "--with",
                    "x",
                    "--without=y",
                    "--set",
                    "auth.registration=open",
                    NULL};
    int i = 0;
    (void)state;
    host_argv_init(&args);
    while (argv[i])
        assert_int_equal(take(&i, argv), HEARTH_OK);
    assert_string_equal(args.options.config, "a.yaml");
    assert_string_equal(args.options.listen[0], "[::1]:0");
    assert_string_equal(args.options.overrides[0], "data_dir=d");
    assert_string_equal(args.options.overrides[1], "plugin_dir=p");
    assert_string_equal(args.options.overrides[2], "loops=3");
    assert_string_equal(args.options.overrides[3], "auth.registration=open");
    assert_string_equal(args.options.with[0], "x");
    assert_string_equal(args.options.without[0], "y");
    host_argv_finish(&args);
}

static void others_are_left_alone(void **state)
{
    char *argv[] = {"--configure", "--with-love=1", "plugins", NULL};
    (void)state;
    host_argv_init(&args);
    for (int i = 0; argv[i]; i++) {
        int at = i;
        assert_int_equal(take(&at, argv), HEARTH_ENOTFOUND);
        assert_int_equal(at, i);
    }
    host_argv_finish(&args);
}

static void a_missing_value_is_named(void **state)
{
    char *argv[] = {"--loops", NULL};
    int i = 0;
    (void)state;
    host_argv_init(&args);
    assert_int_equal(take(&i, argv), HEARTH_EINVAL);
    assert_string_equal(error.text, "--loops: expected a value, found none");
    host_argv_finish(&args);
}

static void too_many_are_refused(void **state)
{
    char *argv[] = {"--set", "a=b", NULL};
    hearth_status status = HEARTH_OK;
    (void)state;
    host_argv_init(&args);
    for (int k = 0; k <= HOST_MAX_OVERRIDES; k++) {
        int i = 0;
        status = take(&i, argv);
    }
    assert_int_equal(status, HEARTH_EINVAL);
    host_argv_finish(&args);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_option_is_taken_in_both_spellings),
        cmocka_unit_test(others_are_left_alone),
        cmocka_unit_test(a_missing_value_is_named),
        cmocka_unit_test(too_many_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
