/*
 * session.h - a connection that speaks HTTP, and the exchange it is in: the private side of
 * server.h, shared by the files of this folder only.
 *
 * A session waits in IDLE; HEAD and BODY collect a request; HOLD and BUSY wait for the application;
 * WRITING for the socket; SKIP drops the rest of a refused body; LINGER has sent its last byte and
 * reads on for a while, so that the peer gets the reply and not a reset.
 */
#ifndef HEARTH_HTTP_SESSION_H
#define HEARTH_HTTP_SESSION_H

#include "http/body.h"
#include "http/date.h"
#include "http/head.h"
#include "http/server.h"
#include "net/conn.h"

#define HTTP_DRAIN_IDLE_MS 500

typedef enum session_state {
    SESSION_IDLE,
    SESSION_HEAD,
    SESSION_BODY,
    SESSION_HOLD,
    SESSION_BUSY,
    SESSION_WRITING,
    SESSION_SKIP,
    SESSION_LINGER
} session_state;

struct http_worker {
    hearth_loop *loop;
    const http_application *application;
    const http_router *router;
    const http_options *options;
    void *owner;
    http_counters counters;
    http_date date;
    hearth_buf scratch; /* the head of the reply that is being written */
    hearth_list sessions;
    hearth_list waiting; /* those in IDLE and HEAD, the longest first */
    hearth_list exchanges;
    hearth_list collecting; /* those that wait for their body, the oldest first */
    struct http_listening *listening;
    int fd_ceiling; /* descriptors from here on are for others: files, storage, calls */
    uint32_t open_listeners;
    struct http_exchange *free_exchanges;
    uint32_t free_count;
    bool draining, done_called;
    void (*done)(http_worker *worker, void *arg);
    void *done_arg;
    hearth_wheel_timer done_timer;
};

typedef struct http_session {
    hearth_conn conn;
    http_worker *worker;
    const http_options *options;
    hearth_list link, waiting;
    uint64_t waits_since_ms;
    hearth_wheel_timer timer;
    session_state state;
    hearth_buf in; /* what came and cannot be used yet */
    head_scan scan;
    struct http_exchange *exchange; /* in hand; NULL in IDLE, HEAD, SKIP and LINGER */
    uint64_t skip;                  /* bytes of a refused body still to come, or lingered for */
    uint32_t exchanges;             /* alive, answered ones included */
    bool consuming;                 /* session_consume is on the stack */
    bool skipped_crlf;
    bool keep_alive; /* after the reply that is being written */
    bool ended;      /* the peer sends no more */
    bool closed;     /* the handle is gone */
} http_session;

typedef struct http_exchange {
    struct hearth_req req; /* first: found from a hearth_req by request_exchange */
    http_session *session;
    http_worker *worker;
    const http_options *options;
    hearth_list link, collecting;
    http_head head;
    http_body body;
    bool keep_alive;
    bool body_complete;
    bool continue_owed; /* 100 was asked for and not sent */
    bool answered;      /* the reply was written, or dropped */
    bool prepared;      /* application.reply has run */
    uint64_t reply_bytes;
    char made_id[32]; /* the request id, when the client sent none */

    /* moving between loops: move.c */
    hearth_letter letter;
    void (*moved)(hearth_req *req);
    _Atomic(hearth_loop *) where;
    bool away; /* read and written on the session's loop only */
    hearth_loop *sent_to;
    bool finished;
    bool notice_out; /* the gone letter is on its way or not back yet */
    hearth_letter notice;
    struct http_exchange *next_free;
} http_exchange;

static inline http_exchange *request_exchange(const hearth_req *req)
{
    return req->exchange;
}

/* ---- session.c ---- */
void session_open(http_worker *worker, int fd, const hearth_address *peer, hearth_tls *tls);
/* Reads and acts on what came, as far as the state allows. */
void session_consume(http_session *session, hearth_str bytes);
void session_set_timer(http_session *session, uint64_t delay_ms);
/* After the reply has left: the next request, or the end. */
void session_reply_written(http_session *session);
/* The last byte was written: FIN, then read on for a while. */
void session_linger(http_session *session);
void session_abort(http_session *session);
/* Frees it when the handle is gone and no exchange refers to it. */
void session_release(http_session *session);

/* Whether the rest of a refused body is small enough to be read and dropped. */
bool session_may_skip(uint64_t left);

/* ---- exchange.c ---- */
/* A request whose head is `bytes`, judged; the session's state says what comes next. */
void exchange_begin(http_session *session, hearth_str bytes);
/* A request that never became one: 400, 408, 414, 431; the connection closes behind the reply. */
void exchange_refuse(http_session *session, int status, const char *reason);
/* Bytes of the body; returns how many were used. */
size_t exchange_take_body(http_exchange *exchange, hearth_str input);
/* Ends one whose body came too slowly. */
void exchange_time_out(http_exchange *exchange);
void exchange_free(http_exchange *exchange);
/* Back on the session's loop: sends, logs and frees. */
void exchange_finish(http_exchange *exchange);
/* After application.head: goes on with the body, or ends with the reply that was recorded. */
void exchange_go_on(http_exchange *exchange);

/* ---- reply.c ---- */
/* Runs application.reply and adds the server's own fields; once. On the request's loop. */
void reply_prepare(http_exchange *exchange);
/* Writes the recorded reply to the session. On the session's loop. */
void reply_deliver(http_exchange *exchange);
/* From another loop: copies the reply into a letter. */
void reply_post(http_exchange *exchange);
/* "Not Found"; "" for a number without a name. */
const char *status_reason(int status);
const char *status_code(int status); /* "NOT_FOUND": the code of errors of the server's own */

/* ---- move.c ---- */
/* The client is gone: tells the application, wherever the request is. On the session's loop. */
void exchange_gone(http_exchange *exchange);

/* ---- identity of a request: ids.c ---- */
void ids_assign(http_exchange *exchange);

/* ---- cors.c ---- */
/* Adds the fields of an allowed origin. False: out of memory. */
void cors_decorate(http_exchange *exchange);
/* Answers OPTIONS on a path that has `allow`. */
void cors_answer_options(http_exchange *exchange, uint32_t allow);

/* ---- worker.c ---- */
void worker_check_done(http_worker *worker);

#endif
