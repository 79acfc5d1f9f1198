/*
 * transport.c - libcurl tells which descriptors and which moment it waits for; the loop tells it
 * when they have come.
 *
 * libcurl by itself sends a request a second time when a kept connection turns out to be closed. A
 * write might then happen, and be judged, twice: the second attempt is refused before it is sent,
 * and whoever asked decides.
 */
#include "transport.h"

#include <stdlib.h>
#include <string.h>

#include "credentials.h"
#include "plugin.h"

#define MAX_ANSWER    ((size_t)32 << 20)
#define SPARE_HANDLES 64

struct transport {
    hearth_ctx *ctx;
    CURLM *multi;
    hearth_timer *timer;
    bool kicked; /* a post is on its way that stands for a timer of 0 ms */
    CURL *spare[SPARE_HANDLES];
    size_t spare_count;
};

/* ---- what is over ---- */

static void finish_exchange(struct transport *transport, CURL *easy, CURLcode code)
{
    struct exchange *exchange = NULL;
    char *pointer = NULL;

    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &pointer);
    exchange = (struct exchange *)(void *)pointer;
    if (code == CURLE_OK)
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &exchange->status);
    curl_multi_remove_handle(transport->multi, easy);
    curl_slist_free_all(exchange->headers);
    exchange->headers = NULL;
    exchange->easy = NULL;
    if (transport->spare_count < SPARE_HANDLES) {
        curl_easy_reset(easy); /* also forgets the secret */
        transport->spare[transport->spare_count++] = easy;
    } else {
        curl_easy_cleanup(easy);
    }
    exchange->done(exchange, code);
}

static void act(struct transport *transport, curl_socket_t fd, int events)
{
    int running, left;
    CURLMsg *message;

    if (curl_multi_socket_action(transport->multi, fd, events, &running) != CURLM_OK)
        return;
    while ((message = curl_multi_info_read(transport->multi, &left))) {
        if (message->msg == CURLMSG_DONE)
            finish_exchange(transport, message->easy_handle, message->data.result);
    }
}

/* ---- libcurl on the loop ---- */

static void on_ready(hearth_ctx *ctx, int fd, uint32_t events, void *arg)
{
    int ready = 0;

    (void)ctx;
    if (events & HEARTH_POLL_READ)
        ready |= CURL_CSELECT_IN;
    if (events & HEARTH_POLL_WRITE)
        ready |= CURL_CSELECT_OUT;
    if (events & HEARTH_POLL_ERROR)
        ready |= CURL_CSELECT_ERR;
    act(arg, fd, ready);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_data)
{
    struct transport *transport = arg;
    const hearth_poll_api *api = shared_of(transport->ctx)->poll;
    hearth_poll *poll = socket_data;
    uint32_t events = 0;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        api->stop(poll);
        curl_multi_assign(transport->multi, fd, NULL);
        return 0;
    }
    if (what & CURL_POLL_IN)
        events |= HEARTH_POLL_READ;
    if (what & CURL_POLL_OUT)
        events |= HEARTH_POLL_WRITE;
    if (poll)
        return api->update(poll, events) == HEARTH_OK ? 0 : -1;
    poll = api->start(transport->ctx, fd, events, on_ready, transport);
    curl_multi_assign(transport->multi, fd, poll);
    return poll ? 0 : -1;
}

static void on_timeout(hearth_ctx *ctx, void *arg)
{
    struct transport *transport = arg;

    (void)ctx;
    transport->timer = NULL;
    act(transport, CURL_SOCKET_TIMEOUT, 0);
}

static void on_kick(hearth_ctx *ctx, void *arg)
{
    struct transport *transport = local_of(ctx)->transport;

    (void)arg;
    transport->kicked = false;
    act(transport, CURL_SOCKET_TIMEOUT, 0);
}

/* "At once" does not wait for the turn of the timer wheel. */
static int on_timer(CURLM *multi, long timeout_ms, void *arg)
{
    struct transport *transport = arg;
    const struct shared *shared = shared_of(transport->ctx);

    (void)multi;
    shared->timer->stop(transport->timer);
    transport->timer = NULL;
    if (timeout_ms < 0 || (timeout_ms == 0 && transport->kicked))
        return 0;
    if (timeout_ms == 0 &&
        shared->loop->post(transport->ctx, transport->ctx->loop, on_kick, NULL) == HEARTH_OK) {
        transport->kicked = true;
        return 0;
    }
    transport->timer =
        shared->timer->start(transport->ctx, (uint64_t)timeout_ms, 0, on_timeout, transport);
    return transport->timer ? 0 : -1;
}

