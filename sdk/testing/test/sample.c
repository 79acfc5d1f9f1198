/*
 * sample.c - a plugin that uses every interface of the host once, for the fake host's own tests.
 */
#include <hearth/client.h>
#include <hearth/command.h>
#include <hearth/json.h>
#include <hearth/mail.h>
#include <hearth/metrics.h>
#include <hearth/poll.h>
#include <hearth/random.h>
#include <hearth/task.h>
#include <hearth/timer.h>
#include <hearth/trace.h>

#include <stdlib.h>
#include <string.h>

#include "sample.h"

static hearth_status plain(hearth_ctx *ctx, hearth_req *req)
{
    const struct sample_conf *conf = ctx->conf;
    const hearth_http *http = hearth_http_get(ctx);
    hearth_str name = http->param(req, "name");
    hearth_str text =
        hearth_arena_get(ctx)->printf(http->arena(req), "%" HEARTH_PRIS " %" HEARTH_PRIS " on %u",
                                      HEARTH_ARG(conf->greeting), HEARTH_ARG(name), ctx->loop);
    HEARTH_LOG(hearth_log_get(ctx), ctx, req, HEARTH_LOG_INFO, "greeted %" HEARTH_PRIS,
               HEARTH_ARG(name));
    const hearth_metrics *metrics = hearth_metrics_get(ctx);
    metrics->add(metrics->series(ctx, 0, &name, 1), 1);
    metrics->observe(metrics->series(ctx, 1, NULL, 0), 0.3);
    return http->reply(req, 200, HEARTH_STR("text/plain"), text);
}

struct later {
    hearth_async *async;
    hearth_timer *timer;
    int number;
};

static void answer_later(hearth_ctx *ctx, hearth_req *req, void *arg)
{
    struct later *later = arg;
    struct sample_state *state = ctx->state;
    if (req)
        (void)hearth_http_get(ctx)->reply(req, 200, HEARTH_STR("text/plain"), HEARTH_STR("later"));
    else
        state->nobody++;
    free(later);
}

static void timer_fired(hearth_ctx *ctx, void *arg)
{
    struct later *later = arg;
    hearth_http_get(ctx)->complete(later->async, answer_later, later);
}

static void canceled(hearth_ctx *ctx, void *arg)
{
    (void)arg;
    ((struct sample_state *)ctx->state)->canceled++;
}

static struct later *take_over(hearth_ctx *ctx, hearth_req *req)
{
    struct later *later = calloc(1, sizeof(*later));
    if (!later)
        abort();
    later->async = hearth_http_get(ctx)->defer(req, canceled, later);
    if (!later->async) {
        free(later);
        return NULL;
    }
    return later;
}

static hearth_status by_timer(hearth_ctx *ctx, hearth_req *req)
{
    struct later *later = take_over(ctx, req);
    if (!later)
        return HEARTH_ENOMEM;
    if (!hearth_timer_get(ctx)->start(ctx, 500, 0, timer_fired, later)) {
        hearth_http_get(ctx)->complete(later->async, answer_later, later);
        return HEARTH_DEFERRED;
    }
    return HEARTH_DEFERRED;
}

static void work(void *arg)
{
    ((struct later *)arg)->number = 42;
}

static void worked(hearth_ctx *ctx, void *arg)
{
    struct later *later = arg;
    ((struct sample_state *)ctx->state)->number = later->number;
    hearth_http_get(ctx)->complete(later->async, answer_later, later);
}

static hearth_status by_task(hearth_ctx *ctx, hearth_req *req)
{
    struct later *later = take_over(ctx, req);
    if (!later)
        return HEARTH_ENOMEM;
    if (hearth_task_get(ctx)->run(ctx, work, worked, later) != HEARTH_OK)
        hearth_http_get(ctx)->complete(later->async, answer_later, later);
    return HEARTH_DEFERRED;
}

static hearth_status at_once(hearth_ctx *ctx, hearth_req *req)
{
    struct later *later = take_over(ctx, req);
    if (!later)
        return HEARTH_ENOMEM;
    hearth_http_get(ctx)->complete(later->async, answer_later, later);
    return HEARTH_DEFERRED;
}

