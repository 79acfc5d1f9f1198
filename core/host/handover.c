/* handover.c - see handover.h. */
#include "host/handover.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/control_client.h"
#include "host/frame.h"
#include "host/lifecycle.h"

/* Room for the most descriptors that one message carries. */
typedef union fd_message {
    char bytes[CMSG_SPACE(HANDOVER_MAX_FDS * sizeof(int))];
    struct cmsghdr align;
} fd_message;

/* ---- the holder ------------------------------------------------------------------------------ */

static hearth_status send_sockets(int conn, const int *fds, size_t count, hearth_error *error)
{
    char head[FRAME_HEAD] = {FRAME_LISTENERS};
    fd_message room;
    struct iovec part = {head, sizeof(head)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    memset(&room, 0, sizeof(room));
    if (count > 0) {
        message.msg_control = room.bytes;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *control = CMSG_FIRSTHDR(&message);
        control->cmsg_level = SOL_SOCKET;
        control->cmsg_type = SCM_RIGHTS;
        control->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(control), fds, count * sizeof(int));
    }
    if (sendmsg(conn, &message, MSG_NOSIGNAL) == (ssize_t)sizeof(head))
        return HEARTH_OK;
    return error_set(error, HEARTH_EUNAVAILABLE, "the listening sockets could not be sent: %s",
                     strerror(errno));
}

hearth_status handover_give(host_state *host, int conn, hearth_error *error)
{
    int fds[HANDOVER_MAX_FDS];
    size_t count = 0;
    host_phase phase = (host_phase)atomic_load(&host->phase);
    if (phase != HOST_SERVING && phase != HOST_DELAY)
        return error_set(error, HEARTH_EUNAVAILABLE, "hearthd is starting or stopping");
    for (uint32_t i = 0; i < host->loop_count; i++) {
        if (host->loops[i].worker)
            count += worker_sockets(host->loops[i].worker, fds + count, HANDOVER_MAX_FDS - count);
    }
    hearth_status status = send_sockets(conn, fds, count, error);
    if (status != HEARTH_OK)
        return status;
    log_info("host", "a successor takes over %zu listening sockets", count);
    lifecycle_stop(host, true);
    return HEARTH_OK;
}

/* ---- the successor --------------------------------------------------------------------------- */

static hearth_status receive(handover *given, hearth_error *error)
{
    char text[FRAME_HEAD + HEARTH_ERROR_SIZE];
    fd_message room;
    struct iovec part = {text, sizeof(text) - 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = room.bytes,
                             .msg_controllen = sizeof(room.bytes)};
    ssize_t n = recvmsg(given->conn, &message, MSG_CMSG_CLOEXEC);
    for (struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&message) : NULL; c;
         c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        given->count = (size_t)(c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(given->fds, CMSG_DATA(c), given->count * sizeof(int));
    }
    if (n >= FRAME_HEAD && text[0] == FRAME_LISTENERS)
        return HEARTH_OK;
    text[n > 0 ? n : 0] = '\0';
    return error_set(error, HEARTH_EUNAVAILABLE, "the holder of data_dir refused: %s",
                     n > FRAME_HEAD && text[0] == FRAME_REFUSED ? text + FRAME_HEAD
                                                                : "it has gone");
}

hearth_status handover_ask(handover *given, const char *data_dir, int64_t timeout_ms,
                           hearth_error *error)
{
    static const char request[FRAME_HEAD] = {FRAME_HAND_OVER};
    given->count = 0;
    given->conn = control_connect(data_dir, error);
    if (given->conn < 0)
        return HEARTH_ENOTFOUND;
    struct pollfd wait = {given->conn, POLLIN, 0};
    if (send(given->conn, request, sizeof(request), MSG_NOSIGNAL) != (ssize_t)sizeof(request))
        return error_set(error, HEARTH_EUNAVAILABLE, "the holder of data_dir does not listen: %s",
                         strerror(errno));
    uint64_t until = clock_mono_ms() + (uint64_t)timeout_ms;
    for (;;) {
        uint64_t now = clock_mono_ms();
        int ready = now < until ? poll(&wait, 1, (int)(until - now)) : 0;
        if (ready > 0)
            return receive(given, error);
        if (ready < 0 && errno == EINTR)
            continue;
        return error_set(error, HEARTH_ETIMEOUT, "the holder of data_dir does not answer");
    }
}

static bool same_socket(const hearth_address *wanted, const hearth_address *found)
{
    hearth_ip a = address_ip(wanted), b = address_ip(found);
    uint16_t port = address_port(wanted);
    return memcmp(&a, &b, sizeof(a)) == 0 && wanted->any.sa_family == found->any.sa_family &&
           (port == 0 || port == address_port(found));
}

int handover_take(handover *given, const hearth_address *address)
{
    for (size_t i = 0; i < given->count; i++) {
        hearth_address found;
        socklen_t len = sizeof(found);
        memset(&found, 0, sizeof(found));
        if (given->fds[i] < 0 || getsockname(given->fds[i], &found.any, &len) != 0 ||
            !same_socket(address, &found))
            continue;
        int fd = given->fds[i];
        given->fds[i] = -1;
        return fd;
    }
    return -1;
}

void handover_finish(handover *given)
{
    for (size_t i = 0; i < given->count; i++) {
        if (given->fds[i] >= 0)
            close(given->fds[i]);
    }
    if (given->conn >= 0)
        close(given->conn);
    given->count = 0;
    given->conn = -1;
}
