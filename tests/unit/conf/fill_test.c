/*
 * fill_test.c - what a file, --set and defaults give, and which of them wins.
 */
#include "../unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "test_schema.h"

static hearth_arena arena;
static conf_errors errors;
static conf_overrides overrides;

static int begin(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 16 << 20);
    conf_errors_init(&errors, &arena);
    overrides = (conf_overrides){.count = 0};
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_finish(&arena);
    return 0;
}

static const struct test_conf *fill(const char *text, const char *section)
{
    const conf_doc *doc = conf_parse(&arena, "test.yaml", str_from(text), &errors);
    conf_source source = {.doc = doc, .section = section, .overrides = &overrides};
    return doc ? conf_fill(&arena, &test_schema, &source, &errors) : NULL;
}

static void set(const char *argument)
{
    assert_true(conf_overrides_add(&overrides, &arena, argument, &errors));
}

static void a_file_fills_every_type(void **state)
{
    (void)state;
    const conf_doc *doc = conf_read(&arena, TEST_DATA "/good.yaml", &errors);
    assert_non_null(doc);
    conf_source source = {.doc = doc, .section = ""};
    const struct test_conf *conf = conf_fill(&arena, &test_schema, &source, &errors);
    assert_non_null(conf);
    assert_str(conf->issuer, "https://example.com");
    assert_str(conf->greeting, "null and void");
    assert_str(conf->secret, "s3cret-of-the-file");
    assert_int_equal(conf->port, 443);
    assert_int_equal(conf->verbose, 1);
    assert_int_equal(conf->timeout, 15 * 60 * 1000);
    assert_int_equal(conf->max_body, 64 << 10);
    assert_int_equal(conf->registration, 1);
    assert_int_equal(conf->retries, 0);
    assert_int_equal(conf->origins.count, 2);
    assert_str(conf->origins.items[1], "https://b.example");
    assert_int_equal(conf->services.count, 2);
    assert_str(conf->services.items[0].key, "storage");
    assert_str(conf->services.items[1].value, "cache-redis");
    assert_int_equal(conf->listen.count, 2);
    const struct test_listen *listen = conf->listen.items;
    assert_str(listen[0].address, "127.0.0.1:8080");
    assert_str(listen[0].tls_cert, "");
    assert_int_equal(listen[0].backlog, 512);
    assert_str(listen[1].tls_cert, "cert.pem");
    assert_int_equal(listen[1].backlog, 128);
    assert_int_equal(conf->issuer.ptr[conf->issuer.len], '\0');
}

static void defaults_stand_where_nothing_is_written(void **state)
{
    (void)state;
    const struct test_conf *conf = fill("issuer: me", "");
    assert_non_null(conf);
    assert_str(conf->greeting, "hello");
    assert_int_equal(conf->port, 8080);
    assert_int_equal(conf->timeout, 10000);
    assert_int_equal(conf->origins.count, 0);
    assert_str(conf->services.items[0].value, "storage-sqlite");
    assert_non_null(conf->secret.ptr);
    assert_int_equal(conf->secret.len, 0);
    assert_int_equal(conf->listen.count, 0);
}

static void without_a_file_required_keys_are_missing(void **state)
{
    (void)state;
    conf_source source = {.section = "auth", .overrides = &overrides};
    assert_null(conf_fill(&arena, &test_schema, &source, &errors));
    assert_int_equal(errors.count, 1);
    assert_string_equal(errors.lines[0],
                        "auth: issuer: expected a text, found nothing: this key is required");
    set("auth.issuer=me");
    assert_non_null(conf_fill(&arena, &test_schema, &source, &errors));
}

