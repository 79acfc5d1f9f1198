/*
 * tenancy.c - see tenancy.h. Admission, the life of a session, hearthd's orders, draining.
 */
#include "host/tenancy.h"
#include "host/ended.h"
#include "report/registry.h"
#include "text/uuid.h"

#include "base/log.h"

#include <session_claims.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS      UINT64_C(1000000000)
#define LINGER_NS      (3 * SECOND_NS) /* for clients to hear how the match ended */
#define FLUSH_NS       (10 * SECOND_NS)
#define ENDED_GRACE_NS (10 * SECOND_NS)

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

static struct session *session_of(const struct tenancy *tenancy, const struct tenant *tenant)
{
    return &tenancy->host->sessions[tenant - tenancy->tenants];
}

static struct tenant *tenant_of(const struct tenancy *tenancy, const struct session *session)
{
    return &tenancy->tenants[session - tenancy->host->sessions];
}

static struct tenant *find(const struct tenancy *tenancy, const uint8_t id[16])
{
    for (uint32_t i = 0; i < tenancy->host->session_count; i++) {
        if (tenancy->tenants[i].used &&
            memcmp(tenancy->host->sessions[i].id, id, sizeof(tenancy->host->sessions[i].id)) == 0)
            return &tenancy->tenants[i];
    }
    return NULL;
}

/* ---- sessions end ---------------------------------------------------------------------------- */

static void remember_ended(struct tenancy *tenancy, const uint8_t id[16])
{
    ended_add(&tenancy->ended, id, uv_hrtime() + tenancy->token_lifetime_ns + ENDED_GRACE_NS);
}

/* With an outcome it is reported; STREAM_RUNNING: hearthd knows already. */
static void finish(struct tenancy *tenancy, struct tenant *tenant, enum stream_outcome outcome)
{
    static const char *const names[] = {"ended by hearthd", "victory", "defeat", "abandoned"};
    struct session *session = session_of(tenancy, tenant);
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
    remember_ended(tenancy, session->id);
    registry_changed(tenancy->registry);
    log_info("gamesim", "session %s: %s", uuid_format(session->id, id), names[outcome]);
}

static void close_tenant(struct tenancy *tenancy, struct tenant *tenant)
{
    struct session *session = session_of(tenancy, tenant);
    for (uint8_t i = 0; i < tenancy->host->players; i++) {
        if (session->seats[i].slot != SESSION_NO_SLOT)
            host_put_out(tenancy->host, session, i, WIRE_LEAVE_SESSION_OVER, false);
    }
    memset(tenant, 0, sizeof(*tenant));
}

static void end_now(struct tenancy *tenancy, struct tenant *tenant, enum stream_outcome outcome)
{
    finish(tenancy, tenant, outcome);
    close_tenant(tenancy, tenant);
}

/* ---- admission ------------------------------------------------------------------------------- */

static struct tenant *open_tenant(struct tenancy *tenancy, const session_claims *claims)
{
    gamesim_host *host = tenancy->host;
    uint32_t i = 0;
    while (i < host->session_count && tenancy->tenants[i].used)
        i++;
    if (i == host->session_count)
        return NULL;
    struct tenant *tenant = &tenancy->tenants[i];
    struct stream *stream = registry_open_stream(tenancy->registry, claims->game_sim_id);
    char id[UUID_TEXT];
    if (!stream)
        return NULL;
    session_init(&host->sessions[i], claims->game_sim_id, host->dungeon, claims->seed,
                 host->players, false, &host->output);
    *tenant = (struct tenant){.used = true, .stream = stream, .opened_ns = uv_hrtime()};
    log_info("gamesim", "session %s opened", uuid_format(claims->game_sim_id, id));
    return tenant;
}

static void give_up_seat(struct tenancy *tenancy, struct tenant *tenant, uint8_t seat,
                         enum wire_leave reason)
{
    struct session *session = session_of(tenancy, tenant);
    if (session->seats[seat].slot != SESSION_NO_SLOT)
        host_put_out(tenancy->host, session, seat, reason, false);
    else if (tenant->seats[seat].kept)
        session_leave(session, seat, false);
    tenant->seats[seat].kept = false; /* its admission number stays: older tokens are dead */
    registry_changed(tenancy->registry);
}

