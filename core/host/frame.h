/*
 * frame.h - the frames of control.h as bytes: made and taken apart in one place for both ends.
 */
#ifndef HEARTH_HOST_FRAME_H
#define HEARTH_HOST_FRAME_H

#include "base/buf.h"
#include "host/control.h"

#define FRAME_HEAD 8

typedef enum frame_kind {
    FRAME_COMMAND = 'C',
    FRAME_HAND_OVER = 'H',
    FRAME_OUTPUT = '1',
    FRAME_ERROR_OUTPUT = '2',
    FRAME_EXIT = 'X',
    FRAME_LISTENERS = 'L',
    FRAME_REFUSED = 'E'
} frame_kind;

/* Appends a frame. ENOMEM: at the buffer's ceiling, the buffer is as before. */
HEARTH_MUST_CHECK hearth_status frame_append(hearth_buf *out, frame_kind kind, hearth_str payload);

/*
 * Looks at the frame at the front: OK when it is whole (take it off with frame_consume), DEFERRED
 * when bytes are missing, EINVAL when it is longer than `limit` or not a frame.
 */
HEARTH_MUST_CHECK hearth_status frame_peek(const hearth_buf *in, size_t limit, char *kind,
                                           hearth_str *payload);
void frame_consume(hearth_buf *in, hearth_str payload);

/* A command as payload, and back. EINVAL: malformed. The strings point into the payload; `args` has
 * room for CONTROL_MAX_ARGS. */
HEARTH_MUST_CHECK hearth_status frame_put_command(hearth_buf *out, const control_command *command);
HEARTH_MUST_CHECK hearth_status frame_get_command(hearth_str payload, control_command *command,
                                                  hearth_str args[CONTROL_MAX_ARGS]);

#endif
