/*
 * channel.h - what one connected client was told and has said: reliable events on the way out,
 * inputs on the way in. Fixed memory; reset when a client takes or leaves the seat.
 */
#ifndef MATCH_CHANNEL_H
#define MATCH_CHANNEL_H

#include "wire/wire.h"

#define CHANNEL_EVENTS        128 /* queued and not yet acknowledged */
#define CHANNEL_INPUTS        8   /* received and not yet simulated */
#define CHANNEL_INPUT_BACKLOG 3   /* more than this many waiting: the client's clock is ahead */
#define CHANNEL_BAD_MESSAGES  100 /* in CHANNEL_BAD_WINDOW_NS: put out */
#define CHANNEL_BAD_WINDOW_NS UINT64_C(10000000000)
#define CHANNEL_RESEND_NS     UINT64_C(100000000)
#define CHANNEL_WELCOME_NS    UINT64_C(250000000)

struct channel {
    bool greeted; /* inputs have arrived, so the client knows its seat; events flow from then on */
    bool gap;     /* the ring was full: events were left out */
    uint32_t queued, acked, sent; /* sequences of the newest event of each kind */
    uint64_t events_sent_ns, welcome_sent_ns;
    struct wire_event events[CHANNEL_EVENTS];
    uint32_t input_received, input_applied; /* sequences */
    struct wire_input inputs[CHANNEL_INPUTS];
    uint32_t snapshot_acked;
    uint64_t bad_since_ns;
    uint32_t bad;
};

void channel_reset(struct channel *channel);

/* Takes the news out of a message. True when it is the first of this connection. */
bool channel_receive(struct channel *channel, const struct wire_inputs *inputs);

/* The input for the next tick; false if nothing new has come. */
bool channel_next_input(struct channel *channel, struct wire_input *out);

/* Queues an event once the client is greeted. A client that acknowledges nothing for CHANNEL_EVENTS
 * of them misses the rest: nobody is put out for being slow. */
void channel_queue(struct channel *channel, const struct wire_event *event);

/* After a gap, once half of the ring is free again: queues a GAP event and returns true, for the
 * caller to queue what the client has to know anew. */
bool channel_recover(struct channel *channel);

/* Writes the events that are due, new ones at once, others again after CHANNEL_RESEND_NS; 0: none.
 */
size_t channel_write_events(struct channel *channel, uint8_t *out, uint64_t mono_ns);

/* Counts a message that could not be read; true when there were too many. */
bool channel_bad_message(struct channel *channel, uint64_t mono_ns);

#endif
