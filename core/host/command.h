/*
 * command.h - one run of a plugin's subcommand, on loop 0; what it prints goes to the main loop.
 */
#ifndef HEARTH_HOST_COMMAND_H
#define HEARTH_HOST_COMMAND_H

#include <hearth/command.h>

#include "host/control.h"
#include "host/state.h"

/* Who waits for a command. [main] */
typedef struct command_waiter {
    void (*print)(void *arg, int stream, hearth_str text);
    /* The command is over; nothing more comes. */
    void (*done)(void *arg, control_result result);
    void *arg;
} command_waiter;

/* EINVAL: two plugins have a command of the same name. [main] */
HEARTH_MUST_CHECK hearth_status commands_check(const host_state *host, hearth_error *error);

/*
 * Starts a command; copies it. EINVAL: no plugin has it, or its options are wrong: `error` says so,
 * and the waiter hears nothing. [main]
 */
HEARTH_MUST_CHECK hearth_status command_start(host_state *host, const control_command *command,
                                              command_waiter waiter, hearth_cmd **out,
                                              hearth_error *error);

/* The waiter is gone: what is still printed is dropped. [main] */
void command_forget(hearth_cmd *cmd);

#endif
