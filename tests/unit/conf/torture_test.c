/*
 * torture_test.c - each allocation of base, json and conf fails once.
 * malloc and realloc are wrapped by the linker; the n-th call fails, for every n until none is
 * left. Whatever fails must say so, leak nothing and leave its objects usable.
 */
#include "../unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "json/reader.h"
#include "test_schema.h"

void *__real_malloc(size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *old, size_t size);

static long until_failure = -1; /* allocations that still succeed; negative: all do */

static bool fails_now(void)
{
    return until_failure >= 0 && until_failure-- == 0;
}

void *__wrap_malloc(size_t size)
{
    return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails_now() ? NULL : __real_realloc(old, size);
}

/* Runs `attempt` with the first, second, ... allocation failing, until one run meets no failure. */
static long torture(bool (*attempt)(void))
{
    for (long n = 0;; n++) {
        until_failure = n;
        bool succeeded = attempt();
        bool failed_one = until_failure < 0;
        until_failure = -1;
        if (!failed_one) {
            assert_true(succeeded);
            return n;
        }
        assert_false(succeeded);
    }
}

static bool fill_a_map(void)
{
    static char keys[100][8];
    hearth_map map;
    bool good = true;
    map_init(&map, 100);
    for (int i = 0; i < 100; i++) {
        snprintf(keys[i], sizeof(keys[i]), "%d", i);
        hearth_status status = map_put(&map, str_from(keys[i]), keys[i], NULL);
        good = good && status == HEARTH_OK;
        assert_ptr_equal(map_get(&map, str_from(keys[i])), status == HEARTH_OK ? keys[i] : NULL);
    }
    map_finish(&map);
    return good;
}

static bool fill_a_buffer(void)
{
    hearth_buf buf;
    bool good = true;
    buf_init(&buf, 100000);
    for (int i = 0; i < 20; i++) {
        size_t before = buf.len;
        if (buf_printf(&buf, "%0500d", i) != HEARTH_OK) {
            assert_int_equal(buf.len, before);
            good = false;
        }
    }
    buf_finish(&buf);
    return good;
}

static bool use_an_arena(void)
{
    hearth_arena_pool pool;
    hearth_arena arena;
    bool good = true;
    arena_pool_init(&pool, 1024, 2);
    arena_init(&arena, &pool, 1 << 20);
    for (size_t i = 0; i < 40; i++)
        good = arena_calloc(&arena, 1, i * 20) && good;
    arena_finish(&arena);
    arena_pool_finish(&pool);
    return good;
}

static bool read_json(void)
{
    char text[2048];
    size_t len = (size_t)snprintf(text, sizeof(text), "{\"first\":[0");
    for (int i = 0; i < 100; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, ",%d", i);
    len += (size_t)snprintf(text + len, sizeof(text) - len, "]");
    for (int i = 0; i < 40; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, ",\"k%d\":\"v\"", i);
    len += (size_t)snprintf(text + len, sizeof(text) - len, "}");
    hearth_arena arena;
    const hearth_json_value *value;
    arena_init(&arena, NULL, 1 << 20);
    hearth_status status = json_parse(&arena, (hearth_str){text, len}, &value, NULL);
    assert_true(status == HEARTH_OK || status == HEARTH_ENOMEM);
    assert_int_equal(status == HEARTH_OK, value != NULL);
    arena_finish(&arena);
    return status == HEARTH_OK;
}

static bool read_configuration(void)
{
    hearth_arena arena;
    conf_errors errors;
    conf_overrides overrides = {.count = 0};
    arena_init(&arena, NULL, 1 << 20);
    conf_errors_init(&errors, &arena);
    (void)conf_overrides_add(&overrides, &arena, "services.x=y", &errors);
    (void)conf_overrides_add(&overrides, &arena, "origins=[c, d]", &errors);
    const conf_doc *doc = conf_read(&arena, TEST_DATA "/good.yaml", &errors);
    conf_source source = {.doc = doc, .section = "", .overrides = &overrides};
    const void *conf = doc ? conf_fill(&arena, &test_schema, &source, &errors) : NULL;
    conf_overrides_finish(&overrides, &errors);
    assert_true(conf || errors.count > 0);
    arena_finish(&arena);
    return errors.count == 0;
}

static void a_map(void **state)
{
    (void)state;
    assert_true(torture(fill_a_map) >= 8);
}

static void a_buffer(void **state)
{
    (void)state;
    assert_true(torture(fill_a_buffer) >= 20);
}

static void an_arena(void **state)
{
    (void)state;
    assert_true(torture(use_an_arena) >= 10);
}

static void a_body(void **state)
{
    (void)state;
    assert_true(torture(read_json) >= 4);
}

static void a_configuration(void **state)
{
    (void)state;
    assert_true(torture(read_configuration) >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_map),  cmocka_unit_test(a_buffer),        cmocka_unit_test(an_arena),
        cmocka_unit_test(a_body), cmocka_unit_test(a_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
