/*
 * reply.c - from a recorded reply to bytes: one head, built in the worker's scratch buffer, and one
 * system call for head and body.
 */
#include "http/session.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

#define HEAD_CEILING ((size_t)1 << 18)
#define SMALL_BODY   ((size_t)4096) /* copied behind the head: cheaper than a second slice */

typedef struct status_text {
    int status;
    const char *reason, *code;
} status_text;

static const status_text texts[] = {
    {200, "OK", ""},
    {201, "Created", ""},
    {202, "Accepted", ""},
    {204, "No Content", ""},
    {206, "Partial Content", ""},
    {301, "Moved Permanently", ""},
    {302, "Found", ""},
    {303, "See Other", ""},
    {304, "Not Modified", ""},
    {307, "Temporary Redirect", ""},
    {308, "Permanent Redirect", ""},
    {400, "Bad Request", "INVALID_REQUEST"},
    {401, "Unauthorized", "UNAUTHENTICATED"},
    {403, "Forbidden", "FORBIDDEN"},
    {404, "Not Found", "NOT_FOUND"},
    {405, "Method Not Allowed", "METHOD_NOT_ALLOWED"},
    {406, "Not Acceptable", "NOT_ACCEPTABLE"},
    {408, "Request Timeout", "REQUEST_TIMEOUT"},
    {409, "Conflict", "CONFLICT"},
    {410, "Gone", "GONE"},
    {412, "Precondition Failed", "PRECONDITION_FAILED"},
    {413, "Content Too Large", "BODY_TOO_LARGE"},
    {414, "URI Too Long", "URI_TOO_LONG"},
    {415, "Unsupported Media Type", "UNSUPPORTED_MEDIA_TYPE"},
    {417, "Expectation Failed", "EXPECTATION_FAILED"},
    {422, "Unprocessable Content", "UNPROCESSABLE"},
    {428, "Precondition Required", "VERSION_REQUIRED"},
    {429, "Too Many Requests", "TOO_MANY_REQUESTS"},
    {431, "Request Header Fields Too Large", "HEADERS_TOO_LARGE"},
    {500, "Internal Server Error", "INTERNAL"},
    {501, "Not Implemented", "NOT_IMPLEMENTED"},
    {502, "Bad Gateway", "BAD_GATEWAY"},
    {503, "Service Unavailable", "OVERLOADED"},
    {504, "Gateway Timeout", "TIMEOUT"},
};

static const status_text *find_text(int status)
{
    static const status_text unknown = {0, "", "ERROR"};
    for (size_t i = 0; i < HEARTH_COUNT(texts); i++)
        if (texts[i].status == status)
            return &texts[i];
    return &unknown;
}

const char *status_reason(int status)
{
    return find_text(status)->reason;
}

const char *status_code(int status)
{
    return find_text(status)->code;
}

void reply_prepare(http_exchange *ex)
{
    hearth_req *req = &ex->req;
    if (ex->prepared)
        return;
    ex->prepared = true;
    if (req->reply.status == 0)
        request_error(req, 500, "INTERNAL", HEARTH_STR(""), "The request was not answered.");
    if (ex->options->cors_origin_count > 0)
        cors_decorate(ex);
    if (ex->worker->application->reply)
        ex->worker->application->reply(req);
    req->end_ns = clock_mono_ns();
}

static char *put(char *at, const void *bytes, size_t len)
{
    memcpy(at, bytes, len);
    return at + len;
}

static char *put_number(char *at, uint64_t number)
{
    char digits[20];
    int count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (count > 0)
        *at++ = digits[--count];
    return at;
}

#define PUT_LITERAL(at_, literal_) put((at_), (literal_), sizeof(literal_) - 1)

static bool has_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

/* The head without its last lines (Connection and the empty one). False: out of memory. */
static bool build_head(const http_exchange *ex, hearth_buf *out, const char *date)
{
    const http_reply *reply = &ex->req.reply;
    const char *reason = status_reason(reply->status);
    size_t size = 256 + strlen(reason) + reply->content_type.len + ex->req.request_id.len;
    for (const http_reply_header *h = reply->headers; h; h = h->next)
        size += h->name.len + h->value.len + 4;
    char *start = buf_reserve(out, size), *at = start;
    if (!start)
        return false;
    at = PUT_LITERAL(at, "HTTP/1.1 ");
    at = put_number(at, (uint64_t)reply->status);
    *at++ = ' ';
    at = put(at, reason, strlen(reason));
    at = PUT_LITERAL(at, "\r\nDate: ");
    at = put(at, date, HTTP_DATE_LEN);
    if (reply->content_type.len > 0) {
        at = PUT_LITERAL(at, "\r\nContent-Type: ");
        at = put(at, reply->content_type.ptr, reply->content_type.len);
    }
    if (has_body(reply->status)) {
        at = PUT_LITERAL(at, "\r\nContent-Length: ");
        at = put_number(at, reply->body.len);
    }
    at = PUT_LITERAL(at, "\r\nX-Request-Id: ");
    at = put(at, ex->req.request_id.ptr, ex->req.request_id.len);
    for (const http_reply_header *h = reply->headers; h; h = h->next) {
        at = PUT_LITERAL(at, "\r\n");
        at = put(at, h->name.ptr, h->name.len);
        at = PUT_LITERAL(at, ": ");
        at = put(at, h->value.ptr, h->value.len);
    }
    at = PUT_LITERAL(at, "\r\n");
    buf_commit(out, (size_t)(at - start));
    return true;
}

