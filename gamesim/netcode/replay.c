/*
 * replay.c - the replay window, exactly as the standard's pseudo-code has it.
 * The comparison subtracts from `top`, so that sequences near 2^64 do not wrap around.
 */
#include "netcode/replay.h"

bool replay_seen(const struct replay *replay, uint64_t sequence)
{
    if (replay->top >= NETCODE_REPLAY_WINDOW && sequence <= replay->top - NETCODE_REPLAY_WINDOW)
        return true;
    unsigned at = (unsigned)(sequence % NETCODE_REPLAY_WINDOW);
    return replay->filled[at] && replay->slots[at] >= sequence;
}

void replay_mark(struct replay *replay, uint64_t sequence)
{
    unsigned at = (unsigned)(sequence % NETCODE_REPLAY_WINDOW);
    if (sequence > replay->top)
        replay->top = sequence;
    replay->slots[at] = sequence;
    replay->filled[at] = true;
}
