/*
 * tenancy_admit.c - who may sit where: a token says it, the newest token of a seat wins.
 */
#include "host/tenancy_state.h"

#include <string.h>

/* Whether this user has come with a newer token before, perhaps for another seat. */
static bool is_outdated(const struct tenancy *tenancy, const struct tenant *tenant,
                        const session_claims *claims)
{
    for (uint8_t i = 0; i < tenancy->host->players; i++) {
        const struct tenant_seat *seat = &tenant->seats[i];
        if (memcmp(seat->user, claims->user_id, sizeof(seat->user)) == 0 &&
            claims->admission < seat->admission)
            return true;
    }
    return false;
}

/* 0, or why not. */
static uint8_t admit(struct tenancy *tenancy, const session_claims *claims, uint32_t slot)
{
    struct tenant *tenant = tenant_find(tenancy, claims->game_sim_id);
    if ((tenant && tenant->over) || ended_has(&tenancy->ended, claims->game_sim_id, uv_hrtime()))
        return WIRE_LEAVE_SESSION_OVER;
    if (claims->seat >= tenancy->host->players || tenancy->leaving)
        return WIRE_LEAVE_REFUSED;
    if (!tenant && !(tenant = tenant_open(tenancy, claims)))
        return WIRE_LEAVE_REFUSED;
    struct session *session = tenant_session(tenancy, tenant);
    struct tenant_seat *seat = &tenant->seats[claims->seat];
    bool same = seat->kept && memcmp(seat->user, claims->user_id, sizeof(seat->user)) == 0;
    if (claims->admission < seat->admission || is_outdated(tenancy, tenant, claims) ||
        (claims->admission == seat->admission && !same && seat->admission != 0))
        return WIRE_LEAVE_REPLACED;
    tenant_give_up_user(tenancy, tenant, claims->user_id, claims->seat, WIRE_LEAVE_REPLACED);
    if (seat->kept && !same)
        tenant_give_up_seat(tenancy, tenant, claims->seat, WIRE_LEAVE_KICKED);
    else if (session->seats[claims->seat].slot != SESSION_NO_SLOT)
        host_put_out(tenancy->host, session, claims->seat, WIRE_LEAVE_REPLACED, true);
    seat->kept = true;
    seat->admission = claims->admission;
    memcpy(seat->user, claims->user_id, sizeof(seat->user));
    memcpy(seat->character, claims->character_id, sizeof(seat->character));
    tenancy->host->places[slot] = (struct place){session, claims->seat};
    session_join(session, claims->seat, slot, &claims->combat);
    registry_changed(tenancy->registry);
    return 0;
}

void tenancy_connected(struct tenancy *tenancy, uint32_t slot, const netcode_client_info *client)
{
    session_claims claims;
    uint8_t reason = WIRE_LEAVE_REFUSED;
    if (session_claims_read(&claims, client->user_data) == HEARTH_OK)
        reason = admit(tenancy, &claims, slot);
    if (reason != 0)
        host_refuse(tenancy->host, slot, (enum wire_leave)reason);
}

void tenancy_left(struct tenancy *tenancy, const struct session *session, uint8_t seat)
{
    struct tenant *tenant = tenant_of_session(tenancy, session);
    tenant->seats[seat].left_ns = uv_hrtime();
    if (session_connected(session) == 0)
        tenant->empty_ns = tenant->seats[seat].left_ns;
    registry_changed(tenancy->registry);
}
