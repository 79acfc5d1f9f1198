/*
 * conn_tls.c - OpenSSL between socket and protocol, by a memory BIO of our own: it reads from the
 * slice that was just received and writes to the connection's output, so that an idle connection
 * keeps no ciphertext (OpenSSL's own memory BIOs never shrink).
 */
#include "net/conn_tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <string.h>

static BIO_METHOD *method;
static pthread_once_t method_once = PTHREAD_ONCE_INIT;

static int bio_read(BIO *bio, char *out, int size)
{
    hearth_conn *conn = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (size <= 0)
        return 0;
    if (conn->tls_in.len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t take = conn->tls_in.len < (size_t)size ? conn->tls_in.len : (size_t)size;
    memcpy(out, conn->tls_in.ptr, take);
    conn->tls_in = str_slice(conn->tls_in, take, conn->tls_in.len);
    return (int)take;
}

static int bio_write(BIO *bio, const char *bytes, int size)
{
    hearth_conn *conn = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (size <= 0)
        return 0;
    return buf_append(&conn->out, bytes, (size_t)size) < 0 ? -1 : size;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static void make_method(void)
{
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "hearth connection");
    if (!method)
        return;
    BIO_meth_set_read(method, bio_read);
    BIO_meth_set_write(method, bio_write);
    BIO_meth_set_ctrl(method, bio_ctrl);
}

bool conn_tls_attach(hearth_conn *conn)
{
    pthread_once(&method_once, make_method);
    BIO *bio = method ? BIO_new(method) : NULL;
    if (!bio)
        return false;
    BIO_set_data(bio, conn);
    BIO_set_init(bio, 1);
    SSL_set_bio(conn->tls, bio, bio);
    SSL_set_accept_state(conn->tls);
    return true;
}

void conn_tls_receive(hearth_conn *conn, hearth_str ciphertext)
{
    char plain[16384];
    conn->tls_in = ciphertext;
    for (;;) {
        ERR_clear_error();
        int got = SSL_read(conn->tls, plain, sizeof(plain));
        if (got > 0) {
            conn->events->on_data(conn, (hearth_str){plain, (size_t)got});
            explicit_bzero(plain, (size_t)got);
            if (conn->flags & (CONN_CLOSED | CONN_BROKEN))
                break;
            continue;
        }
        int why = SSL_get_error(conn->tls, got);
        conn_push(conn);
        if (why == SSL_ERROR_WANT_READ)
            break;
        conn->flags |= why == SSL_ERROR_ZERO_RETURN ? CONN_ENDED : CONN_BROKEN;
        break;
    }
    ERR_clear_error();
    conn->tls_in = (hearth_str){NULL, 0};
}

hearth_status conn_tls_write(hearth_conn *conn, hearth_str bytes)
{
    while (bytes.len > 0) {
        int piece = bytes.len > 1 << 20 ? 1 << 20 : (int)bytes.len;
        ERR_clear_error();
        int written = SSL_write(conn->tls, bytes.ptr, piece);
        if (written <= 0) {
            ERR_clear_error();
            conn->flags |= CONN_BROKEN;
            return HEARTH_EUNAVAILABLE;
        }
        bytes = str_slice(bytes, (size_t)written, bytes.len);
    }
    return HEARTH_OK;
}

void conn_tls_shutdown(hearth_conn *conn)
{
    ERR_clear_error();
    if (SSL_is_init_finished(conn->tls))
        SSL_shutdown(conn->tls);
    ERR_clear_error();
}
