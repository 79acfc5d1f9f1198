/* registry.c - see registry.h. */
#include "plugin/registry.h"

#include <string.h>

#include "base/str.h"

#define SET_CEILING (64u * 1024 * 1024)

void plugin_set_init(plugin_set *set)
{
    memset(set, 0, sizeof(*set));
    arena_init(&set->arena, NULL, SET_CEILING);
}

void plugin_set_finish(plugin_set *set)
{
    arena_finish(&set->arena);
    set->count = 0;
}

hearth_plugin *plugin_set_find(const plugin_set *set, hearth_str id)
{
    for (size_t i = 0; i < set->count; i++) {
        if (str_eq(str_from(set->items[i]->id), id))
            return set->items[i];
    }
    return NULL;
}
