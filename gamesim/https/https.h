/*
 * https.h - JSON exchanges with hearthd over HTTP or HTTPS, on a libuv loop: libcurl's multi
 * interface, driven by polls and one timer. Used by hearth-gamesim's reports and by hearth-bot.
 * Redirects are never followed: every request carries a token.
 */
#ifndef HTTPS_HTTPS_H
#define HTTPS_HTTPS_H

#include <hearth/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#define HTTPS_CONNECTIONS_MAX 8 /* of one client; further requests wait for one of them */

typedef struct https_client https_client;

/* What came back; borrowed for the call. */
typedef struct https_reply {
    int status;       /* 0: no answer, `error` says why */
    const char *body; /* NUL-terminated, never NULL */
    size_t len;
    unsigned retry_after; /* seconds; 0: not said */
    long clock_ahead;  /* seconds that our clock is ahead of the server's; 0: both may be right */
    const char *error; /* NULL when there is a status */
} https_reply;

/* [loop] Runs once for each request that was sent, unless the client is stopped before. */
typedef void (*https_done_fn)(void *arg, const https_reply *reply);

/* Copied; body, bearer and idempotency_key may be NULL. */
typedef struct https_request {
    const char *method, *url, *bearer, *body, *idempotency_key;
    unsigned timeout_ms; /* 0: 20 s */
    https_done_fn done;
    void *arg;
} https_request;

/* [main] `ca`, which must outlive the client, is the file of certificates that servers are checked
 * against; NULL: the system's. ENOMEM. */
HEARTH_MUST_CHECK hearth_status https_create(https_client **out, uv_loop_t *loop, const char *ca);

/* [loop] ENOMEM; `done` does not run then. It never runs from within this call. */
HEARTH_MUST_CHECK hearth_status https_send(https_client *client, const https_request *request);

/* [loop] Gives up every request without calling `done`, and closes all handles. */
void https_stop(https_client *client);

/* [main] After https_stop and after the loop has seen the handles close. NULL is fine. */
void https_destroy(https_client *client);

#endif
