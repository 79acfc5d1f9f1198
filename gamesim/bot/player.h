/*
 * player.h - one bot: its own socket, a netcode client, and the game's messages.
 */
#ifndef BOT_PLAYER_H
#define BOT_PLAYER_H

#include "bot/brain.h"
#include "bot/netcode_client.h"
#include "bot/tally.h"

#include <uv.h>

#define PLAYER_REPEAT 4   /* inputs in a message: the new one and three from before */
#define PLAYER_SENT   256 /* inputs whose time of sending is remembered */
#define PLAYER_SILENCE_NS                                                                          \
    UINT64_C(3000000000) /* connected without a snapshot for so long: an error */

enum player_state {
    PLAYER_ABSENT, /* not started, or between two matches */
    PLAYER_CONNECTING,
    PLAYER_PLAYING,
    PLAYER_FINISHED, /* its match has ended */
    PLAYER_FAILED
};

struct player {
    enum player_state state;
    unsigned number;
    struct tally *tally;
    bool admitted; /* once, in this or an earlier session */
    bool was_away; /* and came back, or is about to */
    uint64_t admitted_ns;
    int promised_seat; /* by hearthd; -1: not said */
    uv_udp_t socket;
    int family; /* of the socket; AF_INET6 takes both */
    struct netcode_client client;
    struct brain brain;
    bool welcomed;
    struct wire_welcome welcome;
    struct wire_snapshot snapshot; /* the newest; number 0: none yet */
    uint64_t snapshot_ns;
    uint32_t event_received, input_sequence, input_acked;
    struct wire_input inputs[PLAYER_REPEAT];
    uint64_t sent_ns[PLAYER_SENT];
    uint8_t outcome; /* of the match that ended */
    uint8_t receive_buffer[2048];
};

/* Opens the socket and starts connecting with this token; again after player_stop, once the loop
 * has turned. False, with a line on standard error, if there is no socket to be had. */
bool player_start(struct player *player, uv_loop_t *loop, unsigned number, struct tally *tally,
                  const uint8_t token[NETCODE_TOKEN_BYTES]);

/* Thirty times a second: decide, send, notice silence. */
void player_tick(struct player *player);

/* Leaves and closes the socket; absent from then on. Harmless when it is already. */
void player_stop(struct player *player);

/* Whether it is in and has seen the world. */
bool player_is_in(const struct player *player);

#endif
