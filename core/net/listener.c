/*
 * listener.c - plain sockets, watched by uv_poll.
 * uv_listen would accept at once and hide what waits; a successor must listen first and accept
 * later, and a leaving process must empty its backlog, which the kernel would reset otherwise.
 */
#include "net/listener.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

#define ACCEPTS_PER_TURN 64
#define RETRY_MS         100

static int open_socket(const hearth_address *address, bool shared)
{
    int on = 1;
    bool v6 = address->any.sa_family == AF_INET6;
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    /* "*" is both families; any other IPv6 address is only itself. */
    int only = v6 && !IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr);
    socklen_t len = v6 ? sizeof(address->v6) : sizeof(address->v4);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
        (!shared || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0) &&
        (!v6 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)) == 0) &&
        bind(fd, &address->any, len) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static void poll_again(hearth_wheel_timer *timer);

/* False: nothing more waits, or it cannot be taken now. */
static bool take_one(hearth_listener *listener)
{
    hearth_address peer;
    for (;;) {
        socklen_t len = sizeof(peer);
        memset(&peer.v6, 0, sizeof(peer.v6));
        int fd = accept4(listener->fd, &peer.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            listener->on_connection(listener, fd, &peer);
            return true;
        }
        if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO)
            continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return false;
        log_warn("net", "cannot accept connections, trying again in %d ms: %s", RETRY_MS,
                 strerror(errno));
        if (listener->accepting) {
            uv_poll_stop(&listener->poll);
            loop_timer_set(listener->loop, &listener->retry, RETRY_MS);
        }
        return false;
    }
}

static void on_waiting(uv_poll_t *poll, int status, int events)
{
    hearth_listener *listener = poll->data;
    (void)status;
    (void)events;
    loop_wake(listener->loop);
    for (int i = 0; i < ACCEPTS_PER_TURN && listener->accepting; i++)
        if (!take_one(listener))
            return;
}

static void poll_again(hearth_wheel_timer *timer)
{
    hearth_listener *listener = HEARTH_CONTAINER_OF(timer, hearth_listener, retry);
    uv_poll_start(&listener->poll, UV_READABLE, on_waiting);
}

hearth_status listener_adopt(hearth_listener *listener, hearth_loop *loop, int fd,
                             void (*on_connection)(hearth_listener *, int, const hearth_address *),
                             void *owner, hearth_error *error)
{
    socklen_t len = sizeof(listener->address);
    memset(listener, 0, sizeof(*listener));
    listener->loop = loop;
    listener->fd = fd;
    listener->on_connection = on_connection;
    listener->owner = owner;
    wheel_timer_init(&listener->retry, poll_again);
    int rc = getsockname(fd, &listener->address.any, &len) == 0
                 ? uv_poll_init(&loop->uv, &listener->poll, fd)
                 : -errno;
    listener->poll.data = listener;
    if (rc == 0)
        return HEARTH_OK;
    close(fd);
    listener->fd = -1;
    return error_set(error, HEARTH_EUNAVAILABLE, "cannot listen: %s", uv_strerror(rc));
}

static hearth_status refuse(const hearth_address *address, hearth_error *error)
{
    const char *why = strerror(errno);
    char text[ADDRESS_TEXT_SIZE];
    address_format(address, text);
    return error_set(error, HEARTH_EUNAVAILABLE, "cannot listen on %s: %s", text, why);
}

hearth_status listener_check_free(const hearth_address *address, hearth_error *error)
{
    int fd = open_socket(address, false);
    if (fd < 0)
        return refuse(address, error);
    close(fd);
    return HEARTH_OK;
}

hearth_status listener_open(hearth_listener *listener, hearth_loop *loop,
                            const hearth_address *address, int backlog,
                            void (*on_connection)(hearth_listener *, int, const hearth_address *),
                            void *owner, hearth_error *error)
{
    int fd = open_socket(address, true);
    if (fd < 0)
        return refuse(address, error);
    if (listen(fd, backlog) != 0) {
        hearth_status status = refuse(address, error);
        close(fd);
        return status;
    }
    return listener_adopt(listener, loop, fd, on_connection, owner, error);
}

hearth_status listener_accept(hearth_listener *listener, hearth_error *error)
{
    if (listener->accepting)
        return HEARTH_OK;
    int rc = uv_poll_start(&listener->poll, UV_READABLE, on_waiting);
    if (rc != 0)
        return error_set(error, HEARTH_EUNAVAILABLE, "cannot accept on port %u: %s",
                         address_port(&listener->address), uv_strerror(rc));
    listener->accepting = true;
    return HEARTH_OK;
}

static void on_closed(uv_handle_t *handle)
{
    hearth_listener *listener = handle->data;
    if (listener->on_closed)
        listener->on_closed(listener);
}

void listener_close(hearth_listener *listener, void (*done)(hearth_listener *listener))
{
    bool was_accepting = listener->accepting;
    listener->on_closed = done;
    listener->accepting = false;
    loop_timer_stop(listener->loop, &listener->retry);
    while (was_accepting && take_one(listener))
        ;
    int fd = listener->fd;
    listener->fd = -1;
    uv_close((uv_handle_t *)&listener->poll,
             on_closed); /* out of epoll before the number is free */
    close(fd);
}
