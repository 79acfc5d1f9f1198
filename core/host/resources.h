/*
 * resources.h - what the host stops for a plugin that did not: after its stop, on that loop.
 */
#ifndef HEARTH_HOST_RESOURCES_H
#define HEARTH_HOST_RESOURCES_H

#include "host/state.h"

/* All [loop]. */
void timers_stop_all(host_slot *slot);
void polls_stop_all(host_slot *slot);
/* Ends calls with ECANCELED; while the plugin still lives. */
void calls_cancel_all(host_slot *slot);

/* Closes curl's handles of this loop; no call is left. */
void client_finish(host_loop *loop);

/* Frees the loop's asyncs. Those nobody completed are logged. */
/* Says in the log which plugins have not completed what they took over. */
void asyncs_name(host_loop *loop);
void asyncs_finish(host_loop *loop);

#endif
