/*
 * redis_script.h - Lua that Redis runs for us. It is sent by its digest; a Redis that has forgotten
 * it answers NOSCRIPT and is sent the source.
 */
#ifndef REDIS_SCRIPT_H
#define REDIS_SCRIPT_H

#include <hiredis/hiredis.h>

#include "redis_command.h"

struct redis_script {
    const char *source;
    char digest[41]; /* SHA-1 in hexadecimal, as EVALSHA takes it; set by redis_script_init */
};

/* Computes the digest; once, before the first connection. [main] */
void redis_script_init(struct redis_script *script);

/* Begins a run with `keys` keys and `arguments` arguments, which are to be added, keys first. */
void redis_script_begin(struct redis_command *command, const struct redis_script *script,
                        bool with_source, size_t keys, size_t arguments);

/* Whether Redis says that it does not know the script any more. */
bool redis_script_unknown(const redisReply *reply);

#endif
