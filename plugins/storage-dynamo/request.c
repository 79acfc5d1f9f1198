/*
 * request.c - the queue, the attempts and the verdict.
 *
 * Attempts after the first cost tokens of a bucket that only successes fill again: when most
 * requests fail, retries stop multiplying them. A request whose effect is not known is only sent
 * again where that cannot do harm.
 */
#include "request.h"

#include <backoff.h>
#include <stdlib.h>

#include "answer.h"
#include "credentials.h"
#include "table.h"
#include "transport.h"

#define BACKOFF_FIRST_MS 50
#define BACKOFF_MAX_MS   2000
#define BUCKET_TOKENS    500
#define RETRY_TOKENS     5
#define ANSWER_MEMORY    ((size_t)512 << 20)
#define ERROR_SIZE       300

struct request {
    struct exchange exchange; /* first: transport.c gives it back */
    struct request *next;
    hearth_ctx *ctx;
    enum operation operation;
    unsigned flags;
    unsigned attempts;
    uint64_t give_up_ms; /* on the loop's clock: no attempt begins later */
    uint64_t sent_ns;
    struct text body;
    request_fn done;
    void *arg;
};

struct requests {
    hearth_ctx *ctx;
    struct request *first, *last; /* wait for a place on the wire */
    size_t queued;
    size_t on_wire;
    size_t all; /* wherever they are */
    unsigned tokens;
    bool open, pumping;
    bool pump_posted;
};

static const char *const names[OPERATION_COUNT] = {
    [OPERATION_GET] = "GetItem",
    [OPERATION_QUERY] = "Query",
    [OPERATION_SCAN] = "Scan",
    [OPERATION_PUT] = "PutItem",
    [OPERATION_DELETE] = "DeleteItem",
    [OPERATION_BATCH] = "BatchExecuteStatement",
    [OPERATION_TRANSACT] = "TransactWriteItems",
    [OPERATION_CREATE_TABLE] = "CreateTable",
    [OPERATION_EXPIRY] = "UpdateTimeToLive",
};

static const bool writes[OPERATION_COUNT] = {
    [OPERATION_PUT] = true,
    [OPERATION_DELETE] = true,
    [OPERATION_BATCH] = true,
    [OPERATION_TRANSACT] = true,
};

struct requests *requests_create(hearth_ctx *ctx)
{
    struct requests *requests = calloc(1, sizeof(*requests));
    if (requests)
        *requests = (struct requests){.ctx = ctx, .tokens = BUCKET_TOKENS};
    return requests;
}

void requests_destroy(struct requests *requests)
{
    free(requests);
}

/* ---- the end of a request ---- */

static void gauges(struct requests *requests)
{
    const hearth_metrics *api = shared_of(requests->ctx)->metrics;
    api->set(local_of(requests->ctx)->in_flight, (double)requests->on_wire);
    api->set(local_of(requests->ctx)->queued, (double)requests->queued);
}

static void conclude(struct request *request, const struct answer *answer)
{
    struct local *local = local_of(request->ctx);
    hearth_ctx *ctx = request->ctx;

    shared_of(ctx)->metrics->add(local->requests_total[request->operation][answer->outcome], 1);
    request->done(ctx, answer, request->arg);
    local->requests->all--;
    text_finish(&request->body);
    text_finish(&request->exchange.answer);
    free(request);
    plugin_call_ended(ctx);
}

static void conclude_without(struct request *request, const char *error)
{
    struct answer answer = {OUTCOME_NOT_SENT, NULL, error};
    conclude(request, &answer);
}

/* ---- trying again ---- */

static void enqueue(struct request *request, bool front)
{
    struct requests *requests = local_of(request->ctx)->requests;

    request->next = front ? requests->first : NULL;
    if (front)
        requests->first = request;
    else if (requests->last)
        requests->last->next = request;
    else
        requests->first = request;
    if (!front || !requests->last)
        requests->last = request;
    requests->queued++;
}

static void on_backoff(hearth_ctx *ctx, void *arg)
{
    enqueue(arg, true);
    requests_pump(local_of(ctx)->requests);
}

