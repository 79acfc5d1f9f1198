/*
 * stream.h - what one session has to report to hearthd: events that wait, and the batch that is on
 * its way. A batch keeps its sequence and its content until it is acknowledged, so that a
 * repetition is the same request. Fixed memory: what waits is added up where the order does not
 * matter.
 */
#ifndef REPORT_STREAM_H
#define REPORT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STREAM_PENDING     256
#define STREAM_BATCH       128 /* events of one request, well under hearthd's 64k of body */
#define STREAM_PLAYERS_MAX 8

enum report_type {
    REPORT_DAMAGE,
    REPORT_HEAL,
    REPORT_EXPERIENCE,
    REPORT_LOOT,
    REPORT_GOLD,
    REPORT_DEATH /* recorded only */
};

struct report_event {
    uint8_t type;
    uint8_t character[16];
    uint32_t item; /* REPORT_LOOT */
    uint32_t amount;
};

enum stream_outcome { STREAM_RUNNING, STREAM_VICTORY, STREAM_DEFEAT, STREAM_ABANDONED };

struct stream {
    bool used;
    bool closed;     /* nothing more will be added */
    bool batch_open; /* batch and sequence stand until they are acknowledged */
    bool batch_ends; /* the batch goes to .../end */
    bool in_flight;
    uint8_t session_id[16];
    uint8_t outcome; /* enum stream_outcome; running and closed: no end is to be reported */
    uint32_t sequence;
    uint32_t ticks; /* how long the match took, for the results */
    unsigned pending_count, batch_count;
    struct report_event pending[STREAM_PENDING], batch[STREAM_BATCH];
    uint64_t dropped;               /* events that did not fit */
    uint64_t due_ns, give_up_at_ns; /* the next attempt; when closed: the last one */
    unsigned attempts;
    unsigned player_count; /* who was in at the end: kept in heartbeats until it is acknowledged */
    uint8_t players[STREAM_PLAYERS_MAX][16];
    void *identity; /* the registration that it belongs to; the registry's business */
};

void stream_init(struct stream *stream, const uint8_t session_id[16]);

/* Adds an event, to one that waits already if that comes to the same. */
void stream_add(struct stream *stream, const struct report_event *event);

/* Nothing follows; with an outcome other than STREAM_RUNNING the session's end is reported. */
void stream_close(struct stream *stream, enum stream_outcome outcome);

/* Whether there is a batch to send now; makes one if there is none on its way. */
bool stream_prepare(struct stream *stream);

/* The batch was taken. True: nothing is left, the stream may go. */
bool stream_acknowledge(struct stream *stream);

bool stream_done(const struct stream *stream);

#endif
