/*
 * session.c - the life of a connection: what may be read when, and how long each state may last.
 */
#include "http/session.h"

#include <stdlib.h>
#include <unistd.h>

#define LINGER_MS       2000
#define LINGER_BYTES    ((uint64_t)1 << 18)
#define SKIP_BYTES      ((uint64_t)1 << 16) /* of a refused body; more closes the connection */
#define PIPELINE_BYTES  ((size_t)1 << 14)   /* waiting behind a request; more pauses reading */
#define REPLY_CEILING   ((size_t)256 << 20)
#define REFUSED_AT_ONCE 64   /* connections above the maximum that are told so */
#define WAITING_MS      5000 /* for a request, while others are refused for it */

static void on_timer(hearth_wheel_timer *timer)
{
    http_session *session = HEARTH_CONTAINER_OF(timer, http_session, timer);
    http_counters *counters = &session->worker->counters;
    switch (session->state) {
    case SESSION_HEAD:
        counters->timeouts++;
        exchange_refuse(session, 408, "The head of the request came too slowly.");
        break;
    case SESSION_BODY:
        counters->timeouts++;
        exchange_time_out(session->exchange);
        break;
    case SESSION_HOLD:
    case SESSION_BUSY:
        break;
    case SESSION_WRITING:
    case SESSION_SKIP:
        counters->timeouts++;
        session_abort(session);
        break;
    case SESSION_IDLE:
        session_linger(session);
        break;
    case SESSION_LINGER:
        session_abort(session);
        break;
    }
}

void session_set_timer(http_session *session, uint64_t delay_ms)
{
    loop_timer_set(session->worker->loop, &session->timer, delay_ms);
}

/* Back to waiting: as long as an idle connection may, or briefly in a drain, so that a busy
 * client's next request still gets its answer, with Connection: close. */
static void become_idle(http_session *session)
{
    session->state = SESSION_IDLE;
    session->options = session->worker->options;
    session->scan = (head_scan){0};
    session->skipped_crlf = false;
    session->waits_since_ms = session->worker->loop->now_ms;
    list_push_back(&session->worker->waiting, &session->waiting);
    session_set_timer(session, session->worker->draining ? HTTP_DRAIN_IDLE_MS
                                                         : session->options->idle_timeout_ms);
}

/* 414 before 431 before 400: what the scan of an incomplete or complete head says. */
static void refuse_head(http_session *session, head_result result)
{
    if (result == HEAD_TARGET_TOO_LONG)
        exchange_refuse(session, 414, "The target of the request is too long.");
    else if (result == HEAD_TOO_LARGE)
        exchange_refuse(session, 431, "The header lines of the request are too long.");
    else
        exchange_refuse(session, 400, session->scan.reason);
}

/* Returns the bytes that were used; 0 when more are needed, or the session is at its end. */
static size_t take_head(http_session *session, hearth_str input)
{
    const http_options *options = session->options;
    head_limits limits = {options->max_target, options->max_header_block};
    size_t length = 0;
    /* One empty line in front is ignored (RFC 9112, 2.2). */
    if (input.ptr[0] == '\r' && !session->skipped_crlf && session->scan.block == 0 &&
        session->scan.line == 0) {
        if (input.len >= 2 && input.ptr[1] == '\n') {
            session->skipped_crlf = true;
            session->scan = (head_scan){0};
            return 2;
        }
        if (input.len == 1)
            goto wait;
    }
    head_result result = head_scan_more(&session->scan, input, &limits, &length);
    if (result == HEAD_COMPLETE) {
        wheel_pause(&session->timer);
        exchange_begin(session, str_slice(input, 0, length));
        return length;
    }
    if (result != HEAD_MORE) {
        refuse_head(session, result);
        return 0;
    }
wait:
    if (session->state == SESSION_IDLE) {
        session->state = SESSION_HEAD;
        session_set_timer(session, options->header_timeout_ms);
    }
    return 0;
}

