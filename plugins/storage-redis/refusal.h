/*
 * refusal.h - a Redis that answers may refuse all the same: it is full, a replica, still loading,
 * cannot write its disk, or we lack a right. That is no fault of a document, and an operator mends
 * it.
 */
#ifndef STORAGE_REDIS_REFUSAL_H
#define STORAGE_REDIS_REFUSAL_H

#include <hearth/plugin.h>

#include <stdbool.h>

struct redisReply;
struct refusal;

/* NULL: out of memory. [loop] */
struct refusal *refusal_create(hearth_ctx *ctx);
/* After the connection has ended. NULL is fine. [loop] */
void refusal_destroy(struct refusal *refusal);

/* Asks no more. [loop] */
void refusal_close(struct refusal *refusal);

/* Looks at an answer; after an error it asks Redis whether that is the rule. [loop] */
void refusal_heard(struct refusal *refusal, const struct redisReply *reply);

/* Whether Redis refuses everything at present. [loop] */
bool refusal_lasts(const struct refusal *refusal);

#endif
