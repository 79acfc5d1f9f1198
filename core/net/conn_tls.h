/*
 * conn_tls.h - the TLS half of conn.c; nobody else includes it.
 */
#ifndef HEARTH_NET_CONN_TLS_H
#define HEARTH_NET_CONN_TLS_H

#include "net/conn.h"

enum {
    CONN_CLOSED = 1,    /* conn_abort was called */
    CONN_PAUSED = 2,    /* conn_pause was called */
    CONN_ENDED = 4,     /* the peer sends no more */
    CONN_BROKEN = 8,    /* reading or writing failed */
    CONN_SHUTDOWN = 16, /* FIN goes out after what is in `out` */
    CONN_FIN_SENT = 32,
    CONN_DRAINING = 64 /* on_drained is owed */
};

/* Lets the session read from conn->tls_in and write to conn->out. False: out of memory. */
bool conn_tls_attach(hearth_conn *conn);
/* Decrypts and hands over what came; marks the connection broken or ended when TLS says so. */
void conn_tls_receive(hearth_conn *conn, hearth_str ciphertext);
/* Encrypts into conn->out. */
HEARTH_MUST_CHECK hearth_status conn_tls_write(hearth_conn *conn, hearth_str bytes);
/* Sends what TLS itself put into conn->out: handshake and alerts. In conn.c. */
void conn_push(hearth_conn *conn);
void conn_tls_shutdown(hearth_conn *conn);

#endif
