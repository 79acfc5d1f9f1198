/*
 * tenancy_orders.c - what hearthd asks of this instance, and what heartbeats tell of its sessions.
 */
#include "host/tenancy_state.h"

#include "base/log.h"

#include <string.h>

static void on_registered(void *arg, const struct registration_terms *terms)
{
    struct tenancy *tenancy = arg;
    tenancy->rejoin_ns = terms->rejoin_seconds * SECOND_NS;
    tenancy->token_lifetime_ns = terms->token_lifetime_seconds * SECOND_NS;
    /* The key is fresh at each registration: no token can be from before it. */
    if (host_open(tenancy->host, terms->connect_key, terms->protocol_id, 0) != HEARTH_OK) {
        tenancy->events.refused(tenancy->events.arg, "the netcode server cannot start");
        return;
    }
    tenancy->events.ready(tenancy->events.arg);
}

static void on_lost(void *arg)
{
    struct tenancy *tenancy = arg;
    for (uint32_t i = 0; i < tenancy->host->session_count; i++) {
        if (tenancy->tenants[i].used)
            tenant_end(tenancy, &tenancy->tenants[i], STREAM_RUNNING);
    }
    host_shut(tenancy->host);
}

static void on_refused(void *arg, const char *why)
{
    struct tenancy *tenancy = arg;
    tenancy->events.refused(tenancy->events.arg, why);
}

static void on_drain(void *arg)
{
    log_info("gamesim", "hearthd asks to drain");
    tenancy_drain(arg, false);
}

static void on_end(void *arg, const uint8_t id[16])
{
    struct tenancy *tenancy = arg;
    struct tenant *tenant = tenant_find(tenancy, id);
    if (!tenant)
        tenancy_remember_ended(tenancy, id);
    else if (!tenant->over)
        tenant_end(tenancy, tenant, STREAM_RUNNING);
}

static void on_kick(void *arg, const uint8_t id[16], const uint8_t user[16])
{
    struct tenancy *tenancy = arg;
    struct tenant *tenant = tenant_find(tenancy, id);
    if (tenant)
        tenant_give_up_user(tenancy, tenant, user, -1, WIRE_LEAVE_KICKED);
    /* Also when he is not here: his seat waits for a heartbeat that says so. */
    registry_changed(tenancy->registry);
}

static size_t name_sessions(void *arg, struct heartbeat_session *out, size_t max)
{
    struct tenancy *tenancy = arg;
    size_t count = 0;
    for (uint32_t i = 0; i < tenancy->host->session_count && count < max; i++) {
        const struct tenant *tenant = &tenancy->tenants[i];
        const struct session *session = &tenancy->host->sessions[i];
        if (!tenant->used || tenant->over)
            continue;
        struct heartbeat_session *named = &out[count++];
        memcpy(named->id, session->id, sizeof(named->id));
        named->player_count = 0;
        for (unsigned k = 0; k < session->seat_count; k++) {
            if (session->seats[k].slot != SESSION_NO_SLOT)
                memcpy(named->players[named->player_count++], tenant->seats[k].user, 16);
        }
    }
    return count;
}

struct registry_events tenancy_orders(struct tenancy *tenancy)
{
    return (struct registry_events){.registered = on_registered,
                                    .lost = on_lost,
                                    .refused = on_refused,
                                    .drain = on_drain,
                                    .end = on_end,
                                    .kick = on_kick,
                                    .sessions = name_sessions,
                                    .arg = tenancy};
}
