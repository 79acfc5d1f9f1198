/*
 * tenancy.c - see tenancy.h. Time passes, the instance drains; how it begins and ends.
 */
#include "host/tenancy_state.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLUSH_NS (10 * SECOND_NS)

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
            tenant_end(tenancy, &tenancy->tenants[i], STREAM_ABANDONED);
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
            tenant_tick(tenancy, &tenancy->tenants[i], now_ns);
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

/* "[2001:db8::1]:40000" and its port apart, without brackets. */
static void split_address(struct registration *out, const netcode_address *address)
{
    char text[NETCODE_ADDRESS_TEXT];
    netcode_address_format(address, text);
    *strrchr(text, ':') = '\0';
    size_t bracket = text[0] == '[';
    snprintf(out->address, sizeof(out->address), "%.*s", (int)(strlen(text) - 2 * bracket),
             text + bracket);
    out->port = address->port;
}

static void describe(struct registration *out, const gamesim_host *host)
{
    const struct options *options = host->options;
    netcode_address bound = udp_address(host->udp);
    split_address(out, options->public_count > 0 ? &options->public_addresses[0] : &bound);
    for (unsigned i = 1; i < options->public_count; i++)
        netcode_address_format(&options->public_addresses[i], out->more[out->more_count++]);
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
                                     .ca = host->options->ca[0] ? host->options->ca : NULL,
                                     .token = host->options->token,
                                     .events = tenancy_orders(tenancy)};
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
