/*
 * graph_test.c - the order of plugins, and each sentence that refuses a set of them.
 */
#include "../unit.h"

#include <stdio.h>
#include <string.h>

#include "plugin/graph.h"

typedef struct table {
    uint32_t struct_size;
    uint32_t value;
} table;

static const table small = {sizeof(uint32_t), 0};
static const table whole = {sizeof(table), 0};
static const plugin_interface interfaces[] = {{"hearth.http/1", &whole}, {NULL, NULL}};

static plugin_set set;
static hearth_error error;

static int set_up(void **state)
{
    (void)state;
    plugin_set_init(&set);
    error_clear(&error);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    plugin_set_finish(&set);
    return 0;
}

/* "x" required, "x?" optional, "+x" provided, "+x!" provided by a table that is too small. */
static void add(const char *id, const char *services)
{
    hearth_plugin *item = arena_calloc(&set.arena, 1, sizeof(*item));
    hearth_use *uses = arena_calloc(&set.arena, 8, sizeof(*uses));
    hearth_provide *provides = arena_calloc(&set.arena, 8, sizeof(*provides));
    hearth_str rest = str_from(services[0] ? services : NULL), word;
    item->id = id;
    item->desc.head.uses = uses;
    item->desc.head.provides = provides;
    while (str_split(&rest, ' ', &word)) {
        bool provided = word.ptr[0] == '+';
        char mark = word.ptr[word.len - 1];
        bool marked = mark == '?' || mark == '!';
        hearth_str name = str_slice(word, provided, word.len - provided - marked);
        const char *service = arena_printf(&set.arena, "hearth.%.*s/1", HEARTH_ARG(name));
        if (provided)
            provides[item->desc.provide_count++] =
                (hearth_provide){service, mark == '!' ? &small : &whole};
        else
            uses[item->desc.use_count++] =
                (hearth_use){service, sizeof(table), mark == '?' ? HEARTH_OPTIONAL : 0, 0};
    }
    set.items[set.count++] = item;
}

static hearth_status resolve(const plugin_choice *choices, size_t count)
{
    return plugin_set_resolve(&set, interfaces, choices, count, &error);
}

static void assert_order(const char *expected)
{
    char found[256] = "";
    if (resolve(NULL, 0) != HEARTH_OK)
        fail_msg("%s", error.text);
    for (size_t i = 0; i < set.count; i++) {
        assert_int_equal(set.items[i]->index, i);
        (void)snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%s", i ? " " : "",
                       set.items[i]->id);
    }
    assert_string_equal(found, expected);
}

static void assert_refused(const char *sentence)
{
    assert_true(resolve(NULL, 0) < 0);
    assert_string_equal(error.text, sentence);
}

static void providers_come_first_whatever_the_order_of_loading(void **state)
{
    (void)state;
    add("a-user", "middle http");
    add("m", "+middle deep");
    add("z-deep", "+deep");
    assert_order("z-deep m a-user");
}

static void without_dependencies_the_order_is_that_of_the_ids(void **state)
{
    (void)state;
    add("c", "");
    add("a", "");
    add("b", "");
    assert_order("a b c");
}

static void an_optional_service_orders_too_and_may_be_missing(void **state)
{
    (void)state;
    add("a", "cache? gone?");
    add("z", "+cache");
    assert_order("z a");
    assert_non_null(set.items[1]->bindings[0].table);
    assert_null(set.items[1]->bindings[1].table);
}

static void host_interfaces_bind_without_a_provider(void **state)
{
    (void)state;
    add("a", "http");
    assert_order("a");
    assert_ptr_equal(set.items[0]->bindings[0].table, &whole);
    assert_null(set.items[0]->bindings[0].provider);
}

static void a_gap_is_refused(void **state)
{
    (void)state;
    add("a", "storage");
    assert_refused("a uses hearth.storage/1, which no enabled plugin provides: enable one that "
                   "does");
}

static void a_cycle_is_refused_and_spelled_out(void **state)
{
    (void)state;
    add("a", "x +y");
    add("b", "y +x");
    add("outside", "x");
    assert_refused("plugins use each other in a circle: b uses hearth.y/1 of a, a uses hearth.x/1 "
                   "of b");
}