static bool sleep_then_queue(struct request *request)
{
    uint64_t delay = backoff_ms(request->ctx, BACKOFF_FIRST_MS, BACKOFF_MAX_MS, request->attempts);
    return shared_of(request->ctx)->timer->start(request->ctx, delay, 0, on_backoff, request) !=
           NULL;
}

static bool may_repeat(const struct request *request, enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_THROTTLED:
    case OUTCOME_CONTENTION:
    case OUTCOME_CREDENTIALS:
    case OUTCOME_NOT_SENT:
        return true;
    case OUTCOME_UNKNOWN:
        return request->flags & REQUEST_REPEATABLE;
    default:
        return false;
    }
}

static bool try_again(struct request *request, enum outcome outcome)
{
    struct local *local = local_of(request->ctx);
    const struct shared *shared = shared_of(request->ctx);

    if (!may_repeat(request, outcome) ||
        shared->clock->loop_ms(request->ctx) >= request->give_up_ms)
        return false;
    if (local->requests->tokens < RETRY_TOKENS) {
        shared->metrics->add(local->retries_denied, 1);
        return false;
    }
    if (!sleep_then_queue(request))
        return false;
    local->requests->tokens -= RETRY_TOKENS;
    shared->metrics->add(local->retries, 1);
    return true;
}

static void refill(struct requests *requests, unsigned attempts)
{
    requests->tokens += attempts > 1 ? RETRY_TOKENS : 1;
    if (requests->tokens > BUCKET_TOKENS)
        requests->tokens = BUCKET_TOKENS;
}

/* ---- answers ---- */

static void count_capacity(struct request *request)
{
    double units = answer_capacity(text_str(&request->exchange.answer));

    if (units > 0)
        shared_of(request->ctx)
            ->metrics->add(local_of(request->ctx)->capacity[writes[request->operation]], units);
}

static void verdict(struct request *request, const struct answer *answer)
{
    struct local *local = local_of(request->ctx);

    if (answer->outcome == OUTCOME_OK)
        refill(local->requests, request->attempts);
    if (answer->outcome == OUTCOME_CREDENTIALS)
        credentials_refused(local->credentials);
    table_heard(local->table, answer->outcome, answer->error);
    if (try_again(request, answer->outcome))
        return;
    if (answer->outcome == OUTCOME_THROTTLED)
        table_throttled(local->table, answer->error);
    conclude(request, answer);
}

static void on_done(struct exchange *exchange, CURLcode code)
{
    struct request *request = (struct request *)exchange;
    hearth_ctx *ctx = request->ctx;
    const struct shared *shared = shared_of(ctx);
    struct requests *requests = local_of(ctx)->requests;
    hearth_arena *arena = NULL;
    struct answer answer = {0};
    char error[ERROR_SIZE];
    hearth_str name, message;

    requests->on_wire--;
    shared->metrics->observe(local_of(ctx)->seconds[request->operation],
                             (double)(shared->clock->mono_ns(ctx) - request->sent_ns) / 1e9);
    if (code != CURLE_OK) {
        answer.outcome =
            answer_failure(names[request->operation], exchange, code, error, sizeof(error));
    } else {
        count_capacity(request);
        arena = shared->arena->create(ctx, ANSWER_MEMORY);
        if (!arena || shared->json->parse(arena, text_str(&exchange->answer), &answer.json, NULL) !=
                          HEARTH_OK)
            answer.json = NULL;
        answer.outcome = errors_judge(shared->json, exchange->status, answer.json, &name, &message);
        answer_describe(names[request->operation], exchange, answer.outcome, name, message, error,
                        sizeof(error));
    }
    answer.error = error;
    verdict(request, &answer);
    shared->arena->destroy(arena);
    requests_pump(requests);
}

/* ---- sending ---- */

static void begin(struct request *request, const struct secret *secret)
{
    const struct shared *shared = shared_of(request->ctx);
    struct requests *requests = local_of(request->ctx)->requests;

    request->attempts++;
    request->exchange.done = on_done;
    request->sent_ns = shared->clock->mono_ns(request->ctx);
    if (transport_begin(local_of(request->ctx)->transport, &request->exchange,
                        names[request->operation], text_str(&request->body), secret))
        requests->on_wire++;
    else
        conclude_without(request, "dynamodb: out of memory");
}

