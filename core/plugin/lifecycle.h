/*
 * lifecycle.h - calls a plugin's functions in the promised order, and undoes what had succeeded
 * when one refuses: check, open, start on every loop, (requests), drain, stop, close.
 */
#ifndef HEARTH_PLUGIN_LIFECYCLE_H
#define HEARTH_PLUGIN_LIFECYCLE_H

#include "plugin/registry.h"

/* Makes every plugin's contexts: one for [main] and one per loop. After resolve. [main] */
HEARTH_MUST_CHECK hearth_status plugin_set_contexts(plugin_set *set, const hearth_host *host,
                                                    uint32_t loops,
                                                    void *(*owner)(void *arg, uint32_t loop),
                                                    void *arg, hearth_error *error);

/* The configuration of one plugin, for all contexts that exist. Before the loops run. [main] */
void plugin_set_conf(hearth_plugin *item, uint32_t loops, const void *conf);

/* Is `conf` acceptable to the plugin? [main] */
HEARTH_MUST_CHECK hearth_status plugin_check(const hearth_plugin *item, const void *conf,
                                             hearth_error *error);

/* open of every plugin, providers first; on failure those that had opened are closed. [main] */
HEARTH_MUST_CHECK hearth_status plugin_set_open(plugin_set *set, uint32_t loops,
                                                hearth_error *error);
/* close of every plugin that is open, users first. [main] */
void plugin_set_close(plugin_set *set);

/* start of every plugin on this loop; stops at the first that fails. [loop] */
HEARTH_MUST_CHECK hearth_status plugin_set_start(plugin_set *set, uint32_t loop,
                                                 hearth_error *error);
/* stop of every plugin that started on this loop, users first; `after` runs behind each. [loop] */
void plugin_set_stop(plugin_set *set, uint32_t loop, void (*after)(plugin_ctx *ctx));

/* hearth_host.get and .provider. */
const void *plugin_get(hearth_ctx *ctx, const char *id, size_t min_size);
hearth_ctx *plugin_provider(hearth_ctx *ctx, const char *id);

#endif