static hearth_str body_of(const http_exchange *ex)
{
    bool sent = has_body(ex->req.reply.status) && ex->req.method != HTTP_HEAD_METHOD;
    return sent ? ex->req.reply.body : (hearth_str){NULL, 0};
}

/* Whether the connection can go on, and how much of a refused body is to be dropped first. */
static bool keep_alive(const http_exchange *ex, http_session *session)
{
    session->skip = 0;
    if (!ex->keep_alive || ex->worker->draining || session->ended)
        return session->ended && ex->keep_alive && session->in.len > 0 && !ex->worker->draining;
    if (ex->body_complete)
        return true;
    if (ex->head.chunked || ex->continue_owed)
        return false;
    session->skip = ex->body.state ? ex->body.left : ex->head.content_length;
    return session_may_skip(session->skip);
}

static void write_reply(http_exchange *ex, hearth_buf *head, hearth_str body)
{
    http_session *session = ex->session;
    bool keep = keep_alive(ex, session);
    hearth_str tail = !keep               ? HEARTH_STR("Connection: close\r\n\r\n")
                      : ex->req.is_http10 ? HEARTH_STR("Connection: keep-alive\r\n\r\n")
                                          : HEARTH_STR("\r\n");
    ex->answered = true;
    if (buf_append_str(head, tail) < 0) {
        session_abort(session);
        return;
    }
    ex->reply_bytes = head->len + body.len;
    if (body.len > 0 && body.len <= SMALL_BODY && buf_append_str(head, body) == HEARTH_OK)
        body.len = 0;
    ex->worker->counters.bytes_out += ex->reply_bytes;
    session->exchange = NULL;
    session->keep_alive = keep;
    session->state = SESSION_WRITING;
    hearth_status status = conn_write(&session->conn, buf_str(head), body);
    if (status == HEARTH_OK)
        session_reply_written(session);
    else if (status == HEARTH_DEFERRED)
        session_set_timer(session, ex->options->write_timeout_ms + ex->reply_bytes / 64);
    else
        session_abort(session);
}

void reply_deliver(http_exchange *ex)
{
    http_worker *worker = ex->worker;
    http_session *session = ex->session;
    ex->req.reply.sent = true;
    if (session->exchange != ex || session->closed) {
        ex->answered = true;
        return;
    }
    buf_reset(&worker->scratch);
    if (!build_head(ex, &worker->scratch, date_now(&worker->date, worker->loop->now_ms))) {
        ex->answered = true;
        session->exchange = NULL;
        session_abort(session);
        return;
    }
    write_reply(ex, &worker->scratch, body_of(ex));
}

/* A reply on its way to the connection's loop, while the request stays where it is. */
typedef struct reply_letter {
    hearth_letter letter;
    http_exchange *exchange;
    hearth_buf head;
    hearth_str body;
    char bytes[];
} reply_letter;

/* The request is not touched here but for what belongs to the session's loop: it is elsewhere. */
static void on_posted(hearth_loop *loop, hearth_letter *letter)
{
    reply_letter *posted = HEARTH_CONTAINER_OF(letter, reply_letter, letter);
    http_exchange *ex = posted->exchange;
    (void)loop;
    if (ex->session->exchange == ex && !ex->session->closed && !ex->answered)
        write_reply(ex, &posted->head, posted->body);
    else
        ex->answered = true;
    buf_finish(&posted->head);
    free(posted);
}

void reply_post(http_exchange *ex)
{
    hearth_str body = body_of(ex);
    char date[HTTP_DATE_LEN + 1];
    reply_letter *posted = malloc(sizeof(*posted) + body.len);
    if (!posted)
        return;
    posted->letter.fn = on_posted;
    posted->exchange = ex;
    posted->body = (hearth_str){posted->bytes, body.len};
    if (body.len > 0)
        memcpy(posted->bytes, body.ptr, body.len);
    buf_init(&posted->head, HEAD_CEILING);
    date_format(clock_wall_ms() / 1000, date);
    if (build_head(ex, &posted->head, date) &&
        loop_send(ex->worker->loop, &posted->letter) == HEARTH_OK) {
        ex->req.reply.sent = true;
        return;
    }
    buf_finish(&posted->head);
    free(posted);
}
