/*
 * abi_test.c - plugins of other SDKs, damaged ones and files that are none, through the loader of
 * the host: what loads, what is refused with which sentence, and that what is refused never ran.
 */
#include "../unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugin/load.h"
#include "plugin/manifest.h"

static plugin_set set;

static int set_up(void **state)
{
    (void)state;
    unsetenv("HEARTH_ABI_RAN");
    plugin_set_init(&set);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    plugin_set_finish(&set);
    return 0;
}

static hearth_status load(const char *variant, hearth_error *error)
{
    char path[4096];
    (void)snprintf(path, sizeof(path), "%s/abi_%s.so", VARIANTS, variant);
    error_clear(error);
    return plugin_load_file(&set, path, error);
}

static void assert_not_run(void)
{
    assert_null(getenv("HEARTH_ABI_RAN"));
}

static void assert_refused(const char *variant, const char *sentence)
{
    hearth_error error;
    assert_int_equal(load(variant, &error), HEARTH_EINVAL);
    if (!strstr(error.text, sentence))
        fail_msg("expected \"...%s...\", found \"%s\"", sentence, error.text);
    assert_int_equal(set.count, 0);
}

static void a_plugin_of_this_sdk_loads(void **state)
{
    hearth_error error;
    (void)state;
    assert_int_equal(load("good", &error), HEARTH_OK);
    assert_string_equal(set.items[0]->id, "variant");
    assert_int_equal(set.items[0]->desc.route_count, 2);
    assert_non_null(getenv("HEARTH_ABI_RAN"));
}

static void a_newer_minor_is_refused_with_the_cure(void **state)
{
    char sentence[256];
    (void)state;
    (void)snprintf(sentence, sizeof(sentence),
                   "variant 1.4.0: built for SDK %u.3, this host offers %u.%u: upgrade hearthd or "
                   "rebuild the plugin",
                   HEARTH_ABI_MAJOR, HEARTH_ABI_MAJOR, HEARTH_ABI_MINOR);
    hearth_error error;
    assert_int_equal(load("newer_minor", &error), HEARTH_EINVAL);
    assert_string_equal(error.text, sentence);
    assert_not_run();
}

static void another_major_is_refused(void **state)
{
    (void)state;
    assert_refused("newer_major", "variant 1.4.0: built for SDK 2.0, this host offers 1.");
    assert_refused("older_major", "variant 1.4.0: built for SDK 0.0, this host offers 1.");
    assert_not_run();
}

static void a_manifest_unlike_its_descriptor_is_refused(void **state)
{
    (void)state;
    assert_refused("mismatch", "variant 1.4.0: manifest and descriptor differ: the descriptor "
                               "says variant 1.4.1");
}

static void an_older_smaller_descriptor_loads_with_zeros_behind(void **state)
{
    hearth_error error;
    (void)state;
    assert_int_equal(load("smaller", &error), HEARTH_OK);
    const plugin_desc *desc = &set.items[0]->desc;
    assert_null(desc->head.reconfigured); /* it lies beyond the size that the plugin named */
    assert_int_equal(desc->route_count, 2);
    assert_string_equal(desc->head.routes[1].path, "/two"); /* by the plugin's row size */
    assert_null(desc->head.routes[1].help);
    assert_int_equal(desc->head.routes[1].max_body, 0);
}

static void longer_rows_are_read_by_their_size(void **state)
{
    hearth_error error;
    (void)state;
    assert_int_equal(load("longer_rows", &error), HEARTH_OK);
    assert_int_equal(set.items[0]->desc.route_count, 2);
    assert_string_equal(set.items[0]->desc.head.routes[1].path, "/two");
}

static void a_descriptor_without_tables_is_refused(void **state)
{
    (void)state;
    assert_refused("tiny", "variant: damaged descriptor: expected magic");
}

static void a_foreign_library_is_refused_without_running(void **state)
{
    (void)state;
    assert_refused("foreign", "not a Hearth plugin: expected a section .hearth_manifest");
    assert_not_run();
}

/* ---- damaged files --------------------------------------------------------------------------- */

static char *bytes;
static size_t size;

static void read_good(void)
{
    char path[4096];
    (void)snprintf(path, sizeof(path), "%s/abi_good.so", VARIANTS);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    size = (size_t)ftell(file);
    rewind(file);
    bytes = malloc(size);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, size, file), size);
    fclose(file);
}

static hearth_status load_bytes(size_t len, hearth_error *error)
{
    char path[] = "/tmp/hearth-abi-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    close(fd);
    error_clear(error);
    hearth_status status = plugin_load_file(&set, path, error);
    unlink(path);
    return status;
}

static void a_truncated_plugin_is_refused_without_running(void **state)
{
    (void)state;
    read_good();
    for (size_t len = 0; len < size; len += 1 + size / 97) {
        hearth_error error;
        assert_int_equal(load_bytes(len, &error), HEARTH_EINVAL);
        assert_true(error.text[0] != '\0');
    }
    assert_not_run();
    free(bytes);
}

static void a_damaged_manifest_is_refused_without_running(void **state)
{
    (void)state;
    read_good();
    uint32_t magic = HEARTH_ABI_MAGIC;
    char *at = NULL;
    for (size_t i = 0; i + sizeof(hearth_manifest) <= size; i++) {
        if (memcmp(bytes + i, &magic, 4) == 0 && memcmp(bytes + i + 16, "variant", 8) == 0)
            at = bytes + i;
    }
    assert_non_null(at);
    const size_t places[] = {0, 4, offsetof(hearth_manifest, id),
                             offsetof(hearth_manifest, version)};
    for (size_t i = 0; i < HEARTH_COUNT(places); i++) {
        hearth_error error;
        char before = at[places[i]];
        at[places[i]] = (char)0xee;
        assert_int_equal(load_bytes(size, &error), HEARTH_EINVAL);
        assert_non_null(strstr(error.text, "damaged manifest"));
        at[places[i]] = before;
    }
    assert_not_run();
    free(bytes);
}

static void what_is_no_file_is_refused(void **state)
{
    hearth_error error;
    (void)state;
    assert_int_equal(plugin_load_file(&set, "/nonexistent.so", &error), HEARTH_ENOTFOUND);
    assert_int_equal(plugin_load_file(&set, "/tmp", &error), HEARTH_EINVAL);
    assert_int_equal(plugin_load_file(&set, "/dev/null", &error), HEARTH_EINVAL);
    assert_int_equal(plugin_load(&set, "/tmp", "../../etc/passwd", &error), HEARTH_EINVAL);
}

static void a_plugin_loads_once(void **state)
{
    hearth_error error;
    (void)state;
    assert_int_equal(load("good", &error), HEARTH_OK);
    assert_int_equal(load("good", &error), HEARTH_ECONFLICT);
    assert_non_null(strstr(error.text, "plugin variant is loaded already"));
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_newer_minor_is_refused_with_the_cure),
        TEST(another_major_is_refused),
        TEST(a_foreign_library_is_refused_without_running),
        TEST(a_truncated_plugin_is_refused_without_running),
        TEST(a_damaged_manifest_is_refused_without_running),
        TEST(what_is_no_file_is_refused),
        TEST(a_plugin_of_this_sdk_loads),
        TEST(a_manifest_unlike_its_descriptor_is_refused),
        TEST(an_older_smaller_descriptor_loads_with_zeros_behind),
        TEST(longer_rows_are_read_by_their_size),
        TEST(a_descriptor_without_tables_is_refused),
        TEST(a_plugin_loads_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
