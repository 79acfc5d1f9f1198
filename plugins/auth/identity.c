/*
 * identity.c - hearth.identity/1, and `token issue`, which is one of its users.
 */
#include <stdlib.h>
#include <string.h>

#include "end.h"
#include "identify.h"
#include "signing.h"
#include "text.h"

#define TTL_MAX_S (INT64_C(10) * 366 * 86400)

struct issuing {
    struct signing_request request;
    char subject[USER_MAX + 1], scope[SCOPE_MAX + 1];
    void (*done)(hearth_status status, hearth_str token, int64_t expires, void *arg);
    void *arg;
    int returned; /* issue() has returned: done comes later */
    int finished;
};

static void issued(hearth_ctx *ctx, hearth_status status, hearth_str token, int64_t expires,
                   struct signing_request *request)
{
    struct issuing *issuing = (struct issuing *)(void *)request;
    (void)ctx;

    issuing->done(status, token, expires, issuing->arg);
    issuing->finished = 1;
    if (issuing->returned)
        free(issuing);
}

static int is_good(const hearth_token_spec *spec)
{
    char uuid[HEARTH_UUID_SIZE];

    return text_is_subject(spec->subject) && text_is_scope(spec->scope) && spec->ttl_seconds >= 1 &&
           spec->ttl_seconds <= TTL_MAX_S &&
           (!text_has_scope(spec->scope, "player") || body_uuid(spec->subject, uuid));
}

static hearth_status
issue(hearth_ctx *ctx, const hearth_token_spec *spec,
      void (*done)(hearth_status status, hearth_str token, int64_t expires, void *arg), void *arg)
{
    if (!is_good(spec))
        return HEARTH_EINVAL;
    struct issuing *issuing = calloc(1, sizeof(*issuing));
    if (!issuing)
        return HEARTH_ENOMEM;
    memcpy(issuing->subject, spec->subject.ptr, spec->subject.len);
    memcpy(issuing->scope, spec->scope.ptr, spec->scope.len);
    issuing->done = done;
    issuing->arg = arg;
    issuing->request = (struct signing_request){.subject = issuing->subject,
                                                .scope = issuing->scope,
                                                .ttl_s = spec->ttl_seconds,
                                                .done = issued};
    signing_sign(ctx, &issuing->request);
    if (issuing->finished) {
        free(issuing);
        return HEARTH_OK;
    }
    issuing->returned = 1;
    return HEARTH_DEFERRED;
}

static hearth_status on_last_logout(hearth_ctx *ctx, void (*fn)(hearth_str user, void *arg),
                                    void *arg)
{
    return listeners_add(local_of(ctx)->listeners, fn, arg);
}

const hearth_identity_service identity_service = {.struct_size = sizeof(hearth_identity_service),
                                                  .issue = issue,
                                                  .verify = identify_verify,
                                                  .on_last_logout = on_last_logout};

/* ---- token issue ---- */

struct command_issue {
    hearth_ctx *ctx;
    hearth_cmd *cmd;
    int deferred; /* the command has returned, and finishes later */
    hearth_status status;
};

static void command_issued(hearth_status status, hearth_str token, int64_t expires, void *arg)
{
    struct command_issue *command_issue = arg;
    hearth_ctx *ctx = command_issue->ctx;
    const hearth_command_api *command = shared_of(ctx)->command;
    char date[HEARTH_RFC3339_SIZE];

    if (status == HEARTH_OK) {
        shared_of(ctx)->clock->rfc3339(expires * 1000, date);
        command->print(command_issue->cmd,
                       "Good until %s. Keep it secret: it cannot be taken back.", date);
        command->print(command_issue->cmd, "%" HEARTH_PRIS, HEARTH_ARG(token));
    } else {
        command->fail(command_issue->cmd, "The signing keys cannot be read from storage.");
    }
    command_issue->status = status;
    if (!command_issue->deferred)
        return;
    command->finish(command_issue->cmd, status);
    free(command_issue);
}

hearth_status identity_command_issue(hearth_ctx *ctx, hearth_cmd *cmd)
{
    const hearth_command_api *command = shared_of(ctx)->command;
    hearth_str ttl = command->option(cmd, "ttl");
    hearth_token_spec spec = {.struct_size = sizeof(spec),
                              .subject = command->option(cmd, "subject"),
                              .scope = command->option(cmd, "scope")};

    spec.ttl_seconds = text_duration_ms(ttl.ptr ? ttl : HEARTH_STR("365d")) / 1000;
    if (command->argument(cmd, 0).ptr || !is_good(&spec)) {
        command->fail(cmd,
                      "Expected --scope (player, gamesim, admin), --subject (1 to 64 of A-Z "
                      "a-z 0-9 _ : . @ -; a UUID for scope player) and --ttl (1s to 10 years)");
        return HEARTH_EINVAL;
    }
    struct command_issue *arg = calloc(1, sizeof(*arg));
    if (!arg)
        return HEARTH_ENOMEM;
    arg->ctx = ctx;
    arg->cmd = cmd;
    hearth_status status = issue(ctx, &spec, command_issued, arg);
    if (status == HEARTH_DEFERRED) {
        arg->deferred = 1;
        return HEARTH_DEFERRED;
    }
    status = status == HEARTH_OK ? arg->status : status;
    free(arg);
    return status;
}