static void overrides_win_and_are_checked_alike(void **state)
{
    (void)state;
    set("auth.port=99");
    set("auth.greeting=null");
    set("auth.origins=a, b");
    set("auth.services.storage=storage-redis");
    set("auth.services.cache=x");
    set("auth.timeout=1m");
    set("auth.timeout=2m");
    set("other.port=1");
    const struct test_conf *conf =
        fill("issuer: me\nport: 1\nservices: {storage: a, mail: b}", "auth");
    assert_non_null(conf);
    assert_int_equal(conf->port, 99);
    assert_str(conf->greeting, "null");
    assert_int_equal(conf->timeout, 120000);
    assert_int_equal(conf->origins.count, 2);
    assert_str(conf->origins.items[1], "b");
    assert_int_equal(conf->services.count, 3);
    assert_str(conf->services.items[0].key, "mail");
    assert_str(conf->services.items[1].value, "storage-redis");
    assert_str(conf->services.items[2].value, "x");
    conf_overrides_finish(&overrides, &errors);
    assert_int_equal(errors.count, 1);
    assert_string_equal(errors.lines[0], "--set other.port: expected a key of the host or of an "
                                         "enabled plugin, found neither");
}

static void a_list_of_one_may_be_written_as_a_text(void **state)
{
    (void)state;
    const struct test_conf *conf = fill("issuer: me\norigins: https://a.example", "");
    assert_non_null(conf);
    assert_int_equal(conf->origins.count, 1);
    assert_str(conf->origins.items[0], "https://a.example");
    assert_null(fill("issuer: me\norigins:", ""));
}

static void lists_may_be_given_as_yaml(void **state)
{
    (void)state;
    set("origins=[\"a,b\", c]");
    set("services={storage: x}");
    const struct test_conf *conf = fill("issuer: me", "");
    assert_non_null(conf);
    assert_int_equal(conf->origins.count, 2);
    assert_str(conf->origins.items[0], "a,b");
    assert_int_equal(conf->services.count, 1);
    set("origins=");
    assert_int_equal(fill("issuer: me", "")->origins.count, 0);
}

static void bad_overrides_are_named_by_their_key(void **state)
{
    (void)state;
    set("prot=1");
    set("port=x");
    set("listen=x");
    set("registration=opne");
    set("secret=hunter2-must-not-be-shown");
    set("origins=[a");
    set("services.storage=");
    assert_null(fill("issuer: me", ""));
    const char *expected[] = {
        "--set secret: secret: expected env:NAME or file:PATH, found another text, which is not "
        "shown",
        "--set port: port: expected an integer from 1 to 65535, found \"x\"",
        "--set registration: registration: expected one of closed, open, found \"opne\"; did you "
        "mean \"open\"?",
        "--set origins:2:1: yaml: expected valid YAML, found an error: did not find expected ',' "
        "or "
        "']' while parsing a flow sequence",
        "--set prot: prot: expected a known key, found an unknown one; did you mean \"port\"?",
        "--set listen: listen: expected a key of one value, found a list of maps: edit the file"};
    assert_int_equal(errors.count, HEARTH_COUNT(expected));
    for (size_t i = 0; i < errors.count; i++)
        assert_string_equal(errors.lines[i], expected[i]);
}

static void malformed_overrides_are_refused(void **state)
{
    (void)state;
    assert_false(conf_overrides_add(&overrides, &arena, "port", &errors));
    assert_false(conf_overrides_add(&overrides, &arena, "=1", &errors));
    assert_false(conf_overrides_add(&overrides, &arena, "a=\xff", &errors));
    assert_int_equal(overrides.count, 0);
    for (int i = 0; i < CONF_OVERRIDES_MAX; i++)
        set("a=b");
    assert_false(conf_overrides_add(&overrides, &arena, "a=b", &errors));
    assert_int_equal(errors.count, 4);
}

static void secrets_come_from_environment_and_files(void **state)
{
    (void)state;
    assert_int_equal(setenv("HEARTH_TEST_SECRET", "from-the-environment", 1), 0);
    const struct test_conf *conf = fill("issuer: me\nsecret: env:HEARTH_TEST_SECRET", "");
    assert_non_null(conf);
    assert_str(conf->secret, "from-the-environment");
    set("secret=file:" TEST_DATA "/secret.txt");
    conf = fill("issuer: me\nsecret: env:HEARTH_TEST_SECRET", "");
    assert_non_null(conf);
    assert_str(conf->secret, "s3cret-of-the-file");
}

