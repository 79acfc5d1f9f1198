/* load.c - see load.h. */
#include "plugin/load.h"

#include <dlfcn.h>
#include <string.h>

#include "base/str.h"
#include "plugin/manifest.h"

static hearth_status open_object(hearth_plugin *item, hearth_arena *arena, hearth_error *error)
{
    (void)dlerror();
    void *handle = dlopen(item->path, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        return error_set(error, HEARTH_EINVAL, "%s %s: cannot be linked: %s", item->manifest.id,
                         item->manifest.version, dlerror());
    const hearth_plugin_desc *desc = dlsym(handle, HEARTH_PLUGIN_SYMBOL);
    if (!desc)
        return error_set(error, HEARTH_EINVAL, "%s %s: expected the symbol %s, found none",
                         item->manifest.id, item->manifest.version, HEARTH_PLUGIN_SYMBOL);
    return plugin_desc_read(desc, &item->manifest, arena, &item->desc, error);
}

static hearth_status load_checked(plugin_set *set, const char *path,
                                  const hearth_manifest *manifest, hearth_error *error)
{
    if (plugin_set_find(set, str_from(manifest->id)))
        return error_set(error, HEARTH_ECONFLICT, "%s: plugin %s is loaded already", path,
                         manifest->id);
    if (set->count == PLUGIN_MAX)
        return error_set(error, HEARTH_ENOMEM, "%s: at most %d plugins can be loaded", path,
                         PLUGIN_MAX);
    hearth_plugin *item = arena_calloc(&set->arena, 1, sizeof(*item));
    char *copy = arena_dup(&set->arena, path, strlen(path));
    if (!item || !copy)
        return error_set(error, HEARTH_ENOMEM, "%s: out of memory", path);
    item->path = copy;
    item->manifest = *manifest;
    item->id = item->manifest.id;
    hearth_status status = open_object(item, &set->arena, error);
    if (status == HEARTH_OK)
        set->items[set->count++] = item;
    return status;
}

hearth_status plugin_load_file(plugin_set *set, const char *path, hearth_error *error)
{
    hearth_manifest manifest;
    hearth_status status = manifest_read_file(path, &manifest, error);
    if (status == HEARTH_OK)
        status = manifest_check_abi(&manifest, error);
    return status == HEARTH_OK ? load_checked(set, path, &manifest, error) : status;
}

hearth_status plugin_load(plugin_set *set, const char *dir, const char *id, hearth_error *error)
{
    if (!manifest_id_is_valid(id))
        return error_set(error, HEARTH_EINVAL, "plugin `%s`: expected an id of [a-z0-9.-]", id);
    /* A slash keeps dlopen from searching the system's directories. */
    const char *path = arena_printf(&set->arena, "%s/%s.so", dir[0] ? dir : ".", id);
    if (!path)
        return error_set(error, HEARTH_ENOMEM, "plugin %s: out of memory", id);
    hearth_manifest manifest;
    hearth_status status = manifest_read_file(path, &manifest, error);
    if (status == HEARTH_OK && strcmp(manifest.id, id) != 0)
        status = error_set(error, HEARTH_EINVAL, "%s: expected plugin %s, found plugin %s", path,
                           id, manifest.id);
    if (status == HEARTH_OK)
        status = manifest_check_abi(&manifest, error);
    return status == HEARTH_OK ? load_checked(set, path, &manifest, error) : status;
}
