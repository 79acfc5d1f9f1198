/*
 * session.h - one game session: a simulation, the clients in its seats, and what they are sent.
 * Knows netcode only by two functions, so that it can be tested without a socket.
 */
#ifndef MATCH_SESSION_H
#define MATCH_SESSION_H

#include "match/channel.h"
#include "sim/sim.h"

#define SESSION_NO_SLOT UINT32_MAX

struct session;

/* How sessions reach clients; the same for all sessions of a process. */
struct session_output {
    void (*send)(void *arg, uint32_t slot, const uint8_t *message, size_t len, uint64_t mono_ns);
    void (*disconnect)(void *arg, uint32_t slot);
    void *arg;
    /* Everything that happens; must not change the session. NULL: nobody wants to know. */
    void (*happened)(void *arg, const struct session *session, const struct sim_event *event);
};

struct session_seat {
    uint32_t slot;       /* SESSION_NO_SLOT: nobody is connected */
    uint32_t idle_ticks; /* since the last input */
    struct channel channel;
};

struct session {
    uint8_t id[16];
    const struct session_output *output;
    struct sim sim;
    uint8_t seat_count;
    struct session_seat seats[SIM_SEATS_MAX];
};

void session_init(struct session *session, const uint8_t id[16], const struct dungeon *dungeon,
                  uint64_t seed, uint8_t seats, bool repeating,
                  const struct session_output *output);

/* A client takes a seat, or comes back to the seat that was kept for it. */
void session_join(struct session *session, uint8_t seat, uint32_t slot,
                  const session_combat *combat);

/* The client is gone; its seat is kept (keep) or given up. */
void session_leave(struct session *session, uint8_t seat, bool keep);

/* Tells a client why and puts it out; the caller then calls session_leave. */
void session_put_out(struct session *session, uint8_t seat, enum wire_leave reason,
                     uint64_t mono_ns);

/* A payload from the client in this seat. False: it has sent too many that cannot be read. */
bool session_receive(struct session *session, uint8_t seat, const uint8_t *message, size_t len,
                     uint64_t mono_ns);

/* One thirtieth of a second: simulate, then tell everybody. */
void session_tick(struct session *session, uint64_t mono_ns);

/* How many clients are connected. */
unsigned session_connected(const struct session *session);

/* A free seat with the lowest number, or -1. */
int session_free_seat(const struct session *session);

#endif