/* The first that may be sent now; the others keep their order. */
static struct request *take_next(struct requests *requests)
{
    struct request **link = &requests->first, *before = NULL;

    while (*link && !requests->open && !((*link)->flags & REQUEST_FIRST)) {
        before = *link;
        link = &before->next;
    }
    struct request *request = *link;
    if (!request)
        return NULL;
    *link = request->next;
    if (requests->last == request)
        requests->last = before;
    requests->queued--;
    return request;
}

static void pump_later(hearth_ctx *ctx, void *arg)
{
    (void)arg;
    local_of(ctx)->requests->pump_posted = false;
    requests_pump(local_of(ctx)->requests);
}

static void post_pump(struct requests *requests)
{
    hearth_ctx *ctx = requests->ctx;

    if (requests->pump_posted)
        return;
    requests->pump_posted = true;
    if (shared_of(ctx)->loop->post(ctx, ctx->loop, pump_later, NULL) != HEARTH_OK)
        pump_later(ctx, NULL);
}

/* One of the queue goes on its way, or is told that it cannot; false: none may go now. */
static bool send_next(struct requests *requests)
{
    struct local *local = local_of(requests->ctx);
    const char *problem = NULL;
    const struct secret *secret = credentials_current(local->credentials, &problem);

    if (!secret && !problem)
        return false; /* they are being fetched */
    struct request *request = take_next(requests);
    if (!request)
        return false;
    if (secret) {
        begin(request, secret);
    } else {
        table_heard(local->table, OUTCOME_CREDENTIALS, problem);
        conclude_without(request, problem);
    }
    return true;
}

/* Callbacks may send more meanwhile: that waits for the next turn, or this would never end when
 * nothing can be sent. */
void requests_pump(struct requests *requests)
{
    const struct config *conf = requests->ctx->conf;

    if (requests->pumping)
        return;
    requests->pumping = true;
    for (size_t turn = requests->queued;
         turn > 0 && requests->on_wire < (size_t)conf->max_in_flight; turn--) {
        if (!send_next(requests))
            break;
    }
    requests->pumping = false;
    gauges(requests);
}

void requests_open(struct requests *requests)
{
    requests->open = true;
    requests_pump(requests);
}

static void refuse(hearth_ctx *ctx, void *arg)
{
    struct request *request = arg;

    (void)ctx;
    conclude_without(request, request->body.failed ? "dynamodb: out of memory"
                                                   : "dynamodb: too much waits to be sent");
}

void request_send(hearth_ctx *ctx, enum operation operation, unsigned flags, struct text *body,
                  request_fn done, void *arg)
{
    const struct config *conf = ctx->conf;
    const struct shared *shared = shared_of(ctx);
    struct requests *requests = local_of(ctx)->requests;
    struct request *request = calloc(1, sizeof(*request));

    if (!request) {
        struct answer answer = {OUTCOME_NOT_SENT, NULL, "dynamodb: out of memory"};
        text_finish(body);
        done(ctx, &answer, arg);
        return;
    }
    *request = (struct request){.ctx = ctx,
                                .operation = operation,
                                .flags = flags,
                                .body = *body,
                                .done = done,
                                .arg = arg};
    *body = (struct text){.max = body->max};
    request->give_up_ms = shared->clock->loop_ms(ctx);
    if (!(flags & REQUEST_FIRST))
        request->give_up_ms += (uint64_t)conf->retry_for;
    plugin_call_begun(ctx);
    requests->all++;
    if (request->body.failed || requests->all > (size_t)(conf->max_queued + conf->max_in_flight)) {
        if (shared->loop->post(ctx, ctx->loop, refuse, request) != HEARTH_OK)
            refuse(ctx, request);
        return;
    }
    if ((flags & REQUEST_PATIENT) && sleep_then_queue(request))
        return;
    enqueue(request, false);
    post_pump(requests);
}