static void give_up_seats_of(struct tenancy *tenancy, struct tenant *tenant, const uint8_t user[16],
                             int except, enum wire_leave reason)
{
    for (uint8_t i = 0; i < tenancy->host->players; i++) {
        if (i != except && tenant->seats[i].kept && memcmp(tenant->seats[i].user, user, 16) == 0)
            give_up_seat(tenancy, tenant, i, reason);
    }
}

/* 0, or why not. */
static uint8_t admit(struct tenancy *tenancy, const session_claims *claims, uint32_t slot)
{
    struct tenant *tenant = find(tenancy, claims->game_sim_id);
    if ((tenant && tenant->over) || ended_has(&tenancy->ended, claims->game_sim_id, uv_hrtime()))
        return WIRE_LEAVE_SESSION_OVER;
    if (claims->seat >= tenancy->host->players || tenancy->leaving)
        return WIRE_LEAVE_REFUSED;
    if (!tenant && !(tenant = open_tenant(tenancy, claims)))
        return WIRE_LEAVE_REFUSED;
    struct session *session = session_of(tenancy, tenant);
    struct tenant_seat *seat = &tenant->seats[claims->seat];
    bool same = seat->kept && memcmp(seat->user, claims->user_id, sizeof(seat->user)) == 0;
    if (claims->admission < seat->admission ||
        (claims->admission == seat->admission && !same && seat->admission != 0))
        return WIRE_LEAVE_REPLACED;
    give_up_seats_of(tenancy, tenant, claims->user_id, claims->seat, WIRE_LEAVE_REPLACED);
    if (seat->kept && !same)
        give_up_seat(tenancy, tenant, claims->seat, WIRE_LEAVE_KICKED);
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
    struct tenant *tenant = tenant_of(tenancy, session);
    tenant->seats[seat].left_ns = uv_hrtime();
    if (session_connected(session) == 0)
        tenant->empty_ns = tenant->seats[seat].left_ns;
    registry_changed(tenancy->registry);
}

/* ---- what happens is reported ---------------------------------------------------------------- */

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
    struct tenant *tenant = tenant_of(tenancy, session);
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

/* ---- hearthd's orders ------------------------------------------------------------------------ */

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
            end_now(tenancy, &tenancy->tenants[i], STREAM_RUNNING);
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
    struct tenant *tenant = find(tenancy, id);
    if (!tenant)
        remember_ended(tenancy, id);
    else if (!tenant->over)
        end_now(tenancy, tenant, STREAM_RUNNING);
}

