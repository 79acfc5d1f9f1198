/*
 * process.h - what the kernel knows of this process, under the names that Prometheus's own client
 * libraries use.
 */
#ifndef METRICS_PROMETHEUS_PROCESS_H
#define METRICS_PROMETHEUS_PROCESS_H

#include <stdbool.h>

struct process {
    double cpu_seconds;
    double resident_bytes;
    double virtual_bytes;
    double open_fds;
    double max_fds;
    double start_seconds; /* unix time */
};

/* Reads /proc; false when it cannot. Counting descriptors takes a while: not on a loop. [any] */
bool process_sample(struct process *process);

#endif
