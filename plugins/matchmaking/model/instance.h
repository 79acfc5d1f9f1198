/*
 * instance.h - one gamesim instance with its sessions and their seats: what its one document in
 * storage says, and every change that it can take. Pure: no clock, no I/O. Whoever holds a seat is
 * decided here and nowhere else; a count is the length of a list, never a counter.
 */
#ifndef MATCHMAKING_INSTANCE_H
#define MATCHMAKING_INSTANCE_H

#include <hearth/json.h>
#include <hearth/random.h>

#include <stdbool.h>

#define INSTANCE_ADDRESS_SIZE  64
#define INSTANCE_ADDRESSES_MAX 4  /* beside the first one */
#define INSTANCE_NAME_SIZE     33 /* of a region or version */
#define INSTANCE_KEY_SIZE      32
#define INSTANCE_SIMS_MAX      1000
#define INSTANCE_PLAYERS_MAX   64
#define INSTANCE_BODY_MAX      300000 /* below what every backend takes; past it nobody is seated */
#define MEMBER_NAME_SIZE       16
#define MEMBERS_MAX            256 /* of one session, those who left included */
#define ID_PREFIX              13 /* "xxxxxxxx-xxxx": what a session's id shares with its instance's */

enum instance_state {
    INSTANCE_READY,
    INSTANCE_DRAINING, /* as the instance says itself */
    INSTANCE_LOST,     /* final */
    INSTANCE_GONE      /* it deregistered; final */
};

enum outcome { OUTCOME_NONE, OUTCOME_VICTORY, OUTCOME_DEFEAT, OUTCOME_ABANDONED, OUTCOME_LOST };

/* Who sits, or once sat, in a session. Stays listed after leaving: late reports may name him. */
struct member {
    char user[HEARTH_UUID_SIZE], character[HEARTH_UUID_SIZE];
    char name[MEMBER_NAME_SIZE];
    int8_t seat;              /* -1: gave it up */
    bool connected;           /* by the latest heartbeat */
    bool seen;                /* was connected once */
    bool leaving;             /* left; the seat is free when the instance has confirmed it */
    int64_t token_expires_ms; /* of the newest token */
    int64_t left_ms;          /* when a heartbeat first did not name him any more */
    uint64_t kick_beat;       /* the heartbeat whose reply first carried the kick; 0: none yet */
};

struct game_session {
    char id[HEARTH_UUID_SIZE];
    uint64_t seed;
    int64_t created_ms;
    bool is_private;
    uint8_t outcome;     /* enum outcome; NONE: it runs. Ended ones leave the list when recorded */
    uint32_t admissions; /* running count of tokens issued; the newest wins */
    struct member *members;
    uint32_t member_count;
};

struct instance {
    char id[HEARTH_UUID_SIZE];
    uint8_t state; /* enum instance_state */
    bool drain;    /* an operator asked for it */
    char address[INSTANCE_ADDRESS_SIZE];
    uint16_t port;
    char addresses[INSTANCE_ADDRESSES_MAX][INSTANCE_ADDRESS_SIZE]; /* "[v6]:port" */
    uint32_t address_count;
    char region[INSTANCE_NAME_SIZE], version[INSTANCE_NAME_SIZE];
    uint32_t wire_version, game_sims, players; /* game_sims, players: capacity */
    uint32_t heartbeat_ms;                     /* the interval that it was told; 0: not noted */
    uint8_t connect_key[INSTANCE_KEY_SIZE];    /* a secret: never shown */
    uint64_t beat;                             /* sequence of the latest heartbeat */
    int64_t registered_ms, ended_ms;
    struct game_session *sessions;
    uint32_t session_count;
};

/* ---- life [any] ---- */

struct instance *instance_create(void);                          /* zeroed; NULL: no memory */
struct instance *instance_copy(const struct instance *instance); /* deep; NULL: no memory */
void instance_destroy(struct instance *instance);                /* wipes the key; NULL is fine */

/* ---- reading [any] ---- */

