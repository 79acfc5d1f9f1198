/*
 * fuzz_yaml.c - any bytes as a configuration file: a filled struct or an error, within memory.
 * A first line "--set KEY=VALUE" is taken as an override.
 */
#include <stdlib.h>

#include "../unit/conf/test_schema.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool truth)
{
    if (!truth)
        abort();
}

static hearth_str take_override(hearth_arena *arena, hearth_str text, conf_overrides *overrides,
                                conf_errors *errors)
{
    hearth_str rest = text, line;
    if (!str_starts_with(text, HEARTH_STR("--set ")) || !str_split(&rest, '\n', &line))
        return text;
    line = str_slice(line, 6, line.len);
    char *argument = arena_dup(arena, line.ptr, line.len);
    demand(argument != NULL);
    (void)conf_overrides_add(overrides, arena, argument, errors);
    return rest;
}

static void ignore_change(void *arg, const char *key, bool reloadable)
{
    (void)reloadable;
    (void)key;
    ++*(size_t *)arg;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hearth_str text = {(const char *)data, size};
    if (size > 0 && memmem(data, size, "file:", 5))
        return 0; /* would read files of this machine */
    hearth_arena arena;
    conf_errors errors;
    conf_overrides overrides = {.count = 0};
    arena_init(&arena, NULL, 64 << 20);
    conf_errors_init(&errors, &arena);
    text = take_override(&arena, text, &overrides, &errors);
    const conf_doc *doc = conf_parse(&arena, "fuzz.yaml", text, &errors);
    conf_source source = {.doc = doc, .section = "", .overrides = &overrides};
    const void *conf = doc ? conf_fill(&arena, &test_schema, &source, &errors) : NULL;
    conf_overrides_finish(&overrides, &errors);
    demand(conf != NULL || errors.count > 0);
    for (size_t i = 0; i < errors.count; i++)
        demand(errors.lines[i][0] != '\0' && str_is_utf8(str_from(errors.lines[i])));
    size_t changes = 0;
    if (conf)
        conf_diff(&test_schema, conf, conf, ignore_change, &changes);
    demand(changes == 0);
    arena_finish(&arena);
    return 0;
}
