/*
 * conf.c - a plugin's config struct, from the defaults of its table and the "key=value" of a test.
 * The same types and bounds as in the real host, without YAML.
 */
#include "fake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void *fake_plugin_memory(fake_plugin *plugin, size_t size)
{
    fake_block *block = fake_new(sizeof(*block) + size);
    block->next = plugin->conf_blocks;
    plugin->conf_blocks = block;
    return block->data;
}

void fake_conf_free(fake_plugin *plugin)
{
    while (plugin->conf_blocks) {
        fake_block *block = plugin->conf_blocks;
        plugin->conf_blocks = block->next;
        free(block);
    }
    plugin->conf = NULL;
}

static hearth_str keep(fake_plugin *plugin, const char *text, size_t len)
{
    char *copy = fake_plugin_memory(plugin, len + 1);
    memcpy(copy, text, len);
    return (hearth_str){copy, len};
}

/* A whole number with a unit; factor 0 is an unknown unit. */
static bool parse_number(const char *text, int64_t (*unit)(const char *suffix), int64_t *out)
{
    char *end = NULL;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (end == text || errno != 0)
        return false;
    int64_t factor = unit(end);
    return factor != 0 && !__builtin_mul_overflow((int64_t)number, factor, out);
}

static int64_t no_unit(const char *suffix)
{
    return *suffix == '\0';
}

static int64_t duration_unit(const char *suffix)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 3600 * 1000}, {"d", 86400 * 1000}};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcmp(units[i].name, suffix) == 0)
            return units[i].ms;
    return 0;
}

static int64_t size_unit(const char *suffix)
{
    if (*suffix == '\0')
        return 1;
    const char *at = strchr("kmg", *suffix);
    if (!at || suffix[1] != '\0')
        return 0;
    return INT64_C(1) << (10 * (at - "kmg" + 1));
}

static bool in_bounds(const hearth_conf_field *field, int64_t value)
{
    return (field->min == 0 && field->max == 0) || (value >= field->min && value <= field->max);
}

static bool parse_choice(const char *choices, const char *value, uint32_t *out)
{
    uint32_t index = 0;
    for (const char *at = choices;; index++) {
        size_t len = strcspn(at, "|");
        if (len == strlen(value) && memcmp(at, value, len) == 0) {
            *out = index;
            return true;
        }
        if (at[len] == '\0')
            return false;
        at += len + 1;
    }
}

static size_t count_items(const char *value)
{
    size_t count = *value != '\0';
    for (const char *at = value; *at; at++)
        count += *at == ',';
    return count;
}

static hearth_conf_list parse_list(fake_plugin *plugin, const char *value)
{
    size_t count = count_items(value);
    hearth_str *items = fake_plugin_memory(plugin, (count + 1) * sizeof(*items));
    for (size_t i = 0; i < count; i++) {
        size_t len = strcspn(value, ",");
        items[i] = keep(plugin, value, len);
        value += len + (value[len] == ',');
    }
    return (hearth_conf_list){items, count};
}

static bool parse_map(fake_plugin *plugin, const char *value, hearth_conf_map *out)
{
    size_t count = count_items(value);
    hearth_conf_pair *items = fake_plugin_memory(plugin, (count + 1) * sizeof(*items));
    for (size_t i = 0; i < count; i++) {
        size_t len = strcspn(value, ",");
        size_t key = strcspn(value, "=");
        if (key >= len)
            return false;
        items[i].key = keep(plugin, value, key);
        items[i].value = keep(plugin, value + key + 1, len - key - 1);
        value += len + (value[len] == ',');
    }
    *out = (hearth_conf_map){items, count};
    return true;
}

static bool store(fake_plugin *plugin, void *conf, const hearth_conf_field *field,
                  const char *value)
{
    void *at = (char *)conf + field->offset;
    switch (field->type) {
    case HEARTH_CONF_STR:
        *(hearth_str *)at = keep(plugin, value, strlen(value));
        return in_bounds(field, (int64_t)strlen(value));
    case HEARTH_CONF_INT:
        return parse_number(value, no_unit, at) && in_bounds(field, *(int64_t *)at);
    case HEARTH_CONF_DURATION:
        return parse_number(value, duration_unit, at) && in_bounds(field, *(int64_t *)at);
    case HEARTH_CONF_SIZE:
        return parse_number(value, size_unit, at) && in_bounds(field, *(int64_t *)at);
    case HEARTH_CONF_BOOL:
        *(uint32_t *)at = strcmp(value, "true") == 0;
        return *(uint32_t *)at || strcmp(value, "false") == 0;
    case HEARTH_CONF_ENUM:
        return parse_choice(field->choices, value, at);
    case HEARTH_CONF_LIST:
        *(hearth_conf_list *)at = parse_list(plugin, value);
        return in_bounds(field, (int64_t)((hearth_conf_list *)at)->count);
    case HEARTH_CONF_MAP:
        return parse_map(plugin, value, at);
    case HEARTH_CONF_END:
        break;
    }
    return false;
}

/* What the test wrote last for a key, else NULL. */
static const char *override_of(const fake_plugin *plugin, const char *key)
{
    size_t len = strlen(key);
    for (size_t i = plugin->override_count; i-- > 0;)
        if (strncmp(plugin->overrides[i], key, len) == 0 && plugin->overrides[i][len] == '=')
            return plugin->overrides[i] + len + 1;
    return NULL;
}

static const hearth_conf_field *field_at(const hearth_plugin_desc *desc, size_t index)
{
    if (!desc->config)
        return NULL;
    const char *row = (const char *)desc->config + index * desc->conf_field_size;
    const hearth_conf_field *field = (const hearth_conf_field *)(const void *)row;
    return field->key ? field : NULL;
}

static hearth_status check_keys(hearth_test_host *host, const fake_plugin *plugin)
{
    for (size_t i = 0; i < plugin->override_count; i++) {
        size_t len = strcspn(plugin->overrides[i], "=");
        const hearth_conf_field *field;
        size_t at = 0;
        while ((field = field_at(plugin->desc, at++)))
            if (strlen(field->key) == len && memcmp(field->key, plugin->overrides[i], len) == 0)
                break;
        if (!field)
            return fake_fail(host, HEARTH_EINVAL, "%s: no such key: %s", plugin->id,
                             plugin->overrides[i]);
    }
    return HEARTH_OK;
}

hearth_status fake_conf_fill(hearth_test_host *host, fake_plugin *plugin)
{
    hearth_status status = check_keys(host, plugin);
    if (status != HEARTH_OK)
        return status;
    if (plugin->desc->config_size == 0)
        return HEARTH_OK;
    void *conf = fake_plugin_memory(plugin, plugin->desc->config_size);
    const hearth_conf_field *field;
    for (size_t i = 0; (field = field_at(plugin->desc, i)); i++) {
        const char *value = override_of(plugin, field->key);
        if (!value && (field->flags & HEARTH_CONF_REQUIRED))
            return fake_fail(host, HEARTH_EINVAL, "%s: %s is required", plugin->id, field->key);
        if (!value)
            value = field->def;
        if (!value && (field->type == HEARTH_CONF_STR || field->type == HEARTH_CONF_LIST ||
                       field->type == HEARTH_CONF_MAP))
            continue; /* zeros are the empty value */
        if (!value || !store(plugin, conf, field, value))
            return fake_fail(host, HEARTH_EINVAL, "%s: %s: bad value: %s", plugin->id, field->key,
                             value ? value : "(no default)");
    }
    plugin->conf = conf;
    return HEARTH_OK;
}
