/*
 * errand.h - a request of an instance or an operator: read on its own loop, run on the fleet's,
 * answered on its own again.
 */
#ifndef MATCHMAKING_ERRAND_H
#define MATCHMAKING_ERRAND_H

#include "../fleet/fleet.h"

struct errand {
    struct change change; /* first: a change is its errand */
    struct mm_loop *loop; /* the fleet's, from run until the answer; then the request's */
    hearth_async *async;
    char id[HEARTH_UUID_SIZE]; /* of the instance */

    void (*run)(struct errand *errand);                    /* on FLEET_LOOP, ends in an answer */
    void (*write)(struct errand *errand, hearth_req *req); /* the reply, on the request's loop */
    void (*destroy)(struct errand *errand);                /* frees it */

    int http_status;
    const char *code, *text; /* of an error */
};

/* Zeroed, of a struct that begins with an errand; freed by free() unless destroy is replaced. NULL:
 * no memory. */
void *errand_create(size_t size);

/* Takes the request over and has the errand run. What the handler returns. [loop] */
hearth_status errand_start(hearth_ctx *ctx, hearth_req *req, struct errand *errand,
                           void (*run)(struct errand *errand));

/* The same for what only the instance itself may ask: somebody else learns that there is no such
 * instance, or that it is not his. [loop] */
hearth_status errand_start_own(hearth_ctx *ctx, hearth_req *req, struct errand *errand,
                               void (*run)(struct errand *errand));

/* Each ends the errand. [FLEET_LOOP] */
void errand_answer(struct errand *errand, void (*write)(struct errand *errand, hearth_req *req));
void errand_refuse(struct errand *errand, int http_status, const char *code, const char *text);
void errand_fail(struct errand *errand, hearth_status status);
void errand_done(struct errand *errand); /* 204 */

#endif
