/*
 * ended.h - ids of sessions that have ended here: as long as a token for one may be about, none may
 * open it again. Fixed memory; when it is full the oldest go.
 */
#ifndef HOST_ENDED_H
#define HOST_ENDED_H

#include <stdbool.h>
#include <stdint.h>

#define ENDED_MAX 1024

struct ended {
    struct {
        uint8_t id[16];
        uint64_t until_ns;
    } entries[ENDED_MAX];
    unsigned next;
};

void ended_add(struct ended *ended, const uint8_t id[16], uint64_t until_ns);
bool ended_has(const struct ended *ended, const uint8_t id[16], uint64_t now_ns);

#endif
