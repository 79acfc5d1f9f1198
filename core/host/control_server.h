/*
 * control_server.h - the host's end of data_dir/control.sock, on the main loop.
 */
#ifndef HEARTH_HOST_CONTROL_SERVER_H
#define HEARTH_HOST_CONTROL_SERVER_H

#include "host/state.h"

typedef struct control_server control_server;

/* Listens; a socket that a dead process left is replaced. The caller holds data_dir's lock. [main]
 */
control_server *control_server_create(host_state *host, hearth_error *error);

/* Takes no more requests, removes the socket's file unless a successor listens there, and closes
 * the connections. NULL is fine. [main] */
void control_server_destroy(control_server *server);

#endif
