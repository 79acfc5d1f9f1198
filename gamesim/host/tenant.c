/*
 * tenant.c - one session that hearthd has allocated: how it opens, how long its seats are kept, how
 * it ends.
 */
#include "host/tenancy_state.h"
#include "text/uuid.h"

#include "base/log.h"

#include <string.h>

#define LINGER_NS      (3 * SECOND_NS) /* for clients to hear how the match ended */
#define ENDED_GRACE_NS (10 * SECOND_NS)

struct session *tenant_session(const struct tenancy *tenancy, const struct tenant *tenant)
{
    return &tenancy->host->sessions[tenant - tenancy->tenants];
}

struct tenant *tenant_of_session(const struct tenancy *tenancy, const struct session *session)
{
    return &tenancy->tenants[session - tenancy->host->sessions];
}

struct tenant *tenant_find(const struct tenancy *tenancy, const uint8_t id[16])
{
    for (uint32_t i = 0; i < tenancy->host->session_count; i++) {
        if (tenancy->tenants[i].used &&
            memcmp(tenancy->host->sessions[i].id, id, sizeof(tenancy->host->sessions[i].id)) == 0)
            return &tenancy->tenants[i];
    }
    return NULL;
}

/* Hearthd may give a place away as soon as it knows that the match there is over: those who still
 * linger make room. */
static struct tenant *free_place(struct tenancy *tenancy)
{
    struct tenant *longest_over = NULL;
    for (uint32_t i = 0; i < tenancy->host->session_count; i++) {
        struct tenant *tenant = &tenancy->tenants[i];
        if (!tenant->used)
            return tenant;
        if (tenant->over && (!longest_over || tenant->over_ns < longest_over->over_ns))
            longest_over = tenant;
    }
    if (longest_over)
        tenant_close(tenancy, longest_over);
    return longest_over;
}

struct tenant *tenant_open(struct tenancy *tenancy, const session_claims *claims)
{
    gamesim_host *host = tenancy->host;
    struct tenant *tenant = free_place(tenancy);
    struct stream *stream =
        tenant ? registry_open_stream(tenancy->registry, claims->game_sim_id) : NULL;
    char id[UUID_TEXT];
    if (!stream)
        return NULL;
    session_init(tenant_session(tenancy, tenant), claims->game_sim_id, host->dungeon, claims->seed,
                 host->players, false, &host->output);
    *tenant = (struct tenant){.used = true, .stream = stream, .opened_ns = uv_hrtime()};
    log_info("gamesim", "session %s opened", uuid_format(claims->game_sim_id, id));
    return tenant;
}

void tenant_give_up_seat(struct tenancy *tenancy, struct tenant *tenant, uint8_t seat,
                         enum wire_leave reason)
{
    struct session *session = tenant_session(tenancy, tenant);
    if (session->seats[seat].slot != SESSION_NO_SLOT)
        host_put_out(tenancy->host, session, seat, reason, false);
    else if (tenant->seats[seat].kept)
        session_leave(session, seat, false);
    tenant->seats[seat].kept = false; /* its admission number stays: older tokens are dead */
    registry_changed(tenancy->registry);
}

void tenant_give_up_user(struct tenancy *tenancy, struct tenant *tenant, const uint8_t user[16],
                         int except, enum wire_leave reason)
{
    for (uint8_t i = 0; i < tenancy->host->players; i++) {
        if (i != except && tenant->seats[i].kept && memcmp(tenant->seats[i].user, user, 16) == 0)
            tenant_give_up_seat(tenancy, tenant, i, reason);
    }
}

void tenancy_remember_ended(struct tenancy *tenancy, const uint8_t id[16])
{
    ended_add(&tenancy->ended, id, uv_hrtime() + tenancy->token_lifetime_ns + ENDED_GRACE_NS);
}

void tenant_finish(struct tenancy *tenancy, struct tenant *tenant, enum stream_outcome outcome)
{
    static const char *const names[] = {"ended by hearthd", "victory", "defeat", "abandoned"};
    struct session *session = tenant_session(tenancy, tenant);
    struct stream *stream = tenant->stream;
    char id[UUID_TEXT];
    if (tenant->over)
        return;
    tenant->over = true;
    tenant->over_ns = uv_hrtime();
    tenant->stream = NULL;
    for (unsigned i = 0; i < tenancy->host->players; i++) {
        if (tenant->seats[i].kept)
            memcpy(stream->players[stream->player_count++], tenant->seats[i].user, 16);
    }
    stream->ticks = session->sim.tick;
    stream_close(stream, outcome);
    tenancy_remember_ended(tenancy, session->id);
    registry_changed(tenancy->registry);
    log_info("gamesim", "session %s: %s", uuid_format(session->id, id), names[outcome]);
}

void tenant_close(struct tenancy *tenancy, struct tenant *tenant)
{
    struct session *session = tenant_session(tenancy, tenant);
    for (uint8_t i = 0; i < tenancy->host->players; i++) {
        if (session->seats[i].slot != SESSION_NO_SLOT)
            host_put_out(tenancy->host, session, i, WIRE_LEAVE_SESSION_OVER, false);
    }
    memset(tenant, 0, sizeof(*tenant));
}

void tenant_end(struct tenancy *tenancy, struct tenant *tenant, enum stream_outcome outcome)
{
    tenant_finish(tenancy, tenant, outcome);
    tenant_close(tenancy, tenant);
}

static void free_late_seats(struct tenancy *tenancy, struct tenant *tenant, uint64_t now_ns)
{
    const struct session *session = tenant_session(tenancy, tenant);
    for (uint8_t i = 0; i < tenancy->host->players; i++) {
        const struct tenant_seat *seat = &tenant->seats[i];
        if (seat->kept && session->seats[i].slot == SESSION_NO_SLOT &&
            now_ns > seat->left_ns + tenancy->rejoin_ns)
            tenant_give_up_seat(tenancy, tenant, i, WIRE_LEAVE_KICKED);
    }
}

void tenant_tick(struct tenancy *tenancy, struct tenant *tenant, uint64_t now_ns)
{
    const struct options *options = tenancy->host->options;
    const struct session *session = tenant_session(tenancy, tenant);
    bool empty = session_connected(session) == 0;
    if (tenant->over) {
        if (empty || now_ns > tenant->over_ns + LINGER_NS)
            tenant_close(tenancy, tenant);
    } else if (session->sim.phase == SIM_VICTORY || session->sim.phase == SIM_DEFEAT) {
        tenant_finish(tenancy, tenant,
                      session->sim.phase == SIM_VICTORY ? STREAM_VICTORY : STREAM_DEFEAT);
    } else if (empty && now_ns > tenant->empty_ns + options->empty_timeout_ns) {
        tenant_end(tenancy, tenant, STREAM_ABANDONED);
    } else if (session->sim.phase == SIM_WAITING &&
               now_ns > tenant->opened_ns + options->join_timeout_ns) {
        tenant_end(tenancy, tenant, STREAM_ABANDONED);
    } else {
        free_late_seats(tenancy, tenant, now_ns);
    }
}
