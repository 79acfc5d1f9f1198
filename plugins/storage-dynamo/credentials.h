/*
 * credentials.h - whose name requests are signed in: from the environment, the shared file of the
 * AWS tools, a container's endpoint or the instance's metadata (IMDSv2), fetched anew well before
 * they expire. Each loop has its own.
 */
#ifndef STORAGE_DYNAMO_CREDENTIALS_H
#define STORAGE_DYNAMO_CREDENTIALS_H

#include "plugin.h"

enum credential_source {
    CREDENTIALS_AUTO,
    CREDENTIALS_ENVIRONMENT,
    CREDENTIALS_FILE,
    CREDENTIALS_CONTAINER,
    CREDENTIALS_INSTANCE
};

/* NUL-terminated; token is NULL for long-lived ones. Never logged. */
struct secret {
    const char *id, *key, *token;
};

struct credentials;

/* Looks at the environment, once. NULL: nothing can be found there; `err` says why. [main] */
struct sources *sources_create(hearth_ctx *ctx, char *err, size_t err_size);
void sources_destroy(struct sources *sources);

struct credentials *credentials_create(hearth_ctx *ctx); /* begins to fetch. [loop] */
void credentials_destroy(struct credentials *credentials);
/* No refresh from now on. [loop] */
void credentials_close(struct credentials *credentials);
/* Whether a fetch is on its way, so that a drain has to wait. */
bool credentials_busy(const struct credentials *credentials);
/* What to sign with. NULL with *problem: there are none, and why; without: being fetched. [loop] */
const struct secret *credentials_current(struct credentials *credentials, const char **problem);
/* DynamoDB did not accept them: fetches anew. [loop] */
void credentials_refused(struct credentials *credentials);

#endif
