/* graph.c - see graph.h. Plugins are few, so everything here is a plain search. */
#include "plugin/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* "hearth.storage/1" is also called "storage". */
static hearth_str short_name(const char *service)
{
    hearth_str name = str_slice(str_from(service), 0, str_index(str_from(service), '/'));
    for (size_t i = name.len; i > 0; i--) {
        if (name.ptr[i - 1] == '.')
            return str_slice(name, i, name.len);
    }
    return name;
}

static bool is_named(const char *service, hearth_str name)
{
    return str_eq(str_from(service), name) || str_eq(short_name(service), name);
}

static const void *table_of(const hearth_plugin *item, const char *service)
{
    for (size_t i = 0; i < item->desc.provide_count; i++) {
        if (strcmp(item->desc.head.provides[i].id, service) == 0)
            return item->desc.head.provides[i].table;
    }
    return NULL;
}

static const plugin_choice *choice_for(const char *service, const plugin_choice *choices,
                                       size_t choice_count)
{
    for (size_t i = 0; i < choice_count; i++) {
        if (is_named(service, choices[i].service))
            return &choices[i];
    }
    return NULL;
}

typedef struct resolver {
    plugin_set *set;
    const plugin_interface *interfaces;
    const plugin_choice *choices;
    size_t choice_count;
    hearth_error *error;
} resolver;

/* The provider of a service; NULL in *out when there is none. */
static hearth_status find_provider(const resolver *r, const char *service, hearth_plugin **out)
{
    const plugin_choice *choice = choice_for(service, r->choices, r->choice_count);
    *out = NULL;
    for (size_t i = 0; i < r->set->count; i++) {
        hearth_plugin *item = r->set->items[i];
        if (!table_of(item, service) || (choice && !str_eq(choice->provider, str_from(item->id))))
            continue;
        if (*out)
            return error_set(r->error, HEARTH_ECONFLICT,
                             "%s and %s both provide %s: pick one, for example services: "
                             "{%" HEARTH_PRIS ": %s}",
                             (*out)->id, item->id, service, HEARTH_ARG(short_name(service)),
                             (*out)->id);
        *out = item;
    }
    return HEARTH_OK;
}

static hearth_status check_choices(const resolver *r)
{
    for (size_t i = 0; i < r->choice_count; i++) {
        const plugin_choice *choice = &r->choices[i];
        hearth_plugin *item = plugin_set_find(r->set, choice->provider);
        if (!item)
            return error_set(r->error, HEARTH_EINVAL,
                             "services: %" HEARTH_PRIS ": expected an enabled plugin, found "
                             "%" HEARTH_PRIS,
                             HEARTH_ARG(choice->service), HEARTH_ARG(choice->provider));
        bool provides = false;
        for (size_t k = 0; k < item->desc.provide_count; k++)
            provides = provides || is_named(item->desc.head.provides[k].id, choice->service);
        if (!provides)
            return error_set(r->error, HEARTH_EINVAL,
                             "services: %" HEARTH_PRIS ": %s does not provide it",
                             HEARTH_ARG(choice->service), item->id);
    }
    return HEARTH_OK;
}

static const void *interface_of(const resolver *r, const char *id)
{
    for (const plugin_interface *i = r->interfaces; i->id; i++) {
        if (strcmp(i->id, id) == 0)
            return i->table;
    }
    return NULL;
}

static hearth_status bind(const resolver *r, hearth_plugin *item, const hearth_use *use,
                          plugin_binding *out)
{
    out->id = use->id;
    out->table = interface_of(r, use->id);
    if (!out->table) {
        hearth_status status = find_provider(r, use->id, &out->provider);
        if (status != HEARTH_OK)
            return status;
        out->table = out->provider ? table_of(out->provider, use->id) : NULL;
    }
    bool required = use->flags != HEARTH_OPTIONAL;
    if (!out->table && required)
        return error_set(r->error, HEARTH_EINVAL,
                         "%s uses %s, which no enabled plugin provides: enable one that does",
                         item->id, use->id);
    uint32_t size = out->table ? *(const uint32_t *)out->table : 0;
    if (out->table && size < use->min_size) {
        if (required)
            return error_set(r->error, HEARTH_EINVAL,
                             "%s uses %s of at least %zu bytes, %s offers %u: upgrade %s", item->id,
                             use->id, use->min_size, out->provider ? out->provider->id : "the host",
                             size, out->provider ? out->provider->id : "hearthd");
        out->table = NULL;
        out->provider = NULL;
    }
    return HEARTH_OK;
}

