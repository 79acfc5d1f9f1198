/*
 * https.c - see https.h. Few connections, kept open: heartbeats and reports follow each other.
 */
#include "https/https.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CONNECT_MS 5000L
#define TIMEOUT_MS 20000L
#define REPLY_MAX  ((size_t)1 << 20)

struct call {
    struct call *next, **link;
    CURL *easy;
    struct curl_slist *fields;
    https_done_fn done;
    void *arg;
    char *body;
    size_t len;
    char error[CURL_ERROR_SIZE];
};

struct https_client {
    uv_loop_t *loop;
    CURLM *multi;
    const char *ca;
    uv_timer_t timer;
    struct call *calls;
};

/* A socket of curl's that is watched. */
struct watched {
    uv_poll_t poll;
    https_client *client;
    curl_socket_t fd;
};

static void wipe_fields(struct curl_slist *fields)
{
    for (struct curl_slist *field = fields; field; field = field->next)
        explicit_bzero(field->data, strlen(field->data)); /* tokens */
    curl_slist_free_all(fields);
}

static void unlink_call(struct call *call)
{
    if (!call->link)
        return;
    *call->link = call->next;
    if (call->next)
        call->next->link = call->link;
    call->link = NULL;
}

static void call_destroy(struct call *call)
{
    unlink_call(call);
    if (call->easy)
        curl_easy_cleanup(call->easy);
    wipe_fields(call->fields);
    if (call->body)
        explicit_bzero(call->body, call->len);
    free(call->body);
    free(call);
}

/* The server's Date is of some moment between the request and now. */
static long clock_ahead(CURL *easy)
{
    struct curl_header *date;
    curl_off_t took_us = 0;
    time_t now = time(NULL), theirs = -1;
    if (curl_easy_header(easy, "Date", 0, CURLH_HEADER, -1, &date) == CURLHE_OK)
        theirs = curl_getdate(date->value, NULL);
    if (theirs < 0)
        return 0;
    curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &took_us);
    time_t sent = now - (time_t)(took_us / 1000000) - 2; /* Date counts whole seconds */
    if (theirs >= sent && theirs <= now + 1)
        return 0;
    return (long)(theirs < sent ? sent - theirs : now - theirs);
}

static void finish(struct call *call, CURLcode code)
{
    https_reply reply = {.body = call->body ? call->body : "", .len = call->len};
    if (code == CURLE_OK) {
        long status = 0;
        curl_off_t after = 0;
        curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(call->easy, CURLINFO_RETRY_AFTER, &after);
        reply.status = (int)status;
        reply.clock_ahead = clock_ahead(call->easy);
        reply.retry_after = after > 0 && after < 3600 ? (unsigned)after : 0;
    } else {
        reply.error = call->error[0] ? call->error : curl_easy_strerror(code);
    }
    unlink_call(call); /* `done` may stop the client */
    call->done(call->arg, &reply);
    call_destroy(call);
}

static void collect_finished(https_client *client)
{
    int left;
    for (CURLMsg *msg; client->multi && (msg = curl_multi_info_read(client->multi, &left));) {
        struct call *call;
        if (msg->msg != CURLMSG_DONE)
            continue;
        CURLcode code = msg->data.result;
        CURL *easy = msg->easy_handle;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&call);
        curl_multi_remove_handle(client->multi, easy);
        finish(call, code);
    }
}

static void on_socket(uv_poll_t *poll, int status, int events)
{
    struct watched *watched = poll->data;
    https_client *client = watched->client;
    int running, flags = status < 0 ? CURL_CSELECT_ERR : 0;
    flags |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
    flags |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
    curl_multi_socket_action(client->multi, watched->fd, flags, &running);
    collect_finished(client);
}

static void on_timer(uv_timer_t *timer)
{
    https_client *client = timer->data;
    int running;
    curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    collect_finished(client);
}

static int set_timer(CURLM *multi, long timeout_ms, void *arg)
{
    https_client *client = arg;
    (void)multi;
    if (timeout_ms < 0)
        uv_timer_stop(&client->timer);
    else
        uv_timer_start(&client->timer, on_timer, (uint64_t)timeout_ms, 0);
    return 0;
}

