/*
 * client_call.h - one outgoing exchange: the request as curl wants it, the answer as it comes in.
 */
#ifndef HEARTH_HOST_CLIENT_CALL_H
#define HEARTH_HOST_CLIENT_CALL_H

#include <curl/curl.h>
#include <hearth/client.h>

#include "base/buf.h"
#include "host/state.h"

#define CALL_MAX_HEADERS 100

struct hearth_client_call {
    hearth_list link; /* of the plugin's calls on this loop */
    hearth_ctx *ctx;
    hearth_client_fn done;
    void *arg;
    CURL *easy;
    struct curl_slist *fields;
    hearth_arena arena; /* the request's copies, the answer's head */
    hearth_buf body;
    hearth_header headers[CALL_MAX_HEADERS];
    size_t header_count;
    bool too_large;
    char error[CURL_ERROR_SIZE];
};

/* Copies the request. NULL: out of memory. A request that is not valid is made all the same, and
 * fails as such when it is run. */
hearth_client_call *call_create(hearth_ctx *ctx, const hearth_client_request *request,
                                hearth_client_fn done, void *arg);
void call_destroy(hearth_client_call *call);

/* Tells the outcome, and destroys the call. */
void call_finish(hearth_client_call *call, CURLcode code);
void call_cancelled(hearth_client_call *call);

#endif
