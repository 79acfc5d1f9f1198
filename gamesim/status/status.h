/*
 * status.h - gamesim's own HTTP port: /metrics for Prometheus, /health/live and /health/ready.
 */
#ifndef STATUS_STATUS_H
#define STATUS_STATUS_H

#include "base/buf.h"
#include "base/error.h"
#include "host/host.h"
#include "net/address.h"
#include "net/loop.h"

typedef struct gamesim_http gamesim_http;

/* [main] Listens on "ADDR:PORT" and serves the host's numbers on this loop. `bound` receives the
 * address with its port. */
HEARTH_MUST_CHECK hearth_status status_create(gamesim_http **out, hearth_loop *loop,
                                              const gamesim_host *host, const char *address,
                                              hearth_address *bound, hearth_error *error);

/* [loop] Closes everything; `done` runs on the loop when nothing is left. */
void status_stop(gamesim_http *http, void (*done)(void *arg), void *arg);

/* [main] After `done`, or when the loop never ran. NULL is fine. */
void status_destroy(gamesim_http *http);

/* The text of /metrics. ENOMEM at the buffer's ceiling. */
HEARTH_MUST_CHECK hearth_status status_write_metrics(hearth_buf *out, const gamesim_status *status);

#endif
