/* control_client.h - the blocking end of control.sock; control_run is in control.h. */
#ifndef HEARTH_HOST_CONTROL_CLIENT_H
#define HEARTH_HOST_CONTROL_CLIENT_H

#include "host/control.h"

/* A connected, blocking descriptor, or -1: nobody listens there. */
int control_connect(const char *data_dir, hearth_error *error);

#endif
