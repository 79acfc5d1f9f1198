/*
 * credentials.c - fetching, keeping and renewing one secret per loop.
 *
 * What expires is renewed five minutes early, a short-lived one at half its time. Until then the
 * old one stays in use, so that a metadata service that is away for a while is not noticed.
 */
#include "credentials.h"

#include <backoff.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reading.h"
#include "request.h"
#include "sources.h"

#define EARLY_MS        (5 * 60 * 1000) /* before the expiry */
#define BACKOFF_MS      200
#define BACKOFF_MAX_MS  10000
#define STEP_TIMEOUT_MS 2000
#define TOKEN_SECONDS   "21600" /* of an IMDSv2 session */
#define PATH_MAX_LEN    512

enum step { STEP_TOKEN, STEP_ROLE, STEP_SECRET };

struct credentials {
    hearth_ctx *ctx;
    struct secret_text text;
    struct secret secret; /* points into text */
    bool usable;          /* text is whole and was not refused */
    bool fetching, closing;
    bool begun;          /* the first fetch */
    unsigned failures;   /* since the last success */
    uint64_t fetched_ms; /* on the loop's clock: when the last fetch began */
    char problem[224];
    hearth_timer *timer;
    hearth_client_call *call;
    enum step step;
    char session[256]; /* the token of an IMDSv2 session */
    char path[PATH_MAX_LEN];
};

static const struct sources *sources_of(const struct credentials *credentials)
{
    return shared_of(credentials->ctx)->sources;
}

static void fetch(struct credentials *credentials);

/* ---- the end of a fetch ---- */

static void on_timer(hearth_ctx *ctx, void *arg)
{
    struct credentials *credentials = arg;

    (void)ctx;
    credentials->timer = NULL;
    fetch(credentials);
}

static void fetch_in(struct credentials *credentials, uint64_t delay_ms)
{
    const hearth_timer_api *api = shared_of(credentials->ctx)->timer;

    api->stop(credentials->timer);
    credentials->timer = NULL;
    if (!credentials->closing)
        credentials->timer = api->start(credentials->ctx, delay_ms, 0, on_timer, credentials);
}

static void finished(struct credentials *credentials)
{
    hearth_ctx *ctx = credentials->ctx;

    credentials->fetching = false;
    requests_pump(local_of(ctx)->requests);
    plugin_check_drained(ctx);
}

static int64_t left_ms(const struct credentials *credentials)
{
    if (credentials->text.expires_ms == 0)
        return INT64_MAX;
    return credentials->text.expires_ms -
           shared_of(credentials->ctx)->clock->wall_ms(credentials->ctx);
}

static void succeeded(struct credentials *credentials, const struct secret_text *text)
{
    const struct shared *shared = shared_of(credentials->ctx);

    credentials->text = *text;
    credentials->secret = (struct secret){
        .id = credentials->text.id,
        .key = credentials->text.key,
        .token = credentials->text.token[0] ? credentials->text.token : NULL,
    };
    credentials->usable = true;
    if (credentials->failures > 0)
        HEARTH_LOG(shared->log, credentials->ctx, NULL, HEARTH_LOG_INFO, "credentials are back");
    credentials->failures = 0;
    shared->metrics->add(local_of(credentials->ctx)->refreshes, 1);
    int64_t left = left_ms(credentials);
    if (left != INT64_MAX) {
        int64_t wait = left > 2 * EARLY_MS ? left - EARLY_MS : left / 2;
        fetch_in(credentials, wait > 1000 ? (uint64_t)wait : 1000);
    }
    finished(credentials);
}

static void failed(struct credentials *credentials, const char *why)
{
    const struct shared *shared = shared_of(credentials->ctx);

    snprintf(credentials->problem, sizeof(credentials->problem), "credentials: %s", why);
    if (credentials->failures == 0 && !credentials->closing)
        HEARTH_LOG(shared->log, credentials->ctx, NULL, HEARTH_LOG_ERROR, "%s",
                   credentials->problem);
    fetch_in(credentials,
             backoff_ms(credentials->ctx, BACKOFF_MS, BACKOFF_MAX_MS, credentials->failures));
    credentials->failures++;
    finished(credentials);
}

/* ---- files ---- */

