/* frame.c - see frame.h. */
#include "host/frame.h"

#include "base/str.h"

static void put_u32(char *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (char)(unsigned char)(value >> (8 * i));
}

static uint32_t get_u32(const char *at)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++)
        value |= (uint32_t)(unsigned char)at[i] << (8 * i);
    return value;
}

hearth_status frame_append(hearth_buf *out, frame_kind kind, hearth_str payload)
{
    char *room = buf_reserve(out, FRAME_HEAD + payload.len);
    if (!room)
        return HEARTH_ENOMEM;
    memset(room, 0, FRAME_HEAD);
    room[0] = (char)kind;
    put_u32(room + 4, (uint32_t)payload.len);
    if (payload.len > 0)
        memcpy(room + FRAME_HEAD, payload.ptr, payload.len);
    buf_commit(out, FRAME_HEAD + payload.len);
    return HEARTH_OK;
}

hearth_status frame_peek(const hearth_buf *in, size_t limit, char *kind, hearth_str *payload)
{
    if (in->len < FRAME_HEAD)
        return HEARTH_DEFERRED;
    size_t len = get_u32(in->ptr + 4);
    if (len > limit || in->ptr[1] || in->ptr[2] || in->ptr[3])
        return HEARTH_EINVAL;
    if (in->len - FRAME_HEAD < len)
        return HEARTH_DEFERRED;
    *kind = in->ptr[0];
    *payload = (hearth_str){in->ptr + FRAME_HEAD, len};
    return HEARTH_OK;
}

void frame_consume(hearth_buf *in, hearth_str payload)
{
    buf_consume(in, FRAME_HEAD + payload.len);
}

static hearth_status put_text(hearth_buf *out, hearth_str text)
{
    char head[4];
    put_u32(head, (uint32_t)text.len);
    hearth_status status = buf_append(out, head, sizeof(head));
    return status == HEARTH_OK ? buf_append_str(out, text) : status;
}

hearth_status frame_put_command(hearth_buf *out, const control_command *command)
{
    char head[4];
    if (command->arg_count > CONTROL_MAX_ARGS || command->input.len > CONTROL_MAX_INPUT)
        return HEARTH_EINVAL;
    put_u32(head, (uint32_t)command->arg_count);
    hearth_status status = buf_append(out, head, sizeof(head));
    for (size_t i = 0; status == HEARTH_OK && i < command->arg_count; i++)
        status = put_text(out, command->args[i]);
    if (status == HEARTH_OK)
        status = buf_append_char(out, command->has_input ? 1 : 0);
    return status == HEARTH_OK ? put_text(out, command->input) : status;
}

static bool take_u32(hearth_str *rest, uint32_t *value)
{
    if (rest->len < 4)
        return false;
    *value = get_u32(rest->ptr);
    *rest = str_slice(*rest, 4, rest->len);
    return true;
}

static bool take_text(hearth_str *rest, hearth_str *text)
{
    uint32_t len;
    if (!take_u32(rest, &len) || len > rest->len)
        return false;
    *text = str_slice(*rest, 0, len);
    *rest = str_slice(*rest, len, rest->len);
    return true;
}

hearth_status frame_get_command(hearth_str payload, control_command *command,
                                hearth_str args[CONTROL_MAX_ARGS])
{
    uint32_t count;
    if (!take_u32(&payload, &count) || count > CONTROL_MAX_ARGS)
        return HEARTH_EINVAL;
    for (uint32_t i = 0; i < count; i++) {
        if (!take_text(&payload, &args[i]) || str_has_nul(args[i]) || !str_is_utf8(args[i]))
            return HEARTH_EINVAL;
    }
    if (payload.len < 1 || (unsigned char)payload.ptr[0] > 1)
        return HEARTH_EINVAL;
    *command =
        (control_command){.args = args, .arg_count = count, .has_input = payload.ptr[0] == 1};
    payload = str_slice(payload, 1, payload.len);
    if (!take_text(&payload, &command->input) || payload.len > 0 ||
        command->input.len > CONTROL_MAX_INPUT)
        return HEARTH_EINVAL;
    return HEARTH_OK;
}
