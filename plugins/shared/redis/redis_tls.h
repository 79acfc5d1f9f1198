/*
 * redis_tls.h - TLS to a Redis: bytes in, bytes out, no socket. OpenSSL itself, and not
 * hiredis_ssl, which Debian 12 does not have. The certificate is always verified.
 */
#ifndef REDIS_TLS_H
#define REDIS_TLS_H

#include <hearth/types.h>

#include <openssl/ssl.h>
#include <stdbool.h>

struct redis_config;

/* What every connection of a process shares; immutable. */
struct redis_tls {
    SSL_CTX *context;
    char name[256]; /* that the certificate must carry */
};

/* Reads the files that the configuration names. One sentence into err when they are no good.
 * [main] */
HEARTH_MUST_CHECK hearth_status redis_tls_init(struct redis_tls *tls,
                                               const struct redis_config *config, const char *host,
                                               char *err, size_t err_size);
void redis_tls_finish(struct redis_tls *tls);

/* A session that is to be shaken hands on; NULL: out of memory. [loop] */
SSL *redis_tls_session(const struct redis_tls *tls);

enum redis_tls_outcome {
    REDIS_TLS_DONE,
    REDIS_TLS_STARVED, /* it needs bytes from the other side first */
    REDIS_TLS_FAILED   /* one sentence is in err */
};

/* What a call on the session that returned `result` means. */
enum redis_tls_outcome redis_tls_judge(SSL *session, int result, char *err, size_t err_size);

#endif
