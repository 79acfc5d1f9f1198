/*
 * player.c - see player.h. Whatever a server that behaves would not do is an error and ends the
 * player: this is also the end-to-end test.
 */
#include "bot/player.h"

#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

HEARTH_PRINTF(2, 3) static void fail(struct player *p, const char *format, ...)
{
    va_list args;
    if (p->state == PLAYER_FAILED)
        return;
    p->state = PLAYER_FAILED;
    p->tally->errors++;
    fprintf(stderr, "hearth-bot: player %u: ", p->number);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

static void on_snapshot(struct player *p, const struct wire_snapshot *snapshot, uint64_t now_ns)
{
    p->tally->snapshots++;
    p->snapshot_ns = now_ns;
    if (snapshot->number <= p->snapshot.number) {
        p->tally->lost--; /* it was only late */
        return;
    }
    if (p->snapshot.number != 0)
        p->tally->lost += snapshot->number - p->snapshot.number - 1;
    p->snapshot = *snapshot;
    if (snapshot->input_ack > p->input_acked && snapshot->input_ack <= p->input_sequence) {
        p->input_acked = snapshot->input_ack;
        if (p->input_sequence - snapshot->input_ack < PLAYER_SENT)
            tally_latency(p->tally, now_ns - p->sent_ns[snapshot->input_ack % PLAYER_SENT]);
    }
}

static void on_event(struct player *p, const struct wire_event *event)
{
    struct wire_happening happening;
    if (event->type == WIRE_EVENT_ROOM) {
        p->brain.knows_room = wire_read_room(&p->brain.room, event);
        if (!p->brain.knows_room)
            fail(p, "a ROOM event that cannot be read");
    } else if (event->type == WIRE_EVENT_END) {
        if (!wire_read_happening(&happening, event)) {
            fail(p, "an END event that cannot be read");
        } else if (p->state == PLAYER_PLAYING) {
            p->outcome = (uint8_t)happening.value;
            p->state = PLAYER_FINISHED;
        }
    }
}

/* Each event once and in order: what came before is skipped, what comes too early waits for its
 * repetition. */
static void on_events(struct player *p, const struct wire_events *events)
{
    for (unsigned i = 0; i < events->count; i++) {
        if (events->first + i != p->event_received + 1)
            continue;
        p->event_received++;
        on_event(p, &events->events[i]);
    }
}

static void on_welcome(struct player *p, const uint8_t *message, size_t len)
{
    p->welcomed = wire_read_welcome(&p->welcome, message, len);
    if (!p->welcomed)
        fail(p, "a welcome that cannot be read");
    else if (p->promised_seat >= 0 && p->welcome.seat != p->promised_seat)
        fail(p, "welcomed to seat %u instead of seat %d", p->welcome.seat, p->promised_seat);
}

static void on_payload(void *arg, const uint8_t *message, size_t len)
{
    struct player *p = arg;
    struct wire_snapshot snapshot;
    struct wire_events events;
    uint8_t reason;
    switch (wire_type_of(message, len)) {
    case WIRE_WELCOME:
        on_welcome(p, message, len);
        break;
    case WIRE_SNAPSHOT:
        if (wire_read_snapshot(&snapshot, message, len))
            on_snapshot(p, &snapshot, uv_hrtime());
        else
            fail(p, "a snapshot that cannot be read");
        break;
    case WIRE_EVENTS:
        if (wire_read_events(&events, message, len))
            on_events(p, &events);
        else
            fail(p, "events that cannot be read");
        break;
    case WIRE_LEAVE:
        if (wire_read_leave(&reason, message, len) && p->state != PLAYER_FINISHED)
            fail(p, "put out by the server, reason %u", reason);
        break;
    default:
        fail(p, "a message of unknown type or version");
    }
}

static void send_datagram(void *arg, const netcode_address *to, const uint8_t *bytes, size_t len)
{
    struct player *p = arg;
    struct sockaddr_storage name;
    uv_buf_t buf = uv_buf_init((char *)bytes, (unsigned)len);
    if (netcode_address_to_sockaddr(to, p->family, &name) == 0)
        return; /* IPv6 from a machine without: the client will try the next address */
    /* A datagram that the system does not take is lost, as any may be. */
    uv_udp_try_send(&p->socket, &buf, 1, (const struct sockaddr *)&name);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct player *p = handle->data;
    (void)suggested;
    *buf = uv_buf_init((char *)p->receive_buffer, sizeof(p->receive_buffer));
}

static void on_receive(uv_udp_t *socket, ssize_t len, const uv_buf_t *buf,
                       const struct sockaddr *name, unsigned flags)
{
    struct player *p = socket->data;
    netcode_address from;
    (void)flags;
    if (len > 0 && name && netcode_address_from_sockaddr(&from, name) == HEARTH_OK)
        netcode_client_receive(&p->client, &from, (const uint8_t *)buf->base, (size_t)len,
                               uv_hrtime());
}

/* For both families, where the machine has both: a token may name addresses of either. */
static int open_socket(struct player *p, uv_loop_t *loop)
{
    static const int families[] = {AF_INET6, AF_INET};
    int error = uv_udp_init(loop, &p->socket);
    int bound = -1;
    for (int i = 0; i < 2 && error == 0 && bound != 0; i++) {
        const struct sockaddr_storage any = {.ss_family = (sa_family_t)families[i]};
        p->family = families[i];
        bound = uv_udp_bind(&p->socket, (const struct sockaddr *)&any, 0);
    }
    if (error == 0)
        error = bound;
    return error != 0 ? error : uv_udp_recv_start(&p->socket, on_alloc, on_receive);
}

bool player_start(struct player *p, uv_loop_t *loop, unsigned number, struct tally *tally,
                  const uint8_t token[NETCODE_TOKEN_BYTES])
{
    bool admitted = p->admitted, was_away = p->was_away;
    memset(p, 0, sizeof(*p));
    p->admitted = admitted;
    p->was_away = was_away;
    p->promised_seat = -1;
    p->state = PLAYER_CONNECTING;
    p->number = number;
    p->tally = tally;
    p->client.send = send_datagram;
    p->client.payload = on_payload;
    p->client.arg = p;
    p->socket.data = p;
    int error = open_socket(p, loop);
    if (error != 0) {
        fail(p, "no socket: %s", uv_strerror(error));
        return false;
    }
    netcode_client_connect(&p->client, token, NETCODE_TOKEN_BYTES, uv_hrtime());
    return true;
}

static void send_inputs(struct player *p, uint64_t now_ns)
{
    uint8_t message[WIRE_MESSAGE_MAX];
    struct wire_inputs inputs = {.snapshot_ack = p->snapshot.number,
                                 .event_ack = p->event_received};
    memmove(p->inputs + 1, p->inputs, sizeof(p->inputs) - sizeof(*p->inputs));
    p->inputs[0] = brain_decide(&p->brain, &p->snapshot, p->welcome.entity_id);
    p->input_sequence++;
    p->sent_ns[p->input_sequence % PLAYER_SENT] = now_ns;
    inputs.newest = p->input_sequence;
    inputs.count = (uint8_t)(p->input_sequence < PLAYER_REPEAT ? p->input_sequence : PLAYER_REPEAT);
    memcpy(inputs.inputs, p->inputs, sizeof(p->inputs));
    netcode_client_send(&p->client, message, wire_write_inputs(message, &inputs), now_ns);
}

void player_tick(struct player *p)
{
    uint64_t now_ns = uv_hrtime();
    if (p->state == PLAYER_ABSENT || p->state == PLAYER_FAILED || p->state == PLAYER_FINISHED)
        return;
    netcode_client_update(&p->client, now_ns);
    if (p->client.state <= CLIENT_DISCONNECTED) {
        fail(p, "%s", netcode_client_state_name(p->client.state));
        return;
    }
    if (p->client.state != CLIENT_CONNECTED)
        return;
    if (p->state == PLAYER_CONNECTING) {
        p->state = PLAYER_PLAYING;
        p->tally->connected += !p->admitted;
        p->admitted = true;
        p->admitted_ns = now_ns;
        p->snapshot_ns = now_ns;
    }
    if (now_ns - p->snapshot_ns > PLAYER_SILENCE_NS)
        fail(p, "no snapshot for three seconds");
    else if (p->welcomed)
        send_inputs(p, now_ns);
}

void player_stop(struct player *p)
{
    if (p->state == PLAYER_ABSENT)
        return;
    p->state = PLAYER_ABSENT;
    netcode_client_disconnect(&p->client);
    if (p->socket.loop && !uv_is_closing((uv_handle_t *)&p->socket))
        uv_close((uv_handle_t *)&p->socket, NULL);
}

bool player_is_in(const struct player *p)
{
    return p->welcomed && p->snapshot.number != 0;
}
