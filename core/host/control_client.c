/* control_client.c - asks a live hearthd to run a command, and waits for its end. */
#include "host/control_client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"
#include "host/frame.h"

#define MAX_ANSWER (32u * 1024 * 1024)
#define READ_SIZE  65536

int control_connect(const char *data_dir, hearth_error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int len =
        snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", data_dir, CONTROL_SOCKET);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    errno = (size_t)len < sizeof(address.sun_path) ? errno : ENAMETOOLONG;
    if (fd >= 0 && (size_t)len < sizeof(address.sun_path) &&
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    (void)error_set(error, HEARTH_ENOTFOUND, "%s/%s: %s", data_dir, CONTROL_SOCKET,
                    strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static hearth_status send_command(int fd, const control_command *command, hearth_error *error)
{
    hearth_buf payload, frame;
    buf_init(&payload, CONTROL_MAX_REQUEST);
    buf_init(&frame, CONTROL_MAX_REQUEST + FRAME_HEAD);
    hearth_status status = frame_put_command(&payload, command);
    if (status == HEARTH_OK)
        status = frame_append(&frame, FRAME_COMMAND, buf_str(&payload));
    if (status != HEARTH_OK)
        (void)error_set(error, HEARTH_EINVAL, "expected at most %u arguments and %u bytes of input",
                        CONTROL_MAX_ARGS, CONTROL_MAX_INPUT);
    while (status == HEARTH_OK && frame.len > 0) {
        ssize_t n = send(fd, frame.ptr, frame.len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            status =
                error_set(error, HEARTH_EUNAVAILABLE, "%s: %s", CONTROL_SOCKET, strerror(errno));
        else
            buf_consume(&frame, (size_t)n);
    }
    buf_finish(&payload);
    buf_finish(&frame);
    return status == HEARTH_ENOMEM ? HEARTH_EINVAL : status;
}

/* DEFERRED: more comes. */
static hearth_status take_frame(char kind, hearth_str payload, control_sink sink, void *arg,
                                control_result *result, hearth_error *error)
{
    switch (kind) {
    case FRAME_OUTPUT:
    case FRAME_ERROR_OUTPUT:
        sink(arg, kind == FRAME_OUTPUT ? 1 : 2, payload);
        return HEARTH_DEFERRED;
    case FRAME_EXIT:
        if (payload.len != 2)
            break;
        result->exit_status = (unsigned char)payload.ptr[0];
        result->asked_for_input = payload.ptr[1] != 0;
        return HEARTH_OK;
    case FRAME_REFUSED:
        return error_set(error, HEARTH_EINVAL, "%" HEARTH_PRIS, HEARTH_ARG(payload));
    default:
        break;
    }
    return error_set(error, HEARTH_EUNAVAILABLE, "%s: an answer that is none", CONTROL_SOCKET);
}

static hearth_status receive_answer(int fd, hearth_buf *in, control_sink sink, void *arg,
                                    control_result *result, hearth_error *error)
{
    for (;;) {
        char kind;
        hearth_str payload;
        hearth_status status = frame_peek(in, MAX_ANSWER, &kind, &payload);
        if (status == HEARTH_OK) {
            status = take_frame(kind, payload, sink, arg, result, error);
            if (status != HEARTH_DEFERRED)
                return status;
            frame_consume(in, payload);
            continue;
        }
        char *room = status == HEARTH_DEFERRED ? buf_reserve(in, READ_SIZE) : NULL;
        ssize_t n = room ? recv(fd, room, READ_SIZE, 0) : 0;
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return error_set(error, HEARTH_EUNAVAILABLE,
                             "hearthd ended before the command did: its outcome is unknown");
        buf_commit(in, (size_t)n);
    }
}

hearth_status control_run(const char *data_dir, const control_command *command, control_sink sink,
                          void *arg, control_result *result, hearth_error *error)
{
    int fd = control_connect(data_dir, error);
    if (fd < 0)
        return HEARTH_ENOTFOUND;
    hearth_buf in;
    buf_init(&in, MAX_ANSWER + READ_SIZE);
    hearth_status status = send_command(fd, command, error);
    if (status == HEARTH_OK)
        status = receive_answer(fd, &in, sink, arg, result, error);
    buf_finish(&in);
    close(fd);
    return status;
}
