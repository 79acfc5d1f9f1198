/*
 * registry.h - this instance's place in hearthd's registry: registers, sends heartbeats and carries
 * out what their replies ask for, delivers reports until they are acknowledged, deregisters.
 * hearthd being away never stops a match: everything here is retried, with back-off and jitter.
 */
#ifndef REPORT_REGISTRY_H
#define REPORT_REGISTRY_H

#include "https/https.h"
#include "report/messages.h"

typedef struct gamesim_registry gamesim_registry;

/* All are [loop], from within registry_tick or when an answer has come; never from other calls. */
struct registry_events {
    /* Registered, at the start or anew after a loss. The terms are borrowed. */
    void (*registered)(void *arg, const struct registration_terms *terms);
    /* hearthd has given this instance up: its sessions are over. It registers anew by itself. */
    void (*lost)(void *arg);
    /* The very first registration was refused for good; `why` is one sentence. */
    void (*refused)(void *arg, const char *why);
    void (*drain)(void *arg);
    void (*end)(void *arg, const uint8_t session[16]);
    void (*kick)(void *arg, const uint8_t session[16], const uint8_t user[16]);
    /* Fills at most `max` sessions for a heartbeat, returns how many. */
    size_t (*sessions)(void *arg, struct heartbeat_session *out, size_t max);
    void *arg;
};

struct registry_config {
    const char *url;   /* of hearthd, with a base path if it has one; no slash at the end */
    const char *ca;    /* file of certificates that it is checked against; NULL: the system's */
    const char *token; /* that may register; used for nothing else */
    struct registration registration;
    struct registry_events events;
};

/* What an operator wants to see. */
typedef struct registry_status {
    bool registered;
    bool clock_wrong; /* tokens have expired before they come */
    long clock_ahead; /* seconds, of hearthd's clock; negative: behind */
    uint64_t heartbeats, heartbeat_failures, registrations;
    uint64_t reports_acknowledged, reports_failed, events_rejected, events_dropped;
    uint32_t streams_open, streams_limit; /* sessions with something to report */
    uint64_t events_waiting;
} registry_status;

/* [main] Strings of the config must outlive the registry. ENOMEM. */
HEARTH_MUST_CHECK hearth_status registry_create(gamesim_registry **out, uv_loop_t *loop,
                                                const struct registry_config *config);

/* [loop] At least ten times a second: sends what is due. */
void registry_tick(gamesim_registry *registry, uint64_t now_ns);

/* [loop] Sessions or players have changed: a heartbeat follows within a second. */
void registry_changed(gamesim_registry *registry);

/* [loop] From now on heartbeats say "draining". */
void registry_drain(gamesim_registry *registry);

/* [loop] Where a session's reports go; NULL when too many earlier sessions wait to be acknowledged,
 * or while not registered. Stays the registry's: it goes by itself, some time after stream_close.
 */
struct stream *registry_open_stream(gamesim_registry *registry, const uint8_t session[16]);

/* [loop] After registry_drain: hearthd has heard of it, and no player holds a token for a session
 * that was allocated here before. Asks hearthd about once a second. */
bool registry_is_vacant(const gamesim_registry *registry);

/* [loop] Whether every report was acknowledged. */
bool registry_is_flushed(const gamesim_registry *registry);

/* [loop] Deregisters; `done` runs when hearthd has answered, or does not. */
void registry_leave(gamesim_registry *registry, void (*done)(void *arg), void *arg);

/* [loop] */
void registry_status_get(const gamesim_registry *registry, registry_status *out);

/* [loop] Gives up all requests and closes all handles. */
void registry_stop(gamesim_registry *registry);

/* [main] After the loop has ended. NULL is fine. */
void registry_destroy(gamesim_registry *registry);

#endif
