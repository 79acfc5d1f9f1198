/*
 * redis_socket.h - a non-blocking socket to a Redis, in plain text or in TLS. It queues what is to
 * be sent, from before it is connected.
 */
#ifndef REDIS_SOCKET_H
#define REDIS_SOCKET_H

#include <netdb.h>

#include "redis_tls.h"

#define REDIS_SOCKET_REASON 256

/* Zeroed with fd -1 is closed. */
struct redis_socket {
    int fd;
    bool connected;
    SSL *session; /* NULL: plain text */
    char *queue;  /* to be sent; plain text, whether there is TLS or not */
    size_t begin, end, size;
    char wire[16384]; /* TLS: what the session wants sent */
    size_t wire_begin, wire_end;
    char reason[REDIS_SOCKET_REASON]; /* why it broke */
};

/* Begins to connect; tls is NULL for plain text. false: reason says why. [loop] */
bool redis_socket_open(struct redis_socket *socket, const struct addrinfo *to,
                       const struct redis_tls *tls);
/* Drops what is queued. Closed already is fine. */
void redis_socket_close(struct redis_socket *socket);

/* Queues bytes. false: too much is queued already, or out of memory; nothing was queued. */
bool redis_socket_write(struct redis_socket *socket, const char *bytes, size_t len);
/* Sends what can be sent; false: it is broken. */
bool redis_socket_flush(struct redis_socket *socket);
/* Whether redis_socket_flush waits for the socket to take more. */
bool redis_socket_wants_write(const struct redis_socket *socket);
/* Bytes that have come, 0: none at present, -1: it is broken. */
long redis_socket_read(struct redis_socket *socket, char *bytes, size_t size);

#endif
