/*
 * redis_tls.c - see redis_tls.h. The session reads from one memory buffer and writes to another, so
 * that it never has to wait for a socket, and never raises SIGPIPE.
 */
#include "redis_tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "redis_config.h"

static const char *reason_of(unsigned long code)
{
    /* OpenSSL 3 has no text of its own for what the system said, as "No such file". */
    const char *reason =
        ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code)) : ERR_reason_error_string(code);
    return reason ? reason : "no reason given";
}

static hearth_status bad_file(const char *key, const char *path, const char *expected, char *err,
                              size_t err_size)
{
    snprintf(err, err_size, "%s: %s: expected %s, found: %s", key, path, expected,
             reason_of(ERR_peek_error())); /* the first is the cause */
    return HEARTH_EINVAL;
}

static hearth_status load(SSL_CTX *context, const struct redis_config *config, char *err,
                          size_t err_size)
{
    const char *ca = config->tls_ca.ptr, *certificate = config->tls_certificate.ptr;
    const char *key = config->tls_key.ptr;

    ERR_clear_error();
    if (config->tls_ca.len > 0 ? SSL_CTX_load_verify_file(context, ca) != 1
                               : SSL_CTX_set_default_verify_paths(context) != 1)
        return bad_file("tls_ca", ca, "certificates in PEM", err, err_size);
    if (config->tls_certificate.len == 0)
        return HEARTH_OK;
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
        return bad_file("tls_certificate", certificate, "a certificate in PEM", err, err_size);
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        return bad_file("tls_key", key, "the certificate's key in PEM, without a passphrase", err,
                        err_size);
    return HEARTH_OK;
}

/* OpenSSL reads a certificate's extensions when it first needs them, and keeps them: done here, the
 * loops share what nobody writes to any more. */
static void settle(SSL_CTX *context)
{
    STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(SSL_CTX_get_cert_store(context));
    for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
        X509 *certificate = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i));
        if (certificate)
            (void)X509_check_purpose(certificate, -1, 0);
    }
}

/* A key with a passphrase is refused; nobody is asked for it. */
static int no_passphrase(char *buffer, int size, int writing, void *arg)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

hearth_status redis_tls_init(struct redis_tls *tls, const struct redis_config *config,
                             const char *host, char *err, size_t err_size)
{
    hearth_str name = config->tls_server_name;

    *tls = (struct redis_tls){0};
    if (name.len > 0)
        snprintf(tls->name, sizeof(tls->name), "%" HEARTH_PRIS, HEARTH_ARG(name));
    else
        snprintf(tls->name, sizeof(tls->name), "%s", host);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context) {
        snprintf(err, err_size, "tls: out of memory");
        return HEARTH_ENOMEM;
    }
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    hearth_status status = load(context, config, err, err_size);
    if (status != HEARTH_OK)
        SSL_CTX_free(context);
    else
        settle(context);
    tls->context = status == HEARTH_OK ? context : NULL;
    ERR_clear_error();
    return status;
}

void redis_tls_finish(struct redis_tls *tls)
{
    SSL_CTX_free(tls->context);
    tls->context = NULL;
}

/* An address is looked for among the certificate's addresses, anything else among its names. */
static bool expect_name(SSL *session, const char *name)
{
    struct in6_addr address;
    if (inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), name) == 1;
    SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(session, name) == 1 && SSL_set_tlsext_host_name(session, name) == 1;
}

SSL *redis_tls_session(const struct redis_tls *tls)
{
    SSL *session = SSL_new(tls->context);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    if (!session || !in || !out || !expect_name(session, tls->name)) {
        SSL_free(session);
        BIO_free(in);
        BIO_free(out);
        return NULL;
    }
    BIO_set_mem_eof_return(in, -1); /* empty means: later */
    SSL_set_bio(session, in, out);
    SSL_set_connect_state(session);
    return session;
}

enum redis_tls_outcome redis_tls_judge(SSL *session, int result, char *err, size_t err_size)
{
    int problem = SSL_get_error(session, result);
    if (problem == SSL_ERROR_NONE)
        return REDIS_TLS_DONE;
    if (problem == SSL_ERROR_WANT_READ)
        return REDIS_TLS_STARVED;
    long verified = SSL_get_verify_result(session);
    if (problem == SSL_ERROR_ZERO_RETURN)
        snprintf(err, err_size, "the server ended TLS");
    else if (verified != X509_V_OK)
        snprintf(err, err_size, "TLS: its certificate is not accepted: %s",
                 X509_verify_cert_error_string(verified));
    else if (ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_WRONG_VERSION_NUMBER)
        snprintf(err, err_size, "TLS: the server does not speak TLS on this port");
    else
        snprintf(err, err_size, "TLS: %s", reason_of(ERR_peek_last_error()));
    ERR_clear_error();
    return REDIS_TLS_FAILED;
}