static void on_kick(void *arg, const uint8_t id[16], const uint8_t user[16])
{
    struct tenancy *tenancy = arg;
    struct tenant *tenant = find(tenancy, id);
    if (tenant)
        give_up_seats_of(tenancy, tenant, user, -1, WIRE_LEAVE_KICKED);
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

/* ---- time passes ----------------------------------------------------------------------------- */

static void free_late_seats(struct tenancy *tenancy, struct tenant *tenant, uint64_t now_ns)
{
    const struct session *session = session_of(tenancy, tenant);
    for (uint8_t i = 0; i < tenancy->host->players; i++) {
        const struct tenant_seat *seat = &tenant->seats[i];
        if (seat->kept && session->seats[i].slot == SESSION_NO_SLOT &&
            now_ns > seat->left_ns + tenancy->rejoin_ns)
            give_up_seat(tenancy, tenant, i, WIRE_LEAVE_KICKED);
    }
}

static void tick_tenant(struct tenancy *tenancy, struct tenant *tenant, uint64_t now_ns)
{
    const struct options *options = tenancy->host->options;
    const struct session *session = session_of(tenancy, tenant);
    bool empty = session_connected(session) == 0;
    if (tenant->over) {
        if (empty || now_ns > tenant->over_ns + LINGER_NS)
            close_tenant(tenancy, tenant);
    } else if (session->sim.phase == SIM_VICTORY || session->sim.phase == SIM_DEFEAT) {
        finish(tenancy, tenant, session->sim.phase == SIM_VICTORY ? STREAM_VICTORY : STREAM_DEFEAT);
    } else if (empty && now_ns > tenant->empty_ns + options->empty_timeout_ns) {
        end_now(tenancy, tenant, STREAM_ABANDONED);
    } else if (session->sim.phase == SIM_WAITING &&
               now_ns > tenant->opened_ns + options->join_timeout_ns) {
        end_now(tenancy, tenant, STREAM_ABANDONED);
    } else {
        free_late_seats(tenancy, tenant, now_ns);
    }
}

static void on_left_registry(void *arg)
{
    struct tenancy *tenancy = arg;
    bool flushed = registry_is_flushed(tenancy->registry);
    if (!flushed)
        log_error("gamesim", "leaving with reports that hearthd has not acknowledged");
    tenancy->events.finished(tenancy->events.arg, flushed);
}

static void tick_drain(struct tenancy *tenancy, bool anybody, uint64_t now_ns)
{
    bool late = now_ns >= tenancy->drain_deadline_ns;
    for (uint32_t i = 0; i < tenancy->host->session_count && late; i++) {
        if (tenancy->tenants[i].used)
            end_now(tenancy, &tenancy->tenants[i], STREAM_ABANDONED);
    }
    if (!late && (anybody || !registry_is_vacant(tenancy->registry)))
        return;
    if (tenancy->flush_deadline_ns == 0)
        tenancy->flush_deadline_ns = now_ns + FLUSH_NS;
    if (!registry_is_flushed(tenancy->registry) && now_ns < tenancy->flush_deadline_ns)
        return;
    tenancy->leaving = true;
    registry_leave(tenancy->registry, on_left_registry, tenancy);
}

void tenancy_tick(struct tenancy *tenancy, uint64_t now_ns)
{
    bool anybody = false;
    for (uint32_t i = 0; i < tenancy->host->session_count; i++) {
        if (tenancy->tenants[i].used)
            tick_tenant(tenancy, &tenancy->tenants[i], now_ns);
        anybody = anybody || tenancy->tenants[i].used;
    }
    registry_tick(tenancy->registry, now_ns);
    if (tenancy->draining && !tenancy->leaving)
        tick_drain(tenancy, anybody, now_ns);
}

void tenancy_drain(struct tenancy *tenancy, bool at_once)
{
    uint64_t now = uv_hrtime();
    if (!tenancy->draining) {
        tenancy->draining = true;
        tenancy->drain_deadline_ns = now + tenancy->host->options->drain_timeout_ns;
        registry_drain(tenancy->registry);
    }
    if (at_once)
        tenancy->drain_deadline_ns = now;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void describe(struct registration *out, const gamesim_host *host)
{
    const struct options *options = host->options;
    netcode_address address =
        options->has_public ? options->public_address : udp_address(host->udp);
    char text[NETCODE_ADDRESS_TEXT];
    netcode_address_format(&address, text);
    *strrchr(text, ':') = '\0';
    bool bracketed = text[0] == '[';
    snprintf(out->address, sizeof(out->address), "%.*s", (int)(strlen(text) - (bracketed ? 2 : 0)),
             text + (bracketed ? 1 : 0));
    out->port = address.port;
    snprintf(out->region, sizeof(out->region), "%s", options->region);
    out->version = GAMESIM_VERSION;
    out->wire_version = WIRE_VERSION;
    out->game_sims = host->session_count;
    out->players = host->players;
}

hearth_status tenancy_create(struct tenancy **out, gamesim_host *host, uv_loop_t *loop,
                             const struct host_events *events)
{
    struct tenancy *tenancy = calloc(1, sizeof(*tenancy));
    if (!tenancy)
        return HEARTH_ENOMEM;
    struct registry_config config = {.url = host->options->metadata,
                                     .token = host->options->token,
                                     .events = {.registered = on_registered,
                                                .lost = on_lost,
                                                .refused = on_refused,
                                                .drain = on_drain,
                                                .end = on_end,
                                                .kick = on_kick,
                                                .sessions = name_sessions,
                                                .arg = tenancy}};
    tenancy->host = host;
    tenancy->events = *events;
    tenancy->tenants = calloc(host->session_count, sizeof(*tenancy->tenants));
    describe(&config.registration, host);
    if (!tenancy->tenants || registry_create(&tenancy->registry, loop, &config) != HEARTH_OK) {
        tenancy_destroy(tenancy);
        return HEARTH_ENOMEM;
    }
    *out = tenancy;
    return HEARTH_OK;
}

void tenancy_status_get(const struct tenancy *tenancy, gamesim_status *out)
{
    out->draining = tenancy->draining;
    registry_status_get(tenancy->registry, &out->registry);
}

void tenancy_stop(struct tenancy *tenancy)
{
    registry_stop(tenancy->registry);
}

void tenancy_destroy(struct tenancy *tenancy)
{
    if (!tenancy)
        return;
    registry_destroy(tenancy->registry);
    free(tenancy->tenants);
    free(tenancy);
}
