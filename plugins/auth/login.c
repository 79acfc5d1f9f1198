/*
 * login.c - POST /session/login. An attempt is worked on by the home loop of the client's address,
 * where its counters live, and does the same work whether or not the account exists: one read, one
 * hash.
 */
#include "sessions.h"

#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "grant.h"
#include "login_limits.h"
#include "text.h"

#define MEMORY 65536

struct login {
    struct limits_ticket ticket;
    hearth_ctx *ctx; /* of the address's home loop */
    hearth_async *async;
    hearth_arena *arena; /* of that loop */
    char address[LIMITS_ADDRESS_SIZE];
    char lower[USERNAME_MAX + 1]; /* "" for what can be no username: nobody has it */
    char *password;               /* wiped with the rest */
    size_t password_len;
    int exists;
    struct account account;
    uint64_t account_version;
    struct hash_job job;
    struct grant grant;
    enum result result;
    uint64_t retry_ms;
};

static void free_login(struct login *login)
{
    sodium_memzero(login->password, login->password_len);
    free(login->password);
    sodium_memzero(login, sizeof(*login)); /* tokens and a hash */
    free(login);
}

static void reply(hearth_ctx *ctx, hearth_req *req, void *arg)
{
    struct login *login = arg;
    const hearth_http *http = shared_of(ctx)->http;

    if (!req)
        goto done;
    switch (login->result) {
    case RESULT_OK:
        grant_reply(ctx, req, &login->grant);
        break;
    case RESULT_LIMITED: {
        hearth_str wait = shared_of(ctx)->arena->printf(
            http->arena(req), "%llu", (unsigned long long)(login->retry_ms / 1000 + 1));
        if (http->set_header(req, "Retry-After", wait) == HEARTH_OK)
            (void)http->error(req, 429, "TOO_MANY_REQUESTS",
                              "Too many failed logins. Try again later.");
        break;
    }
    case RESULT_OVERLOADED:
        (void)http->error(req, 503, "OVERLOADED",
                          "Too many logins are on their way. Try again later.");
        break;
    case RESULT_UNAVAILABLE:
        grant_reply_unavailable(ctx, req);
        break;
    default:
        (void)http->error(req, 401, "INVALID_CREDENTIALS", "Username or password is wrong.");
    }
done:
    free_login(login);
}

/* The outcome, before the counters were told: only for one that holds no place. */
static void complete(struct login *login, enum result result)
{
    hearth_ctx *ctx = login->ctx;
    struct shared *shared = shared_of(ctx);

    login->result = result;
    shared->metrics->add(local_of(ctx)->logins[result], 1);
    shared->arena->destroy(login->arena);
    shared->http->complete(login->async, reply, login);
    auth_release(ctx);
}

static void finish(struct login *login, enum result result)
{
    enum limits_outcome outcome = result == RESULT_OK        ? LIMITS_SUCCEEDED
                                  : result == RESULT_REFUSED ? LIMITS_FAILED
                                                             : LIMITS_VOID;
    limits_leave(&login->ticket, outcome, shared_of(login->ctx)->clock->loop_ms(login->ctx));
    complete(login, result);
}

static void granted(hearth_ctx *ctx, enum store_outcome outcome, const hearth_doc *current,
                    struct grant *grant)
{
    struct login *login = (struct login *)(void *)((char *)grant - offsetof(struct login, grant));
    (void)ctx;
    (void)current;
    finish(login, outcome == STORE_OK ? RESULT_OK : RESULT_UNAVAILABLE);
}

static void open_session(struct login *login)
{
    session_init(login->ctx, &login->grant.session, login->account.user, login->account.scope,
                 login->grant.refresh);
    login->grant.done = granted;
    grant_start(login->ctx, login->arena, &login->grant);
}

static struct login *login_of(struct hash_job *job)
{
    return (struct login *)(void *)((char *)job - offsetof(struct login, job));
}

static void rehash_written(hearth_ctx *ctx, enum store_outcome outcome, const hearth_doc *current,
                           void *arg)
{
    (void)ctx;
    (void)outcome; /* the old hash is as good as before; the next login tries again */
    (void)current;
    open_session(arg);
}

static void rehashed(hearth_ctx *ctx, struct hash_job *job)
{
    struct login *login = login_of(job);

    memcpy(login->account.hash, job->hash, sizeof(login->account.hash));
    if (job->status != HEARTH_OK || !job->good ||
        account_write(ctx, &login->account, text_of(login->lower), login->account_version,
                      rehash_written, login) != HEARTH_OK)
        open_session(login);
}

