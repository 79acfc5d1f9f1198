/*
 * conn.c - sockets watched by uv_poll: one recv for what came, one send for what goes, and nothing
 * kept in between. uv's own streams would do, at the price of a request object per queued write.
 */
#include "net/conn.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "net/conn_tls.h"

static void on_ready(uv_poll_t *poll, int status, int events);

/* Watches for what is wanted now. Errors and resets are always noticed: asking for urgent data,
 * which never matters, keeps the descriptor watched when nothing else is wanted. */
static void watch(hearth_conn *conn)
{
    if (conn->flags & CONN_CLOSED)
        return;
    int events = UV_PRIORITIZED;
    if (!(conn->flags & (CONN_PAUSED | CONN_ENDED)))
        events |= UV_READABLE;
    if (conn->out.len > 0)
        events |= UV_WRITABLE;
    uv_poll_start(&conn->poll, events, on_ready);
}

hearth_status conn_open(hearth_conn *conn, hearth_loop *loop, int fd, const hearth_address *peer,
                        SSL *tls, size_t out_ceiling, const hearth_conn_events *events)
{
    int on = 1;
    conn->loop = loop;
    conn->fd = fd;
    conn->flags = 0;
    conn->events = events;
    conn->tls = tls;
    conn->tls_in = (hearth_str){NULL, 0};
    conn->peer = address_ip(peer);
    conn->bytes_in = conn->bytes_out = 0;
    buf_init(&conn->out, out_ceiling);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (tls && !conn_tls_attach(conn))
        goto refuse;
    if (uv_poll_init(&loop->uv, &conn->poll, fd) != 0)
        goto refuse;
    conn->poll.data = conn;
    watch(conn);
    return HEARTH_OK;
refuse:
    SSL_free(tls);
    close(fd);
    return HEARTH_EUNAVAILABLE;
}

void conn_pause(hearth_conn *conn)
{
    if (conn->flags & CONN_PAUSED)
        return;
    conn->flags |= CONN_PAUSED;
    watch(conn);
}

void conn_resume(hearth_conn *conn)
{
    if (!(conn->flags & CONN_PAUSED))
        return;
    conn->flags &= ~(uint32_t)CONN_PAUSED;
    watch(conn);
}

