/*
 * listen.h - the listening sockets: one per address and loop, bound with SO_REUSEPORT.
 */
#ifndef HEARTH_HOST_LISTEN_H
#define HEARTH_HOST_LISTEN_H

#include "host/handover.h"
#include "host/state.h"

/* Whether other processes leave the configured addresses free. [main] */
HEARTH_MUST_CHECK hearth_status listen_check_free(const host_config *config, hearth_error *error);
/* Listens on every loop, with the sockets of a predecessor where it had them; nothing is accepted
 * yet. host->bound receives the addresses, with the ports that the kernel chose. [main] */
HEARTH_MUST_CHECK hearth_status listen_open(host_state *host, handover *given, hearth_error *error);

/* "127.0.0.1:8080, [::1]:8081", for the line that says the host is ready. */
const char *listen_describe(host_state *host);

/* Reads the certificates again. Checked all before any is replaced. [main] */
HEARTH_MUST_CHECK hearth_status listen_check_certificates(const host_config *config,
                                                          hearth_error *error);
void listen_reload_certificates(host_state *host, const host_config *config);

/* Frees certificates. [main] */
void listen_finish(host_state *host);

#endif
