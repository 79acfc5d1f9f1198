/*
 * registry.h - the plugins of one process, the services between them, and their contexts.
 * Filled on the main thread before any loop runs, and immutable from then on.
 */
#ifndef HEARTH_PLUGIN_REGISTRY_H
#define HEARTH_PLUGIN_REGISTRY_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "plugin/desc.h"

#define PLUGIN_MAX 128

struct hearth_plugin;

/* What a row of a plugin's `uses` came to. */
typedef struct plugin_binding {
    const char *id;
    const void *table;              /* NULL: absent, or smaller than asked for */
    struct hearth_plugin *provider; /* NULL: the host itself */
} plugin_binding;

/* One plugin on one loop; its first member is what the plugin sees. */
typedef struct plugin_ctx {
    hearth_ctx public;
    struct hearth_plugin *plugin;
    void *owner;  /* the host's loop, NULL on [main] */
    bool started; /* `start` succeeded and `stop` has not run */

} plugin_ctx;

typedef struct hearth_plugin {
    const char *id;
    const char *path;
    hearth_manifest manifest;
    plugin_desc desc;
    plugin_binding *bindings; /* desc.use_count of them */
    plugin_ctx main;
    plugin_ctx *loops; /* one per loop */
    uint32_t index;    /* place in the order */
    bool opened;
    bool passed_over; /* it only provides services for which `services` picks others */
} hearth_plugin;

typedef struct plugin_set {
    hearth_arena arena;
    hearth_plugin *items[PLUGIN_MAX]; /* after resolve: providers before their users */
    size_t count;
} plugin_set;

/* A host interface; `table` starts with its struct_size. */
typedef struct plugin_interface {
    const char *id;
    const void *table;
} plugin_interface;

/* "storage" or "hearth.storage/1" -> plugin id, from the configuration's `services`. */
typedef struct plugin_choice {
    hearth_str service, provider;
} plugin_choice;

static inline plugin_ctx *plugin_ctx_of(hearth_ctx *ctx)
{
    return (plugin_ctx *)(void *)ctx;
}

/* The calling thread is the one that this ctx belongs to; a debug host asserts it. */
#define CTX_ASSERT(ctx_, call_) THREAD_ASSERT(plugin_ctx_of(ctx_)->plugin->id, (ctx_)->loop, call_)

void plugin_set_init(plugin_set *set);
/* Frees the set's memory; the shared objects stay mapped. */
void plugin_set_finish(plugin_set *set);

/* The plugin of that id, or NULL. */
hearth_plugin *plugin_set_find(const plugin_set *set, hearth_str id);

#endif
