/*
 * ended.h - the sessions that are over although tokens of theirs have not run out, on one loop.
 * Asked at every request, so it is a flat table of digests; an entry goes when the last token that
 * could name it has ended by itself.
 */
#ifndef AUTH_ENDED_H
#define AUTH_ENDED_H

#include <hearth/types.h>

struct ended;

/* NULL: out of memory. [loop] */
struct ended *ended_create(const unsigned char hash_key[16]);
void ended_destroy(struct ended *set);
/* Until when: unix milliseconds. ENOMEM: it could not be noted, and the session lives. [loop] */
hearth_status ended_add(struct ended *set, hearth_str session, int64_t until_ms,
                        int64_t now_ms) HEARTH_MUST_CHECK;
int ended_has(const struct ended *set, hearth_str session);
size_t ended_count(const struct ended *set);

#endif
