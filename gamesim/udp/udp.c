/*
 * udp.c - see udp.h. Each poll event reads a bounded number of batches, so that a flood cannot keep
 * the tick timer from running.
 */
#include "udp/udp.h"

#include <netcode_protocol.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BATCH        64
#define READS_PER_EVENT   16
#define SEND_BATCH        256
#define SOCKET_BUFFER     (4 * 1024 * 1024)
#define READ_BUFFER_BYTES (NETCODE_PACKET_BYTES_MAX + 1) /* one more, so that longer ones show */

struct udp_socket {
    uv_poll_t poll;
    int fd, family;
    netcode_address address;
    udp_datagram_fn datagram;
    udp_batch_fn batch;
    void *arg;
    udp_stats stats;
    struct mmsghdr in[READ_BATCH], out[SEND_BATCH];
    struct iovec in_vec[READ_BATCH], out_vec[SEND_BATCH];
    struct sockaddr_storage in_from[READ_BATCH], out_to[SEND_BATCH];
    uint8_t in_bytes[READ_BATCH][READ_BUFFER_BYTES],
        out_bytes[SEND_BATCH][NETCODE_PACKET_BYTES_MAX];
    unsigned queued;
};

static void read_one(udp_socket *udp, unsigned i)
{
    netcode_address from;
    if (udp->in[i].msg_hdr.msg_flags & MSG_TRUNC || udp->in[i].msg_len > NETCODE_PACKET_BYTES_MAX) {
        udp->stats.truncated++;
        return;
    }
    if (netcode_address_from_sockaddr(&from, (const struct sockaddr *)&udp->in_from[i]) ==
        HEARTH_OK)
        udp->datagram(udp->arg, &from, udp->in_bytes[i], udp->in[i].msg_len);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    udp_socket *udp = poll->data;
    (void)status;
    (void)events;
    for (int round = 0; round < READS_PER_EVENT; round++) {
        for (unsigned i = 0; i < READ_BATCH; i++)
            udp->in[i].msg_hdr.msg_namelen = sizeof(udp->in_from[i]);
        int n = recvmmsg(udp->fd, udp->in, READ_BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < n; i++)
            read_one(udp, (unsigned)i);
        /* An error is an ICMP report about something sent earlier; it concerns no one connection.
         */
        if (n < READ_BATCH)
            break;
    }
    udp->batch(udp->arg);
}

static void prepare_batches(udp_socket *udp)
{
    for (unsigned i = 0; i < READ_BATCH; i++) {
        udp->in_vec[i] = (struct iovec){udp->in_bytes[i], READ_BUFFER_BYTES};
        udp->in[i].msg_hdr = (struct msghdr){
            .msg_name = &udp->in_from[i], .msg_iov = &udp->in_vec[i], .msg_iovlen = 1};
    }
    for (unsigned i = 0; i < SEND_BATCH; i++) {
        udp->out_vec[i].iov_base = udp->out_bytes[i];
        udp->out[i].msg_hdr = (struct msghdr){
            .msg_name = &udp->out_to[i], .msg_iov = &udp->out_vec[i], .msg_iovlen = 1};
    }
}

static hearth_status bind_socket(udp_socket *udp, const netcode_address *address)
{
    struct sockaddr_storage name;
    int off = 0, size = SOCKET_BUFFER;
    udp->family = address->type == NETCODE_ADDRESS_IPV6 ? AF_INET6 : AF_INET;
    udp->fd = socket(udp->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (udp->fd < 0)
        return HEARTH_EINTERNAL;
    if (udp->family == AF_INET6 &&
        setsockopt(udp->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) != 0)
        return HEARTH_EINTERNAL;
    /* The kernel caps these silently; less is slower under bursts, not wrong. */
    setsockopt(udp->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    setsockopt(udp->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    socklen_t len = netcode_address_to_sockaddr(address, udp->family, &name);
    if (bind(udp->fd, (struct sockaddr *)&name, len) != 0)
        return HEARTH_EINTERNAL;
    len = sizeof(name);
    if (getsockname(udp->fd, (struct sockaddr *)&name, &len) != 0)
        return HEARTH_EINTERNAL;
    return netcode_address_from_sockaddr(&udp->address, (struct sockaddr *)&name);
}

static void on_closed(uv_handle_t *handle)
{
    udp_socket *udp = handle->data;
    close(udp->fd);
    free(udp);
}

hearth_status udp_open(udp_socket **out, uv_loop_t *loop, const netcode_address *address,
                       udp_datagram_fn datagram, udp_batch_fn batch, void *arg, char error[256])
{
    char text[NETCODE_ADDRESS_TEXT];
    udp_socket *udp = calloc(1, sizeof(*udp));
    if (!udp) {
        snprintf(error, 256, "out of memory");
        return HEARTH_ENOMEM;
    }
    udp->datagram = datagram;
    udp->batch = batch;
    udp->arg = arg;
    prepare_batches(udp);
    hearth_status status = bind_socket(udp, address);
    if (status == HEARTH_OK && (errno = -uv_poll_init_socket(loop, &udp->poll, udp->fd)) != 0)
        status = HEARTH_EINTERNAL;
    if (status != HEARTH_OK) {
        snprintf(error, 256, "cannot listen on %s: %s", netcode_address_format(address, text),
                 strerror(errno));
        if (udp->fd >= 0)
            close(udp->fd);
        free(udp);
        return status;
    }
    udp->poll.data = udp;
    uv_poll_start(&udp->poll, UV_READABLE, on_readable);
    *out = udp;
    return HEARTH_OK;
}

void udp_send(udp_socket *udp, const netcode_address *to, const uint8_t *bytes, size_t len)
{
    if (len > NETCODE_PACKET_BYTES_MAX)
        return;
    if (udp->queued == SEND_BATCH)
        udp_flush(udp);
    unsigned i = udp->queued;
    udp->out[i].msg_hdr.msg_namelen = netcode_address_to_sockaddr(to, udp->family, &udp->out_to[i]);
    if (udp->out[i].msg_hdr.msg_namelen == 0) {
        udp->stats.send_failed++;
        return;
    }
    memcpy(udp->out_bytes[i], bytes, len);
    udp->out_vec[i].iov_len = len;
    udp->queued++;
}

void udp_flush(udp_socket *udp)
{
    unsigned sent = 0;
    while (sent < udp->queued) {
        int n = sendmmsg(udp->fd, udp->out + sent, udp->queued - sent, MSG_DONTWAIT);
        if (n > 0) {
            sent += (unsigned)n;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
            udp->stats.send_failed += udp->queued - sent;
            break;
        } else if (errno != EINTR) {
            udp->stats.send_failed++; /* this one cannot be sent; the next may go elsewhere */
            sent++;
        }
    }
    udp->queued = 0;
}

netcode_address udp_address(const udp_socket *udp)
{
    return udp->address;
}

udp_stats udp_stats_get(const udp_socket *udp)
{
    return udp->stats;
}

void udp_close(udp_socket *udp)
{
    if (!udp)
        return;
    udp_flush(udp);
    uv_poll_stop(&udp->poll);
    uv_close((uv_handle_t *)&udp->poll, on_closed);
}
