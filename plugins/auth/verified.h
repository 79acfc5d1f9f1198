/*
 * verified.h - tokens whose signatures were checked already, on one loop: the same token costs a
 * hash and a comparison next time. A hit compares the whole token, so that no collision admits.
 */
#ifndef AUTH_VERIFIED_H
#define AUTH_VERIFIED_H

#include <hearth/http.h>

struct verified;

/* At most `capacity` tokens, the longest unused go first; 0: it keeps none. `hash_key` keeps
 * strangers from choosing what collides. NULL: out of memory. [loop] */
struct verified *verified_create(size_t capacity, const unsigned char hash_key[16]);
/* NULL is fine. */
void verified_destroy(struct verified *cache);
/* Who the token speaks for; NULL: not known, or it has ended. Valid until the next call. [loop] */
const hearth_identity *verified_find(struct verified *cache, hearth_str token, int64_t now_s);
/* Keeps a good token, if memory allows. [loop] */
void verified_add(struct verified *cache, hearth_str token, const hearth_identity *identity);
/* Forgets every token. [loop] */
void verified_clear(struct verified *cache);
size_t verified_count(const struct verified *cache);

#endif
