/*
 * view.h - what the files of the fleet share: the entries of the view, and the pools that make a
 * choice cheap. Everything here belongs to FLEET_LOOP.
 */
#ifndef MATCHMAKING_VIEW_H
#define MATCHMAKING_VIEW_H

#include "fleet.h"

#define FILL_LEVELS  16u /* instances of a pool are listed by how full they are */
#define VIEW_BUCKETS 4096u

struct link { /* of a ring whose head is a link too */
    struct link *next, *prev;
};

/* Instances that one may choose between: same region, wire version and server version. */
struct pool {
    struct pool *next;
    char region[INSTANCE_NAME_SIZE], version[INSTANCE_NAME_SIZE];
    uint32_t wire_version;
    struct link room[FILL_LEVELS]; /* with room for another session, by fill */
    struct link open;              /* with a session that has a free seat */
    struct entry *finding;         /* where a search has just sent somebody */
    uint32_t entries;
};

struct entry {
    struct entry *next; /* in the hash table */
    struct fleet *fleet;
    char id[HEARTH_UUID_SIZE];
    struct instance *instance; /* NULL until it was read */
    uint64_t version;
    bool stale; /* a write's outcome is not known: to be read again before the next change */

    /* change.c */
    bool busy; /* a read or write is on its way, or a pause before one */
    struct change *waiting, *writing;
    struct instance *draft;
    unsigned failures, conflicts;

    /* choose.c */
    struct pool *pool;
    struct link room, open;
    uint32_t opening; /* sessions that are about to be opened here */

    /* watch.c */
    uint64_t beat, beat_at_ms; /* the latest heartbeat, and when this process saw it */
    bool quiet;                /* none for a while: not to be chosen */
    struct marking *marking;   /* about to be marked lost */

    uint64_t pass; /* of refresh.c: the latest that saw it */
};

struct refresh_waiter;

struct fleet {
    struct mm_loop *loop;
    struct entry *entries[VIEW_BUCKETS];
    uint32_t count, busy;
    struct pool *pools;
    hearth_timer *refresh_timer, *watch_timer;

    uint64_t pass, pass_ended_ms;
    uint32_t reading; /* queries of the running pass on their way */
    bool passing, pass_failed, registry_failed, mass_silence;
    struct refresh_waiter *served, *next_served; /* by the running pass, by the one after it */

    bool stopped;
    void (*drained)(void *arg);
    void *drained_arg;

    hearth_series *conflicts, *lost, *silent;
    hearth_series *ready, *draining, *sessions, *players;
};

/* ---- view.c ---- */
struct entry *entry_find(struct fleet *fleet, const char *id);
struct entry *entry_get(struct fleet *fleet, const char *id); /* made if need be; NULL: no memory */
/* Replaces what the view says of it; takes the instance. */
void entry_set(struct entry *entry, struct instance *instance, uint64_t version);
/* Takes what storage says of it: if that is newer, or, from a read of this entry alone, if it is
 * another version. False: it cannot be read. */
bool entry_read(struct entry *entry, const hearth_doc *doc, bool latest);
/* Removes it if storage does not know it and nothing is on its way. Final ones stay until their
 * document has expired: so long each pass meets them. */
void entry_release(struct entry *entry);
void entry_remove(struct entry *entry);

/* ---- choose.c ---- */
/* Lists the entry anew by what its instance says. */
void entry_index(struct entry *entry);
void entry_unindex(struct entry *entry);
/* Frees the pools of regions and versions that nobody has any more; or all. */
void pools_trim(struct fleet *fleet);
void pools_destroy(struct fleet *fleet);

/* ---- refresh.c ---- */
void refresh_start(struct fleet *fleet);
/* Passes go on, should memory have been out when the next one was to be begun. */
void refresh_resume(struct fleet *fleet);
void refresh_stop(struct fleet *fleet);

/* ---- watch.c ---- */
hearth_status watch_start(struct fleet *fleet);
void watch_stop(struct fleet *fleet);
/* The latest look at the registry is old: it hangs, or this process stood still. */
bool watch_is_blind(const struct fleet *fleet);
/* Nobody could be heard: silence means nothing until now. */
void watch_restart(struct fleet *fleet);
/* The view has been brought up to date. */
void watch_beat(struct entry *entry);

/* ---- change.c ---- */
void changes_idle(struct fleet *fleet); /* something may have become idle */

#endif
