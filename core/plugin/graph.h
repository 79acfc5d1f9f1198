/*
 * graph.h - who provides what to whom, and in which order plugins therefore open.
 * Gaps, cycles and two providers of one service are found here, before any plugin code runs.
 */
#ifndef HEARTH_PLUGIN_GRAPH_H
#define HEARTH_PLUGIN_GRAPH_H

#include "plugin/registry.h"

/*
 * Binds every use of every plugin and puts the set in order: providers before their users, then by
 * id; the order of loading plays no part. `interfaces` are the host's own, ended by {NULL, NULL}.
 */
HEARTH_MUST_CHECK hearth_status plugin_set_resolve(plugin_set *set,
                                                   const plugin_interface *interfaces,
                                                   const plugin_choice *choices,
                                                   size_t choice_count, hearth_error *error);

#endif
