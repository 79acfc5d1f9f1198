/* control_conn.c - see control_conn.h. Nothing here blocks, whoever is at the other end. */
#include "host/control_conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"
#include "host/command.h"
#include "host/frame.h"
#include "host/handover.h"

#define REQUEST_TIMEOUT_MS 10000
#define MAX_PENDING        (32u * 1024 * 1024)
#define READ_SIZE          65536

typedef struct control_conn {
    uv_poll_t poll; /* first: uv casts */
    hearth_list link;
    size_t *count;
    host_state *host;
    int fd;
    hearth_buf in, out;
    hearth_wheel_timer deadline; /* for the request */
    hearth_cmd *cmd;             /* that runs for it */
    bool answered;               /* close when all is written */
} control_conn;

static void on_ready(uv_poll_t *poll, int status, int events);

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

static void destroy(control_conn *conn)
{
    if (conn->cmd)
        command_forget(conn->cmd);
    loop_timer_stop(&conn->host->main, &conn->deadline);
    list_remove(&conn->link);
    --*conn->count;
    buf_finish(&conn->in);
    buf_finish(&conn->out);
    uv_close((uv_handle_t *)&conn->poll, on_closed); /* out of epoll before the number is free */
    close(conn->fd);
}

void control_conn_destroy(hearth_list *link)
{
    control_conn *conn = HEARTH_LIST_ENTRY(link, control_conn, link);
    while (conn->out.len > 0) { /* what fits still leaves */
        ssize_t n = send(conn->fd, conn->out.ptr, conn->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n <= 0)
            break;
        buf_consume(&conn->out, (size_t)n);
    }
    destroy(conn);
}

/* False: the connection is gone. */
static bool flush(control_conn *conn)
{
    while (conn->out.len > 0) {
        ssize_t n = send(conn->fd, conn->out.ptr, conn->out.len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            break;
        if (n < 0) {
            destroy(conn);
            return false;
        }
        buf_consume(&conn->out, (size_t)n);
    }
    if (conn->out.len == 0 && conn->answered) {
        destroy(conn);
        return false;
    }
    uv_poll_start(&conn->poll, UV_READABLE | (conn->out.len > 0 ? UV_WRITABLE : 0), on_ready);
    return true;
}

static void answer(control_conn *conn, frame_kind kind, hearth_str payload, bool last)
{
    conn->answered = conn->answered || last;
    if (frame_append(&conn->out, kind, payload) != HEARTH_OK)
        destroy(conn); /* it reads too slowly for what it asked for */
    else
        (void)flush(conn);
}

/* ---- commands -------------------------------------------------------------------------------- */

static void on_print(void *arg, int stream, hearth_str text)
{
    answer(arg, stream == 1 ? FRAME_OUTPUT : FRAME_ERROR_OUTPUT, text, false);
}

static void on_done(void *arg, control_result result)
{
    control_conn *conn = arg;
    char payload[2] = {(char)result.exit_status, result.asked_for_input ? 1 : 0};
    conn->cmd = NULL;
    answer(conn, FRAME_EXIT, (hearth_str){payload, sizeof(payload)}, true);
}

static void run_command(control_conn *conn, hearth_str payload)
{
    hearth_str args[CONTROL_MAX_ARGS];
    control_command command;
    hearth_error why;
    host_phase phase = (host_phase)atomic_load(&conn->host->phase);
    hearth_status status = frame_get_command(payload, &command, args);
    if (status != HEARTH_OK)
        (void)error_set(&why, status, "%s: malformed command", CONTROL_SOCKET);
    else if (phase != HOST_SERVING && phase != HOST_DELAY)
        status = error_set(&why, HEARTH_EUNAVAILABLE, "hearthd is starting or stopping: try again");
    else
        status = command_start(conn->host, &command,
                               (command_waiter){.print = on_print, .done = on_done, .arg = conn},
                               &conn->cmd, &why);
    if (status != HEARTH_OK)
        answer(conn, FRAME_REFUSED, str_from(why.text), true);
}

/* ---- requests -------------------------------------------------------------------------------- */

static void hand_over(control_conn *conn)
{
    hearth_error why;
    if (handover_give(conn->host, conn->fd, &why) != HEARTH_OK) {
        answer(conn, FRAME_REFUSED, str_from(why.text), true);
        return;
    }
    /* The connection stays open until this process ends: so the successor sees when. */
    loop_timer_stop(&conn->host->main, &conn->deadline);
}

/* A whole request came, or what came is none. */
static void on_request(control_conn *conn)
{
    char kind;
    hearth_str payload;
    hearth_status status = frame_peek(&conn->in, CONTROL_MAX_REQUEST, &kind, &payload);
    if (status == HEARTH_DEFERRED)
        return;
    loop_timer_stop(&conn->host->main, &conn->deadline);
    if (status == HEARTH_OK && kind == FRAME_COMMAND)
        run_command(conn, payload);
    else if (status == HEARTH_OK && kind == FRAME_HAND_OVER)
        hand_over(conn);
    else
        answer(conn, FRAME_REFUSED, HEARTH_STR("expected a command or a hand-over"), true);
}

static void on_late(hearth_wheel_timer *timer)
{
    destroy(HEARTH_CONTAINER_OF(timer, control_conn, deadline));
}

/* False: the connection is gone. */
static bool receive(control_conn *conn)
{
    for (;;) {
        char *room = buf_reserve(&conn->in, READ_SIZE);
        if (!room) {
            destroy(conn);
            return false;
        }
        ssize_t n = recv(conn->fd, room, READ_SIZE, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return true;
        if (n <= 0) {
            destroy(conn);
            return false;
        }
        buf_commit(&conn->in, (size_t)n);
    }
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    control_conn *conn = (control_conn *)poll;
    bool waiting = conn->deadline.due_ms != WHEEL_NEVER; /* the request is not complete */
    loop_wake(&conn->host->main);
    if (status < 0) {
        destroy(conn);
        return;
    }
    if ((events & UV_WRITABLE) && !flush(conn))
        return;
    if (!(events & UV_READABLE) || !receive(conn))
        return;
    if (waiting)
        on_request(conn);
    else
        buf_reset(&conn->in); /* one request a connection: what follows it is dropped */
}

bool control_conn_create(host_state *host, int fd, hearth_list *list, size_t *count)
{
    control_conn *conn = *count < CONTROL_MAX_CONNS ? calloc(1, sizeof(*conn)) : NULL;
    if (!conn)
        return false;
    if (uv_poll_init(&host->main.uv, &conn->poll, fd) != 0) {
        free(conn);
        return false;
    }
    conn->host = host;
    conn->fd = fd;
    conn->count = count;
    ++*count;
    buf_init(&conn->in, CONTROL_MAX_REQUEST + READ_SIZE + FRAME_HEAD);
    buf_init(&conn->out, MAX_PENDING);
    conn->in.secret = conn->out.secret = true; /* passwords go in, tokens come out */
    list_push_back(list, &conn->link);
    wheel_timer_init(&conn->deadline, on_late);
    loop_timer_set(&host->main, &conn->deadline, REQUEST_TIMEOUT_MS);
    uv_poll_start(&conn->poll, UV_READABLE, on_ready);
    return true;
}
