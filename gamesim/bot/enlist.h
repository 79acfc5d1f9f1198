/*
 * enlist.h - what a player does with hearthd before, between and after its matches: account, login,
 * character, session.
 * Nobody looks for a session before everybody has a character: hashing passwords takes hearthd
 * longer than tokens live, and players should meet in the same sessions.
 */
#ifndef BOT_ENLIST_H
#define BOT_ENLIST_H

#include "https/https.h"
#include "text/uuid.h"

#include <netcode_protocol.h>
#include <stdint.h>

typedef struct enlistment enlistment;

enum enlist_mode {
    ENLIST_FIND,   /* any session with room */
    ENLIST_CREATE, /* each player its own */
    ENLIST_JOIN,   /* all the same, which is there already */
    ENLIST_GROUP   /* the first of each group creates, the others join that */
};

struct enlist_options {
    char url[1024]; /* of hearthd, without a slash at the end */
    const char *ca; /* file of certificates that it is checked against; NULL: the system's */
    enum enlist_mode mode;
    char session[UUID_TEXT];   /* ENLIST_JOIN */
    uint32_t group;            /* ENLIST_GROUP: players in each */
    uint32_t patience_seconds; /* how long one step may be refused for passing reasons */
};

struct enlist_events {
    /* A connect token for player `number`, and the seat that it is for; borrowed. */
    void (*token)(void *arg, uint32_t number, const uint8_t token[NETCODE_TOKEN_BYTES], int seat);
    /* The session that player `number` wanted to come back to has ended. */
    void (*over)(void *arg, uint32_t number);
    void (*failed)(void *arg, uint32_t number, const char *why);
    void *arg;
};

/* The options must outlive it. ENOMEM. */
HEARTH_MUST_CHECK hearth_status enlist_create(enlistment **out, uv_loop_t *loop,
                                              const struct enlist_options *options,
                                              uint32_t players, const struct enlist_events *events);

/* Sends what is due; call it many times a second. */
void enlist_tick(enlistment *enlist, uint64_t now_ns);

/* Another session for a player whose match has ended; heals the character first if it must. */
void enlist_again(enlistment *enlist, uint32_t number);

/* Another token for the session that the player is in. */
void enlist_rejoin(enlistment *enlist, uint32_t number);

/* Whoever is in a session leaves it; nothing else is begun any more. */
void enlist_leave(enlistment *enlist);

/* After enlist_leave: whether all have left. */
bool enlist_has_left(const enlistment *enlist);

/* Gives up all requests and closes all handles; destroy after the loop has ended. NULL is fine. */
void enlist_stop(enlistment *enlist);
void enlist_destroy(enlistment *enlist);

#endif