static void on_file(hearth_ctx *ctx, void *arg)
{
    struct reading *reading = arg;
    struct credentials *credentials = reading->arg;
    const struct sources *sources = shared_of(ctx)->sources;
    hearth_str text = {reading->bytes, reading->len};
    hearth_str profile = {sources->profile, strlen(sources->profile)};
    struct secret_text secret;
    char why[200];
    int error = reading->error;

    bool found = secret_from_file(&secret, text, profile);
    reading_free(reading);
    if (found) {
        succeeded(credentials, &secret);
    } else {
        if (error)
            snprintf(why, sizeof(why), "%.90s: %s", sources->file, strerror(error));
        else
            snprintf(why, sizeof(why), "%.90s has no keys for profile %.40s", sources->file,
                     sources->profile);
        failed(credentials, why);
    }
    explicit_bzero(&secret, sizeof(secret));
}

/* ---- metadata endpoints ---- */

static void on_reply(hearth_ctx *ctx, hearth_status status, const hearth_client_response *response,
                     void *arg);

static void ask(struct credentials *credentials, const char *method, const char *path,
                const hearth_header *headers, size_t count)
{
    char url[sizeof(sources_of(credentials)->url) + PATH_MAX_LEN];
    int len = snprintf(url, sizeof(url), "%s%s", sources_of(credentials)->url, path);
    hearth_client_request request = {
        .struct_size = sizeof(request),
        .timeout_ms = STEP_TIMEOUT_MS,
        .max_response = READING_MAX,
        .method = {method, strlen(method)},
        .url = {url, (size_t)len},
        .headers = headers,
        .header_count = count,
    };

    credentials->call = shared_of(credentials->ctx)
                            ->client->send(credentials->ctx, &request, on_reply, credentials);
    if (!credentials->call)
        failed(credentials, "too many outgoing calls, or out of memory");
}

static void ask_instance(struct credentials *credentials)
{
    static const char roles[] = "/latest/meta-data/iam/security-credentials/";
    hearth_header header = {HEARTH_STR("X-aws-ec2-metadata-token"),
                            {credentials->session, strlen(credentials->session)}};

    switch (credentials->step) {
    case STEP_TOKEN:
        header = (hearth_header){HEARTH_STR("X-aws-ec2-metadata-token-ttl-seconds"),
                                 HEARTH_STR(TOKEN_SECONDS)};
        ask(credentials, "PUT", "/latest/api/token", &header, 1);
        break;
    case STEP_ROLE:
        ask(credentials, "GET", roles, &header, 1);
        break;
    case STEP_SECRET:
        ask(credentials, "GET", credentials->path, &header, 1);
        break;
    }
}

static void ask_container(struct credentials *credentials, hearth_str authorization)
{
    hearth_header header = {HEARTH_STR("Authorization"), authorization};

    while (header.value.len > 0 && strchr(" \r\n", header.value.ptr[header.value.len - 1]))
        header.value.len--;
    credentials->step = STEP_SECRET;
    ask(credentials, "GET", "", &header, header.value.len > 0 ? 1 : 0);
}

