/*
 * boot.h - from a command line to a host that has everything but running loops: configuration,
 * plugins, services, routes, metrics. `hearth check` ends here; no port is bound, nothing written.
 */
#ifndef HEARTH_HOST_BOOT_H
#define HEARTH_HOST_BOOT_H

#include "host/state.h"

/*
 * HEARTH_EINVAL: unusable configuration; every error was given to `complain`, one line each.
 * Other negative statuses: the system refused. On failure the host is finished again. [main]
 */
HEARTH_MUST_CHECK hearth_status host_init(host_state *host, const host_options *options,
                                          void (*complain)(void *arg, const char *line), void *arg);
/* After the threads were joined. [main] */
void host_finish(host_state *host);

/* Loops with everything that is theirs; `serving` says whether they take requests: as many as are
 * configured, else host->loop_count of them. [main] */
HEARTH_MUST_CHECK hearth_status host_make_loops(host_state *host, bool serving,
                                                hearth_error *error);

/* The options of core/http from the settings; lives in `config`. */
const http_options *host_http_options(host_config *config, hearth_error *error);

#endif
