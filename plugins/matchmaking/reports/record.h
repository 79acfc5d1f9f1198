/*
 * record.h - what is kept of a session beside its seats: how far its reports have come, and how it
 * ended. {gamesims, gameSimId, ""}; made by the first report or by the end. The answers to reports
 * lie beside it, {gamesims, gameSimId, "answer/<sequence>"}, and are written in one transaction
 * with it. All of it expires `report_window` after the end.
 */
#ifndef MATCHMAKING_RECORD_H
#define MATCHMAKING_RECORD_H

#include "../plugin.h"

struct record {
    uint64_t version; /* of the document; 0: there is none */
    char id[HEARTH_UUID_SIZE], instance[HEARTH_UUID_SIZE];
    char region[INSTANCE_NAME_SIZE];
    uint64_t sequence;      /* of the last report that was taken in */
    bool closed;            /* the instance has reported the end: nothing more comes */
    uint8_t outcome;        /* enum outcome; NONE: it runs, as far as this record knows */
    struct member *members; /* when it ended */
    uint32_t member_count;
    int64_t expires_ms; /* of the document */
};

void record_destroy(struct record *record);              /* NULL is fine */
struct record *record_copy(const struct record *record); /* deep; NULL: no memory */
struct member *members_copy(const struct member *members, uint32_t count); /* NULL: no memory */

/* ENOTFOUND: there is none. EUNAVAILABLE: ask again later. EINTERNAL: it cannot be read. `record`
 * is borrowed, NULL unless OK. [loop] */
void record_load(struct mm_loop *loop, const char *game_sim,
                 void (*done)(hearth_status status, const struct record *record, void *arg),
                 void *arg);

/* Stores that a session has ended as `outcome`, with its members, unless a record says already that
 * it ended. OK also then. EUNAVAILABLE: its outcome may be unknown. [loop] */
void record_end(struct mm_loop *loop, const struct instance *instance,
                const struct game_session *session, enum outcome outcome,
                void (*done)(hearth_status status, void *arg), void *arg);

/* ---- for writing it ---- */

/* The key's strings live in game_sim. */
hearth_key record_key(const char *game_sim);
/* When the record expires of a session that has ended by now, or of one that runs: long after
 * anybody could still report of it, for nobody may be left to say that it ended. */
int64_t record_expiry(struct mm_loop *loop, bool ended, int64_t instance_ended_ms);
/* The JSON body, in the arena. [loop] */
hearth_status record_write(const struct record *record, const hearth_json *json,
                           hearth_arena *arena, hearth_str *out) HEARTH_MUST_CHECK;
/* NULL: not such a document, or no memory (`status` says which). [loop] */
struct record *record_read(struct mm_loop *loop, const hearth_doc *doc, hearth_status *status);

#endif
