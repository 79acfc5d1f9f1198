/*
 * redis_command.c - RESP2: an array of length-prefixed strings. Nothing is quoted, so nothing can
 * be injected.
 */
#include "redis_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void append(struct redis_command *command, const char *bytes, size_t len)
{
    if (command->len + len > command->size) {
        size_t size = command->size ? command->size : 4096;
        while (size < command->len + len)
            size *= 2;
        char *grown = realloc(command->bytes, size);
        if (!grown) {
            command->failed = true;
            return;
        }
        command->bytes = grown;
        command->size = size;
    }
    memcpy(command->bytes + command->len, bytes, len);
    command->len += len;
}

static void append_head(struct redis_command *command, char type, size_t number)
{
    char head[32];
    int len = snprintf(head, sizeof(head), "%c%zu\r\n", type, number);
    append(command, head, (size_t)len);
}

void redis_command_begin(struct redis_command *command, size_t arguments)
{
    command->len = 0;
    command->failed = false;
    append_head(command, '*', arguments);
}

void redis_command_add_pair(struct redis_command *command, hearth_str first, hearth_str second)
{
    append_head(command, '$', first.len + second.len);
    if (first.len > 0)
        append(command, first.ptr, first.len);
    if (second.len > 0)
        append(command, second.ptr, second.len);
    append(command, "\r\n", 2);
}

void redis_command_add(struct redis_command *command, hearth_str argument)
{
    redis_command_add_pair(command, argument, (hearth_str){NULL, 0});
}

void redis_command_add_number(struct redis_command *command, uint64_t number)
{
    char text[24];
    int len = snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    redis_command_add(command, (hearth_str){text, (size_t)len});
}

void redis_command_finish(struct redis_command *command)
{
    free(command->bytes);
    *command = (struct redis_command){0};
}
