/*
 * generation.h - which of the documents in Redis may be believed.
 *
 * A cache must never answer with something older than what was put last, and Redis alone cannot
 * promise that: a put may be lost with its connection, and a Redis that comes back may have older
 * data than the one that went (a replica, a snapshot). So every document carries the generation in
 * which it was put, and only those of the present one are believed. A generation belongs to one
 * loop of one process, and ends with its connection and with any write whose fate is not known.
 * That costs no command: what is left over is overwritten or expires.
 */
#ifndef CACHE_REDIS_GENERATION_H
#define CACHE_REDIS_GENERATION_H

#include <hearth/random.h>

#define GENERATION_SIZE (HEARTH_UUID_SIZE + 3 * 21)

struct generation {
    uint64_t serial, ended; /* of the connection; how many have ended without it */
    size_t len;
    char name[GENERATION_SIZE];
};

/* Names the present generation, of a connection that has come up `serial` times. */
hearth_str generation_name(struct generation *generation, const char *start, uint32_t loop,
                           uint64_t serial);
/* What was put until now is not believed any more. */
void generation_end(struct generation *generation);

#endif
