/*
 * fleet.h - all the bots of one run, from the first request to the last goodbye.
 */
#ifndef BOT_FLEET_H
#define BOT_FLEET_H

#include "bot/enlist.h"
#include "bot/player.h"

#include <netcode_token.h>

struct fleet_options {
    struct enlist_options enlist; /* url "": stand-alone, with the four below */
    netcode_address server;
    uint8_t key[NETCODE_KEY_BYTES];
    uint64_t protocol_id;
    uint64_t token_lifetime_seconds;
    uint32_t players;
    uint64_t duration_seconds; /* from when all are in; 0: until the match ends */
    uint64_t rejoin_seconds;   /* in a match, then away and back once; 0: stays in */
    bool leave;                /* tells hearthd at the end */
};

/* Plays to the end. HEARTH_OK if every player was admitted, got snapshots until its end and saw no
 * unexpected error; the tally is filled in any case. */
HEARTH_MUST_CHECK hearth_status fleet_run(const struct fleet_options *options, struct tally *tally);

#endif
