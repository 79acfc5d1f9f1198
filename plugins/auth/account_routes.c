/*
 * account_routes.c - who may make an account, and how: POST /accounts, and `account add` for the
 * operator.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "grant.h"
#include "text.h"

struct posting {
    struct account_making making;
    hearth_async *async; /* POST /accounts */
    hearth_cmd *cmd;     /* `account add` */
    enum account_outcome outcome;
};

/* Fills in a name and a scope that the rules allow; NULL, or what is wrong with them. */
static const char *prepare(struct posting *posting, hearth_str username, hearth_str scope,
                           hearth_str password)
{
    struct account *account = &posting->making.account;

    if (!text_username(username, posting->making.lower))
        return "username: expected 3 to 64 of A-Z a-z 0-9 . _ @ + -";
    if (password.len < PASSWORD_MIN || password.len > PASSWORD_MAX)
        return "password: expected 8 to 256 bytes";
    memcpy(account->username, username.ptr, username.len);
    memcpy(account->scope, scope.ptr, scope.len);
    return NULL;
}

static void reply(hearth_ctx *ctx, hearth_req *req, void *arg)
{
    struct posting *posting = arg;
    struct shared *shared = shared_of(ctx);
    hearth_str body;

    if (!req)
        goto done;
    switch (posting->outcome) {
    case ACCOUNT_MADE:
        body = shared->arena->printf(shared->http->arena(req), "{\"userId\":\"%s\"}",
                                     posting->making.account.user);
        if (body.ptr)
            (void)shared->http->reply(req, 201, HEARTH_STR("application/json"), body);
        else
            (void)shared->http->error(req, 500, "INTERNAL", "Out of memory.");
        break;
    case ACCOUNT_TAKEN:
        (void)shared->http->error(req, 409, "USERNAME_TAKEN", "This username is taken.");
        break;
    case ACCOUNT_OVERLOADED:
        (void)shared->http->error(req, 503, "OVERLOADED",
                                  "Too many passwords are being hashed. Try again later.");
        break;
    case ACCOUNT_UNAVAILABLE:
        grant_reply_unavailable(ctx, req);
        break;
    }
done:
    free(posting);
}

static void posted(hearth_ctx *ctx, enum account_outcome outcome, struct account_making *making)
{
    struct posting *posting = (struct posting *)(void *)making;
    posting->outcome = outcome;
    shared_of(ctx)->http->complete(posting->async, reply, posting);
}

/* 0: answered. */
static int may_register(hearth_ctx *ctx, hearth_req *req)
{
    const hearth_http *http = shared_of(ctx)->http;
    const hearth_identity *who = http->identity(req);

    if (config_of(ctx)->registration == REGISTRATION_OPEN ||
        (who && text_has_scope(who->scope, "admin")))
        return 1;
    if (!who)
        (void)http->error(req, 401, "UNAUTHENTICATED",
                          "Registration is closed: a token is needed.");
    else
        (void)http->error(req, 403, "FORBIDDEN", "Registration is closed: scope admin is needed.");
    return 0;
}

hearth_status account_handle_post(hearth_ctx *ctx, hearth_req *req)
{
    static const body_field fields[] = {{"username", BODY_STRING, 1, 0, 0},
                                        {"password", BODY_STRING, 1, 0, 0}};
    struct shared *shared = shared_of(ctx);
    body_value values[2];

    if (!may_register(ctx, req) || !body_read(&shared->body, req, fields, 2, BODY_NEEDED, values))
        return HEARTH_OK;
    struct posting *posting = calloc(1, sizeof(*posting));
    if (!posting)
        return HEARTH_ENOMEM;
    const char *wrong = prepare(posting, values[0].string, HEARTH_STR("player"), values[1].string);
    if (wrong) {
        free(posting);
        return shared->http->error(req, 400, "INVALID_REQUEST", "%s.", wrong);
    }
    posting->making.done = posted;
    posting->async = shared->http->defer(req, NULL, NULL);
    if (!posting->async) {
        free(posting);
        return HEARTH_ENOMEM;
    }
    if (account_make(ctx, &posting->making, values[1].string) != HEARTH_OK)
        posted(ctx, ACCOUNT_UNAVAILABLE, &posting->making);
    return HEARTH_DEFERRED;
}

static void added(hearth_ctx *ctx, enum account_outcome outcome, struct account_making *making)
{
    struct posting *posting = (struct posting *)(void *)making;
    const hearth_command_api *command = shared_of(ctx)->command;

    if (outcome == ACCOUNT_MADE)
        command->print(posting->cmd, "%s", making->account.user);
    else if (outcome == ACCOUNT_TAKEN)
        command->fail(posting->cmd, "The username %s is taken.", making->account.username);
    else if (outcome == ACCOUNT_OVERLOADED)
        command->fail(posting->cmd, "Too many passwords are being hashed. Try again later.");
    else
        command->fail(posting->cmd, "Storage cannot be reached. Try again later.");
    command->finish(posting->cmd, outcome == ACCOUNT_MADE    ? HEARTH_OK
                                  : outcome == ACCOUNT_TAKEN ? HEARTH_ECONFLICT
                                                             : HEARTH_EUNAVAILABLE);
    free(posting);
}

static hearth_str without_newline(hearth_str text)
{
    if (text.len > 0 && text.ptr[text.len - 1] == '\n')
        text.len--;
    if (text.len > 0 && text.ptr[text.len - 1] == '\r')
        text.len--;
    return text;
}

hearth_status account_command_add(hearth_ctx *ctx, hearth_cmd *cmd)
{
    const hearth_command_api *command = shared_of(ctx)->command;
    hearth_str name = command->argument(cmd, 0), scope = command->option(cmd, "scope");
    char lower[USERNAME_MAX + 1];

    if (!name.ptr || command->argument(cmd, 1).ptr || !text_username(name, lower)) {
        command->fail(cmd, "Expected one NAME, 3 to 64 of A-Z a-z 0-9 . _ @ + -");
        return HEARTH_EINVAL;
    }
    if (!scope.ptr)
        scope = HEARTH_STR("player");
    if (!text_is_scope(scope)) {
        command->fail(cmd, "--scope: expected player, gamesim or admin, separated by spaces");
        return HEARTH_EINVAL;
    }
    struct posting *posting = calloc(1, sizeof(*posting));
    if (!posting)
        return HEARTH_ENOMEM;
    hearth_str password = without_newline(command->input(cmd));
    const char *wrong = prepare(posting, name, scope, password);
    if (wrong) {
        command->fail(cmd, "%s (from standard input)", wrong);
        free(posting);
        return HEARTH_EINVAL;
    }
    posting->cmd = cmd;
    posting->making.done = added;
    hearth_status status = account_make(ctx, &posting->making, password);
    if (status != HEARTH_OK) {
        free(posting);
        return status;
    }
    return HEARTH_DEFERRED;
}
