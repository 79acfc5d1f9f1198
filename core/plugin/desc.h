/*
 * desc.h - a plugin's descriptor as this host understands it, whatever SDK it was built with.
 * The tables of an older plugin have shorter rows, those of a later patch may have longer ones;
 * here every row has this host's size, with zeros where the plugin said nothing.
 */
#ifndef HEARTH_PLUGIN_DESC_H
#define HEARTH_PLUGIN_DESC_H

#include <hearth/plugin.h>

#include "base/arena.h"
#include "base/error.h"

#define PLUGIN_MAX_ROWS 4096

typedef struct plugin_desc {
    hearth_plugin_desc head; /* a copy; its tables point at the copies below */
    size_t use_count, provide_count, conf_count, route_count;
    size_t hook_count, metric_count, command_count;
} plugin_desc;

/*
 * Copies a descriptor and checks every row of every table. The manifest is the one that was read
 * from the file: the descriptor must say the same. Memory comes from `arena`.
 */
HEARTH_MUST_CHECK hearth_status plugin_desc_read(const hearth_plugin_desc *from,
                                                 const hearth_manifest *manifest,
                                                 hearth_arena *arena, plugin_desc *out,
                                                 hearth_error *error);

#endif
