/*
 * registry.c - see registry.h. One request at a time keeps the order of registrations and
 * heartbeats; reports go beside it (deliver.c).
 */
#include "report/registry_state.h"

#include "base/log.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STREAMS_PER_SESSION 4                /* sessions that ended while hearthd was away */
#define CHANGE_NS           (SECOND_NS / 4)  /* changes gather for so long */
#define CHANGE_MOST_NS      (SECOND_NS / 2)  /* heartbeats for changes at most twice a second */
#define REGISTER_MOST_NS    (30 * SECOND_NS) /* between attempts to register */
#define CLOCK_TOLERANCE_S   5
#define TOKEN_RETRIES       3 /* heartbeats refused as unauthorized: lost */

uint64_t registry_backoff(unsigned attempts, uint64_t least_ns, uint64_t most_ns)
{
    uint64_t pause = least_ns;
    while (attempts-- > 0 && pause < most_ns)
        pause *= 2;
    if (pause > most_ns)
        pause = most_ns;
    return pause / 2 + randombytes_uniform((uint32_t)(pause / 2000000) + 1) * UINT64_C(1000000);
}

void identity_release(struct identity *identity)
{
    if (!identity || --identity->users > 0)
        return;
    sodium_memzero(identity, sizeof(*identity));
    free(identity);
}

bool registry_call(gamesim_registry *registry, const struct identity *identity, const char *method,
                   const char *path, const char *body, unsigned timeout_ms, https_done_fn done,
                   void *arg)
{
    char url[2048];
    int len = snprintf(url, sizeof(url), "%s%s", registry->config.url, path);
    const https_request request = {.method = method,
                                   .url = url,
                                   .bearer = identity ? identity->token : registry->config.token,
                                   .body = body,
                                   .timeout_ms = timeout_ms,
                                   .done = done,
                                   .arg = arg};
    return len > 0 && (size_t)len < sizeof(url) &&
           https_send(registry->https, &request) == HEARTH_OK;
}

void registry_describe(const https_reply *reply, char out[WHY_MAX])
{
    char code[48], error[160];
    if (reply->status == 0) {
        snprintf(out, WHY_MAX, "no answer: %.120s", reply->error);
        return;
    }
    message_read_code(reply->body, code);
    message_read_error(reply->body, error);
    snprintf(out, WHY_MAX, "hearthd answered %d %s%s%s", reply->status, code, error[0] ? ": " : "",
             error);
}

/* Whether a token has expired is judged by this machine's clock, and hearthd's wrote its expiry. */
static void hear_clock(gamesim_registry *registry, const https_reply *reply)
{
    long ahead = reply->clock_ahead, before = registry->status.clock_ahead;
    bool wrong = labs(ahead) >= CLOCK_TOLERANCE_S;
    if (reply->status == 0)
        return;
    registry->status.clock_ahead = ahead;
    registry->status.clock_wrong = ahead >= (long)registry->terms.token_lifetime_seconds;
    if (wrong && labs(before) < CLOCK_TOLERANCE_S)
        log_warn("gamesim", "this machine's clock is %ld s %s hearthd's: players' tokens expire %s",
                 labs(ahead), ahead > 0 ? "ahead of" : "behind",
                 ahead > 0 ? "too early, and they cannot connect" : "too late");
    else if (!wrong && labs(before) >= CLOCK_TOLERANCE_S)
        log_info("gamesim", "this machine's clock agrees with hearthd's again");
}

/* ---- registering ----------------------------------------------------------------------------- */

static void register_later(gamesim_registry *registry, const char *why, unsigned retry_after)
{
    uint64_t pause = registry_backoff(registry->attempts++, SECOND_NS / 2, REGISTER_MOST_NS);
    if (retry_after * SECOND_NS > pause)
        pause = retry_after * SECOND_NS;
    registry->due_ns = registry->now_ns + pause;
    log_warn("gamesim", "not registered, next attempt in %.1f s: %s", (double)pause / 1e9, why);
}

/* Nothing that waiting would change. */
static bool is_final(int status)
{
    return status >= 400 && status < 500 && status != 408 && status != 429;
}

static void on_registered(void *arg, const https_reply *reply)
{
    gamesim_registry *registry = arg;
    char why[WHY_MAX];
    registry->calling = false;
    struct identity *identity = calloc(1, sizeof(*identity));
    if (reply->status != 201 || !identity ||
        !message_read_terms(&registry->terms, reply->body, why)) {
        free(identity);
        if (reply->status != 201)
            registry_describe(reply, why);
        if (registry->status.registrations == 0 && is_final(reply->status)) {
            registry->refused = true;
            registry->config.events.refused(registry->config.events.arg, why);
        } else {
            register_later(registry, why, reply->retry_after);
        }
        return;
    }
    hear_clock(registry, reply);
    identity->users = 1;
    strcpy(identity->id, registry->terms.id);
    strcpy(identity->token, registry->terms.token);
    registry->identity = identity;
    registry->phase = REGISTRY_PRESENT;
    registry->attempts = registry->unauthorized = 0;
    registry->sequence = 0;
    registry->due_ns = registry->now_ns; /* the first heartbeat makes it ready */
    registry->status.registrations++;
    registry->drain_heard = registry->vacant = false;
    log_info("gamesim", "registered as %s", identity->id);
    registry->config.events.registered(registry->config.events.arg, &registry->terms);
    sodium_memzero(registry->terms.connect_key, sizeof(registry->terms.connect_key));
    sodium_memzero(registry->terms.token, sizeof(registry->terms.token));
}

