/*
 * tenancy_state.h - what the files of the registered mode share; private to this folder.
 */
#ifndef HOST_TENANCY_STATE_H
#define HOST_TENANCY_STATE_H

#include "host/ended.h"
#include "host/tenancy.h"
#include "report/registry.h"

#include <session_claims.h>

#define SECOND_NS UINT64_C(1000000000)

struct tenant_seat {
    bool kept; /* somebody has it, connected or not */
    uint8_t user[16], character[16];
    uint32_t admission;
    uint64_t left_ns;
};

/* Beside the session of the same number. */
struct tenant {
    bool used;
    bool over;             /* reported as ended; clients are still being told */
    struct stream *stream; /* NULL once it is over */
    uint64_t opened_ns, empty_ns, over_ns;
    struct tenant_seat seats[SIM_SEATS_MAX];
};

struct tenancy {
    gamesim_host *host;
    gamesim_registry *registry;
    struct host_events events;
    struct tenant *tenants;
    struct ended ended;
    uint64_t rejoin_ns, token_lifetime_ns;
    bool draining, leaving;
    uint64_t drain_deadline_ns, flush_deadline_ns;
};

struct session *tenant_session(const struct tenancy *tenancy, const struct tenant *tenant);
struct tenant *tenant_of_session(const struct tenancy *tenancy, const struct session *session);

/* The session with this id, NULL if it does not run here. */
struct tenant *tenant_find(const struct tenancy *tenancy, const uint8_t id[16]);

/* A session for this token, in a free place; NULL if there is none. */
struct tenant *tenant_open(struct tenancy *tenancy, const session_claims *claims);

/* With an outcome it is reported; STREAM_RUNNING: hearthd knows already. Clients are still told
 * how it ended, until it is closed. */
void tenant_finish(struct tenancy *tenancy, struct tenant *tenant, enum stream_outcome outcome);

/* Puts out who is still there; the place is free. */
void tenant_close(struct tenancy *tenancy, struct tenant *tenant);

/* Both at once. */
void tenant_end(struct tenancy *tenancy, struct tenant *tenant, enum stream_outcome outcome);

/* The seat is somebody else's from now on; who sits there is told why and put out. */
void tenant_give_up_seat(struct tenancy *tenancy, struct tenant *tenant, uint8_t seat,
                         enum wire_leave reason);

/* Every seat of this user but `except` (-1: every one). */
void tenant_give_up_user(struct tenancy *tenancy, struct tenant *tenant, const uint8_t user[16],
                         int except, enum wire_leave reason);

/* One thirtieth of a second: whether it has ended, and which seats were kept long enough. */
void tenant_tick(struct tenancy *tenancy, struct tenant *tenant, uint64_t now_ns);

/* Tokens for this session open nothing any more. */
void tenancy_remember_ended(struct tenancy *tenancy, const uint8_t id[16]);

/* What the registry asks of the tenancy. */
struct registry_events tenancy_orders(struct tenancy *tenancy);

#endif