static void hashed(hearth_ctx *ctx, struct hash_job *job)
{
    struct login *login = login_of(job);

    if (job->status != HEARTH_OK) {
        finish(login, RESULT_OVERLOADED);
    } else if (!login->exists || !job->good) {
        finish(login, RESULT_REFUSED);
    } else if (hash_is_old(config_of(ctx), login->account.hash)) {
        /* A hash of other parameters takes another time than the one of nobody's account. */
        job->kind = HASH_MAKE;
        job->done = rehashed;
        hearth_str password = {login->password, login->password_len};
        if (hash_submit(ctx, job, password) != HEARTH_OK)
            open_session(login);
    } else {
        open_session(login);
    }
}

static void account_read(hearth_status status, const hearth_doc *doc, void *arg)
{
    struct login *login = arg;
    hearth_ctx *ctx = login->ctx;
    const char *hash = shared_of(ctx)->dummy_hash;

    if (status == HEARTH_OK && login->lower[0] &&
        account_decode(ctx, login->arena, doc->body, &login->account)) {
        login->exists = 1;
        login->account_version = doc->version;
        hash = login->account.hash;
    } else if (status != HEARTH_OK && status != HEARTH_ENOTFOUND) {
        finish(login, RESULT_UNAVAILABLE);
        return;
    }
    login->job.kind = HASH_VERIFY;
    login->job.done = hashed;
    memcpy(login->job.hash, hash, sizeof(login->job.hash));
    hearth_str password = {login->password, login->password_len};
    if (hash_submit(ctx, &login->job, password) != HEARTH_OK)
        finish(login, RESULT_OVERLOADED);
}

static void decided(struct limits_ticket *ticket, enum limits_verdict verdict, uint64_t retry_ms)
{
    struct login *login = (struct login *)(void *)((char *)ticket - offsetof(struct login, ticket));
    hearth_ctx *ctx = login->ctx;

    login->retry_ms = retry_ms;
    if (verdict != LIMITS_GO) {
        complete(login, verdict == LIMITS_REFUSED ? RESULT_LIMITED : RESULT_OVERLOADED);
        return;
    }
    /* A name that breaks the rule is looked up all the same: "?" is nobody's. */
    hearth_key key = account_key(text_of(login->lower[0] ? login->lower : "?"));
    shared_of(ctx)->storage->get(local_of(ctx)->storage, &key, account_read, login);
}

/* On the home loop of the address. */
static void begin(hearth_ctx *ctx, void *arg)
{
    struct login *login = arg;

    auth_hold(ctx);
    login->ctx = ctx;
    login->ticket.decided = decided;
    login->arena = shared_of(ctx)->arena->create(ctx, MEMORY);
    if (!login->arena) {
        complete(login, RESULT_OVERLOADED);
        return;
    }
    limits_enter(local_of(ctx)->limits, &login->ticket, text_of(login->address),
                 text_of(login->lower), shared_of(ctx)->clock->loop_ms(ctx));
}

static struct login *make_login(hearth_str username, hearth_str password, hearth_str peer)
{
    struct login *login = calloc(1, sizeof(*login));

    if (!login || !(login->password = malloc(password.len + 1))) {
        free(login);
        return NULL;
    }
    if (password.len > 0)
        memcpy(login->password, password.ptr, password.len);
    login->password_len = password.len;
    if (!text_username(username, login->lower))
        login->lower[0] = '\0';
    (void)limits_address(peer, login->address);
    return login;
}

hearth_status login_handle(hearth_ctx *ctx, hearth_req *req)
{
    static const body_field fields[] = {{"username", BODY_STRING, 1, 0, 0},
                                        {"password", BODY_STRING, 1, 0, 0}};
    struct shared *shared = shared_of(ctx);
    body_value values[2];

    if (!body_read(&shared->body, req, fields, 2, BODY_NEEDED, values))
        return HEARTH_OK;
    struct login *login = make_login(values[0].string, values[1].string, shared->http->peer(req));
    if (!login)
        return HEARTH_ENOMEM;
    login->async = shared->http->defer(req, NULL, NULL);
    if (!login->async) {
        free_login(login);
        return HEARTH_ENOMEM;
    }
    if (shared->mail->send(ctx, text_of(login->address), begin, login) != HEARTH_OK) {
        login->result = RESULT_OVERLOADED;
        shared->http->complete(login->async, reply, login);
    }
    return HEARTH_DEFERRED;
}
