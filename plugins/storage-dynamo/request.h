/*
 * request.h - one operation of DynamoDB's API with all it takes: waiting for credentials and for a
 * place on the wire, trying again with back-off while nothing has happened, and the verdict.
 */
#ifndef STORAGE_DYNAMO_REQUEST_H
#define STORAGE_DYNAMO_REQUEST_H

#include "plugin.h"
#include "text.h"

struct requests;

/* What done receives; borrowed. */
struct answer {
    enum outcome outcome;
    const hearth_json_value *json; /* NULL: there is none */
    const char *error;             /* one sentence, "" when all is well */
};

typedef void (*request_fn)(hearth_ctx *ctx, const struct answer *answer, void *arg);

enum {
    REQUEST_ONCE = 0,
    REQUEST_REPEATABLE = 1, /* may be sent again when it is not known whether it happened */
    REQUEST_PATIENT = 2,    /* was throttled in another form: begins with a back-off */
    REQUEST_FIRST = 4       /* does not wait for the table, and is not tried again */
};

struct requests *requests_create(hearth_ctx *ctx); /* NULL: out of memory. [loop] */
void requests_destroy(struct requests *requests);  /* None may be left. [loop] */
/* Sends what waits, now that credentials or the table may be there. [loop] */
void requests_pump(struct requests *requests);
/* From now on requests do not wait for the table. [loop] */
void requests_open(struct requests *requests);

/* Takes `body`. done runs once, later; at once only when out of memory. [loop] */
void request_send(hearth_ctx *ctx, enum operation operation, unsigned flags, struct text *body,
                  request_fn done, void *arg);

#endif
