/*
 * client.c - hearth.client/1 without a network: what is sent is kept as text, what comes back was
 * scripted by the test.
 */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct fake_answer {
    struct fake_answer *next;
    char *method, *url, *headers, *body, *error;
    hearth_test_answer rest;
} fake_answer;

struct hearth_client_call {
    struct hearth_client_call *next;
    hearth_ctx *ctx;
    hearth_client_fn done;
    void *arg;
    hearth_timer *timer;
    hearth_status outcome;
    int status;
    size_t max_response;
    char *headers, *body, *error;
    bool ended;
};

void hearth_test_answer_client(hearth_test_host *host, const hearth_test_answer *answer)
{
    fake_answer *copy = fake_new(sizeof(*copy));
    copy->rest = *answer;
    copy->method = answer->method ? fake_copy(answer->method) : NULL;
    copy->url = answer->url ? fake_copy(answer->url) : NULL;
    copy->headers = fake_copy(answer->headers);
    copy->body = fake_copy(answer->body);
    copy->error = fake_copy(answer->error ? answer->error : "scripted failure");
    fake_answer **at = &host->answers;
    while (*at)
        at = &(*at)->next;
    *at = copy;
}

static void answer_free(fake_answer *answer)
{
    free(answer->method);
    free(answer->url);
    free(answer->headers);
    free(answer->body);
    free(answer->error);
    free(answer);
}

static void remember_request(hearth_test_host *host, const hearth_client_request *request)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    hearth_str method = request->method.len ? request->method : HEARTH_STR("GET");
    fprintf(out, "%" HEARTH_PRIS " %" HEARTH_PRIS "\n", HEARTH_ARG(method),
            HEARTH_ARG(request->url));
    for (size_t i = 0; i < request->header_count; i++)
        fprintf(out, "%" HEARTH_PRIS ": %" HEARTH_PRIS "\n", HEARTH_ARG(request->headers[i].name),
                HEARTH_ARG(request->headers[i].value));
    fprintf(out, "\n%" HEARTH_PRIS, HEARTH_ARG(request->body));
    fclose(out);
    fake_remember(&host->sent_first, &host->sent_last, 0, text);
    free(text);
}

const char *hearth_test_sent(const hearth_test_host *host, size_t index)
{
    const fake_text *line = host->sent_first;
    while (line && index-- > 0)
        line = line->next;
    return line ? line->text : NULL;
}

static bool matches(const fake_answer *answer, const hearth_client_request *request)
{
    hearth_str method = request->method.len ? request->method : HEARTH_STR("GET");
    if (answer->method && (strlen(answer->method) != method.len ||
                           memcmp(answer->method, method.ptr, method.len) != 0))
        return false;
    return !answer->url ||
           memmem(request->url.ptr, request->url.len, answer->url, strlen(answer->url)) != NULL;
}

static void call_free(hearth_client_call *call)
{
    hearth_client_call **at = &fake_of(call->ctx)->host->client_calls;
    while (*at && *at != call)
        at = &(*at)->next;
    if (*at)
        *at = call->next;
    free(call->headers);
    free(call->body);
    free(call->error);
    free(call);
}

static size_t split_headers(char *text, hearth_header *headers, size_t limit)
{
    size_t count = 0;
    for (char *line = text; *line && count < limit;) {
        size_t len = strcspn(line, "\n");
        size_t name = strcspn(line, ":");
        if (name < len) {
            size_t value = name + 1 + strspn(line + name + 1, " ");
            headers[count].name = (hearth_str){line, name};
            headers[count++].value = (hearth_str){line + value, len - value};
        }
        line += len + (line[len] == '\n');
    }
    return count;
}

static void call_end(hearth_ctx *ctx, void *arg)
{
    hearth_client_call *call = arg;
    hearth_header headers[32];
    hearth_client_response response = {.struct_size = sizeof(response)};
    call->ended = true;
    if (call->outcome == HEARTH_OK && strlen(call->body) > call->max_response) {
        call->outcome = HEARTH_EINVAL;
        free(call->error);
        call->error = fake_copy("the answer is too large");
    }
    if (call->outcome == HEARTH_OK) {
        response.status = call->status;
        response.body = (hearth_str){call->body, strlen(call->body)};
        response.header_count = split_headers(call->headers, headers, 32);
        response.headers = headers;
    } else {
        response.error = call->error;
    }
    call->done(ctx, call->outcome, &response, call->arg);
    call_free(call);
}

static void take_answer(hearth_test_host *host, hearth_client_call *call,
                        const hearth_client_request *request, uint64_t *delay_ms)
{
    fake_answer **at = &host->answers;
    while (*at && !matches(*at, request))
        at = &(*at)->next;
    fake_answer *answer = *at;
    if (!answer) {
        call->outcome = HEARTH_EUNAVAILABLE;
        call->error = fake_copy("no answer was scripted for this request");
        return;
    }
    call->outcome = answer->rest.outcome;
    call->status = answer->rest.status ? answer->rest.status : 200;
    call->headers = fake_copy(answer->headers);
    call->body = fake_copy(answer->body);
    call->error = fake_copy(answer->error);
    *delay_ms = answer->rest.delay_ms;
    if (answer->rest.keep)
        return;
    *at = answer->next;
    answer_free(answer);
}

static hearth_client_call *client_send(hearth_ctx *ctx, const hearth_client_request *request,
                                       hearth_client_fn done, void *arg)
{
    fake_check_loop(ctx, "hearth_client.send");
    if (!HEARTH_HAS(request, ca_file))
        fake_rule("hearth_client.send: %s passed a request without its struct_size", fake_id(ctx));
    hearth_test_host *host = fake_of(ctx)->host;
    hearth_client_call *call = fake_try_new(host, sizeof(*call));
    if (!call)
        return NULL;
    *call = (hearth_client_call){.next = host->client_calls, .ctx = ctx, .done = done, .arg = arg};
    call->max_response = request->max_response ? request->max_response : 1048576;
    uint64_t delay_ms = 0;
    uint64_t timeout_ms = request->timeout_ms ? request->timeout_ms : 10000;
    take_answer(host, call, request, &delay_ms);
    remember_request(host, request);
    if (delay_ms > timeout_ms) {
        delay_ms = timeout_ms;
        call->outcome = HEARTH_ETIMEOUT;
        free(call->error);
        call->error = fake_copy("no answer in time");
    }
    host->client_calls = call;
    call->timer = fake_timer_api.start(ctx, delay_ms, 0, call_end, call);
    if (!call->timer) {
        call_free(call);
        return NULL;
    }
    return call;
}

static void client_cancel(hearth_client_call *call)
{
    fake_check_loop(call->ctx, "hearth_client.cancel");
    if (call->ended || call->outcome == HEARTH_ECANCELED)
        return;
    fake_timer_api.stop(call->timer);
    call->outcome = HEARTH_ECANCELED;
    free(call->error);
    call->error = fake_copy("canceled");
    if (fake_post(call->ctx, call_end, call) != HEARTH_OK)
        call_end(call->ctx, call);
}

const hearth_client fake_client_api = {sizeof(hearth_client), client_send, client_cancel};

void fake_client_finish(hearth_test_host *host)
{
    while (host->client_calls)
        call_free(host->client_calls);
    while (host->answers) {
        fake_answer *answer = host->answers;
        host->answers = answer->next;
        answer_free(answer);
    }
}
