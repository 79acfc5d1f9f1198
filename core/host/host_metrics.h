/* host_metrics.h - the table of the host's own metrics, and their values that are read. */
#ifndef HEARTH_HOST_HOST_METRICS_H
#define HEARTH_HOST_HOST_METRICS_H

#include "host/metrics.h"

extern const hearth_metric host_metric_table[HOST_METRIC_COUNT];

/* Puts what this loop counts elsewhere into its cells. [loop] */
void host_metrics_update(host_loop *loop);

#endif