static void send_registration(gamesim_registry *registry)
{
    char *body = message_register(&registry->config.registration);
    registry->calling = body && registry_call(registry, NULL, "POST", "/gamesim-instances", body, 0,
                                              on_registered, registry);
    if (!registry->calling)
        register_later(registry, "out of memory", 0);
    free(body);
}

static void lose(gamesim_registry *registry, const char *why)
{
    log_error("gamesim", "instance %s is lost, registering anew: %s", registry->identity->id, why);
    registry->phase = REGISTRY_ABSENT;
    registry->attempts = 0;
    registry->due_ns = registry->now_ns;
    registry->config.events.lost(registry->config.events.arg);
    identity_release(registry->identity);
    registry->identity = NULL;
}

/* ---- heartbeats ------------------------------------------------------------------------------ */

static void heartbeat_failed(gamesim_registry *registry, const https_reply *reply)
{
    char why[WHY_MAX];
    uint64_t most = registry->terms.heartbeat_ns / 3;
    registry_describe(reply, why);
    registry->status.heartbeat_failures++;
    registry->changed = true;
    if (reply->status == 404) {
        lose(registry, why);
        return;
    }
    registry->unauthorized = reply->status == 401 ? registry->unauthorized + 1 : 0;
    if (registry->unauthorized >= TOKEN_RETRIES) {
        lose(registry, why);
        return;
    }
    uint64_t pause = registry_backoff(registry->attempts++, most / 8 + 1, most);
    registry->due_ns = registry->now_ns + pause;
    log_warn("gamesim", "heartbeat failed, next attempt in %.1f s: %s", (double)pause / 1e9, why);
}

static void on_heartbeat(void *arg, const https_reply *reply)
{
    gamesim_registry *registry = arg;
    const struct registry_events *events = &registry->config.events;
    const struct heartbeat_orders orders = {events->end, events->kick, events->arg};
    char token[MESSAGES_TOKEN_MAX];
    bool drain = false;
    registry->calling = false;
    if (registry->phase != REGISTRY_PRESENT)
        return; /* leaving: the answer came too late to matter */
    hear_clock(registry, reply);
    if (reply->status != 200 || !message_read_heartbeat(reply->body, &orders, &drain, token)) {
        heartbeat_failed(registry, reply);
        return;
    }
    registry->attempts = registry->unauthorized = 0;
    registry->status.heartbeats++;
    if (token[0])
        strcpy(registry->identity->token, token);
    sodium_memzero(token, sizeof(token));
    if (registry->told_draining && !registry->drain_heard) {
        registry->drain_heard = true;
        registry->heard_draining_ns = registry->now_ns;
    }
    if (drain && !registry->draining)
        events->drain(events->arg);
}

/* The sessions that run, and those whose end hearthd has not acknowledged yet: as long as they are
 * named, their seats stand. */
static size_t name_sessions(gamesim_registry *registry)
{
    size_t max = registry->config.registration.game_sims + registry->delivery_count;
    const struct registry_events *events = &registry->config.events;
    size_t count = events->sessions(events->arg, registry->sessions, max);
    for (size_t i = 0; i < registry->delivery_count && count < max; i++) {
        const struct stream *stream = &registry->deliveries[i].stream;
        if (!stream->used || !stream->closed || stream->outcome == STREAM_RUNNING ||
            stream->identity != registry->identity)
            continue;
        struct heartbeat_session *out = &registry->sessions[count++];
        memcpy(out->id, stream->session_id, sizeof(out->id));
        out->player_count = stream->player_count;
        memcpy(out->players, stream->players, sizeof(out->players));
    }
    return count;
}

static void send_heartbeat(gamesim_registry *registry)
{
    char path[128];
    uint64_t timeout_ms = registry->terms.heartbeat_ns / 2000000;
    char *body = message_heartbeat(++registry->sequence, registry->draining, registry->sessions,
                                   name_sessions(registry));
    snprintf(path, sizeof(path), "/gamesim-instances/%s/heartbeat", registry->identity->id);
    registry->told_draining = registry->draining;
    registry->changed = false;
    registry->sent_ns = registry->now_ns;
    registry->due_ns = registry->now_ns + registry->terms.heartbeat_ns;
    registry->calling = body && registry_call(registry, registry->identity, "PUT", path, body,
                                              (unsigned)(timeout_ms < 1000 ? 1000 : timeout_ms),
                                              on_heartbeat, registry);
    if (!registry->calling)
        registry->due_ns = registry->now_ns + SECOND_NS;
    free(body);
}