static hearth_status twice(hearth_ctx *ctx, hearth_req *req)
{
    struct later *later = take_over(ctx, req);
    if (!later)
        return HEARTH_ENOMEM;
    hearth_async *async = later->async;
    hearth_http_get(ctx)->complete(async, answer_later, later);
    hearth_http_get(ctx)->complete(async, answer_later, NULL);
    return HEARTH_DEFERRED;
}

static hearth_status never(hearth_ctx *ctx, hearth_req *req)
{
    struct sample_state *state = ctx->state;
    state->forgotten = hearth_http_get(ctx)->defer(req, NULL, NULL);
    return HEARTH_DEFERRED;
}

static hearth_status not_taken(hearth_ctx *ctx, hearth_req *req)
{
    (void)ctx;
    (void)req;
    return HEARTH_DEFERRED;
}

static hearth_status no_status(hearth_ctx *ctx, hearth_req *req)
{
    return hearth_http_get(ctx)->reply(req, 101, HEARTH_STR(""), HEARTH_STR("")) == HEARTH_EINVAL
               ? (hearth_status)42
               : HEARTH_EINTERNAL;
}

static hearth_status taken_but_ok(hearth_ctx *ctx, hearth_req *req)
{
    (void)never(ctx, req);
    return HEARTH_OK;
}

/* Not in the uses table below. */
static hearth_status undeclared(hearth_ctx *ctx, hearth_req *req)
{
    if (ctx->host->get(ctx, HEARTH_JSON_ID, sizeof(hearth_json)))
        return HEARTH_EINTERNAL;
    return hearth_http_get(ctx)->reply(req, 200, HEARTH_STR(""), HEARTH_STR(""));
}

static hearth_status silent(hearth_ctx *ctx, hearth_req *req)
{
    (void)ctx;
    (void)req;
    return HEARTH_OK;
}

static hearth_status refused(hearth_ctx *ctx, hearth_req *req)
{
    return hearth_http_get(ctx)->error_with(req, 409, "CONFLICT",
                                            HEARTH_STR("\"at\":{\"x\":[1,2]}"), "No %s.", "way");
}

static hearth_status not_there(hearth_ctx *ctx, hearth_req *req)
{
    (void)ctx;
    (void)req;
    return HEARTH_ENOTFOUND;
}

static void on_each(hearth_ctx *ctx, void *arg)
{
    (void)arg;
    ((struct sample_state *)ctx->state)->visits++;
}

static void each_done(hearth_ctx *ctx, void *arg)
{
    hearth_http_get(ctx)->complete(((struct later *)arg)->async, answer_later, arg);
}

static hearth_status everywhere(hearth_ctx *ctx, hearth_req *req)
{
    struct later *later = take_over(ctx, req);
    if (!later)
        return HEARTH_ENOMEM;
    if (hearth_loop_get(ctx)->each(ctx, on_each, each_done, later) != HEARTH_OK)
        hearth_http_get(ctx)->complete(later->async, answer_later, later);
    return HEARTH_DEFERRED;
}

static void fetched(hearth_ctx *ctx, hearth_status status, const hearth_client_response *response,
                    void *arg)
{
    struct sample_state *state = ctx->state;
    state->fetch_status = status;
    state->fetched = status == HEARTH_OK ? response->status : 0;
    hearth_http_get(ctx)->complete(((struct later *)arg)->async, answer_later, arg);
}

static hearth_status fetch(hearth_ctx *ctx, hearth_req *req)
{
    struct later *later = take_over(ctx, req);
    if (!later)
        return HEARTH_ENOMEM;
    hearth_client_request request = {.struct_size = sizeof(request), .timeout_ms = 2000};
    request.url = HEARTH_STR("http://example.test/thing");
    if (!hearth_client_get(ctx)->send(ctx, &request, fetched, later))
        hearth_http_get(ctx)->complete(later->async, answer_later, later);
    return HEARTH_DEFERRED;
}

static hearth_status identify(hearth_ctx *ctx, hearth_req *req)
{
    const hearth_http *http = hearth_http_get(ctx);
    hearth_str token = http->header(req, "authorization");
    if (token.len != 12 || memcmp(token.ptr, "Bearer alice", 12) != 0)
        return HEARTH_EAUTH;
    hearth_identity who = {.struct_size = sizeof(who), .user = HEARTH_STR("alice")};
    who.scope = HEARTH_STR("player admin");
    return http->identify(req, &who);
}

