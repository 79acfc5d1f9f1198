/*
 * redis_command.h - a command in Redis's protocol, built piece by piece in a buffer that is used
 * again.
 */
#ifndef REDIS_COMMAND_H
#define REDIS_COMMAND_H

#include <hearth/types.h>

#include <stdbool.h>

/* Zeroed is empty. Out of memory, `failed` is set and the command must not be sent. */
struct redis_command {
    char *bytes;
    size_t len, size;
    bool failed;
};

void redis_command_begin(struct redis_command *command, size_t arguments);
void redis_command_add(struct redis_command *command, hearth_str argument);
void redis_command_add_number(struct redis_command *command, uint64_t number);
/* Two strings as one argument. */
void redis_command_add_pair(struct redis_command *command, hearth_str first, hearth_str second);
/* Frees the buffer. */
void redis_command_finish(struct redis_command *command);

#endif
