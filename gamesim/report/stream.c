/*
 * stream.c - see stream.h.
 */
#include "report/stream.h"

#include <string.h>

void stream_init(struct stream *stream, const uint8_t session_id[16])
{
    memset(stream, 0, sizeof(*stream));
    stream->used = true;
    stream->sequence = 1;
    memcpy(stream->session_id, session_id, sizeof(stream->session_id));
}

static bool moves_hitpoints(uint8_t type)
{
    return type == REPORT_DAMAGE || type == REPORT_HEAL;
}

/* Damage after a healing is not the same as before it: hitpoints stop at 0 and at the maximum. */
static struct report_event *same_kind(struct stream *stream, const struct report_event *event)
{
    for (unsigned i = stream->pending_count; i-- > 0;) {
        struct report_event *old = &stream->pending[i];
        if (memcmp(old->character, event->character, sizeof(old->character)) != 0)
            continue;
        if (old->type == event->type && old->item == event->item)
            return UINT32_MAX - old->amount >= event->amount ? old : NULL;
        if (moves_hitpoints(old->type) && moves_hitpoints(event->type))
            return NULL;
    }
    return NULL;
}

void stream_add(struct stream *stream, const struct report_event *event)
{
    struct report_event *old = event->type == REPORT_DEATH ? NULL : same_kind(stream, event);
    if (stream->closed)
        return;
    if (old)
        old->amount += event->amount;
    else if (stream->pending_count < STREAM_PENDING)
        stream->pending[stream->pending_count++] = *event;
    else
        stream->dropped++;
}

void stream_close(struct stream *stream, enum stream_outcome outcome)
{
    if (stream->closed)
        return;
    stream->closed = true;
    stream->outcome = (uint8_t)outcome;
}

bool stream_done(const struct stream *stream)
{
    return stream->closed && !stream->batch_open && stream->pending_count == 0 &&
           stream->outcome == STREAM_RUNNING;
}

bool stream_prepare(struct stream *stream)
{
    bool ends = stream->closed && stream->outcome != STREAM_RUNNING;
    if (stream->in_flight)
        return false;
    if (stream->batch_open)
        return true;
    if (stream->pending_count == 0 && !ends)
        return false;
    unsigned count = stream->pending_count < STREAM_BATCH ? stream->pending_count : STREAM_BATCH;
    memcpy(stream->batch, stream->pending, count * sizeof(*stream->batch));
    stream->batch_count = count;
    stream->pending_count -= count;
    memmove(stream->pending, stream->pending + count,
            stream->pending_count * sizeof(*stream->pending));
    stream->batch_open = true;
    stream->batch_ends = ends && stream->pending_count == 0;
    return true;
}

bool stream_acknowledge(struct stream *stream)
{
    stream->batch_open = false;
    stream->attempts = 0;
    stream->sequence++;
    if (stream->batch_ends)
        stream->outcome = STREAM_RUNNING;
    return stream_done(stream);
}
