/*
 * offline.h - a host without listeners, for one job of the tool: it holds data_dir/lock, its
 * plugins run on its loops, and it stops when the job says so.
 */
#ifndef HEARTH_HOST_OFFLINE_H
#define HEARTH_HOST_OFFLINE_H

#include "host/state.h"

typedef struct host_job {
    /* Everything runs. A negative status ends the host, with `error`; else the job calls
     * host_offline_end later. [main] */
    hearth_status (*start)(host_state *host, void *arg, hearth_error *error);
    void *arg;
} host_job;

/*
 * Blocking. HEARTH_OK: the job has ended by itself. HEARTH_ECONFLICT: a hearthd holds data_dir.
 * Other negative statuses: the job did not start, and `error` says why. [main]
 */
HEARTH_MUST_CHECK hearth_status host_offline(const host_options *options, const host_job *job,
                                             hearth_error *error);

/* The job is over: the host stops. [main] */
void host_offline_end(host_state *host);

#endif