struct transport *transport_create(hearth_ctx *ctx)
{
    const struct config *conf = ctx->conf;
    struct transport *transport = calloc(1, sizeof(*transport));

    if (!transport)
        return NULL;
    transport->ctx = ctx;
    transport->multi = curl_multi_init();
    if (!transport->multi) {
        free(transport);
        return NULL;
    }
    curl_multi_setopt(transport->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(transport->multi, CURLMOPT_SOCKETDATA, transport);
    curl_multi_setopt(transport->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(transport->multi, CURLMOPT_TIMERDATA, transport);
    curl_multi_setopt(transport->multi, CURLMOPT_MAXCONNECTS, (long)conf->max_in_flight);
    return transport;
}

void transport_destroy(struct transport *transport)
{
    if (!transport)
        return;
    for (size_t i = 0; i < transport->spare_count; i++)
        curl_easy_cleanup(transport->spare[i]);
    curl_multi_cleanup(transport->multi);
    shared_of(transport->ctx)->timer->stop(transport->timer);
    free(transport);
}

/* ---- one exchange ---- */

static size_t on_answer(char *bytes, size_t size, size_t count, void *arg)
{
    struct exchange *exchange = arg;

    text_add(&exchange->answer, (hearth_str){bytes, size * count});
    return exchange->answer.failed ? 0 : size * count;
}

static int before_send(void *arg, char *peer, char *own, int peer_port, int own_port)
{
    struct exchange *exchange = arg;

    (void)peer;
    (void)own;
    (void)peer_port;
    (void)own_port;
    return exchange->sends++ == 0 ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static bool add_header(struct exchange *exchange, const char *name, const char *value)
{
    struct text line = {.max = 16384};

    text_literal(&line, name);
    text_literal(&line, value);
    text_add(&line, (hearth_str){"", 1});
    struct curl_slist *longer = line.failed ? NULL : curl_slist_append(exchange->headers, line.ptr);
    text_finish(&line);
    if (!longer)
        return false;
    exchange->headers = longer;
    return true;
}

static bool add_headers(struct exchange *exchange, const char *operation,
                        const struct secret *secret)
{
    return add_header(exchange, "X-Amz-Target: DynamoDB_20120810.", operation) &&
           add_header(exchange, "Content-Type: application/x-amz-json-1.0", "") &&
           (!secret->token || add_header(exchange, "X-Amz-Security-Token: ", secret->token));
}

static bool set_options(struct transport *transport, struct exchange *exchange, hearth_str body,
                        const struct secret *secret)
{
    const struct shared *shared = shared_of(transport->ctx);
    const struct config *conf = transport->ctx->conf;
    CURL *easy = exchange->easy;
    char provider[96];

    strcpy(provider, "aws:amz:");
    strcat(strcat(provider, shared->region), ":dynamodb");
    bool ok = curl_easy_setopt(easy, CURLOPT_URL, shared->endpoint) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, provider) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_USERNAME, secret->id) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_PASSWORD, secret->key) == CURLE_OK &&
              curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
    if (conf->ca_file.len > 0)
        ok = ok && curl_easy_setopt(easy, CURLOPT_CAINFO, conf->ca_file.ptr) == CURLE_OK;
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.ptr);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->headers);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_EXPECT_100_TIMEOUT_MS, 50L); /* "Expect:" would be signed */
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)conf->timeout);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)conf->connect_timeout);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->error);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_send);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, (char *)(void *)exchange);
    return ok;
}

bool transport_begin(struct transport *transport, struct exchange *exchange, const char *operation,
                     hearth_str body, const struct secret *secret)
{
    exchange->answer.max = MAX_ANSWER;
    exchange->answer.len = 0;
    exchange->answer.failed = false;
    exchange->sends = 0;
    exchange->status = 0;
    exchange->error[0] = '\0';
    exchange->easy =
        transport->spare_count > 0 ? transport->spare[--transport->spare_count] : curl_easy_init();
    if (exchange->easy && add_headers(exchange, operation, secret) &&
        set_options(transport, exchange, body, secret) &&
        curl_multi_add_handle(transport->multi, exchange->easy) == CURLM_OK)
        return true;
    curl_slist_free_all(exchange->headers);
    exchange->headers = NULL;
    if (exchange->easy)
        curl_easy_cleanup(exchange->easy);
    exchange->easy = NULL;
    return false;
}
