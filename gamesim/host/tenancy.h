/*
 * tenancy.h - the registered mode: sessions that hearthd has allocated, learned from the first
 * token that is admitted, and their seats; what happens in them is reported, what hearthd asks is
 * done.
 */
#ifndef HOST_TENANCY_H
#define HOST_TENANCY_H

#include "host/host_state.h"

struct tenancy;

/* [main] ENOMEM. */
HEARTH_MUST_CHECK hearth_status tenancy_create(struct tenancy **out, gamesim_host *host,
                                               uv_loop_t *loop, const struct host_events *events);

/* All are [loop]. */
void tenancy_connected(struct tenancy *tenancy, uint32_t slot, const netcode_client_info *client);
/* The client in this seat is gone; the seat was kept. */
void tenancy_left(struct tenancy *tenancy, const struct session *session, uint8_t seat);
void tenancy_happened(struct tenancy *tenancy, const struct session *session,
                      const struct sim_event *event);
void tenancy_tick(struct tenancy *tenancy, uint64_t now_ns);
void tenancy_drain(struct tenancy *tenancy, bool at_once);
void tenancy_status_get(const struct tenancy *tenancy, gamesim_status *out);
void tenancy_stop(struct tenancy *tenancy);

/* [main] NULL is fine. */
void tenancy_destroy(struct tenancy *tenancy);

#endif
