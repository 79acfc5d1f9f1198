/*
 * redis_link.h - what the files of a connection share: redis_connection.c (commands, time, life),
 * redis_link.c (looking the name up, connecting, logging in), redis_poll.c (the socket on the
 * loop).
 */
#ifndef REDIS_LINK_H
#define REDIS_LINK_H

#include "redis_connection.h"
#include "redis_socket.h"

#define REDIS_LINK_REASON (REDIS_SOCKET_REASON + 64)
#define REDIS_LINK_WHERE  64

enum redis_state { REDIS_DOWN, REDIS_RESOLVING, REDIS_CONNECTING, REDIS_READY };

struct redis_connection {
    hearth_ctx *ctx;
    struct redis_owner owner;
    const hearth_log *log;
    const hearth_task *task;
    const hearth_clock *clock;
    const hearth_timer_api *timer;
    const hearth_metrics *metrics;
    const hearth_poll_api *poll_api;

    enum redis_state state;
    bool closing, draining, reported_down;
    size_t calls; /* of the plugin's service, not ended yet */
    hearth_series *series[REDIS_METRIC_COUNT];
    struct redis_socket socket;
    redisReader *reader;
    hearth_poll *poll; /* NULL: there is no connection */
    uint32_t events;
    struct waiter *first_waiter, **last_waiter;
    bool pumping; /* redis_poll.c is at it: what breaks is only marked */
    bool broken;
    hearth_timer *tick;
    uint64_t tick_ms;     /* when it was last heard */
    uint64_t serial;      /* how often it has come up */
    unsigned attempts;    /* since the last success */
    uint64_t retry_at_ms; /* DOWN */
    uint64_t progress_ms; /* when the last answer came, or the first command was sent */
    size_t in_flight;
    struct redis_command command;   /* that is being built */
    struct addrinfo *addresses;     /* as resolved; written by the task while RESOLVING */
    const struct addrinfo *next;    /* of them, not tried yet; NULL: the name is looked up anew */
    char where[REDIS_LINK_WHERE];   /* with a reason: which of several was tried last */
    char logged[REDIS_LINK_REASON]; /* the reason that the log has last */
    uint64_t logged_ms;
};

/* ---- redis_connection.c [loop] ---- */

/* Ends a drain that waits, if there is nothing to wait for any more. */
void redis_connection_settle(struct redis_connection *connection);

/* ---- redis_link.c [loop] ---- */

/* Connects to the next of the name's addresses and logs in; whatever fails is reported and tried
 * again. */
void redis_link_begin(struct redis_connection *connection);
/* Frees what the name was resolved to. */
void redis_link_forget_addresses(struct redis_connection *connection);
/* Says that Redis is away, and why. */
void redis_link_report_down(struct redis_connection *connection, const char *why);
/* Reports, and breaks the connection off as soon as it may. */
void redis_link_give_up(struct redis_connection *connection, const char *why);
/* Ends the connection and answers who waits with NULL; the next attempt is scheduled. */
void redis_link_break(struct redis_connection *connection);

/* ---- redis_poll.c [loop] ---- */

/* Watches the socket; false: it cannot be watched. */
bool redis_poll_attach(struct redis_connection *connection);
/* Ends that, closes the socket, and answers who waits with NULL. */
void redis_poll_detach(struct redis_connection *connection);
/* Queues a command; `ours` is of the log-in. false: too much is queued, or out of memory. */
bool redis_poll_send(struct redis_connection *connection, const char *bytes, size_t len, bool ours,
                     redis_reply_fn fn, void *arg);
/* Has the loop watch the socket for what it needs next: to be read, and written while bytes are
 * queued. */
void redis_poll_watch(struct redis_connection *connection);

#endif
