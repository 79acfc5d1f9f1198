/*
 * client.h - hearth.client/1: outgoing HTTP(S) over this loop's connections.
 */
#ifndef HEARTH_CLIENT_H
#define HEARTH_CLIENT_H

#include <hearth/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEARTH_CLIENT_ID "hearth.client/1"

typedef struct hearth_client_call hearth_client_call;

typedef struct hearth_header {
    hearth_str name, value;
} hearth_header;

typedef struct hearth_client_request {
    uint32_t struct_size;
    uint32_t timeout_ms; /* of the whole exchange; 0: 10 s */
    size_t max_response; /* bytes of body; 0: 1 MiB. More is HEARTH_EINVAL */
    hearth_str method;   /* empty: GET */
    hearth_str url;      /* http or https; redirects are not followed */
    const hearth_header *headers;
    size_t header_count;
    hearth_str body;
    hearth_str ca_file; /* PEM; empty: the system's */
} hearth_client_request;

typedef struct hearth_client_response {
    uint32_t struct_size;
    int32_t status; /* HTTP status */
    hearth_str body;
    const hearth_header *headers;
    size_t header_count;
    const char *error; /* one sentence when the exchange failed, else NULL */
} hearth_client_response;

/* status: OK (an answer came, whatever its HTTP status), ETIMEOUT, EUNAVAILABLE (no connection),
 * EINVAL (bad URL, answer too large), ECANCELED. */
typedef void (*hearth_client_fn)(hearth_ctx *ctx, hearth_status status,
                                 const hearth_client_response *response, void *arg);

typedef struct hearth_client {
    uint32_t struct_size;
    /* Starts an exchange; copies the request. done runs exactly once, never before send() returns.
     * NULL when out of memory, past the host's ceiling of calls, or without the request's
     * struct_size: then done does not run. Bodies and headers are never logged. [loop] */
    hearth_client_call *(*send)(hearth_ctx *ctx, const hearth_client_request *request,
                                hearth_client_fn done, void *arg);
    /* Gives it up: done runs with ECANCELED. [loop] */
    void (*cancel)(hearth_client_call *call);
} hearth_client;

static inline const hearth_client *hearth_client_get(hearth_ctx *ctx)
{
    return (const hearth_client *)ctx->host->get(ctx, HEARTH_CLIENT_ID, sizeof(hearth_client));
}

#ifdef __cplusplus
}
#endif
#endif
