/*
 * openapi.h - GET /openapi.json: the route tables as an OpenAPI 3.1 document.
 */
#ifndef HEARTH_HOST_OPENAPI_H
#define HEARTH_HOST_OPENAPI_H

#include "host/state.h"

/* Writes the document into host->openapi, once. After the routes. [main] */
HEARTH_MUST_CHECK hearth_status openapi_build(host_state *host, hearth_error *error);

/* The builtin route. [loop] */
void openapi_serve(host_loop *loop, hearth_req *req);

#endif
