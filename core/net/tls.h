/*
 * tls.h - certificates for listeners. A connection takes what is current when it is accepted, so a
 * reload changes new connections and leaves old ones alone. TLS 1.2 and 1.3, ALPN http/1.1.
 */
#ifndef HEARTH_NET_TLS_H
#define HEARTH_NET_TLS_H

#include <openssl/types.h>

#include "base/error.h"

typedef struct hearth_tls hearth_tls;

/* [main] PEM files: chain, and key without a passphrase. NULL: error says why. */
hearth_tls *tls_create(const char *certificate, const char *key, hearth_error *error);
/* [any] Reads the files again (same or other names) and swaps, or keeps the old ones and says why.
 */
HEARTH_MUST_CHECK hearth_status tls_reload(hearth_tls *tls, const char *certificate,
                                           const char *key, hearth_error *error);
/* [main] Reads and checks two files without keeping anything. */
HEARTH_MUST_CHECK hearth_status tls_check(const char *certificate, const char *key,
                                          hearth_error *error);
/* [any] A new server-side session with the current certificate; NULL: out of memory. */
SSL *tls_session_create(hearth_tls *tls);
void tls_destroy(hearth_tls *tls);

#endif
