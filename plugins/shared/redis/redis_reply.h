/*
 * redis_reply.h - reading the answers of our scripts. What comes from Redis is checked like
 * anything else from outside: a wrong type or a malformed number is an error, not a guess.
 */
#ifndef REDIS_REPLY_H
#define REDIS_REPLY_H

#include <hearth/service/storage.h>

#include <hiredis/hiredis.h>
#include <stdbool.h>

/* Reads version, epoch, write id, expiry and body from five elements; the key is left as it is. The
 * strings are the reply's. */
bool redis_reply_doc(redisReply *const *elements, hearth_doc *doc);

/* An element's string; {NULL, 0} if it is none. */
hearth_str redis_reply_str(const redisReply *reply);

/* One sentence for an answer that is not what was asked for, NULL included. */
const char *redis_reply_problem(const redisReply *reply);

#endif
