/* desc_check.h - is every row of a plugin's tables usable? Found at load, never at call time. */
#ifndef HEARTH_PLUGIN_DESC_CHECK_H
#define HEARTH_PLUGIN_DESC_CHECK_H

#include "plugin/desc.h"

/* One sentence names the plugin, the table, the row and what is wrong with it. */
HEARTH_MUST_CHECK hearth_status plugin_desc_check(const plugin_desc *desc, hearth_error *error);

#endif