/* Bytes that the socket took, 0 when it is full; marks the connection broken. */
static size_t send_some(hearth_conn *conn, hearth_str first, hearth_str second)
{
    struct iovec parts[2] = {{(void *)(uintptr_t)first.ptr, first.len},
                             {(void *)(uintptr_t)second.ptr, second.len}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t sent;
    do {
        sent = second.len > 0 ? sendmsg(conn->fd, &message, MSG_NOSIGNAL)
                              : send(conn->fd, first.ptr, first.len, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0) {
        conn->bytes_out += (uint64_t)sent;
        return (size_t)sent;
    }
    if (errno != EAGAIN && errno != EWOULDBLOCK)
        conn->flags |= CONN_BROKEN;
    return 0;
}

static void flush_out(hearth_conn *conn)
{
    while (conn->out.len > 0 && !(conn->flags & CONN_BROKEN)) {
        size_t sent = send_some(conn, buf_str(&conn->out), (hearth_str){NULL, 0});
        if (sent == 0)
            return;
        buf_consume(&conn->out, sent);
    }
    buf_finish(&conn->out);
    if ((conn->flags & (CONN_SHUTDOWN | CONN_FIN_SENT | CONN_BROKEN)) == CONN_SHUTDOWN) {
        conn->flags |= CONN_FIN_SENT;
        shutdown(conn->fd, SHUT_WR);
    }
}

void conn_push(hearth_conn *conn)
{
    if (conn->out.len == 0 || (conn->flags & CONN_CLOSED))
        return;
    flush_out(conn);
    if (conn->out.len > 0)
        watch(conn);
}

static hearth_status write_plain(hearth_conn *conn, hearth_str head, hearth_str body)
{
    size_t sent = 0;
    if (conn->out.len == 0)
        sent = send_some(conn, head, body);
    if (conn->flags & CONN_BROKEN)
        return HEARTH_EUNAVAILABLE;
    if (sent == head.len + body.len)
        return HEARTH_OK;
    size_t of_head = sent < head.len ? sent : head.len;
    head = str_slice(head, of_head, head.len);
    body = str_slice(body, sent - of_head, body.len);
    hearth_status status = buf_append_str(&conn->out, head);
    return status < 0 ? status : buf_append_str(&conn->out, body);
}

hearth_status conn_write(hearth_conn *conn, hearth_str head, hearth_str body)
{
    if (conn->flags & (CONN_CLOSED | CONN_BROKEN | CONN_SHUTDOWN))
        return HEARTH_EUNAVAILABLE;
    hearth_status status;
    if (conn->tls) {
        char record[16384];
        if (body.len > 0 && head.len + body.len <= sizeof(record)) {
            memcpy(record, head.ptr, head.len);
            memcpy(record + head.len, body.ptr, body.len);
            status = conn_tls_write(conn, (hearth_str){record, head.len + body.len});
        } else {
            status = conn_tls_write(conn, head);
            if (status >= 0 && body.len > 0)
                status = conn_tls_write(conn, body);
        }
        if (status >= 0)
            flush_out(conn);
    } else {
        status = write_plain(conn, head, body);
    }
    if (conn->flags & CONN_BROKEN)
        return HEARTH_EUNAVAILABLE;
    if (status < 0 || conn->out.len == 0)
        return status;
    conn->flags |= CONN_DRAINING;
    watch(conn);
    return HEARTH_DEFERRED;
}

bool conn_is_writing(const hearth_conn *conn)
{
    return conn->out.len > 0;
}

void conn_shutdown(hearth_conn *conn)
{
    if (conn->flags & (CONN_CLOSED | CONN_BROKEN | CONN_SHUTDOWN))
        return;
    if (conn->tls)
        conn_tls_shutdown(conn);
    conn->flags |= CONN_SHUTDOWN;
    flush_out(conn);
    if (conn->out.len > 0)
        watch(conn);
}

static void on_handle_closed(uv_handle_t *handle)
{
    hearth_conn *conn = handle->data;
    SSL_free(conn->tls);
    conn->tls = NULL;
    buf_finish(&conn->out);
    conn->events->on_closed(conn);
}

void conn_abort(hearth_conn *conn)
{
    if (conn->flags & CONN_CLOSED)
        return;
    conn->flags |= CONN_CLOSED;
    /* In this order: uv_close takes the descriptor out of epoll, and once it is closed its number
     * may be another loop's. */
    uv_close((uv_handle_t *)&conn->poll, on_handle_closed);
    close(conn->fd);
    conn->fd = -1;
}

static void receive(hearth_conn *conn)
{
    hearth_loop *loop = conn->loop;
    ssize_t got;
    do {
        got = recv(conn->fd, loop->read_buffer, LOOP_READ_BUFFER, 0);
    } while (got < 0 && errno == EINTR);
    if (got > 0) {
        hearth_str bytes = {loop->read_buffer, (size_t)got};
        conn->bytes_in += (uint64_t)got;
        if (conn->tls)
            conn_tls_receive(conn, bytes);
        else
            conn->events->on_data(conn, bytes);
        explicit_bzero(loop->read_buffer, (size_t)got); /* tokens and passwords come this way */
    } else if (got == 0) {
        conn->flags |= CONN_ENDED;
    } else if (errno != EAGAIN && errno != EWOULDBLOCK) {
        conn->flags |= CONN_BROKEN;
    }
    if ((conn->flags & (CONN_ENDED | CONN_CLOSED | CONN_BROKEN)) == CONN_ENDED) {
        watch(conn);
        conn->events->on_end(conn);
    }
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    hearth_conn *conn = poll->data;
    loop_wake(conn->loop);
    if (status < 0 || events == UV_PRIORITIZED)
        conn->flags |= CONN_BROKEN;
    if (!(conn->flags & CONN_BROKEN) && (events & UV_WRITABLE)) {
        flush_out(conn);
        if (conn->out.len == 0) {
            watch(conn);
            if ((conn->flags & (CONN_DRAINING | CONN_BROKEN)) == CONN_DRAINING) {
                conn->flags &= ~(uint32_t)CONN_DRAINING;
                conn->events->on_drained(conn);
            }
        }
    }
    if ((events & UV_READABLE) &&
        !(conn->flags & (CONN_CLOSED | CONN_BROKEN | CONN_PAUSED | CONN_ENDED)))
        receive(conn);
    if ((conn->flags & (CONN_BROKEN | CONN_CLOSED)) == CONN_BROKEN)
        conn->events->on_broken(conn);
}
