/*
 * transport.h - HTTP to DynamoDB: one curl multi handle per loop, driven by the loop's poll and
 * timer interfaces, with connections that are kept alive and requests signed by libcurl (SigV4).
 */
#ifndef STORAGE_DYNAMO_TRANSPORT_H
#define STORAGE_DYNAMO_TRANSPORT_H

#include <curl/curl.h>

#include "text.h"

#include <hearth/plugin.h>

struct transport;
struct secret;

/* One request on the wire; a part of what sends it. */
struct exchange {
    CURL *easy;
    struct curl_slist *headers;
    struct text answer;
    unsigned sends; /* how often its request has begun to be sent */
    long status;    /* HTTP, 0 without an answer */
    char error[CURL_ERROR_SIZE];
    /* It is over, one way or another. */
    void (*done)(struct exchange *exchange, CURLcode code);
};

struct transport *transport_create(hearth_ctx *ctx); /* NULL: out of memory. [loop] */
void transport_destroy(struct transport *transport); /* Nothing may be on its way. [loop] */

/* Sends `body`, which must stay as it is until done runs. Answers are limited to 32 MiB. false: out
 * of memory, and done does not run. [loop] */
bool transport_begin(struct transport *transport, struct exchange *exchange, const char *operation,
                     hearth_str body, const struct secret *secret);

#endif
