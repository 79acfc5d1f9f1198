/*
 * allocate.h - finds a seat: in the session asked for, in the best open one, or in a new one on an
 * instance with room. Contention sends it on to another instance; a conflict never reaches anybody.
 */
#ifndef MATCHMAKING_ALLOCATE_H
#define MATCHMAKING_ALLOCATE_H

#include "choose.h"

enum allocated {
    ALLOCATED_CREATED,
    ALLOCATED_JOINED,
    ALLOCATED_FULL,
    ALLOCATED_ENDED,
    ALLOCATED_ABSENT, /* no such session */
    ALLOCATED_OTHER,  /* sits there already with another character */
    ALLOCATED_NO_CAPACITY,
    ALLOCATED_UNAVAILABLE /* storage; the outcome may be unknown */
};

/* Where the player sits. */
struct seat {
    char game_sim[HEARTH_UUID_SIZE], instance[HEARTH_UUID_SIZE];
    uint8_t number;
    bool given; /* just now; else it was the player's already */
    uint64_t seed;
    uint32_t admission;
    char address[INSTANCE_ADDRESS_SIZE];
    uint16_t port;
    char addresses[INSTANCE_ADDRESSES_MAX][INSTANCE_ADDRESS_SIZE];
    uint32_t address_count;
    uint8_t connect_key[INSTANCE_KEY_SIZE]; /* to be wiped */
};

struct allocation {
    /* Filled in by whoever asks, who keeps it until done: */
    struct player player; /* but token_expires_ms */
    struct wish wish;
    bool search, is_private;
    char game_sim[HEARTH_UUID_SIZE], instance[HEARTH_UUID_SIZE]; /* to join; or empty */
    void (*done)(struct allocation *allocation, enum allocated result);
    /* The answer of CREATED and JOINED: */
    struct seat seat;
    int64_t token_expires_ms;
    /* allocate.c's own: */
    struct change change;
    struct fleet *fleet;
    struct entry *opening; /* where a session of it is counted as about to be opened */
    enum seating seating;
    char fresh_id[HEARTH_UUID_SIZE]; /* of a session that it opens, but for the prefix */
    bool created, refreshed, contended;
    uint64_t deadline_ms, seed;
};

/* [FLEET_LOOP] done may run at once only when memory is out. */
void allocate(struct fleet *fleet, struct allocation *allocation);

/* Gives back a seat whose token nobody has seen, unless the session has issued another since.
 * Nobody waits for it: if it is lost, the seat is free when its token has expired. [FLEET_LOOP] */
void allocate_undo(struct fleet *fleet, const struct seat *seat, const char *user);

/* The player's seat becomes free as soon as the instance has confirmed that he is out. [FLEET_LOOP]
 */
void allocate_leave(struct fleet *fleet, const char *instance, const char *game_sim,
                    const char *user, void (*done)(hearth_status status, void *arg), void *arg);

#endif