static void on_poll_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static struct watched *watch(https_client *client, curl_socket_t fd)
{
    struct watched *watched = calloc(1, sizeof(*watched));
    if (!watched)
        return NULL;
    watched->client = client;
    watched->fd = fd;
    watched->poll.data = watched;
    if (uv_poll_init_socket(client->loop, &watched->poll, fd) != 0) {
        free(watched);
        return NULL;
    }
    curl_multi_assign(client->multi, fd, watched);
    return watched;
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    https_client *client = arg;
    struct watched *watched = socket_arg;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watched) {
            curl_multi_assign(client->multi, fd, NULL);
            uv_close((uv_handle_t *)&watched->poll, on_poll_closed);
        }
        return 0;
    }
    if (!watched && !(watched = watch(client, fd)))
        return -1;
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    return uv_poll_start(&watched->poll, events, on_socket) == 0 ? 0 : -1;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct call *call = arg;
    size_t len = size * count;
    if (len > REPLY_MAX - call->len)
        return 0;
    char *grown = realloc(call->body, call->len + len + 1);
    if (!grown)
        return 0;
    memcpy(grown + call->len, bytes, len);
    call->body = grown;
    call->len += len;
    grown[call->len] = '\0';
    return len;
}

static bool add_field(struct call *call, const char *name, const char *value)
{
    char *text;
    if (asprintf(&text, "%s%s", name, value) < 0)
        return false;
    struct curl_slist *fields = curl_slist_append(call->fields, text);
    explicit_bzero(text, strlen(text));
    free(text);
    if (fields)
        call->fields = fields;
    return fields != NULL;
}

static bool prepare(struct call *call, const https_request *request, const char *ca)
{
    CURL *easy = call->easy;
    bool ok = add_field(call, "Expect:", "") && add_field(call, "Accept: ", "application/json");
    if (ok && request->body)
        ok = add_field(call, "Content-Type: ", "application/json");
    if (ok && request->bearer)
        ok = add_field(call, "Authorization: Bearer ", request->bearer);
    if (ok && request->idempotency_key)
        ok = add_field(call, "Idempotency-Key: ", request->idempotency_key);
    if (!ok)
        return false;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->error);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                     request->timeout_ms ? (long)request->timeout_ms : TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->fields);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    if (ca)
        ok = curl_easy_setopt(easy, CURLOPT_CAINFO, ca) == CURLE_OK &&
             curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) == CURLE_OK;
    if (ok && request->body)
        ok = curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, request->body) == CURLE_OK;
    else if (ok && strcmp(request->method, "POST") == 0)
        ok = curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, "") == CURLE_OK;
    return ok && curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_URL, request->url) == CURLE_OK;
}

hearth_status https_send(https_client *client, const https_request *request)
{
    struct call *call = calloc(1, sizeof(*call));
    if (!call)
        return HEARTH_ENOMEM;
    call->done = request->done;
    call->arg = request->arg;
    call->easy = curl_easy_init();
    if (!call->easy || !prepare(call, request, client->ca) ||
        curl_multi_add_handle(client->multi, call->easy) != CURLM_OK) {
        call_destroy(call);
        return HEARTH_ENOMEM;
    }
    call->next = client->calls;
    call->link = &client->calls;
    if (call->next)
        call->next->link = &call->next;
    client->calls = call;
    return HEARTH_OK;
}

hearth_status https_create(https_client **out, uv_loop_t *loop, const char *ca)
{
    https_client *client = calloc(1, sizeof(*client));
    if (!client || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
        !(client->multi = curl_multi_init())) {
        free(client);
        return HEARTH_ENOMEM;
    }
    client->loop = loop;
    client->ca = ca;
    uv_timer_init(loop, &client->timer);
    client->timer.data = client;
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)HTTPS_CONNECTIONS_MAX);
    *out = client;
    return HEARTH_OK;
}

void https_stop(https_client *client)
{
    while (client->calls) {
        curl_multi_remove_handle(client->multi, client->calls->easy);
        call_destroy(client->calls);
    }
    curl_multi_cleanup(client->multi);
    client->multi = NULL;
    uv_close((uv_handle_t *)&client->timer, NULL);
}

void https_destroy(https_client *client)
{
    if (client)
        curl_global_cleanup();
    free(client);
}
