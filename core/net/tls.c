/*
 * tls.c - one SSL_CTX at a time behind a lock that only accepting and reloading take.
 */
#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct hearth_tls {
    pthread_mutex_t lock;
    SSL_CTX *context;
};

/* The only protocol spoken here; a client that offers others alone is refused (RFC 7301, 3.2). */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *offered, unsigned int offered_len, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen = NULL;
    (void)ssl;
    (void)arg;
    int rc = SSL_select_next_proto(&chosen, out_len, ours, sizeof(ours) - 1, offered, offered_len);
    if (rc != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* Keys with a passphrase would ask on the terminal. */
static int no_passphrase(char *buffer, int size, int writing, void *arg)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

static hearth_status refuse(hearth_error *error, const char *what, const char *file)
{
    unsigned long code = ERR_peek_error(); /* the first is the cause; strerror where it is errno */
    const char *reason = !code                    ? NULL
                         : ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code))
                                                  : ERR_reason_error_string(code);
    error_set(error, HEARTH_EINVAL, "%s \"%s\": %s", what, file, reason ? reason : "not usable");
    ERR_clear_error();
    return HEARTH_EINVAL;
}

static SSL_CTX *load(const char *certificate, const char *key, hearth_error *error)
{
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (!context) {
        error_set(error, HEARTH_ENOMEM, "TLS: out of memory");
        return NULL;
    }
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_CLEANSE_PLAINTEXT);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
    SSL_CTX_set_session_id_context(context, (const unsigned char *)"hearth", 6);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
        refuse(error, "TLS certificate", certificate);
    else if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        refuse(error, "TLS key", key);
    else if (SSL_CTX_check_private_key(context) != 1)
        refuse(error, "TLS key does not belong to the certificate:", key);
    else
        return context;
    SSL_CTX_free(context);
    return NULL;
}

hearth_tls *tls_create(const char *certificate, const char *key, hearth_error *error)
{
    SSL_CTX *context = load(certificate, key, error);
    if (!context)
        return NULL;
    hearth_tls *tls = calloc(1, sizeof(*tls));
    if (!tls) {
        SSL_CTX_free(context);
        error_set(error, HEARTH_ENOMEM, "TLS: out of memory");
        return NULL;
    }
    tls->context = context;
    pthread_mutex_init(&tls->lock, NULL);
    return tls;
}

hearth_status tls_reload(hearth_tls *tls, const char *certificate, const char *key,
                         hearth_error *error)
{
    SSL_CTX *fresh = load(certificate, key, error);
    if (!fresh)
        return HEARTH_EINVAL;
    pthread_mutex_lock(&tls->lock);
    SSL_CTX *old = tls->context;
    tls->context = fresh;
    pthread_mutex_unlock(&tls->lock);
    SSL_CTX_free(old); /* sessions made from it hold their own reference */
    return HEARTH_OK;
}

hearth_status tls_check(const char *certificate, const char *key, hearth_error *error)
{
    SSL_CTX *context = load(certificate, key, error);
    SSL_CTX_free(context);
    return context ? HEARTH_OK : HEARTH_EINVAL;
}

SSL *tls_session_create(hearth_tls *tls)
{
    pthread_mutex_lock(&tls->lock);
    SSL *session = SSL_new(tls->context);
    pthread_mutex_unlock(&tls->lock);
    return session;
}

void tls_destroy(hearth_tls *tls)
{
    if (!tls)
        return;
    SSL_CTX_free(tls->context);
    pthread_mutex_destroy(&tls->lock);
    free(tls);
}
