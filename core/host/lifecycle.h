/*
 * lifecycle.h - the life of a host on its main loop: start on every loop, serve, drain, stop.
 * Each step goes to every loop as one letter and comes back as one; when the last is back the next
 * step begins. A signal, a successor or the end of a command starts the way down.
 */
#ifndef HEARTH_HOST_LIFECYCLE_H
#define HEARTH_HOST_LIFECYCLE_H

#include "host/state.h"

typedef struct host_lifecycle {
    host_state *host;
    /* Everything runs: accept connections, or run the command. [main] */
    hearth_status (*on_started)(host_state *host, void *arg, hearth_error *error);
    void *arg;

    uint32_t waiting;           /* loops that have not answered this step */
    void (*next)(host_state *); /* the step after this one */
    int exit_status;
    bool stop_asked; /* before everything ran */
    bool hurried;
    bool forsaken;   /* something did not end in time: memory is left as it is */
    size_t draining; /* index + 1 of the plugin that drains */
    hearth_wheel_timer timer;
} host_lifecycle;

/*
 * Opens the plugins, runs the loops' threads and the main loop until the host has stopped, joins
 * and closes. Returns the exit status, 0 or 1. [main]
 */
int lifecycle_run(host_lifecycle *life);

/* Begins the way down; a second time hurries it. [main] */
void lifecycle_stop(host_state *host, bool handing_over);

/* hearth_host.drained. [loop] */
void lifecycle_drained(hearth_ctx *ctx);

#endif
