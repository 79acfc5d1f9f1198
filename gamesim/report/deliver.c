/*
 * deliver.c - reports on their way: one batch of a session at a time, repeated with its sequence
 * until hearthd has acknowledged it. What waits meanwhile is bounded by the streams themselves.
 */
#include "report/registry_state.h"

#include "base/log.h"
#include "text/uuid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fewer than the connections that there are: reports that hang must not hold up heartbeats. */
#define AT_ONCE_MAX    (HTTPS_CONNECTIONS_MAX - 2)

#define GATHER_NS      SECOND_NS /* how long events wait for others to go with them */
#define RETRY_LEAST_NS (SECOND_NS / 2)
#define RETRY_MOST_NS  (30 * SECOND_NS)
#define GIVE_UP_NS     (24 * 3600 * SECOND_NS) /* hearthd takes reports of a lost session so long */

static void discard(struct delivery *delivery, const char *why)
{
    struct stream *stream = &delivery->stream;
    char id[UUID_TEXT];
    log_error("gamesim", "reports of session %s are given up: %s (%u events)",
              uuid_format(stream->session_id, id), why,
              stream->batch_count + stream->pending_count);
    delivery->registry->status.reports_failed++;
    stream->batch_open = false;
    stream->pending_count = 0;
    stream->outcome = STREAM_RUNNING;
}

static void release(struct delivery *delivery)
{
    delivery->registry->status.events_dropped += delivery->stream.dropped;
    identity_release(delivery->stream.identity);
    memset(&delivery->stream, 0, sizeof(delivery->stream));
}

static void retry(struct delivery *delivery, unsigned retry_after)
{
    struct stream *stream = &delivery->stream;
    uint64_t pause = registry_backoff(stream->attempts++, RETRY_LEAST_NS, RETRY_MOST_NS);
    if (retry_after * SECOND_NS > pause)
        pause = retry_after * SECOND_NS;
    stream->due_ns = delivery->registry->now_ns + pause;
}

static void acknowledged(struct delivery *delivery, const char *body)
{
    size_t rejected = message_count_rejected(body);
    char id[UUID_TEXT];
    delivery->registry->status.reports_acknowledged++;
    delivery->registry->status.events_rejected += rejected;
    if (rejected > 0)
        log_warn("gamesim", "session %s: hearthd rejected %zu events of batch %u",
                 uuid_format(delivery->stream.session_id, id), rejected, delivery->stream.sequence);
    delivery->stream.due_ns = delivery->registry->now_ns + GATHER_NS;
    if (stream_acknowledge(&delivery->stream))
        release(delivery);
}

/* A gap cannot come from here: hearthd has forgotten what it acknowledged. What is left is
 * delivered under the number that it expects. */
static void conflict(struct delivery *delivery, const char *body)
{
    uint32_t expected = message_read_expected(body);
    if (expected == 0 || expected == delivery->stream.sequence) {
        discard(delivery, "hearthd refused the batch: 409");
        return;
    }
    log_error("gamesim", "hearthd expects batch %u instead of %u", expected,
              delivery->stream.sequence);
    delivery->stream.sequence = expected;
    retry(delivery, 0);
}

static void on_answer(void *arg, const https_reply *reply)
{
    struct delivery *delivery = arg;
    char code[48], why[WHY_MAX];
    delivery->stream.in_flight = false;
    if (reply->status == 200) {
        acknowledged(delivery, reply->body);
        return;
    }
    message_read_code(reply->body, code);
    if (reply->status == 409 && strcmp(code, "SEQUENCE_GAP") == 0) {
        conflict(delivery, reply->body);
    } else if (reply->status >= 400 && reply->status < 500 && reply->status != 401 &&
               reply->status != 408 && reply->status != 429) {
        registry_describe(reply, why);
        discard(delivery, why);
    } else {
        retry(delivery, reply->retry_after);
    }
    if (stream_done(&delivery->stream))
        release(delivery);
}

static bool deliver(struct delivery *delivery)
{
    struct stream *stream = &delivery->stream;
    char path[96], id[UUID_TEXT];
    char *body = message_batch(stream);
    snprintf(path, sizeof(path), "/gamesims/%s/%s", uuid_format(stream->session_id, id),
             stream->batch_ends ? "end" : "updates");
    if (body && registry_call(delivery->registry, stream->identity, "POST", path, body, 0,
                              on_answer, delivery))
        stream->in_flight = true;
    else
        retry(delivery, 0);
    free(body);
    return stream->in_flight;
}

static unsigned count_in_flight(const gamesim_registry *registry)
{
    unsigned count = 0;
    for (size_t i = 0; i < registry->delivery_count; i++)
        count += registry->deliveries[i].stream.in_flight;
    return count;
}

void deliver_due(gamesim_registry *registry)
{
    unsigned in_flight = count_in_flight(registry);
    for (size_t i = 0; i < registry->delivery_count; i++) {
        struct delivery *delivery = &registry->deliveries[i];
        struct stream *stream = &delivery->stream;
        if (!stream->used || stream->in_flight)
            continue;
        if (stream->closed && stream->give_up_at_ns == 0) {
            stream->give_up_at_ns = registry->now_ns + GIVE_UP_NS;
            if (stream->attempts == 0)
                stream->due_ns = 0; /* the end does not wait for company */
        }
        if (stream->closed && registry->now_ns >= stream->give_up_at_ns)
            discard(delivery, "hearthd did not take them for a day");
        if (stream_done(stream))
            release(delivery);
        else if (in_flight < AT_ONCE_MAX && registry->now_ns >= stream->due_ns &&
                 stream_prepare(stream))
            in_flight += deliver(delivery);
    }
}

struct stream *registry_open_stream(gamesim_registry *registry, const uint8_t session[16])
{
    if (registry->phase != REGISTRY_PRESENT)
        return NULL;
    for (size_t i = 0; i < registry->delivery_count; i++) {
        struct delivery *delivery = &registry->deliveries[i];
        if (delivery->stream.used)
            continue;
        stream_init(&delivery->stream, session);
        delivery->registry = registry;
        delivery->stream.identity = registry->identity;
        delivery->stream.due_ns = registry->now_ns + GATHER_NS;
        registry->identity->users++;
        return &delivery->stream;
    }
    return NULL;
}

bool registry_is_flushed(const gamesim_registry *registry)
{
    for (size_t i = 0; i < registry->delivery_count; i++) {
        if (registry->deliveries[i].stream.used)
            return false;
    }
    return true;
}