/* Writes "a uses hearth.x/1 of b, b uses hearth.y/1 of a" for the cycle that `from` stands in. */
static void describe_cycle(const plugin_set *set, hearth_plugin *from, const bool *placed,
                           char *text, size_t size)
{
    hearth_plugin *at = from;
    size_t used = 0;
    /* Every plugin that is left uses another that is left, so the walk comes round. */
    for (size_t step = 0; step < 2 * set->count; step++) {
        const plugin_binding *next = NULL;
        for (size_t i = 0; !next && i < at->desc.use_count; i++) {
            hearth_plugin *provider = at->bindings[i].provider;
            if (provider && !placed[provider->index])
                next = &at->bindings[i];
        }
        if (!next)
            return;
        if (step >= set->count) { /* inside the cycle by now */
            int n = snprintf(text + used, size - used, "%s%s uses %s of %s", used ? ", " : "",
                             at->id, next->id, next->provider->id);
            if (n < 0 || (size_t)n >= size - used)
                return;
            used += (size_t)n;
            if (next->provider == from)
                return;
        } else if (step == set->count - 1) {
            from = next->provider;
        }
        at = next->provider;
    }
}

static int by_id(const void *a, const void *b)
{
    return strcmp((*(hearth_plugin *const *)a)->id, (*(hearth_plugin *const *)b)->id);
}

static bool is_ready(const hearth_plugin *item, const bool *placed)
{
    for (size_t i = 0; i < item->desc.use_count; i++) {
        hearth_plugin *provider = item->bindings[i].provider;
        if (provider && !placed[provider->index])
            return false;
    }
    return true;
}

static hearth_status put_in_order(plugin_set *set, hearth_error *error)
{
    hearth_plugin *sorted[PLUGIN_MAX];
    bool placed[PLUGIN_MAX] = {false};
    size_t done = 0;
    while (done < set->count) {
        hearth_plugin *next = NULL, *left = NULL;
        for (size_t i = 0; !next && i < set->count; i++) {
            if (placed[i])
                continue;
            left = set->items[i];
            if (is_ready(left, placed))
                next = left;
        }
        if (!next) {
            char text[HEARTH_ERROR_SIZE - 64] = "";
            describe_cycle(set, left, placed, text, sizeof(text));
            return error_set(error, HEARTH_EINVAL, "plugins use each other in a circle: %s", text);
        }
        placed[next->index] = true;
        sorted[done++] = next;
    }
    for (size_t i = 0; i < set->count; i++) {
        set->items[i] = sorted[i];
        sorted[i]->index = (uint32_t)i;
    }
    return HEARTH_OK;
}

hearth_status plugin_set_resolve(plugin_set *set, const plugin_interface *interfaces,
                                 const plugin_choice *choices, size_t choice_count,
                                 hearth_error *error)
{
    resolver r = {set, interfaces, choices, choice_count, error};
    qsort(set->items, set->count, sizeof(set->items[0]), by_id);
    for (size_t i = 0; i < set->count; i++)
        set->items[i]->index = (uint32_t)i;
    hearth_status status = check_choices(&r);
    for (size_t i = 0; status == HEARTH_OK && i < set->count; i++) {
        hearth_plugin *item = set->items[i];
        bool wanted = item->desc.provide_count == 0 || item->desc.route_count > 0 ||
                      item->desc.hook_count > 0;
        for (size_t k = 0; status == HEARTH_OK && k < item->desc.provide_count; k++) {
            hearth_plugin *only;
            const char *id = item->desc.head.provides[k].id;
            if (interface_of(&r, id))
                return error_set(error, HEARTH_ECONFLICT, "%s provides %s, which is the host's own",
                                 item->id, id);
            status = find_provider(&r, id, &only);
            wanted = wanted || only == item;
        }
        item->passed_over = !wanted;
        item->bindings =
            arena_calloc(&set->arena, item->desc.use_count + 1, sizeof(plugin_binding));
        if (!item->bindings)
            return error_set(error, HEARTH_ENOMEM, "plugin %s: out of memory", item->id);
        for (size_t k = 0; status == HEARTH_OK && k < item->desc.use_count; k++)
            status = bind(&r, item, &item->desc.head.uses[k], &item->bindings[k]);
    }
    return status == HEARTH_OK ? put_in_order(set, error) : status;
}