bool instance_is_final(const struct instance *instance); /* lost or gone */
/* Sessions that run; 0 of a final instance. */
uint32_t instance_active(const struct instance *instance);
/* Whether its document cannot take another session or member. */
bool instance_is_crowded(const struct instance *instance);
/* Whether the instance takes another session, as far as its document says. */
bool instance_has_room(const struct instance *instance);
/* Seats that are held, also by those who are leaving. */
uint32_t session_taken(const struct game_session *session);
/* Whether anybody may still find the session: it runs, is not private, has a free seat. */
bool session_is_open(const struct instance *instance, const struct game_session *session);
/* What became of a session of this instance; NONE: it runs. */
enum outcome session_outcome(const struct instance *instance, const struct game_session *session);
struct game_session *instance_session(const struct instance *instance, const char *id);
/* The member of this user who has a seat, else one who gave it up, else NULL. */
struct member *session_member(const struct game_session *session, const char *user);
/* Whoever plays, or once played, this character here. */
struct member *session_character(const struct game_session *session, const char *character);
/* Whether this member's seat stands: held, not leaving, the session runs. */
bool seat_stands(const struct instance *instance, const struct game_session *session,
                 const struct member *member);

/* "open", "full", "ended"; "victory", ...; "ready", "draining", "lost", "gone". */
const char *session_state_name(const struct instance *instance, const struct game_session *session);
const char *outcome_name(enum outcome outcome);
const char *instance_state_name(const struct instance *instance);
/* NONE: no such name, or one that an instance may not report (lost). */
enum outcome outcome_reported(hearth_str name);

/* ---- changes [any]. ENOMEM leaves the instance as it was. ---- */

/* Who is to be seated, and until when his token lives. */
struct player {
    char user[HEARTH_UUID_SIZE], character[HEARTH_UUID_SIZE];
    char name[MEMBER_NAME_SIZE];
    int64_t token_expires_ms;
};

enum seating {
    SEATED,         /* has the seat, and a token is counted as issued */
    SEATING_FULL,   /* no free seat, or the document cannot take more */
    SEATING_ENDED,  /* the session has ended, or its instance is final */
    SEATING_ABSENT, /* no such session here */
    SEATING_CLOSED, /* the instance takes no new sessions */
    SEATING_OTHER,  /* the user sits there with another character */
    SEATING_NO_MEMORY
};

/* Opens session `id` (known already: joins it) with this player in seat 0. */
enum seating instance_open_session(struct instance *instance, const char *id, uint64_t seed,
                                   bool is_private, const struct player *player, int64_t now_ms);
/* Seats the player in a session, or gives him his seat again: a new token either way. */
enum seating instance_join_session(struct instance *instance, const char *id,
                                   const struct player *player);
/* Gives back a seat that instance_open_session or _join_session has just given and whose token
 * nobody has seen. A session that nobody ever played then vanishes. True: something changed. */
bool instance_unseat(struct instance *instance, const char *id, const char *user);
/* The player leaves: his seat stays taken until the instance has confirmed it; but a session that
 * nobody has come to, and nobody is left to come to, ends abandoned at once. True: changed. */
bool instance_leave(struct instance *instance, const char *id, const char *user);

/* ---- heartbeats [any] ---- */

struct beat_session {
    char id[HEARTH_UUID_SIZE];
    const char (*players)[HEARTH_UUID_SIZE]; /* users connected now */
    uint32_t player_count;
};

struct beat {
    uint64_t sequence;
    bool draining;
    const struct beat_session *sessions;
    uint32_t session_count;
};

struct beat_rules {
    int64_t rejoin_ms; /* how long a seat is kept for one who was connected */
    int64_t grace_ms;  /* behind the expiry of his newest token */
};

/* Takes a heartbeat in: who is connected, which seats are free now, which sessions end abandoned
 * because nobody is left. An older sequence than the latest changes nothing: false. */
bool instance_beat(struct instance *instance, const struct beat *beat,
                   const struct beat_rules *rules, int64_t now_ms);
/* After instance_beat: whether the instance is to end a session that it named. (To be kicked are
 * the members with a seat who are leaving.) */
bool beat_must_end(const struct instance *instance, const struct beat_session *named);

/* ---- ends [any]; true: something changed ---- */

/* Takes an ended session off the list, once its record is stored. */
bool instance_forget_session(struct instance *instance, const char *id);
/* LOST or GONE: final; all its sessions have ended as lost by it. */
bool instance_finish(struct instance *instance, enum instance_state state, int64_t now_ms);

/* ---- instance_write.c, instance_read.c: the document [loop] ---- */

/* The JSON body, in the arena. ENOMEM also past what every backend takes. */
hearth_status instance_write(const struct instance *instance, const hearth_json *json,
                             hearth_arena *arena, hearth_str *out) HEARTH_MUST_CHECK;
/* NULL: not such a document, or no memory (`status` says which). */
struct instance *instance_read(hearth_str body, const hearth_json *json, hearth_arena *arena,
                               hearth_status *status);

#endif
