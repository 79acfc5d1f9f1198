/*
 * command.h - a command in Redis's protocol, built piece by piece in a buffer that is used again.
 */
#ifndef STORAGE_REDIS_COMMAND_H
#define STORAGE_REDIS_COMMAND_H

#include <hearth/types.h>

#include <stdbool.h>

/* Zeroed is empty. Out of memory, `failed` is set and the command must not be sent. */
struct command {
    char *bytes;
    size_t len, size;
    bool failed;
};

void command_begin(struct command *command, size_t arguments);
void command_add(struct command *command, hearth_str argument);
void command_add_number(struct command *command, uint64_t number);
/* Two strings as one argument. */
void command_add_pair(struct command *command, hearth_str first, hearth_str second);
/* Frees the buffer. */
void command_finish(struct command *command);

#endif