static void on_authorization(hearth_ctx *ctx, void *arg)
{
    struct reading *reading = arg;
    struct credentials *credentials = reading->arg;

    (void)ctx;
    if (reading->len == 0)
        failed(credentials, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read");
    else
        ask_container(credentials, (hearth_str){reading->bytes, reading->len});
    reading_free(reading);
}

/* A name in one line that may stand in a header or path. */
static bool take_line(char *to, size_t size, const char *before, hearth_str body)
{
    size_t len = 0;

    while (len < body.len && body.ptr[len] > ' ' && body.ptr[len] <= '~')
        len++;
    if (len == 0 || (len < body.len && !strchr(" \r\n", body.ptr[len])))
        return false;
    int written = snprintf(to, size, "%s%.*s", before, (int)len, body.ptr);
    return written > 0 && (size_t)written < size;
}

static void take_secret(struct credentials *credentials, hearth_str body)
{
    const struct shared *shared = shared_of(credentials->ctx);
    hearth_arena *arena = shared->arena->create(credentials->ctx, 16 * READING_MAX);
    const hearth_json_value *root = NULL;
    struct secret_text text;

    bool whole = arena && shared->json->parse(arena, body, &root, NULL) == HEARTH_OK &&
                 secret_from_json(&text, shared->json, root);
    shared->arena->destroy(arena);
    if (whole)
        succeeded(credentials, &text);
    else
        failed(credentials, "the metadata endpoint's answer holds none");
    explicit_bzero(&text, sizeof(text));
}

static void on_reply(hearth_ctx *ctx, hearth_status status, const hearth_client_response *response,
                     void *arg)
{
    struct credentials *credentials = arg;
    char why[100];

    (void)ctx;
    credentials->call = NULL;
    if (status != HEARTH_OK || response->status != 200) {
        if (status == HEARTH_OK)
            snprintf(why, sizeof(why), "the metadata endpoint answers with HTTP status %d",
                     (int)response->status);
        else
            snprintf(why, sizeof(why), "the metadata endpoint does not answer");
        failed(credentials, why);
    } else if (credentials->step == STEP_SECRET) {
        take_secret(credentials, response->body);
    } else if (credentials->step == STEP_TOKEN &&
               take_line(credentials->session, sizeof(credentials->session), "", response->body)) {
        credentials->step = STEP_ROLE;
        ask_instance(credentials);
    } else if (credentials->step == STEP_ROLE &&
               take_line(credentials->path, sizeof(credentials->path),
                         "/latest/meta-data/iam/security-credentials/", response->body)) {
        credentials->step = STEP_SECRET;
        ask_instance(credentials);
    } else {
        failed(credentials, "the instance has no role, or its metadata service is another's");
    }
}

/* ---- fetching ---- */

static void fetch(struct credentials *credentials)
{
    const struct sources *sources = sources_of(credentials);

    if (credentials->fetching || credentials->closing)
        return;
    credentials->fetching = credentials->begun = true;
    credentials->fetched_ms = shared_of(credentials->ctx)->clock->loop_ms(credentials->ctx);
    switch (sources->kind) {
    case CREDENTIALS_AUTO:
    case CREDENTIALS_ENVIRONMENT:
        succeeded(credentials, &sources->environment);
        break;
    case CREDENTIALS_FILE:
        if (!reading_start(credentials->ctx, sources->file, on_file, credentials))
            failed(credentials, "the task pool is full");
        break;
    case CREDENTIALS_CONTAINER:
        if (sources->authorization_file[0]) {
            if (!reading_start(credentials->ctx, sources->authorization_file, on_authorization,
                               credentials))
                failed(credentials, "the task pool is full");
            break;
        }
        ask_container(credentials,
                      (hearth_str){sources->authorization, strlen(sources->authorization)});
        break;
    case CREDENTIALS_INSTANCE:
        credentials->step = STEP_TOKEN;
        ask_instance(credentials);
        break;
    }
}

struct credentials *credentials_create(hearth_ctx *ctx)
{
    struct credentials *credentials = calloc(1, sizeof(*credentials));

    if (credentials) {
        credentials->ctx = ctx;
        fetch_in(credentials, 0);
    }
    return credentials;
}

void credentials_close(struct credentials *credentials)
{
    const struct shared *shared = shared_of(credentials->ctx);

    if (credentials->closing)
        return;
    credentials->closing = true;
    shared->timer->stop(credentials->timer);
    credentials->timer = NULL;
    if (credentials->call)
        shared->client->cancel(credentials->call);
}

void credentials_destroy(struct credentials *credentials)
{
    if (!credentials)
        return;
    shared_of(credentials->ctx)->timer->stop(credentials->timer);
    explicit_bzero(credentials, sizeof(*credentials));
    free(credentials);
}

bool credentials_busy(const struct credentials *credentials)
{
    return credentials->fetching;
}

const struct secret *credentials_current(struct credentials *credentials, const char **problem)
{
    if (credentials->usable && left_ms(credentials) > 0)
        return &credentials->secret;
    if (credentials->fetching || !credentials->begun)
        return NULL;
    *problem = credentials->failures > 0 ? credentials->problem : "credentials: they have expired";
    if (credentials->failures == 0)
        fetch_in(credentials, 0);
    return NULL;
}

void credentials_refused(struct credentials *credentials)
{
    uint64_t now = shared_of(credentials->ctx)->clock->loop_ms(credentials->ctx);

    if (sources_of(credentials)->kind == CREDENTIALS_ENVIRONMENT || credentials->fetching ||
        now < credentials->fetched_ms + 1000)
        return;
    credentials->usable = false;
    fetch(credentials);
}