static void limit_done(hearth_ctx *ctx, hearth_req *req, void *arg)
{
    if (req)
        (void)hearth_http_get(ctx)->set_header(req, "X-Limited", HEARTH_STR("no"));
    free(arg);
}

static void limit_timer(hearth_ctx *ctx, void *arg)
{
    hearth_http_get(ctx)->complete(((struct later *)arg)->async, limit_done, arg);
}

/* Holds every request with a token for 10 ms. */
static hearth_status limit(hearth_ctx *ctx, hearth_req *req)
{
    struct later *later = take_over(ctx, req);
    if (!later)
        return HEARTH_ENOMEM;
    if (!hearth_timer_get(ctx)->start(ctx, 10, 0, limit_timer, later))
        hearth_http_get(ctx)->complete(later->async, limit_done, later);
    return HEARTH_DEFERRED;
}

static hearth_status log_hook(hearth_ctx *ctx, hearth_req *req)
{
    ((struct sample_state *)ctx->state)->last_status = hearth_http_get(ctx)->status(req);
    return HEARTH_OK;
}

static hearth_status whoami(hearth_ctx *ctx, hearth_req *req)
{
    const hearth_http *http = hearth_http_get(ctx);
    hearth_str text =
        hearth_arena_get(ctx)->printf(http->arena(req), "%" HEARTH_PRIS " on %u",
                                      HEARTH_ARG(http->identity(req)->user), ctx->loop);
    if (!text.ptr)
        return HEARTH_ENOMEM;
    return http->reply(req, 200, HEARTH_STR("text/plain"), text);
}

static void beat(hearth_ctx *ctx, void *arg)
{
    (void)arg;
    ((struct sample_state *)ctx->state)->beats++;
}

static hearth_status start(hearth_ctx *ctx)
{
    struct sample_state *state = calloc(1, sizeof(*state));
    if (!state)
        return HEARTH_ENOMEM;
    ctx->state = state;
    state->beat = hearth_timer_get(ctx)->start(ctx, 1000, 1000, beat, NULL);
    return state->beat ? HEARTH_OK : HEARTH_ENOMEM;
}

static void drain_done(hearth_ctx *ctx, void *arg)
{
    (void)arg;
    ctx->host->drained(ctx);
}

static hearth_status drain(hearth_ctx *ctx)
{
    if (hearth_loop_get(ctx)->post(ctx, ctx->loop, drain_done, NULL) != HEARTH_OK)
        return HEARTH_OK;
    return HEARTH_DEFERRED;
}

static void stop(hearth_ctx *ctx)
{
    struct sample_state *state = ctx->state;
    hearth_timer_get(ctx)->stop(state->beat);
    free(state);
}

static hearth_status greet(hearth_ctx *ctx, hearth_cmd *cmd)
{
    const hearth_command_api *command = hearth_command_get(ctx);
    hearth_str name = command->argument(cmd, 0);
    if (!name.ptr) {
        command->fail(cmd, "a name is needed");
        return HEARTH_EINVAL;
    }
    command->print(cmd, "%" HEARTH_PRIS " %" HEARTH_PRIS " %" HEARTH_PRIS, HEARTH_ARG(name),
                   HEARTH_ARG(command->option(cmd, "how")), HEARTH_ARG(command->input(cmd)));
    return HEARTH_OK;
}

static hearth_status check(const void *conf, char *err, size_t err_size)
{
    if (((const struct sample_conf *)conf)->limit != 13)
        return HEARTH_OK;
    const char text[] = "limit must not be 13";
    memcpy(err, text, sizeof(text) < err_size ? sizeof(text) : err_size);
    return HEARTH_EINVAL;
}

