/*
 * client.c - hearth.client/1: one curl multi handle per loop, driven by uv's polls and one timer.
 * Redirects are never followed: whoever names a URL decides where a request with a secret goes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "host/client_call.h"
#include "host/interfaces.h"
#include "host/resources.h"

typedef struct host_client {
    CURLM *multi;
    host_loop *loop;
    uv_timer_t timer;
    size_t calls;
} host_client;

/* A socket of curl's that is watched. */
typedef struct watched {
    uv_poll_t poll; /* first: uv casts */
    host_client *client;
    curl_socket_t fd;
} watched;

/* ---- what curl asks for ---------------------------------------------------------------------- */

static void collect_finished(host_client *client)
{
    int left;
    for (CURLMsg *msg; (msg = curl_multi_info_read(client->multi, &left)) != NULL;) {
        if (msg->msg != CURLMSG_DONE)
            continue;
        CURLcode code = msg->data.result;
        CURL *easy = msg->easy_handle;
        hearth_client_call *call;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&call);
        curl_multi_remove_handle(client->multi, easy);
        client->calls--;
        call_finish(call, code);
    }
}

static void on_socket(uv_poll_t *poll, int status, int events)
{
    host_client *client = ((watched *)poll)->client;
    int running, flags = status < 0 ? CURL_CSELECT_ERR : 0;
    loop_wake(&client->loop->net);
    flags |= (events & UV_READABLE) ? CURL_CSELECT_IN : 0;
    flags |= (events & UV_WRITABLE) ? CURL_CSELECT_OUT : 0;
    curl_multi_socket_action(client->multi, ((watched *)poll)->fd, flags, &running);
    collect_finished(client);
}

static void on_timer(uv_timer_t *timer)
{
    host_client *client = timer->data;
    int running;
    loop_wake(&client->loop->net);
    curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    collect_finished(client);
}

static int set_timer(CURLM *multi, long timeout_ms, void *arg)
{
    host_client *client = arg;
    (void)multi;
    if (timeout_ms < 0)
        uv_timer_stop(&client->timer);
    else
        uv_timer_start(&client->timer, on_timer, (uint64_t)timeout_ms, 0);
    return 0;
}

static void on_poll_closed(uv_handle_t *handle)
{
    free(handle);
}

static watched *watch(host_client *client, curl_socket_t fd)
{
    watched *socket = calloc(1, sizeof(*socket));
    if (!socket)
        return NULL;
    socket->client = client;
    socket->fd = fd;
    if (uv_poll_init_socket(&client->loop->net.uv, &socket->poll, fd) != 0) {
        free(socket);
        return NULL;
    }
    curl_multi_assign(client->multi, fd, socket);
    return socket;
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    host_client *client = arg;
    watched *socket = socket_arg;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (socket) {
            curl_multi_assign(client->multi, fd, NULL);
            uv_close((uv_handle_t *)&socket->poll, on_poll_closed);
        }
        return 0;
    }
    if (!socket && !(socket = watch(client, fd)))
        return -1;
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    return uv_poll_start(&socket->poll, events, on_socket) == 0 ? 0 : -1;
}

/* ---- one per loop ---------------------------------------------------------------------------- */

static host_client *client_of(host_loop *loop)
{
    if (loop->client)
        return loop->client;
    host_client *client = calloc(1, sizeof(*client));
    if (!client)
        return NULL;
    client->loop = loop;
    client->multi = curl_multi_init();
    if (!client->multi) {
        free(client);
        return NULL;
    }
    uv_timer_init(&loop->net.uv, &client->timer);
    client->timer.data = client;
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    loop->client = client;
    return client;
}

static void on_timer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void client_finish(host_loop *loop)
{
    if (!loop->client)
        return;
    curl_multi_cleanup(loop->client->multi);
    uv_close((uv_handle_t *)&loop->client->timer, on_timer_closed);
    loop->client = NULL;
}

/* ---- the interface --------------------------------------------------------------------------- */

static hearth_client_call *send_request(hearth_ctx *ctx, const hearth_client_request *request,
                                        hearth_client_fn done, void *arg)
{
    CTX_ASSERT(ctx, "hearth_client.send");
    if (ctx->loop == HEARTH_LOOP_MAIN)
        return NULL;
    if (!HEARTH_HAS(request, ca_file)) {
        log_error(plugin_ctx_of(ctx)->plugin->id,
                  "hearth_client.send: expected a request with its struct_size, found %u",
                  request->struct_size);
        return NULL;
    }
    host_loop *loop = host_loop_of(ctx);
    host_client *client = client_of(loop);
    if (!client || client->calls >= (size_t)loop->settings->client_calls || loop->stopping)
        return NULL;
    hearth_client_call *call = call_create(ctx, request, done, arg);
    if (!call)
        return NULL;
    if (curl_multi_add_handle(client->multi, call->easy) != CURLM_OK) {
        call_destroy(call);
        return NULL;
    }
    client->calls++;
    list_push_back(&host_slot_of(ctx)->calls, &call->link);
    return call;
}

static void cancel(hearth_client_call *call)
{
    CTX_ASSERT(call->ctx, "hearth_client.cancel");
    host_client *client = host_loop_of(call->ctx)->client;
    curl_multi_remove_handle(client->multi, call->easy);
    client->calls--;
    call_cancelled(call);
}

void calls_cancel_all(host_slot *slot)
{
    HEARTH_LIST_EACH(link, &slot->calls)
    cancel(HEARTH_LIST_ENTRY(link, hearth_client_call, link));
}

const hearth_client host_client_api = {
    .struct_size = sizeof(hearth_client), .send = send_request, .cancel = cancel};
