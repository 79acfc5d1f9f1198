/*
 * control_conn.h - one connection on control.sock: one request and its answer.
 */
#ifndef HEARTH_HOST_CONTROL_CONN_H
#define HEARTH_HOST_CONTROL_CONN_H

#include "host/state.h"

#define CONTROL_MAX_CONNS 32

/* Takes fd and puts itself into `list`, counted in *count. False: the fd is still the caller's. */
bool control_conn_create(host_state *host, int fd, hearth_list *list, size_t *count);

/* By its link in that list. */
void control_conn_destroy(hearth_list *link);

#endif
