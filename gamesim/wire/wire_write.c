/*
 * wire_write.c - messages into bytes. A writer is a cursor over the caller's 1200 bytes; the limits
 * in wire.h are chosen so that the largest of each message fits, and the assertions below say so.
 */
#include "wire/wire.h"

#include <netcode_bytes.h>
#include <string.h>

#define HEADER_BYTES   2
#define ENTITY_BYTES   14
#define SNAPSHOT_BYTES (HEADER_BYTES + 16)

_Static_assert(SNAPSHOT_BYTES + WIRE_ENTITIES_MAX * ENTITY_BYTES <= WIRE_MESSAGE_MAX, "snapshot");
_Static_assert(15 + WIRE_BLOCKS_MAX * 8 <= WIRE_EVENT_MAX, "room");

static uint8_t *put8(uint8_t *at, unsigned value)
{
    *at = (uint8_t)value;
    return at + 1;
}

static uint8_t *put16(uint8_t *at, int value)
{
    netcode_put_u16(at, (uint16_t)value);
    return at + 2;
}

static uint8_t *put32(uint8_t *at, uint32_t value)
{
    netcode_put_u32(at, value);
    return at + 4;
}

static uint8_t *header(uint8_t *out, enum wire_type type)
{
    return put8(put8(out, WIRE_VERSION), type);
}

size_t wire_write_inputs(uint8_t *out, const struct wire_inputs *inputs)
{
    uint8_t *at = header(out, WIRE_INPUTS);
    at = put32(at, inputs->snapshot_ack);
    at = put32(at, inputs->event_ack);
    at = put32(at, inputs->newest);
    at = put8(at, inputs->count);
    for (unsigned i = 0; i < inputs->count; i++) {
        const struct wire_input *input = &inputs->inputs[i];
        at = put8(at, (uint8_t)input->move_x);
        at = put8(at, (uint8_t)input->move_y);
        at = put8(at, input->action);
        at = put16(at, input->target);
    }
    return (size_t)(at - out);
}

size_t wire_write_welcome(uint8_t *out, const struct wire_welcome *welcome)
{
    uint8_t *at = header(out, WIRE_WELCOME);
    at = put8(at, welcome->seat);
    at = put8(at, welcome->seats);
    at = put8(at, welcome->tick_rate);
    at = put8(at, welcome->snapshot_rate);
    at = put16(at, welcome->entity_id);
    netcode_put_u64(at, welcome->gamedata_version);
    memcpy(at + 8, welcome->session_id, sizeof(welcome->session_id));
    return (size_t)(at - out) + 8 + sizeof(welcome->session_id);
}

size_t wire_write_snapshot(uint8_t *out, const struct wire_snapshot *snapshot)
{
    uint8_t *at = header(out, WIRE_SNAPSHOT);
    at = put32(at, snapshot->number);
    at = put32(at, snapshot->baseline);
    at = put32(at, snapshot->input_ack);
    at = put8(at, snapshot->phase);
    at = put8(at, snapshot->room);
    at = put8(at, snapshot->cleared);
    at = put8(at, snapshot->count);
    for (unsigned i = 0; i < snapshot->count; i++) {
        const struct wire_entity *entity = &snapshot->entities[i];
        at = put16(at, entity->id);
        at = put8(at, entity->kind);
        at = put8(at, entity->flags);
        at = put16(at, entity->subject);
        at = put16(at, entity->x);
        at = put16(at, entity->y);
        at = put32(at, entity->value);
    }
    return (size_t)(at - out);
}

size_t wire_write_leave(uint8_t *out, enum wire_leave reason)
{
    return (size_t)(put8(header(out, WIRE_LEAVE), reason) - out);
}

size_t wire_begin_events(uint8_t *out, uint32_t first)
{
    return (size_t)(put8(put32(header(out, WIRE_EVENTS), first), 0) - out);
}

size_t wire_append_event(uint8_t *out, size_t len, const struct wire_event *event)
{
    uint8_t *count = out + HEADER_BYTES + 4;
    if (*count == WIRE_EVENTS_MAX || len + 2 + event->len > WIRE_MESSAGE_MAX)
        return 0;
    ++*count;
    memcpy(put8(put8(out + len, event->type), event->len), event->body, event->len);
    return len + 2 + event->len;
}

void wire_make_room(struct wire_event *out, const struct wire_room *room)
{
    uint8_t *at = put8(put8(out->body, room->index), room->count);
    at = put16(put16(at, room->width), room->height);
    at = put16(put16(at, room->entry_x), room->entry_y);
    at = put16(put16(at, room->exit_x), room->exit_y);
    at = put8(at, room->block_count);
    for (unsigned i = 0; i < room->block_count; i++) {
        at = put16(put16(at, room->blocks[i].x), room->blocks[i].y);
        at = put16(put16(at, room->blocks[i].width), room->blocks[i].height);
    }
    out->type = WIRE_EVENT_ROOM;
    out->len = (uint8_t)(at - out->body);
}

void wire_make_happening(struct wire_event *out, enum wire_event_type type,
                         const struct wire_happening *happening)
{
    uint8_t *at = put8(out->body, happening->detail);
    at = put16(put16(at, happening->actor), happening->target);
    at = put32(put32(at, happening->item), happening->value);
    out->type = (uint8_t)type;
    out->len = (uint8_t)(at - out->body);
}