static void a_longer_cycle_names_only_its_members(void **state)
{
    (void)state;
    add("a", "r +s");
    add("p", "q");
    add("q", "r +q");
    add("r", "s +r");
    assert_true(resolve(NULL, 0) < 0);
    assert_non_null(strstr(error.text, "of a"));
    assert_non_null(strstr(error.text, "of r"));
    assert_null(strstr(error.text, "p uses"));
    assert_null(strstr(error.text, "q uses"));
}

static void itself_is_a_cycle(void **state)
{
    (void)state;
    add("a", "x +x");
    assert_refused("plugins use each other in a circle: a uses hearth.x/1 of a");
}

static void two_providers_are_refused_unless_one_is_picked(void **state)
{
    (void)state;
    add("storage-redis", "+storage");
    add("storage-sqlite", "+storage");
    add("user", "storage");
    assert_refused("storage-redis and storage-sqlite both provide hearth.storage/1: pick one, for "
                   "example services: {storage: storage-redis}");
    plugin_choice one = {HEARTH_STR("storage"), HEARTH_STR("storage-sqlite")};
    assert_int_equal(resolve(&one, 1), HEARTH_OK);
    assert_string_equal(plugin_set_find(&set, HEARTH_STR("user"))->bindings[0].provider->id,
                        "storage-sqlite");
    plugin_choice whole_id = {HEARTH_STR("hearth.storage/1"), HEARTH_STR("storage-redis")};
    assert_int_equal(resolve(&whole_id, 1), HEARTH_OK);
}

static void a_choice_must_name_an_enabled_provider(void **state)
{
    (void)state;
    add("a", "+cache");
    plugin_choice absent = {HEARTH_STR("cache"), HEARTH_STR("b")};
    assert_int_equal(resolve(&absent, 1), HEARTH_EINVAL);
    assert_string_equal(error.text, "services: cache: expected an enabled plugin, found b");
    plugin_choice wrong = {HEARTH_STR("storage"), HEARTH_STR("a")};
    assert_int_equal(resolve(&wrong, 1), HEARTH_EINVAL);
    assert_string_equal(error.text, "services: storage: a does not provide it");
}

static void who_only_provides_what_others_are_picked_for_is_passed_over(void **state)
{
    (void)state;
    add("a", "+cache");
    add("b", "+cache");
    add("c", "+cache +deep");
    add("d", "");
    plugin_choice picked = {HEARTH_STR("cache"), HEARTH_STR("b")};
    assert_int_equal(resolve(&picked, 1), HEARTH_OK);
    assert_true(set.items[0]->passed_over);
    for (size_t i = 1; i < set.count; i++)
        assert_false(set.items[i]->passed_over);
}

static void a_table_that_is_too_small_is_refused_or_absent(void **state)
{
    (void)state;
    add("old", "+cache!");
    add("user", "cache?");
    assert_order("old user");
    assert_null(set.items[1]->bindings[0].table);
    add("strict", "cache");
    assert_refused("strict uses hearth.cache/1 of at least 8 bytes, old offers 4: upgrade old");
}

static void the_hosts_interfaces_are_its_own(void **state)
{
    (void)state;
    add("a", "+http");
    assert_refused("a provides hearth.http/1, which is the host's own");
}

#define TEST(name_) cmocka_unit_test_setup_teardown(name_, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(providers_come_first_whatever_the_order_of_loading),
        TEST(without_dependencies_the_order_is_that_of_the_ids),
        TEST(an_optional_service_orders_too_and_may_be_missing),
        TEST(host_interfaces_bind_without_a_provider),
        TEST(a_gap_is_refused),
        TEST(a_cycle_is_refused_and_spelled_out),
        TEST(a_longer_cycle_names_only_its_members),
        TEST(itself_is_a_cycle),
        TEST(two_providers_are_refused_unless_one_is_picked),
        TEST(a_choice_must_name_an_enabled_provider),
        TEST(who_only_provides_what_others_are_picked_for_is_passed_over),
        TEST(a_table_that_is_too_small_is_refused_or_absent),
        TEST(the_hosts_interfaces_are_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
