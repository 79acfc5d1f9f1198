/*
 * heartbeat.h - a heartbeat between its body and its reply. heartbeat.c reads and answers; pulse.c
 * takes it into the registry; ending.c ends for good the sessions that it leaves without players.
 */
#ifndef MATCHMAKING_HEARTBEAT_H
#define MATCHMAKING_HEARTBEAT_H

#include "errand.h"

struct freed_seat {
    char game_sim[HEARTH_UUID_SIZE];
    struct member member;
};

struct kick {
    char game_sim[HEARTH_UUID_SIZE], user[HEARTH_UUID_SIZE];
};

struct heartbeat {
    struct errand errand; /* first */
    int64_t token_expires_s;

    struct beat beat;
    struct beat_session *sessions;
    char (*players)[HEARTH_UUID_SIZE]; /* of all sessions, one after another */

    struct freed_seat *freed; /* seats that this heartbeat has set free */
    uint32_t freed_count;

    /* the reply */
    bool drain;
    const char **ends; /* point into sessions */
    uint32_t end_count;
    struct kick *kicks;
    uint32_t kick_count;
    char *token; /* a new one, or NULL */
};

/* The whole way; ends in heartbeat_reply or an error. [FLEET_LOOP] */
void pulse(struct errand *errand);
void heartbeat_reply(struct errand *errand, hearth_req *req);

/* Records the sessions of the instance that have ended and takes them off its list; then done, also
 * where that has failed: the next heartbeat finds them again. [FLEET_LOOP] */
void end_sessions(struct mm_loop *loop, const struct instance *instance, void (*done)(void *arg),
                  void *arg);

#endif
