/*
 * provider.h - keeps the keys of an external identity provider fresh: fetched at start, every
 * jwks_refresh, and when a token names a kid that nobody knows (at most once in jwks_retry). Loop 0
 * fetches and tells the other loops. While the provider cannot be reached its last keys stay good.
 */
#ifndef AUTH_PROVIDER_H
#define AUTH_PROVIDER_H

#include "auth.h"

/* Starts on loop 0, where jwks_url is configured. NULL: out of memory. */
struct provider *provider_create(hearth_ctx *ctx);
void provider_destroy(struct provider *provider);
/* Gives up what is on its way; part of drain. */
void provider_stop(struct provider *provider);

/* A token named a kid of nobody. Cheap; any number of times. [loop] */
void provider_key_unknown(hearth_ctx *ctx);

#endif
