/*
 * redis_script.c - see redis_script.h.
 */
#include "redis_script.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

void redis_script_init(struct redis_script *script)
{
    unsigned char digest[SHA_DIGEST_LENGTH];

    SHA1((const unsigned char *)script->source, strlen(script->source), digest);
    for (int i = 0; i < SHA_DIGEST_LENGTH; i++)
        snprintf(script->digest + i * 2, 3, "%02x", digest[i]);
}

void redis_script_begin(struct redis_command *command, const struct redis_script *script,
                        bool with_source, size_t keys, size_t arguments)
{
    redis_command_begin(command, 3 + keys + arguments);
    if (with_source) {
        redis_command_add(command, HEARTH_STR("EVAL"));
        redis_command_add(command, (hearth_str){script->source, strlen(script->source)});
    } else {
        redis_command_add(command, HEARTH_STR("EVALSHA"));
        redis_command_add(command, (hearth_str){script->digest, 40});
    }
    redis_command_add_number(command, keys);
}

bool redis_script_unknown(const redisReply *reply)
{
    return reply && reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "NOSCRIPT", 8) == 0;
}
