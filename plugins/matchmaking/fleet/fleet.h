/*
 * fleet.h - all instances as this process sees them, on one loop (FLEET_LOOP). The view in memory
 * is only a hint of where there is room; every change is one conditional write of one instance's
 * document, and that decides. Changes of one instance that arrive while a write of it is on its way
 * gather and go together in the next one.
 */
#ifndef MATCHMAKING_FLEET_H
#define MATCHMAKING_FLEET_H

#include "../plugin.h"

enum verdict {
    CHANGED,   /* to be written */
    UNCHANGED, /* nothing to write, and the answer does not depend on how new `draft` is */
    REFUSED    /* nothing to write if `draft` is what storage has now; else ask again with that */
};

/* One change of one instance. Belongs to the caller until done; embed it in what is waiting. */
struct change {
    /* Changes `draft`, or answers why not in the caller's own struct. Called again, with another
     * draft, after each conflict and after each write whose outcome is not known: a change that has
     * taken effect already must see that in the draft and succeed. */
    enum verdict (*apply)(struct change *change, struct instance *draft, int64_t now_ms);
    /* Exactly once, perhaps before fleet_change returns. OK: `now` is the instance with the change
     * in it, or as it refused it. ENOTFOUND: no such instance. EUNAVAILABLE: storage is away, its
     * outcome may be unknown. ECONFLICT: only if `movable`. May destroy the change. */
    void (*done)(struct change *change, hearth_status status, const struct instance *now);
    /* It may as well go to another instance: after a conflict it is not tried here again. */
    bool movable;
    /* the fleet's own: */
    struct change *next;
    uint64_t deadline_ms; /* on the loop's clock */
    bool current;         /* the view was read, or proven by a write, after it was submitted */
};

/* Submits a change; apply and done run on FLEET_LOOP. [loop FLEET_LOOP] */
void fleet_change(struct fleet *fleet, const char *instance, struct change *change);

/* A new instance, whose document has just been written with version 1. Takes it. [FLEET_LOOP] */
void fleet_adopt(struct fleet *fleet, struct instance *instance);

/* Calls done once everything that storage has was read by reads that began after this call.
 * [FLEET_LOOP] */
void fleet_refresh(struct fleet *fleet, void (*done)(hearth_status status, void *arg), void *arg);

/* Calls visit for every instance in the view that is not final. [FLEET_LOOP] */
void fleet_each(struct fleet *fleet, void (*visit)(const struct instance *instance, void *arg),
                void *arg);

/* The view's copy, perhaps old; NULL if not known. [FLEET_LOOP] */
const struct instance *fleet_peek(struct fleet *fleet, const char *id);

/* ---- life [FLEET_LOOP] ---- */
struct fleet *fleet_create(struct mm_loop *loop);
void fleet_drain(struct fleet *fleet, void (*done)(void *arg), void *arg);
void fleet_destroy(struct fleet *fleet);

/* ---- lookup.c: one instance as storage has it now, on any loop ---- */

/* The instance of a session by the session's id, which begins as its instance's does. instance and
 * session are borrowed, NULL unless OK. ENOTFOUND: no instance lists it (it may have a record).
 * [loop] */
void lookup_session(struct mm_loop *loop, const char *game_sim,
                    void (*done)(hearth_status status, const struct instance *instance,
                                 const struct game_session *session, void *arg),
                    void *arg);
/* An instance by its id. [loop] */
void lookup_instance(struct mm_loop *loop, const char *id,
                     void (*done)(hearth_status status, const struct instance *instance, void *arg),
                     void *arg);

#endif
