/*
 * ended.c - see ended.h. A ring, searched from end to end: admissions are rare.
 */
#include "host/ended.h"

#include <string.h>

void ended_add(struct ended *ended, const uint8_t id[16], uint64_t until_ns)
{
    unsigned at = 0;
    while (at < ENDED_MAX && memcmp(ended->entries[at].id, id, 16) != 0)
        at++;
    if (at == ENDED_MAX) {
        at = ended->next;
        ended->next = (ended->next + 1) % ENDED_MAX;
    }
    memcpy(ended->entries[at].id, id, 16);
    ended->entries[at].until_ns = until_ns;
}

bool ended_has(const struct ended *ended, const uint8_t id[16], uint64_t now_ns)
{
    for (unsigned i = 0; i < ENDED_MAX; i++) {
        if (now_ns < ended->entries[i].until_ns && memcmp(ended->entries[i].id, id, 16) == 0)
            return true;
    }
    return false;
}
