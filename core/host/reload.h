/*
 * reload.h - SIGHUP: the configuration is read again, checked whole, and swapped in, or refused
 * with a line that says why. Nothing changes half.
 */
#ifndef HEARTH_HOST_RELOAD_H
#define HEARTH_HOST_RELOAD_H

#include "host/state.h"

typedef struct reload_source {
    const host_options *options; /* of the command line: they hold as long as the process */
} reload_source;

/* [main] */
void reload_configuration(host_state *host, const reload_source *source);

/* The least severe level that the settings let through. [any] */
void reload_log_level(const host_settings *settings);

#endif
