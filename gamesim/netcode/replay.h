/*
 * replay.h - the window of 256 sequence numbers that lets each packet of a connection in only once.
 * Ask `seen` before opening a packet, call `mark` only after its tag has been verified.
 */
#ifndef NETCODE_REPLAY_H
#define NETCODE_REPLAY_H

#include <netcode_protocol.h>
#include <stdbool.h>
#include <stdint.h>

struct replay { /* zeroed when a connection begins */
    uint64_t top;
    uint64_t slots[NETCODE_REPLAY_WINDOW];
    bool filled[NETCODE_REPLAY_WINDOW]; /* every 64-bit number is a sequence, so none can mean empty
                                         */
};

bool replay_seen(const struct replay *replay, uint64_t sequence);
void replay_mark(struct replay *replay, uint64_t sequence);

#endif
