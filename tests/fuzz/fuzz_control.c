/*
 * fuzz_control.c - any bytes as what a stranger writes into control.sock: frames are taken apart
 * within the bytes, and a command that is accepted comes out as it went in.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/str.h"
#include "host/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(const control_command *command, hearth_str payload)
{
    hearth_buf out;
    buf_init(&out, CONTROL_MAX_REQUEST);
    if (frame_put_command(&out, command) != HEARTH_OK || !str_eq(buf_str(&out), payload))
        abort();
    buf_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hearth_buf in;
    buf_init(&in, size + 1);
    if (size > 0 && buf_append(&in, data, size) != HEARTH_OK)
        abort();
    char kind;
    hearth_str payload;
    while (frame_peek(&in, CONTROL_MAX_REQUEST, &kind, &payload) == HEARTH_OK) {
        hearth_str args[CONTROL_MAX_ARGS];
        control_command command;
        if (kind == FRAME_COMMAND && frame_get_command(payload, &command, args) == HEARTH_OK)
            round_trip(&command, payload);
        frame_consume(&in, payload);
    }
    buf_finish(&in);
    return 0;
}
