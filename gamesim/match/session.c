/*
 * session.c - see session.h. Order of a tick: inputs, simulation, events, snapshot.
 */
#include "match/session.h"
#include "match/view.h"

#include <string.h>

#define IDLE_TICKS 15 /* half a second without inputs: the player stands still */

static void on_sim_event(void *arg, const struct sim_event *event)
{
    struct session *session = arg;
    struct wire_event out;
    view_event(&out, &session->sim, event);
    for (unsigned i = 0; i < session->seat_count; i++) {
        if (session->seats[i].slot != SESSION_NO_SLOT)
            channel_queue(&session->seats[i].channel, &out);
    }
    if (session->output->happened)
        session->output->happened(session->output->arg, session, event);
}

void session_init(struct session *session, const uint8_t id[16], const struct dungeon *dungeon,
                  uint64_t seed, uint8_t seats, bool repeating, const struct session_output *output)
{
    const struct sim_config config = {.dungeon = dungeon,
                                      .seed = seed,
                                      .seats = seats,
                                      .repeating = repeating,
                                      .event = on_sim_event,
                                      .event_arg = session};
    memset(session, 0, sizeof(*session));
    memcpy(session->id, id, sizeof(session->id));
    session->output = output;
    session->seat_count = seats;
    for (unsigned i = 0; i < SIM_SEATS_MAX; i++)
        session->seats[i].slot = SESSION_NO_SLOT;
    sim_init(&session->sim, &config);
}

static void apply(struct session *session, uint8_t type, uint8_t seat)
{
    const struct sim_command command = {.type = type, .seat = seat};
    sim_apply(&session->sim, &command);
}

void session_join(struct session *session, uint8_t seat, uint32_t slot,
                  const session_combat *combat)
{
    const struct sim_command command = {.type = SIM_JOIN, .seat = seat, .combat = *combat};
    session->seats[seat].slot = slot;
    session->seats[seat].idle_ticks = 0;
    channel_reset(&session->seats[seat].channel);
    sim_apply(&session->sim, &command);
}

void session_leave(struct session *session, uint8_t seat, bool keep)
{
    session->seats[seat].slot = SESSION_NO_SLOT;
    apply(session, keep ? SIM_LEAVE : SIM_VACATE, seat);
}

static void send(struct session *session, uint8_t seat, const uint8_t *message, size_t len,
                 uint64_t mono_ns)
{
    session->output->send(session->output->arg, session->seats[seat].slot, message, len, mono_ns);
}

void session_put_out(struct session *session, uint8_t seat, enum wire_leave reason,
                     uint64_t mono_ns)
{
    uint8_t message[WIRE_MESSAGE_MAX];
    send(session, seat, message, wire_write_leave(message, reason), mono_ns);
    session->output->disconnect(session->output->arg, session->seats[seat].slot);
}

static void queue_room(struct session *session, struct channel *channel)
{
    const struct sim_event event = {.type = SIM_EVENT_ROOM, .value = session->sim.room};
    struct wire_event out;
    view_event(&out, &session->sim, &event);
    channel_queue(channel, &out);
}

bool session_receive(struct session *session, uint8_t seat, const uint8_t *message, size_t len,
                     uint64_t mono_ns)
{
    struct channel *channel = &session->seats[seat].channel;
    struct wire_inputs inputs;
    if (!wire_read_inputs(&inputs, message, len))
        return !channel_bad_message(channel, mono_ns);
    if (channel_receive(channel, &inputs))
        queue_room(session, channel);
    return true;
}

/* An input holds until the next one; silence must not mean walking on for ever. */
static void take_input(struct session *session, uint8_t seat)
{
    struct session_seat *s = &session->seats[seat];
    struct wire_input input = {0};
    if (channel_next_input(&s->channel, &input))
        s->idle_ticks = 0;
    else if (++s->idle_ticks != IDLE_TICKS || session->sim.phase != SIM_RUNNING)
        return;
    const struct sim_command command = {
        .type = SIM_INPUT,
        .seat = seat,
        .input = {input.move_x, input.move_y, input.action, input.target}};
    sim_apply(&session->sim, &command);
}

static void send_welcome(struct session *session, uint8_t seat, uint64_t mono_ns)
{
    uint8_t message[WIRE_MESSAGE_MAX];
    struct channel *channel = &session->seats[seat].channel;
    if (channel->greeted ||
        (channel->welcome_sent_ns != 0 && mono_ns - channel->welcome_sent_ns < CHANNEL_WELCOME_NS))
        return;
    struct wire_welcome welcome = {.seat = seat,
                                   .seats = session->seat_count,
                                   .tick_rate = SIM_TICKS_PER_SECOND,
                                   .snapshot_rate = SIM_TICKS_PER_SECOND,
                                   .entity_id = session->sim.players[seat].fighter.id,
                                   .gamedata_version = session->sim.config.dungeon->version};
    memcpy(welcome.session_id, session->id, sizeof(welcome.session_id));
    channel->welcome_sent_ns = mono_ns;
    send(session, seat, message, wire_write_welcome(message, &welcome), mono_ns);
}

static void tell(struct session *session, uint8_t seat, struct wire_snapshot *snapshot,
                 uint64_t mono_ns)
{
    uint8_t message[WIRE_MESSAGE_MAX];
    struct channel *channel = &session->seats[seat].channel;
    send_welcome(session, seat, mono_ns);
    if (channel_recover(channel))
        queue_room(session, channel);
    size_t len = channel_write_events(channel, message, mono_ns);
    if (len > 0)
        send(session, seat, message, len, mono_ns);
    snapshot->input_ack = channel->input_applied;
    send(session, seat, message, wire_write_snapshot(message, snapshot), mono_ns);
}

void session_tick(struct session *session, uint64_t mono_ns)
{
    struct wire_snapshot snapshot;
    for (uint8_t i = 0; i < session->seat_count; i++) {
        if (session->seats[i].slot != SESSION_NO_SLOT)
            take_input(session, i);
    }
    apply(session, SIM_TICK, 0);
    view_snapshot(&snapshot, &session->sim);
    for (uint8_t i = 0; i < session->seat_count; i++) {
        if (session->seats[i].slot != SESSION_NO_SLOT)
            tell(session, i, &snapshot, mono_ns);
    }
}

unsigned session_connected(const struct session *session)
{
    unsigned count = 0;
    for (unsigned i = 0; i < session->seat_count; i++)
        count += session->seats[i].slot != SESSION_NO_SLOT;
    return count;
}

int session_free_seat(const struct session *session)
{
    for (int i = 0; i < session->seat_count; i++) {
        if (!session->sim.players[i].seated)
            return i;
    }
    return -1;
}
