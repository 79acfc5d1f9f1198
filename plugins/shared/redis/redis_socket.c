/*
 * redis_socket.c - see redis_socket.h. hiredis can do neither TLS nor a socket of somebody else's
 * in the version that Debian 12 has, so it only reads answers (redis_poll.c).
 */
#include "redis_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define QUEUE_MAX ((size_t)256 << 20)

static bool broken(struct redis_socket *s, int error)
{
    char text[128];
    snprintf(s->reason, sizeof(s->reason), "%s", strerror_r(error, text, sizeof(text)));
    return false;
}

static bool is_later(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/* ---- life ---- */

static bool connect_to(struct redis_socket *s, const struct addrinfo *to)
{
    int yes = 1;

    s->fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->fd < 0)
        return broken(s, errno);
    (void)setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    if (connect(s->fd, to->ai_addr, to->ai_addrlen) != 0 && errno != EINPROGRESS)
        return broken(s, errno);
    return true;
}

bool redis_socket_open(struct redis_socket *s, const struct addrinfo *to,
                       const struct redis_tls *tls)
{
    s->fd = -1;
    s->reason[0] = '\0';
    if (tls && !(s->session = redis_tls_session(tls)))
        return broken(s, ENOMEM);
    if (connect_to(s, to))
        return true;
    redis_socket_close(s);
    return false;
}

void redis_socket_close(struct redis_socket *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    SSL_free(s->session);
    s->session = NULL;
    free(s->queue);
    s->queue = NULL;
    s->begin = s->end = s->size = 0;
    s->wire_begin = s->wire_end = 0;
    s->connected = false;
}

/* ---- sending ---- */

bool redis_socket_write(struct redis_socket *s, const char *bytes, size_t len)
{
    size_t queued = s->end - s->begin;

    if (len > QUEUE_MAX - queued)
        return false;
    if (s->end + len > s->size && s->begin > 0) {
        memmove(s->queue, s->queue + s->begin, queued);
        s->begin = 0;
        s->end = queued;
    }
    if (s->end + len > s->size) {
        size_t size = s->size ? s->size : 16384;
        while (size < queued + len)
            size *= 2;
        char *grown = realloc(s->queue, size);
        if (!grown)
            return false;
        s->queue = grown;
        s->size = size;
    }
    memcpy(s->queue + s->end, bytes, len);
    s->end += len;
    return true;
}

/* connect() has ended: well, or with an error that the socket keeps. */
static bool finish_connecting(struct redis_socket *s)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof(peer);
    int error = 0;

    if (getpeername(s->fd, (struct sockaddr *)&peer, &size) == 0) {
        s->connected = true;
        return true;
    }
    size = sizeof(error);
    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        error = errno;
    return error == 0 || error == EINPROGRESS || broken(s, error);
}

/* Sends of [*begin, *end) what the socket takes. */
static bool send_some(struct redis_socket *s, const char *bytes, size_t *begin, size_t *end)
{
    while (*begin < *end) {
        ssize_t sent = send(s->fd, bytes + *begin, *end - *begin, MSG_NOSIGNAL);
        if (sent < 0)
            return is_later(errno) || broken(s, errno);
        *begin += (size_t)sent;
    }
    *begin = *end = 0;
    return true;
}

/* Shakes hands, then gives the session one record's worth of what is queued. */
static bool encrypt(struct redis_socket *s)
{
    enum redis_tls_outcome outcome = REDIS_TLS_DONE;

    ERR_clear_error();
    if (!SSL_is_init_finished(s->session))
        outcome =
            redis_tls_judge(s->session, SSL_do_handshake(s->session), s->reason, sizeof(s->reason));
    if (outcome == REDIS_TLS_DONE && s->begin < s->end) {
        size_t len = s->end - s->begin;
        int taken = SSL_write(s->session, s->queue + s->begin, len < 65536 ? (int)len : 65536);
        outcome = redis_tls_judge(s->session, taken, s->reason, sizeof(s->reason));
        if (outcome == REDIS_TLS_DONE)
            s->begin += (size_t)taken;
    }
    if (s->begin == s->end)
        s->begin = s->end = 0;
    return outcome != REDIS_TLS_FAILED;
}

/* Also when the session has failed: what it then wants sent tells the other side why. */
static bool send_wire(struct redis_socket *s)
{
    BIO *out = SSL_get_wbio(s->session);
    for (;;) {
        if (s->wire_begin == s->wire_end) {
            int len = BIO_read(out, s->wire, sizeof(s->wire));
            if (len <= 0)
                return true;
            s->wire_begin = 0;
            s->wire_end = (size_t)len;
        }
        if (!send_some(s, s->wire, &s->wire_begin, &s->wire_end))
            return false;
        if (s->wire_begin < s->wire_end)
            return true;
    }
}

bool redis_socket_flush(struct redis_socket *s)
{
    if (!s->connected && (!finish_connecting(s) || !s->connected))
        return s->reason[0] == '\0';
    if (!s->session)
        return send_some(s, s->queue, &s->begin, &s->end);
    for (;;) { /* not ahead of the socket: what is encrypted takes memory twice */
        size_t before = s->end - s->begin;
        bool good = encrypt(s);
        if (!send_wire(s) || !good)
            return false;
        if (s->end - s->begin == before || s->wire_begin < s->wire_end)
            return true;
    }
}

bool redis_socket_wants_write(const struct redis_socket *s)
{
    if (!s->connected)
        return true;
    if (!s->session)
        return s->begin < s->end;
    /* What is queued behind a handshake waits for the other side, not for the socket. */
    return s->wire_begin < s->wire_end || (SSL_is_init_finished(s->session) && s->begin < s->end);
}

/* ---- receiving ---- */

static long receive(struct redis_socket *s, char *bytes, size_t size)
{
    ssize_t len = recv(s->fd, bytes, size, 0);
    if (len > 0)
        return len;
    if (len < 0 && is_later(errno))
        return 0;
    if (len < 0)
        (void)broken(s, errno);
    else if (s->session && !SSL_is_init_finished(s->session))
        snprintf(s->reason, sizeof(s->reason),
                 "TLS: the server closed the connection instead of shaking hands");
    else
        snprintf(s->reason, sizeof(s->reason), "the server closed the connection");
    return -1;
}

/* What the session has to say, after as many bytes from the socket as it takes for that. */
static long decrypt(struct redis_socket *s, char *bytes, size_t size)
{
    char wire[16384];
    for (;;) {
        ERR_clear_error();
        int len = SSL_read(s->session, bytes, (int)size);
        enum redis_tls_outcome outcome =
            redis_tls_judge(s->session, len, s->reason, sizeof(s->reason));
        if (outcome == REDIS_TLS_DONE)
            return len;
        if (outcome == REDIS_TLS_FAILED) {
            (void)send_wire(s);
            return -1;
        }
        long got = receive(s, wire, sizeof(wire));
        if (got <= 0)
            return got;
        if (BIO_write(SSL_get_rbio(s->session), wire, (int)got) != got) {
            (void)broken(s, ENOMEM);
            return -1;
        }
    }
}

long redis_socket_read(struct redis_socket *s, char *bytes, size_t size)
{
    if (!s->connected)
        return 0;
    return s->session ? decrypt(s, bytes, size) : receive(s, bytes, size);
}
