/*
 * jwks.h - JSON Web Key Sets (RFC 7517): the public keys of an external identity provider, as keys
 * of ours. Keys of kinds that we do not take are passed over; a set as a whole is refused only if
 * it is none.
 */
#ifndef AUTH_JWKS_H
#define AUTH_JWKS_H

#include "auth.h"
#include "keyring.h"

/* The keys that a token may be signed with, `allowed` being a JWKS_ value; NULL: not a key set, or
 * out of memory. [loop] */
struct keyring *jwks_parse(const hearth_json *json, hearth_arena *arena, hearth_str body,
                           uint32_t allowed);

#endif
