/*
 * key.h - the name of a document's hash in Redis: prefix, collection NUL partition NUL sort. Its
 * fields are g (generation), v (version), e (epoch), w (write id), x (expiry) and b (body); one
 * that has only v refuses older documents.
 */
#ifndef CACHE_REDIS_KEY_H
#define CACHE_REDIS_KEY_H

#include <hearth/service/storage.h>

#define KEY_SIZE (3 * HEARTH_STORAGE_MAX_KEY + 64 + 2)

/* Writes it into `out`; {NULL, 0}: no key that a document may have. */
hearth_str key_name(char out[KEY_SIZE], hearth_str prefix, const hearth_key *key);

#endif
