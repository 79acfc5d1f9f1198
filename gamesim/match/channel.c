/*
 * channel.c - see channel.h. Sequences are 32-bit counts of one connection, which at 30 a second
 * last for years; comparisons are plain.
 */
#include "match/channel.h"

#include <string.h>

void channel_reset(struct channel *channel)
{
    memset(channel, 0, sizeof(*channel));
}

bool channel_receive(struct channel *channel, const struct wire_inputs *inputs)
{
    bool first = !channel->greeted;
    channel->greeted = true;
    if (inputs->event_ack > channel->acked && inputs->event_ack <= channel->sent)
        channel->acked = inputs->event_ack;
    if (inputs->snapshot_ack > channel->snapshot_acked)
        channel->snapshot_acked = inputs->snapshot_ack;
    if (inputs->newest <= channel->input_received)
        return first;
    /* Oldest first; what was received before is repeated only in case it had been lost. */
    for (unsigned i = inputs->count; i-- > 0;) {
        uint32_t sequence = inputs->newest - i;
        if (sequence > channel->input_received)
            channel->inputs[sequence % CHANNEL_INPUTS] = inputs->inputs[i];
    }
    /* A gap longer than the repetitions: those inputs never arrive and are passed over. */
    uint32_t oldest = inputs->newest - inputs->count + 1;
    if (oldest > channel->input_received + 1)
        channel->input_applied = oldest - 1;
    channel->input_received = inputs->newest;
    return first;
}

bool channel_next_input(struct channel *channel, struct wire_input *out)
{
    uint32_t waiting = channel->input_received - channel->input_applied;
    if (waiting == 0)
        return false;
    if (waiting > CHANNEL_INPUT_BACKLOG)
        channel->input_applied = channel->input_received - CHANNEL_INPUT_BACKLOG;
    channel->input_applied++;
    *out = channel->inputs[channel->input_applied % CHANNEL_INPUTS];
    return true;
}

void channel_queue(struct channel *channel, const struct wire_event *event)
{
    if (!channel->greeted)
        return;
    if (channel->queued - channel->acked >= CHANNEL_EVENTS) {
        channel->gap = true;
        return;
    }
    if (!channel->gap || event->type == WIRE_EVENT_GAP) {
        channel->queued++;
        channel->events[channel->queued % CHANNEL_EVENTS] = *event;
    }
}

bool channel_recover(struct channel *channel)
{
    static const struct wire_happening nothing;
    struct wire_event event;
    if (!channel->gap || channel->queued - channel->acked > CHANNEL_EVENTS / 2)
        return false;
    wire_make_happening(&event, WIRE_EVENT_GAP, &nothing);
    channel_queue(channel, &event);
    channel->gap = false;
    return true;
}

size_t channel_write_events(struct channel *channel, uint8_t *out, uint64_t mono_ns)
{
    bool news = channel->queued > channel->sent;
    bool overdue =
        channel->queued > channel->acked && mono_ns - channel->events_sent_ns >= CHANNEL_RESEND_NS;
    if (!news && !overdue)
        return 0;
    uint32_t at = overdue ? channel->acked + 1 : channel->sent + 1;
    size_t len = wire_begin_events(out, at), longer;
    while (at <= channel->queued &&
           (longer = wire_append_event(out, len, &channel->events[at % CHANNEL_EVENTS])) > 0) {
        len = longer;
        at++;
    }
    if (at - 1 > channel->sent)
        channel->sent = at - 1;
    channel->events_sent_ns = mono_ns;
    return len;
}

bool channel_bad_message(struct channel *channel, uint64_t mono_ns)
{
    if (mono_ns - channel->bad_since_ns >= CHANNEL_BAD_WINDOW_NS) {
        channel->bad_since_ns = mono_ns;
        channel->bad = 0;
    }
    return ++channel->bad >= CHANNEL_BAD_MESSAGES;
}
