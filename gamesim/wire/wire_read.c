/*
 * wire_read.c - bytes into messages. Reading past the end gives zeros and marks the cursor as
 * failed, so that each reader says once, at its end, whether it got exactly what it should.
 */
#include "wire/wire.h"

#include <netcode_bytes.h>
#include <string.h>

struct cursor {
    const uint8_t *at, *end;
    bool failed;
};

static const uint8_t *take(struct cursor *c, size_t n)
{
    static const uint8_t zeros[16];
    if ((size_t)(c->end - c->at) < n) {
        c->failed = true;
        return zeros;
    }
    c->at += n;
    return c->at - n;
}

static uint8_t get8(struct cursor *c)
{
    return *take(c, 1);
}

static uint16_t get16(struct cursor *c)
{
    return netcode_get_u16(take(c, 2));
}

static uint32_t get32(struct cursor *c)
{
    return netcode_get_u32(take(c, 4));
}

unsigned wire_type_of(const uint8_t *in, size_t len)
{
    return len >= 2 && in[0] == WIRE_VERSION ? in[1] : 0;
}

static bool open_message(struct cursor *c, const uint8_t *in, size_t len, enum wire_type type)
{
    if (len > WIRE_MESSAGE_MAX || wire_type_of(in, len) != type)
        return false;
    *c = (struct cursor){in + 2, in + len, false};
    return true;
}

static bool done(const struct cursor *c)
{
    return !c->failed && c->at == c->end;
}

bool wire_read_inputs(struct wire_inputs *out, const uint8_t *in, size_t len)
{
    struct cursor c;
    if (!open_message(&c, in, len, WIRE_INPUTS))
        return false;
    out->snapshot_ack = get32(&c);
    out->event_ack = get32(&c);
    out->newest = get32(&c);
    out->count = get8(&c);
    if (out->count < 1 || out->count > WIRE_INPUTS_MAX || out->newest < out->count)
        return false;
    for (unsigned i = 0; i < out->count; i++) {
        struct wire_input *input = &out->inputs[i];
        input->move_x = (int8_t)get8(&c);
        input->move_y = (int8_t)get8(&c);
        input->action = get8(&c);
        input->target = get16(&c);
        if (input->move_x == -128 || input->move_y == -128 || input->action > 1)
            return false;
    }
    return done(&c);
}

bool wire_read_welcome(struct wire_welcome *out, const uint8_t *in, size_t len)
{
    struct cursor c;
    if (!open_message(&c, in, len, WIRE_WELCOME))
        return false;
    out->seat = get8(&c);
    out->seats = get8(&c);
    out->tick_rate = get8(&c);
    out->snapshot_rate = get8(&c);
    out->entity_id = get16(&c);
    out->gamedata_version = netcode_get_u64(take(&c, 8));
    memcpy(out->session_id, take(&c, 16), sizeof(out->session_id));
    return done(&c);
}

bool wire_read_snapshot(struct wire_snapshot *out, const uint8_t *in, size_t len)
{
    struct cursor c;
    if (!open_message(&c, in, len, WIRE_SNAPSHOT))
        return false;
    out->number = get32(&c);
    out->baseline = get32(&c);
    out->input_ack = get32(&c);
    out->phase = get8(&c);
    out->room = get8(&c);
    out->cleared = get8(&c);
    out->count = get8(&c);
    if (out->baseline != 0 || out->count > WIRE_ENTITIES_MAX)
        return false;
    for (unsigned i = 0; i < out->count; i++) {
        struct wire_entity *entity = &out->entities[i];
        entity->id = get16(&c);
        entity->kind = get8(&c);
        entity->flags = get8(&c);
        entity->subject = get16(&c);
        entity->x = (int16_t)get16(&c);
        entity->y = (int16_t)get16(&c);
        entity->value = get32(&c);
    }
    return done(&c);
}

bool wire_read_events(struct wire_events *out, const uint8_t *in, size_t len)
{
    struct cursor c;
    if (!open_message(&c, in, len, WIRE_EVENTS))
        return false;
    out->first = get32(&c);
    out->count = get8(&c);
    if (out->count < 1 || out->count > WIRE_EVENTS_MAX || out->first == 0)
        return false;
    for (unsigned i = 0; i < out->count; i++) {
        struct wire_event *event = &out->events[i];
        event->type = get8(&c);
        event->len = get8(&c);
        if (event->len > WIRE_EVENT_MAX || (size_t)(c.end - c.at) < event->len)
            return false;
        memcpy(event->body, c.at, event->len);
        c.at += event->len;
    }
    return done(&c);
}

bool wire_read_leave(uint8_t *reason, const uint8_t *in, size_t len)
{
    struct cursor c;
    if (!open_message(&c, in, len, WIRE_LEAVE))
        return false;
    *reason = get8(&c);
    return done(&c);
}

bool wire_read_room(struct wire_room *out, const struct wire_event *event)
{
    struct cursor c = {event->body, event->body + event->len, event->type != WIRE_EVENT_ROOM};
    out->index = get8(&c);
    out->count = get8(&c);
    out->width = (int16_t)get16(&c);
    out->height = (int16_t)get16(&c);
    out->entry_x = (int16_t)get16(&c);
    out->entry_y = (int16_t)get16(&c);
    out->exit_x = (int16_t)get16(&c);
    out->exit_y = (int16_t)get16(&c);
    out->block_count = get8(&c);
    if (out->block_count > WIRE_BLOCKS_MAX)
        return false;
    for (unsigned i = 0; i < out->block_count; i++) {
        out->blocks[i].x = (int16_t)get16(&c);
        out->blocks[i].y = (int16_t)get16(&c);
        out->blocks[i].width = (int16_t)get16(&c);
        out->blocks[i].height = (int16_t)get16(&c);
    }
    return done(&c);
}

bool wire_read_happening(struct wire_happening *out, const struct wire_event *event)
{
    struct cursor c = {event->body, event->body + event->len, event->type == WIRE_EVENT_ROOM};
    out->detail = get8(&c);
    out->actor = get16(&c);
    out->target = get16(&c);
    out->item = get32(&c);
    out->value = get32(&c);
    return done(&c);
}