static void look_at_secret(void *arg)
{
    const hearth_str *secret = arg;
    for (size_t i = 0; i < secret->len; i++)
        assert_int_equal(secret->ptr[i], 0);
    assert_int_equal(secret->len, 20);
}

static void secrets_are_wiped_before_their_memory_goes(void **state)
{
    (void)state;
    hearth_str seen = {NULL, 0};
    assert_int_equal(setenv("HEARTH_TEST_SECRET", "from-the-environment", 1), 0);
    /* cleanups run newest first: this one runs after those that conf_fill leaves */
    assert_int_equal(arena_defer(&arena, look_at_secret, &seen), HEARTH_OK);
    seen = fill("issuer: me\nsecret: env:HEARTH_TEST_SECRET", "")->secret;
    assert_str(seen, "from-the-environment");
    arena_finish(&arena);
}

static void a_huge_secret_file_is_refused(void **state)
{
    (void)state;
    char path[] = "/tmp/hearth-secret-XXXXXX", text[128];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    for (int i = 0; i < 65; i++) {
        char block[1024];
        memset(block, 'x', sizeof(block));
        assert_int_equal(write(fd, block, sizeof(block)), sizeof(block));
    }
    close(fd);
    snprintf(text, sizeof(text), "issuer: me\nsecret: file:%s", path);
    assert_null(fill(text, ""));
    assert_non_null(strstr(errors.lines[0], "expected at most 65536 bytes, found more"));
    unlink(path);
}

static void a_huge_file_is_refused(void **state)
{
    (void)state;
    size_t size = CONF_FILE_MAX + 1;
    char *text = malloc(size);
    memset(text, '#', size);
    assert_non_null(conf_parse(&arena, "big.yaml", (hearth_str){text, size - 1}, &errors));
    assert_null(conf_parse(&arena, "big.yaml", (hearth_str){text, size}, &errors));
    assert_string_equal(errors.lines[0], "big.yaml: expected at most 1 MiB, found 1048577 bytes");
    free(text);
    assert_null(conf_read(&arena, "/dev/zero", &errors));
    assert_string_equal(errors.lines[1],
                        "/dev/zero: expected a regular file, found something else");
    assert_null(conf_read(&arena, "/no/such/file.yaml", &errors));
    assert_string_equal(errors.lines[2], "/no/such/file.yaml: expected a readable file, found: "
                                         "No such file or directory");
}

static void every_arena_ceiling_fails_cleanly(void **state)
{
    (void)state;
    const char *text = "issuer: me\norigins: [a, b]\nservices: {a: b}\nlisten: [{address: x}]\n"
                       "secret: env:HEARTH_TEST_SECRET";
    bool done = false;
    assert_int_equal(setenv("HEARTH_TEST_SECRET", "from-the-environment", 1), 0);
    for (size_t ceiling = 0; !done; ceiling += 16) {
        hearth_arena small;
        conf_errors found;
        conf_overrides none = {.count = 0};
        arena_init(&small, NULL, ceiling);
        conf_errors_init(&found, &small);
        conf_overrides_add(&none, &small, "services.x=y", &found);
        const conf_doc *doc = conf_parse(&small, "small.yaml", str_from(text), &found);
        conf_source source = {.doc = doc, .section = "", .overrides = &none};
        const void *conf = doc ? conf_fill(&small, &test_schema, &source, &found) : NULL;
        done = found.count == 0;
        assert_int_equal(done, conf != NULL);
        assert_true(ceiling < 64 * 1024);
        arena_finish(&small);
    }
}

