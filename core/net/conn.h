/*
 * conn.h - a stream of bytes to one peer, plain or TLS, on one loop.
 * An idle one holds no buffers: bytes are read into the loop's buffer and handed over as a slice;
 * what the socket does not take at once is kept, and only that.
 */
#ifndef HEARTH_NET_CONN_H
#define HEARTH_NET_CONN_H

#include <openssl/types.h>

#include "base/buf.h"
#include "base/str.h"
#include "net/address.h"
#include "net/loop.h"

struct hearth_conn;

/* All [loop]. None runs after conn_abort but on_closed, and none inside the functions below. */
typedef struct hearth_conn_events {
    /* Bytes came; the slice is valid until the callback returns. */
    void (*on_data)(struct hearth_conn *conn, hearth_str bytes);
    /* The peer sends no more (half-close); bytes may still be written. */
    void (*on_end)(struct hearth_conn *conn);
    /* All that was written has left for the kernel; follows HEARTH_DEFERRED. */
    void (*on_drained)(struct hearth_conn *conn);
    /* The connection broke (reset, TLS failure): to be followed by conn_abort. */
    void (*on_broken)(struct hearth_conn *conn);
    /* The handle is gone; the memory around it may go. */
    void (*on_closed)(struct hearth_conn *conn);
} hearth_conn_events;

/* Embedded in whatever speaks a protocol over it. */
typedef struct hearth_conn {
    uv_poll_t poll;
    int fd;
    uint32_t flags;
    hearth_loop *loop;
    const hearth_conn_events *events;
    SSL *tls;          /* NULL: plain */
    hearth_buf out;    /* what the socket has not taken yet */
    hearth_str tls_in; /* ciphertext that is being decrypted now */
    hearth_ip peer;
    uint64_t bytes_in, bytes_out;
} hearth_conn;

/*
 * Takes over a connected socket, non-blocking, and `tls` (NULL: plain), both also on failure.
 * Reading has begun. At most out_ceiling bytes wait for the socket. On failure no event will come.
 */
HEARTH_MUST_CHECK hearth_status conn_open(hearth_conn *conn, hearth_loop *loop, int fd,
                                          const hearth_address *peer, SSL *tls, size_t out_ceiling,
                                          const hearth_conn_events *events);

/* Stops or resumes reading from the socket; what was read is still delivered. While paused only a
 * broken connection is noticed, not its end. */
void conn_pause(hearth_conn *conn);
void conn_resume(hearth_conn *conn);

/*
 * Writes up to two slices, plain ones with one system call; what the socket does not take is
 * copied. HEARTH_OK: all has left; HEARTH_DEFERRED: on_drained will come; ENOMEM: past the ceiling,
 * or EUNAVAILABLE: broken; then conn_abort.
 */
HEARTH_MUST_CHECK hearth_status conn_write(hearth_conn *conn, hearth_str head, hearth_str body);
/* Whether a rest waits for the socket. */
bool conn_is_writing(const hearth_conn *conn);

/* Half-close: TLS close_notify and FIN go out, after all written bytes; reading goes on. */
void conn_shutdown(hearth_conn *conn);
/* Closes at once; what is unread or unsent is lost. on_closed follows, later. Twice is harmless. */
void conn_abort(hearth_conn *conn);

#endif
