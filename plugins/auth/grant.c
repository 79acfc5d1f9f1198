/*
 * grant.c - see grant.h. The session is in storage before its token exists, so a token always has a
 * session that can be ended.
 */
#include "grant.h"

#include <string.h>

#include "text.h"

static void signed_token(hearth_ctx *ctx, hearth_status status, hearth_str token, int64_t expires,
                         struct signing_request *request)
{
    struct grant *grant =
        (struct grant *)(void *)((char *)request - offsetof(struct grant, request));

    if (status == HEARTH_OK && token.len <= TOKEN_MAX) {
        memcpy(grant->token, token.ptr, token.len);
        grant->token[token.len] = '\0';
        grant->expires_in = expires - shared_of(ctx)->clock->wall_ms(ctx) / 1000;
        grant->done(ctx, STORE_OK, NULL, grant);
    } else {
        grant->done(ctx, STORE_UNAVAILABLE, NULL, grant);
    }
}

static void written(hearth_ctx *ctx, enum store_outcome outcome, const hearth_doc *current,
                    void *arg)
{
    struct grant *grant = arg;

    if (outcome != STORE_OK) {
        grant->done(ctx, outcome, current, grant);
        return;
    }
    grant->request = (struct signing_request){.subject = grant->session.user,
                                              .session = grant->session.sid,
                                              .scope = grant->session.scope,
                                              .ttl_s = config_of(ctx)->access_ttl / 1000,
                                              .done = signed_token};
    signing_sign(ctx, &grant->request);
}

void grant_start(hearth_ctx *ctx, hearth_arena *arena, struct grant *grant)
{
    struct shared *shared = shared_of(ctx);
    hearth_str body = session_encode(ctx, arena, &grant->session);
    char write_id[HEARTH_UUID_SIZE];

    shared->random->uuid(ctx, write_id);
    hearth_storage_op op = {
        .struct_size = sizeof(op),
        .action = HEARTH_PUT,
        .condition = grant->base_version ? HEARTH_IF_VERSION : HEARTH_IF_ABSENT,
        .base_version = grant->base_version,
        .doc = {.struct_size = sizeof(hearth_doc),
                .key = session_key(text_of(grant->session.user), text_of(grant->session.sid)),
                .body = body,
                .version = grant->base_version + 1,
                .write_id = text_of(write_id),
                .expires_ms = shared->clock->wall_ms(ctx) + config_of(ctx)->refresh_ttl}};
    if (!body.ptr || store_write(ctx, &op, written, grant) != HEARTH_OK)
        grant->done(ctx, STORE_UNAVAILABLE, NULL, grant);
}

static void add_string(const hearth_json *json, hearth_json_writer *w, const char *name,
                       const char *value)
{
    json->key(w, text_of(name));
    json->string(w, text_of(value));
}

void grant_reply(hearth_ctx *ctx, hearth_req *req, const struct grant *grant)
{
    struct shared *shared = shared_of(ctx);
    const hearth_json *json = shared->json;
    hearth_json_writer *w = json->writer(shared->http->arena(req), TOKEN_MAX + 1024);
    hearth_str body = {NULL, 0};

    if (!w)
        goto fail;
    json->object_begin(w);
    add_string(json, w, "token", grant->token);
    add_string(json, w, "tokenType", "Bearer");
    json->key(w, HEARTH_STR("expiresIn"));
    json->integer(w, grant->expires_in);
    add_string(json, w, "refreshToken", grant->refresh);
    add_string(json, w, "userId", grant->session.user);
    json->object_end(w);
    if (json->finish(w, &body) != HEARTH_OK)
        goto fail;
    /* RFC 6749, 5.1: nobody on the way keeps it. */
    if (shared->http->set_header(req, "Cache-Control", HEARTH_STR("no-store")) != HEARTH_OK)
        goto fail;
    (void)shared->http->reply(req, 200, HEARTH_STR("application/json"), body);
    return;

fail:
    (void)shared->http->error(req, 500, "INTERNAL", "Out of memory.");
}

void grant_reply_unavailable(hearth_ctx *ctx, hearth_req *req)
{
    (void)shared_of(ctx)->http->error(req, 503, "STORAGE_UNAVAILABLE",
                                      "Storage cannot be reached. Try again later.");
}
