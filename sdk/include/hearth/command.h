/*
 * command.h - hearth.command/1: what a subcommand of the `hearth` tool reads and prints.
 */
#ifndef HEARTH_COMMAND_H
#define HEARTH_COMMAND_H

#include <hearth/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEARTH_COMMAND_ID "hearth.command/1"

typedef struct hearth_command_api {
    uint32_t struct_size;
    /* The arguments after the subcommand's name; {NULL, 0} past the last. [loop] */
    hearth_str (*argument)(hearth_cmd *cmd, size_t index);
    /* The value of --name VALUE or --name=VALUE, "" for a bare --name, {NULL, 0} without. Options
     * are not counted among the arguments. [loop] */
    hearth_str (*option)(hearth_cmd *cmd, const char *name);
    /* Standard input of the tool, whole, at most 1 MiB; read only if the tool's is not a terminal
     * or the command asked (a password is prompted for without echo). [loop] */
    hearth_str (*input)(hearth_cmd *cmd);
    /* Memory that lives until the command has finished. [loop] */
    hearth_arena *(*arena)(hearth_cmd *cmd);
    /* Prints to the tool's standard output; a line per call is customary. [loop] */
    void (*print)(hearth_cmd *cmd, const char *fmt, ...) HEARTH_PRINTF(2, 3);
    /* Prints one sentence to the tool's standard error. [loop] */
    void (*fail)(hearth_cmd *cmd, const char *fmt, ...) HEARTH_PRINTF(2, 3);
    /* Ends a command that answered HEARTH_DEFERRED; exactly once. Exit status 0 for OK, else 1.
     * [loop] */
    void (*finish)(hearth_cmd *cmd, hearth_status status);
} hearth_command_api;

static inline const hearth_command_api *hearth_command_get(hearth_ctx *ctx)
{
    return (const hearth_command_api *)ctx->host->get(ctx, HEARTH_COMMAND_ID,
                                                      sizeof(hearth_command_api));
}

#ifdef __cplusplus
}
#endif
#endif
