/*
 * enlist.h - what a player does with hearthd before it plays: account, login, character, session.
 * Nobody looks for a session before everybody has a character: hashing passwords takes hearthd
 * longer than tokens live, and players should meet in the same sessions.
 */
#ifndef BOT_ENLIST_H
#define BOT_ENLIST_H

#include "https/https.h"

#include <netcode_protocol.h>
#include <stdint.h>

typedef struct enlistment enlistment;

struct enlist_events {
    /* A connect token for player `number`; borrowed. */
    void (*token)(void *arg, uint32_t number, const uint8_t token[NETCODE_TOKEN_BYTES]);
    void (*failed)(void *arg, uint32_t number, const char *why);
    void *arg;
};

/* `url` must outlive it. ENOMEM. */
HEARTH_MUST_CHECK hearth_status enlist_create(enlistment **out, uv_loop_t *loop, const char *url,
                                              uint32_t players, const struct enlist_events *events);

/* Sends what is due; call it many times a second. */
void enlist_tick(enlistment *enlist, uint64_t now_ns);

/* Another session for a player whose match has ended; heals the character first if it must. */
void enlist_again(enlistment *enlist, uint32_t number);

/* Gives up all requests and closes all handles; destroy after the loop has ended. NULL is fine. */
void enlist_stop(enlistment *enlist);
void enlist_destroy(enlistment *enlist);

#endif