static size_t skip_body(http_session *session, hearth_str input)
{
    size_t take = session->skip < input.len ? (size_t)session->skip : input.len;
    session->skip -= take;
    if (session->skip == 0)
        become_idle(session);
    return take;
}

/* Bytes that were used of `input`. */
static size_t consume_some(http_session *session, hearth_str input)
{
    size_t used = 0;
    while (used < input.len && !session->closed) {
        hearth_str rest = str_slice(input, used, input.len);
        size_t step = 0;
        if (session->state == SESSION_IDLE || session->state == SESSION_HEAD)
            step = take_head(session, rest);
        else if (session->state == SESSION_BODY)
            step = exchange_take_body(session->exchange, rest);
        else if (session->state == SESSION_SKIP)
            step = skip_body(session, rest);
        used += step;
        if (step == 0)
            break;
    }
    return used;
}

/* Keeps what could not be used, and stops reading when that is much. */
static void keep_rest(http_session *session, hearth_str rest)
{
    if (session->state == SESSION_LINGER) {
        session->skip += rest.len;
        return;
    }
    if (rest.len > 0 && buf_append_str(&session->in, rest) < 0) {
        session_abort(session);
        return;
    }
    bool waits = session->state == SESSION_BUSY || session->state == SESSION_HOLD ||
                 session->state == SESSION_WRITING;
    if (waits && session->in.len >= PIPELINE_BYTES)
        conn_pause(&session->conn);
}

/* A reply that is written inside the loop moves the state on, and the loop sees it. */
void session_consume(http_session *session, hearth_str bytes)
{
    session->consuming = true;
    if (session->in.len == 0) {
        size_t used = consume_some(session, bytes);
        keep_rest(session, str_slice(bytes, used, bytes.len));
    } else {
        keep_rest(session, bytes);
        size_t used = consume_some(session, buf_str(&session->in));
        if (session->state == SESSION_LINGER)
            used = session->in.len;
        buf_consume(&session->in, used);
    }
    session->consuming = false;
    if (session->in.len == 0)
        buf_finish(&session->in);
    bool reads = session->state == SESSION_IDLE || session->state == SESSION_HEAD ||
                 session->state == SESSION_BODY || session->state == SESSION_SKIP ||
                 session->state == SESSION_LINGER;
    if (reads && !session->closed)
        conn_resume(&session->conn);
    if (reads && session->ended && session->state != SESSION_LINGER)
        session_linger(session);
}

static void on_data(hearth_conn *conn, hearth_str bytes)
{
    http_session *session = HEARTH_CONTAINER_OF(conn, http_session, conn);
    session->worker->counters.bytes_in += bytes.len;
    if (session->state == SESSION_LINGER) {
        session->skip += bytes.len;
        if (session->skip > LINGER_BYTES)
            session_abort(session);
        return;
    }
    session_consume(session, bytes);
}

/* Half-closed: a request that is complete is still answered (RFC 9112, 9.6). */
static void on_end(hearth_conn *conn)
{
    http_session *session = HEARTH_CONTAINER_OF(conn, http_session, conn);
    session->ended = true;
    if (session->state == SESSION_LINGER) {
        session_abort(session);
        return;
    }
    if (session->state == SESSION_BUSY || session->state == SESSION_HOLD ||
        session->state == SESSION_WRITING)
        return;
    if (session->state == SESSION_BODY)
        session_abort(session);
    else
        session_linger(session);
}

static void on_drained(hearth_conn *conn)
{
    http_session *session = HEARTH_CONTAINER_OF(conn, http_session, conn);
    if (session->state == SESSION_WRITING)
        session_reply_written(session);
}

static void on_broken(hearth_conn *conn)
{
    session_abort(HEARTH_CONTAINER_OF(conn, http_session, conn));
}

void session_release(http_session *session)
{
    if (session->closed && session->exchanges == 0)
        free(session);
}

static void on_closed(hearth_conn *conn)
{
    http_session *session = HEARTH_CONTAINER_OF(conn, http_session, conn);
    http_worker *worker = session->worker;
    session->closed = true;
    buf_finish(&session->in);
    list_remove(&session->link);
    worker->counters.connections--;
    session_release(session);
    worker_check_done(worker);
}

