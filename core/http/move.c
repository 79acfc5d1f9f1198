/*
 * move.c - requests between loops. A request is on one loop at a time and travels as a letter; the
 * connection stays. The notice that the client is gone travels behind it, as a letter of its own,
 * and the request is not freed before that has come back.
 */
#include "http/session.h"

static void on_moved(hearth_loop *loop, hearth_letter *letter)
{
    http_exchange *ex = HEARTH_CONTAINER_OF(letter, http_exchange, letter);
    hearth_req *req = &ex->req;
    arena_attach(&req->arena, &loop->arenas);
    if (loop == ex->worker->loop) {
        ex->away = false;
        if (ex->session->exchange != ex && !ex->answered)
            req->gone = true;
    }
    ex->moved(req);
}

hearth_status request_move(hearth_req *req, hearth_loop *to, void (*fn)(hearth_req *req))
{
    http_exchange *ex = request_exchange(req);
    hearth_loop *from = req->loop;
    arena_detach(&req->arena);
    ex->moved = fn;
    ex->letter.fn = on_moved;
    if (from == ex->worker->loop && to != from) {
        ex->away = true;
        ex->sent_to = to;
    }
    req->loop = to;
    atomic_store(&ex->where, to);
    if (loop_send(to, &ex->letter) == HEARTH_OK)
        return HEARTH_OK;
    atomic_store(&ex->where, from);
    req->loop = from;
    if (from == ex->worker->loop)
        ex->away = false;
    arena_attach(&req->arena, &from->arenas);
    return HEARTH_ECANCELED;
}

/* Home again: the request may be freed now, if it has ended meanwhile. */
static void on_notice_back(hearth_loop *loop, hearth_letter *letter)
{
    http_exchange *ex = HEARTH_CONTAINER_OF(letter, http_exchange, notice);
    (void)loop;
    ex->notice_out = false;
    if (ex->finished)
        exchange_free(ex);
}

/* On the loop the request was sent to. If it has left, it is on its way home and learns it there.
 */
static void on_notice(hearth_loop *loop, hearth_letter *letter)
{
    http_exchange *ex = HEARTH_CONTAINER_OF(letter, http_exchange, notice);
    hearth_req *req = &ex->req;
    if (atomic_load(&ex->where) == loop && loop != ex->worker->loop && !req->reply.sent) {
        req->gone = true;
        if (ex->worker->application->gone)
            ex->worker->application->gone(req);
    }
    letter->fn = on_notice_back;
    if (loop_send(ex->worker->loop, letter) < 0)
        ex->notice_out = false; /* that loop has stopped; only its owner's finish is left */
}

void exchange_gone(http_exchange *ex)
{
    hearth_req *req = &ex->req;
    if (!ex->away) {
        req->gone = true;
        if (ex->worker->application->gone)
            ex->worker->application->gone(req);
        return;
    }
    ex->notice.fn = on_notice;
    ex->notice_out = true;
    if (loop_send(ex->sent_to, &ex->notice) < 0)
        ex->notice_out = false;
}