static const hearth_conf_field fields[] = {
    {"greeting", HEARTH_CONF_STR, HEARTH_CONF_RELOADABLE, offsetof(struct sample_conf, greeting),
     "hello", 0, 0, NULL, "what is said"},
    {"limit", HEARTH_CONF_INT, HEARTH_CONF_RELOADABLE, offsetof(struct sample_conf, limit), "10", 1,
     100, NULL, "a number"},
    {"wait", HEARTH_CONF_DURATION, 0, offsetof(struct sample_conf, wait), "15m", 0, 0, NULL,
     "a time"},
    {"size", HEARTH_CONF_SIZE, 0, offsetof(struct sample_conf, size), "64k", 0, 0, NULL, "a size"},
    {"mode", HEARTH_CONF_ENUM, 0, offsetof(struct sample_conf, mode), "closed", 0, 0, "closed|open",
     "a choice"},
    {"names", HEARTH_CONF_LIST, 0, offsetof(struct sample_conf, names), NULL, 0, 0, NULL, "names"},
    {0}};

static const hearth_use uses[] = {{HEARTH_ARENA_ID, sizeof(hearth_arena_api), 0, 0},
                                  {HEARTH_CLIENT_ID, sizeof(hearth_client), 0, 0},
                                  {HEARTH_COMMAND_ID, sizeof(hearth_command_api), 0, 0},
                                  {HEARTH_HTTP_ID, sizeof(hearth_http), 0, 0},
                                  {HEARTH_LOG_ID, sizeof(hearth_log), 0, 0},
                                  {HEARTH_LOOP_ID, sizeof(hearth_loop_api), 0, 0},
                                  {HEARTH_METRICS_ID, sizeof(hearth_metrics), 0, 0},
                                  {HEARTH_TASK_ID, sizeof(hearth_task), 0, 0},
                                  {HEARTH_TIMER_ID, sizeof(hearth_timer_api), 0, 0},
                                  {0}};

#define ROUTE(method_, path_, handler_)                                                            \
    {                                                                                              \
        method_, path_, handler_, HEARTH_PUBLIC, HEARTH_AFFINITY_ANY, NULL, 0, 0, "a route"        \
    }
static const hearth_route routes[] = {
    ROUTE("GET", "/greet/{name}", plain),
    ROUTE("GET", "/timer", by_timer),
    ROUTE("GET", "/task", by_task),
    ROUTE("GET", "/once", at_once),
    ROUTE("GET", "/silent", silent),
    ROUTE("GET", "/twice", twice),
    ROUTE("GET", "/never", never),
    ROUTE("GET", "/not-taken", not_taken),
    ROUTE("GET", "/no-status", no_status),
    ROUTE("GET", "/taken-but-ok", taken_but_ok),
    ROUTE("GET", "/undeclared", undeclared),
    ROUTE("POST", "/refused", refused),
    ROUTE("GET", "/missing", not_there),
    ROUTE("GET", "/everywhere", everywhere),
    ROUTE("GET", "/fetch", fetch),
    {"GET", "/short", by_timer, HEARTH_PUBLIC, HEARTH_AFFINITY_ANY, NULL, 0, 100, "times out"},
    {"GET", "/me", whoami, HEARTH_BEARER, HEARTH_AFFINITY_USER, NULL, 0, 0, "who"},
    {"GET", "/admin", whoami, HEARTH_SCOPE, HEARTH_AFFINITY_USER, "root admin", 0, 0, "scope"},
    {"GET", "/root", whoami, HEARTH_SCOPE, HEARTH_AFFINITY_USER, "root", 0, 0, "scope"},
    {0}};

static const hearth_hook hooks[] = {{HEARTH_PHASE_IDENTIFY, 0, identify},
                                    {HEARTH_PHASE_LIMIT, 0, limit},
                                    {HEARTH_PHASE_LOG, 0, log_hook},
                                    {0}};

static const double bounds[] = {0.1, 1};
static const hearth_metric metrics[] = {
    {"sample_greetings_total", HEARTH_COUNTER, 2, NULL, "greetings", NULL, 0, "name"},
    {"sample_seconds", HEARTH_HISTOGRAM, 0, "seconds", "time", bounds, 2, NULL},
    {0}};

static const hearth_command commands[] = {{"sample greet", "NAME [--how HOW]", "greets", greet},
                                          {0}};

HEARTH_PLUGIN("sample", "1.0.0", .summary = "Uses everything.", .uses = uses, .config = fields,
              .config_size = sizeof(struct sample_conf), .routes = routes, .hooks = hooks,
              .metrics = metrics, .commands = commands, .check = check, .start = start,
              .drain = drain, .stop = stop);
