/* control_server.c - accepts on control.sock. What a connection asks for is in control_conn.c. */
#include "host/control_server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/control_conn.h"

#define BACKLOG 16

struct control_server {
    uv_poll_t poll; /* first: uv casts */
    host_state *host;
    int fd;
    struct sockaddr_un address;
    hearth_list conns;
    size_t count;
};

/* Root, and the user that this process runs as; the file's mode says the same. */
static bool peer_is_allowed(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
        return false;
    return peer.uid == geteuid() || peer.uid == 0;
}

static void on_waiting(uv_poll_t *poll, int status, int events)
{
    control_server *server = (control_server *)poll;
    (void)status;
    (void)events;
    loop_wake(&server->host->main);
    for (;;) {
        int fd = accept4(server->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        if (!peer_is_allowed(fd)) {
            log_warn("host", "%s: a connection of another user was refused", CONTROL_SOCKET);
            close(fd);
        } else if (!control_conn_create(server->host, fd, &server->conns, &server->count)) {
            close(fd);
        }
    }
}

static int listen_here(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    (void)unlink(address->sun_path); /* whoever made it is dead: the lock is ours */
    mode_t before = umask(0177);
    int rc = bind(fd, (const struct sockaddr *)address, sizeof(*address));
    umask(before);
    if (rc == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

control_server *control_server_create(host_state *host, hearth_error *error)
{
    control_server *server = calloc(1, sizeof(*server));
    if (!server) {
        (void)error_set(error, HEARTH_ENOMEM, "%s: out of memory", CONTROL_SOCKET);
        return NULL;
    }
    list_init(&server->conns);
    server->host = host;
    server->address.sun_family = AF_UNIX;
    int len = snprintf(server->address.sun_path, sizeof(server->address.sun_path), "%s/%s",
                       host->data_dir, CONTROL_SOCKET);
    errno = ENAMETOOLONG;
    server->fd =
        (size_t)len < sizeof(server->address.sun_path) ? listen_here(&server->address) : -1;
    if (server->fd < 0 || uv_poll_init(&host->main.uv, &server->poll, server->fd) != 0) {
        (void)error_set(error, HEARTH_EUNAVAILABLE, "%s/%s: %s", host->data_dir, CONTROL_SOCKET,
                        strerror(errno));
        if (server->fd >= 0)
            close(server->fd);
        free(server);
        return NULL;
    }
    uv_poll_start(&server->poll, UV_READABLE, on_waiting);
    return server;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

void control_server_destroy(control_server *server)
{
    if (!server)
        return;
    HEARTH_LIST_EACH(link, &server->conns)
    control_conn_destroy(link);
    (void)unlink(server->address.sun_path);
    uv_close((uv_handle_t *)&server->poll, on_closed); /* out of epoll before the number is free */
    close(server->fd);
}