static void places_and_globs(void **state)
{
    (void)state;
    const conf_doc *doc = conf_parse(&arena, "etc/hearth.yaml",
                                     HEARTH_STR("a: 1\nservices:\n  storage: x\n"), &errors);
    assert_string_equal(doc->directory, "etc");
    conf_place place = conf_locate(doc, "services.storage");
    assert_int_equal(place.line, 3);
    assert_int_equal(place.column, 3);
    place = conf_locate(doc, "services.cache");
    assert_int_equal(place.line, 2);
    place = conf_locate(doc, "b");
    assert_int_equal(place.line, 1);
    hearth_conf_list files = conf_glob(&arena, TEST_DATA, "secret_e*.yaml", place, &errors);
    assert_int_equal(files.count, 2);
    assert_str(files.items[0], TEST_DATA "/secret_env_missing.yaml");
    assert_int_equal(conf_glob(&arena, TEST_DATA, "none*.yaml", place, &errors).count, 0);
    assert_int_equal(conf_glob(&arena, "/no/such/dir", "*.yaml", place, &errors).count, 0);
    assert_int_equal(errors.count, 0);
}

static void relative_paths_begin_at_the_file_and_arrive_absolute(void **state)
{
    (void)state;
    struct paths {
        hearth_str given, absolute, standing, empty;
    };
    static const hearth_conf_field fields[] = {
        {"given", HEARTH_CONF_STR, HEARTH_CONF_PATH, offsetof(struct paths, given), "", 0, 0, NULL,
         "a path"},
        {"absolute", HEARTH_CONF_STR, HEARTH_CONF_PATH, offsetof(struct paths, absolute), "", 0, 0,
         NULL, "a path"},
        {"standing", HEARTH_CONF_STR, HEARTH_CONF_PATH, offsetof(struct paths, standing), "../here",
         0, 0, NULL, "a path"},
        {"empty", HEARTH_CONF_STR, HEARTH_CONF_PATH, offsetof(struct paths, empty), "", 0, 0, NULL,
         "a path"},
        {0},
    };
    static const conf_schema schema = {
        .fields = fields, .field_size = sizeof(fields[0]), .size = sizeof(struct paths)};
    char directory[] = "/tmp/hearth-paths-XXXXXX", file[64], expected[64];
    assert_non_null(mkdtemp(directory));
    snprintf(file, sizeof(file), "%s/p.yaml", directory);
    const conf_doc *doc =
        conf_parse(&arena, file, str_from("given: a/b.json\nabsolute: /c/d\n"), &errors);
    conf_source source = {.doc = doc, .section = "p"};
    const struct paths *paths = conf_fill(&arena, &schema, &source, &errors);
    rmdir(directory);
    assert_non_null(paths);
    snprintf(expected, sizeof(expected), "%s/a/b.json", directory);
    assert_str(paths->given, expected);
    assert_str(paths->absolute, "/c/d");
    snprintf(expected, sizeof(expected), "%s/../here", directory);
    assert_str(paths->standing, expected);
    assert_str(paths->empty, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_fills_every_type, begin, end),
        cmocka_unit_test_setup_teardown(relative_paths_begin_at_the_file_and_arrive_absolute, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_list_of_one_may_be_written_as_a_text, begin, end),
        cmocka_unit_test_setup_teardown(defaults_stand_where_nothing_is_written, begin, end),
        cmocka_unit_test_setup_teardown(without_a_file_required_keys_are_missing, begin, end),
        cmocka_unit_test_setup_teardown(overrides_win_and_are_checked_alike, begin, end),
        cmocka_unit_test_setup_teardown(lists_may_be_given_as_yaml, begin, end),
        cmocka_unit_test_setup_teardown(bad_overrides_are_named_by_their_key, begin, end),
        cmocka_unit_test_setup_teardown(malformed_overrides_are_refused, begin, end),
        cmocka_unit_test_setup_teardown(secrets_come_from_environment_and_files, begin, end),
        cmocka_unit_test_setup_teardown(secrets_are_wiped_before_their_memory_goes, begin, end),
        cmocka_unit_test_setup_teardown(a_huge_secret_file_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(a_huge_file_is_refused, begin, end),
        cmocka_unit_test(every_arena_ceiling_fails_cleanly),
        cmocka_unit_test_setup_teardown(places_and_globs, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
