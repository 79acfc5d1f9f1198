/*
 * control.h - data_dir/control.sock: how the `hearth` tool and a successor talk to a live hearthd.
 * The socket has mode 0600, the peer's uid must be the process's own or root, and a connection
 * carries one request and its answer.
 *
 * FRAMES, both ways: u8 kind, three zero bytes, u32 length (little-endian), then `length` bytes.
 *   to the host    'C' command: u32 argc, then argc times u32 length + bytes, then u8 whether input
 *                      was given, u32 length + bytes of it
 *                  'H' hand over: no payload; the sender is a successor
 *   from the host  '1' text for standard output        '2' text for standard error
 *                  'X' the end: u8 exit status, u8 1 when the command asked for input that was not
 *                      given (ask the user for it and send the command again)
 *                  'L' the listening sockets, as SCM_RIGHTS, one byte per descriptor: its place in
 *                      the list of listeners; the holder drains from here on
 *                  'E' refused: one sentence
 * A command reads its input before it changes anything, so asking and sending again is safe.
 */
#ifndef HEARTH_HOST_CONTROL_H
#define HEARTH_HOST_CONTROL_H

#include <stdbool.h>

#include "base/error.h"

#define CONTROL_SOCKET      "control.sock"
#define CONTROL_MAX_INPUT   (1024u * 1024u)
#define CONTROL_MAX_ARGS    64u
#define CONTROL_MAX_REQUEST (CONTROL_MAX_INPUT + 128u * 1024u)

typedef struct control_command {
    const hearth_str *args; /* "account", "add", "pykey", "--scope", "admin" */
    size_t arg_count;
    bool has_input;
    hearth_str input; /* at most CONTROL_MAX_INPUT bytes */
} control_command;

typedef struct control_result {
    int exit_status;
    bool asked_for_input;
} control_result;

/* What a command prints, in order; stream is 1 (output) or 2 (error). */
typedef void (*control_sink)(void *arg, int stream, hearth_str text);

/*
 * Runs a command in the hearthd that serves this data directory, and waits for its end. Blocking,
 * for the tool. HEARTH_ENOTFOUND: no hearthd runs there. Otherwise a negative status means that the
 * command's fate is unknown (EUNAVAILABLE) or that it was refused before it ran (EINVAL).
 */
HEARTH_MUST_CHECK hearth_status control_run(const char *data_dir, const control_command *command,
                                            control_sink sink, void *arg, control_result *result,
                                            hearth_error *error);

#endif