void session_reply_written(http_session *session)
{
    bool keep = session->keep_alive;
    session->exchange = NULL;
    if (!keep) {
        session_linger(session);
        return;
    }
    if (session->skip > 0) {
        session->state = SESSION_SKIP;
        session_set_timer(session, session->options->body_timeout_ms);
    } else {
        become_idle(session);
    }
    if (!session->consuming && (session->in.len > 0 || session->ended))
        session_consume(session, (hearth_str){NULL, 0});
    else if (!session->consuming)
        conn_resume(&session->conn);
}

void session_linger(http_session *session)
{
    session->state = SESSION_LINGER;
    list_remove(&session->waiting);
    session->skip = 0;
    if (!session->consuming)
        buf_finish(&session->in);
    conn_shutdown(&session->conn);
    if (session->ended && !conn_is_writing(&session->conn)) {
        session_abort(session);
        return;
    }
    conn_resume(&session->conn);
    session_set_timer(session, LINGER_MS);
}

void session_abort(http_session *session)
{
    http_exchange *exchange = session->exchange;
    bool busy = session->state == SESSION_BUSY || session->state == SESSION_HOLD;
    bool collecting = session->state == SESSION_BODY;
    session->state = SESSION_LINGER;
    list_remove(&session->waiting);
    session->exchange = NULL;
    loop_timer_stop(session->worker->loop, &session->timer);
    conn_abort(&session->conn);
    if (!session->consuming)
        buf_finish(&session->in);
    if (exchange && busy)
        exchange_gone(exchange);
    else if (exchange && collecting)
        exchange_finish(exchange);
}

static const hearth_conn_events events = {on_data, on_end, on_drained, on_broken, on_closed};

/* Whether there may be one more connection, which has this descriptor. So that nobody keeps others
 * out with connections that do nothing, the one that has waited longest for a request makes room.
 */
static bool has_room(http_worker *worker, int fd)
{
    if (worker->counters.connections < worker->options->max_connections && fd < worker->fd_ceiling)
        return true;
    if (list_is_empty(&worker->waiting))
        return false;
    http_session *longest = HEARTH_LIST_ENTRY(worker->waiting.next, http_session, waiting);
    if (worker->loop->now_ms - longest->waits_since_ms < WAITING_MS)
        return false;
    session_abort(longest);
    return true;
}

void session_open(http_worker *worker, int fd, const hearth_address *peer, hearth_tls *tls)
{
    const http_options *options = worker->options;
    http_counters *counters = &worker->counters;
    bool refuse = !has_room(worker, fd);
    counters->connections_refused += refuse;
    http_session *session = NULL;
    if (!refuse || (!tls && fd < worker->fd_ceiling + REFUSED_AT_ONCE &&
                    counters->connections < options->max_connections + REFUSED_AT_ONCE))
        session = calloc(1, sizeof(*session));
    SSL *tls_session = session && tls ? tls_session_create(tls) : NULL;
    if (!session || (tls && !tls_session)) {
        free(session);
        close(fd);
        return;
    }
    session->worker = worker;
    session->options = options;
    buf_init(&session->in, options->max_target + options->max_header_block + 4 * LOOP_READ_BUFFER);
    session->in.secret = true;
    wheel_timer_init(&session->timer, on_timer);
    list_init(&session->link);
    list_init(&session->waiting);
    if (conn_open(&session->conn, worker->loop, fd, peer, tls_session, REPLY_CEILING, &events) <
        0) {
        free(session);
        return;
    }
    counters->connections++;
    counters->connections_total++;
    list_push_back(&worker->sessions, &session->link);
    become_idle(session);
    if (tls)
        session_set_timer(session, options->header_timeout_ms);
    if (refuse)
        exchange_refuse(session, 503, "The server has as many connections as it may.");
}

bool session_may_skip(uint64_t left)
{
    return left <= SKIP_BYTES;
}