void registry_changed(gamesim_registry *registry)
{
    uint64_t soon = registry->now_ns + CHANGE_NS;
    if (registry->changed || registry->phase != REGISTRY_PRESENT)
        return; /* a heartbeat for it is due already */
    registry->changed = true;
    if (soon < registry->sent_ns + CHANGE_MOST_NS)
        soon = registry->sent_ns + CHANGE_MOST_NS;
    if (registry->due_ns > soon)
        registry->due_ns = soon;
}

void registry_drain(gamesim_registry *registry)
{
    registry->draining = true;
    registry_changed(registry);
}

/* ---- draining -------------------------------------------------------------------------------- */

static void on_list(void *arg, const https_reply *reply)
{
    gamesim_registry *registry = arg;
    registry->asking = false;
    if (registry->phase == REGISTRY_PRESENT && reply->status == 200)
        registry->vacant = message_read_active(reply->body, registry->identity->id) == 0;
}

/* A session that was allocated before hearthd heard of the drain may have tokens that are still on
 * their way. hearthd knows; if it does not say, their lifetime is waited for. */
static void ask_vacancy(gamesim_registry *registry)
{
    uint64_t grace = (uint64_t)registry->terms.token_lifetime_seconds * SECOND_NS;
    if (!registry->drain_heard || registry->vacant || registry->asking)
        return;
    if (registry->now_ns - registry->heard_draining_ns > grace + 10 * SECOND_NS) {
        registry->vacant = true;
    } else if (registry->now_ns >= registry->ask_ns) {
        registry->ask_ns = registry->now_ns + SECOND_NS;
        registry->asking = registry_call(registry, registry->identity, "GET", "/gamesim-instances",
                                         NULL, 0, on_list, registry);
    }
}

bool registry_is_vacant(const gamesim_registry *registry)
{
    return registry->vacant || registry->phase != REGISTRY_PRESENT;
}

static void on_left(void *arg, const https_reply *reply)
{
    gamesim_registry *registry = arg;
    char why[WHY_MAX];
    if (reply->status == 204 || reply->status == 404) {
        log_info("gamesim", "deregistered");
    } else {
        registry_describe(reply, why);
        log_warn("gamesim", "not deregistered: %s", why);
    }
    registry->left(registry->left_arg);
}

void registry_leave(gamesim_registry *registry, void (*done)(void *arg), void *arg)
{
    char path[128];
    bool registered = registry->phase == REGISTRY_PRESENT;
    registry->phase = REGISTRY_LEAVING;
    registry->left = done;
    registry->left_arg = arg;
    if (registered)
        snprintf(path, sizeof(path), "/gamesim-instances/%s", registry->identity->id);
    if (!registered ||
        !registry_call(registry, registry->identity, "DELETE", path, NULL, 5000, on_left, registry))
        done(arg);
}

/* ---- life ------------------------------------------------------------------------------------ */

void registry_tick(gamesim_registry *registry, uint64_t now_ns)
{
    registry->now_ns = now_ns;
    if (registry->phase == REGISTRY_LEAVING || registry->refused)
        return;
    if (!registry->calling && now_ns >= registry->due_ns) {
        if (registry->phase == REGISTRY_PRESENT)
            send_heartbeat(registry);
        else if (!registry->draining)
            send_registration(registry);
    }
    if (registry->phase == REGISTRY_PRESENT && registry->draining)
        ask_vacancy(registry);
    deliver_due(registry);
}

hearth_status registry_create(gamesim_registry **out, uv_loop_t *loop,
                              const struct registry_config *config)
{
    gamesim_registry *made = calloc(1, sizeof(*made));
    if (!made)
        return HEARTH_ENOMEM;
    made->config = *config;
    made->delivery_count = (size_t)config->registration.game_sims * STREAMS_PER_SESSION;
    made->deliveries = calloc(made->delivery_count, sizeof(*made->deliveries));
    made->sessions =
        calloc(made->delivery_count + config->registration.game_sims, sizeof(*made->sessions));
    if (!made->deliveries || !made->sessions ||
        https_create(&made->https, loop, config->ca) != HEARTH_OK) {
        registry_destroy(made);
        return HEARTH_ENOMEM;
    }
    *out = made;
    return HEARTH_OK;
}

void registry_status_get(const gamesim_registry *registry, registry_status *out)
{
    *out = registry->status;
    out->registered = registry->phase == REGISTRY_PRESENT;
    out->streams_limit = (uint32_t)registry->delivery_count;
    for (size_t i = 0; i < registry->delivery_count; i++) {
        const struct stream *stream = &registry->deliveries[i].stream;
        if (!stream->used)
            continue;
        out->streams_open++;
        out->events_dropped += stream->dropped;
        out->events_waiting += stream->pending_count;
        out->events_waiting += stream->batch_open ? stream->batch_count : 0;
    }
}

void registry_stop(gamesim_registry *registry)
{
    if (registry)
        https_stop(registry->https);
}

void registry_destroy(gamesim_registry *registry)
{
    if (!registry)
        return;
    for (size_t i = 0; i < registry->delivery_count && registry->deliveries; i++)
        identity_release(registry->deliveries[i].stream.identity);
    identity_release(registry->identity);
    https_destroy(registry->https);
    free(registry->deliveries);
    free(registry->sessions);
    free(registry);
}
