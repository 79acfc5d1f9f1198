/*
 * exposition.c - gamesim's numbers in Prometheus' text format.
 */
#include "status/status.h"

#include <inttypes.h>

static hearth_status family(hearth_buf *out, const char *name, const char *type, const char *help)
{
    return buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static hearth_status simple(hearth_buf *out, const char *name, const char *type, const char *help,
                            uint64_t value)
{
    hearth_status status = family(out, name, type, help);
    return status == HEARTH_OK ? buf_printf(out, "%s %" PRIu64 "\n", name, value) : status;
}

static hearth_status histogram(hearth_buf *out, const char *name, const char *help,
                               const struct histogram *histogram)
{
    uint64_t seen = 0;
    hearth_status status = family(out, name, "histogram", help);
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS && status == HEARTH_OK; i++) {
        seen += histogram->counts[i];
        status = buf_printf(out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name,
                            histogram_bounds_us[i] / 1e6, seen);
    }
    if (status != HEARTH_OK)
        return status;
    return buf_printf(
        out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum %.9f\n%s_count %" PRIu64 "\n", name,
        histogram->total, name, (double)histogram->sum_ns / 1e9, name, histogram->total);
}

static hearth_status drops(hearth_buf *out, const gamesim_status *s)
{
    static const char name[] = "hearth_gamesim_packets_dropped_total";
    hearth_status status = family(out, name, "counter", "Datagrams that were ignored, by reason.");
    for (int i = NETCODE_ACCEPTED + 1; i < NETCODE_DROP_COUNT && status == HEARTH_OK; i++)
        status = buf_printf(out, "%s{reason=\"%s\"} %" PRIu64 "\n", name,
                            netcode_drop_name((netcode_drop)i), s->netcode.drops[i]);
    if (status == HEARTH_OK)
        status = buf_printf(out, "%s{reason=\"truncated\"} %" PRIu64 "\n", name, s->udp.truncated);
    return status;
}

static hearth_status registered(hearth_buf *out, const registry_status *r)
{
    const struct {
        const char *name, *type, *help;
        uint64_t value;
    } rows[] = {
        {"hearth_gamesim_registered", "gauge", "1 while registered with hearthd.", r->registered},
        {"hearth_gamesim_registrations_total", "counter", "Registrations; more than one: losses.",
         r->registrations},
        {"hearth_gamesim_heartbeats_total", "counter", "Heartbeats acknowledged.", r->heartbeats},
        {"hearth_gamesim_heartbeat_failures_total", "counter", "Heartbeats that failed.",
         r->heartbeat_failures},
        {"hearth_gamesim_reports_acknowledged_total", "counter", "Batches that hearthd took.",
         r->reports_acknowledged},
        {"hearth_gamesim_reports_failed_total", "counter", "Batches given up.", r->reports_failed},
        {"hearth_gamesim_report_events_rejected_total", "counter", "Events that hearthd rejected.",
         r->events_rejected},
        {"hearth_gamesim_report_events_dropped_total", "counter",
         "Events that did not fit into the queue.", r->events_dropped},
        {"hearth_gamesim_report_events_waiting", "gauge", "Events not yet acknowledged.",
         r->events_waiting},
        {"hearth_gamesim_report_queues", "gauge", "Sessions with something to report.",
         r->streams_open},
        {"hearth_gamesim_report_queues_limit", "gauge", "How many of them fit.", r->streams_limit},
    };
    static const char clock[] = "hearth_gamesim_clock_ahead_seconds";
    hearth_status status =
        family(out, clock, "gauge", "How far this clock is ahead of hearthd's; below 0: behind.");
    if (status == HEARTH_OK)
        status = buf_printf(out, "%s %ld\n", clock, r->clock_ahead);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows) && status == HEARTH_OK; i++)
        status = simple(out, rows[i].name, rows[i].type, rows[i].help, rows[i].value);
    return status;
}

hearth_status status_write_metrics(hearth_buf *out, const gamesim_status *s)
{
    const netcode_server_stats *n = &s->netcode;
    const struct {
        const char *name, *type, *help;
        uint64_t value;
    } rows[] = {
        {"hearth_gamesim_sessions", "gauge", "Sessions with a player connected.", s->sessions},
        {"hearth_gamesim_sessions_limit", "gauge", "Sessions that fit.", s->session_limit},
        {"hearth_gamesim_players", "gauge", "Connected clients.", n->connected},
        {"hearth_gamesim_slots", "gauge", "Clients that fit.", s->slots},
        {"hearth_gamesim_ticks_skipped_total", "counter",
         "Ticks given up because the process was away for too long.", s->ticks_skipped},
        {"hearth_gamesim_packets_received_total", "counter", "Datagrams in.", n->packets_in},
        {"hearth_gamesim_received_bytes_total", "counter", "Bytes of datagrams in.", n->bytes_in},
        {"hearth_gamesim_packets_sent_total", "counter", "Datagrams out.", n->packets_out},
        {"hearth_gamesim_sent_bytes_total", "counter", "Bytes of datagrams out.", n->bytes_out},
        {"hearth_gamesim_send_failures_total", "counter", "Datagrams the system did not take.",
         s->udp.send_failed},
        {"hearth_gamesim_challenges_total", "counter", "Challenges sent.", n->challenges},
        {"hearth_gamesim_denied_total", "counter", "Token holders told that the server is full.",
         n->denied},
        {"hearth_gamesim_connects_total", "counter", "Clients let in.", n->connects},
        {"hearth_gamesim_leaves_total", "counter", "Clients that left.", n->leaves},
        {"hearth_gamesim_timeouts_total", "counter", "Clients that fell silent.", n->timeouts},
        {"hearth_gamesim_kicks_total", "counter", "Clients put out.", n->kicks},
        {"hearth_gamesim_tokens_remembered", "gauge", "Connect tokens in the history.",
         n->tokens_remembered},
    };
    hearth_status status = HEARTH_OK;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows) && status == HEARTH_OK; i++)
        status = simple(out, rows[i].name, rows[i].type, rows[i].help, rows[i].value);
    if (status == HEARTH_OK && !s->standalone)
        status = registered(out, &s->registry);
    if (status == HEARTH_OK)
        status = drops(out, s);
    if (status == HEARTH_OK)
        status = histogram(out, "hearth_gamesim_tick_duration_seconds", "Time a tick took.",
                           &s->tick_duration);
    if (status == HEARTH_OK)
        status = histogram(out, "hearth_gamesim_tick_lateness_seconds",
                           "How long after its time a tick began.", &s->tick_lateness);
    return status;
}
