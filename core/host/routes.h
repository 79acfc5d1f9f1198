/*
 * routes.h - the host's and every plugin's routes in one router, and the hooks of each phase.
 */
#ifndef HEARTH_HOST_ROUTES_H
#define HEARTH_HOST_ROUTES_H

#include "host/state.h"

/* Fills host->router, routes and hooks. EINVAL, ECONFLICT: a sentence names the route. [main] */
HEARTH_MUST_CHECK hearth_status routes_build(host_state *host, hearth_error *error);

#endif
