/*
 * load.h - from a file to a plugin whose descriptor was checked; none of its functions has run.
 */
#ifndef HEARTH_PLUGIN_LOAD_H
#define HEARTH_PLUGIN_LOAD_H

#include "plugin/registry.h"

/*
 * Loads DIR/ID.so into the set. In this order, stopping at the first refusal: read the manifest
 * from the file, compare its id, check the ABI, dlopen, find the one symbol, copy and check the
 * descriptor. [main]
 */
HEARTH_MUST_CHECK hearth_status plugin_load(plugin_set *set, const char *dir, const char *id,
                                            hearth_error *error);

/* The same of any file, whatever its name; for the tool. */
HEARTH_MUST_CHECK hearth_status plugin_load_file(plugin_set *set, const char *path,
                                                 hearth_error *error);

#endif
