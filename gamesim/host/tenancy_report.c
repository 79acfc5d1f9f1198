/*
 * tenancy_report.c - what happens in a match, as hearthd wants to hear it.
 */
#include "host/tenancy_state.h"

#include <string.h>

static const struct tenant_seat *seat_of_fighter(const struct tenant *tenant,
                                                 const struct session *session, uint16_t id)
{
    for (unsigned i = 0; i < session->seat_count; i++) {
        if (id != 0 && tenant->seats[i].kept && session->sim.players[i].fighter.id == id)
            return &tenant->seats[i];
    }
    return NULL;
}

void tenancy_happened(struct tenancy *tenancy, const struct session *session,
                      const struct sim_event *event)
{
    struct tenant *tenant = tenant_of_session(tenancy, session);
    struct report_event report = {.amount = event->value};
    uint16_t whose = event->type == SIM_EVENT_ATTACK ? event->target : event->actor;
    const struct tenant_seat *seat = seat_of_fighter(tenant, session, whose);
    if (!seat || !tenant->stream)
        return;
    memcpy(report.character, seat->character, sizeof(report.character));
    if (event->type == SIM_EVENT_ATTACK && event->value > 0) {
        report.type = REPORT_DAMAGE;
    } else if (event->type == SIM_EVENT_WAKE) {
        report.type = REPORT_HEAL;
        report.amount = 1;
    } else if (event->type == SIM_EVENT_EXPERIENCE && event->value > 0) {
        report.type = REPORT_EXPERIENCE;
    } else if (event->type == SIM_EVENT_LOOT) {
        report.type = event->item == 0 ? REPORT_GOLD : REPORT_LOOT;
        report.item = event->item;
    } else if (event->type == SIM_EVENT_DEATH) {
        report.type = REPORT_DEATH;
    } else {
        return;
    }
    stream_add(tenant->stream, &report);
}
