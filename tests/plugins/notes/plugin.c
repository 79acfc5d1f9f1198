/*
 * plugin.c - notes: hearth.entities/1 as five routes, for tests of durability.
 *
 *     POST /notes/{user}/{id}/{class}   a new text, created where there is none; 200 {"version",…}
 *     GET /notes/{user}/{id}            the text          GET /notes/{user}   all of them
 *     DELETE /notes/{user}/{id}
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hearth/mail.h>
#include <hearth/plugin.h>
#include <hearth/service/entities.h>

#define DEADLINE_MS 5000

enum action { ACTION_WRITE, ACTION_READ, ACTION_LIST, ACTION_REMOVE };

/* One request, on its way to the home loop of its user and back. */
struct call {
    hearth_ctx *ctx; /* on the home loop */
    hearth_async *async;
    enum action action;
    hearth_durability durability;
    char user[64], id[64], text[4096];
    hearth_key key;
    int status; /* of the answer */
    char *body;
};

static const hearth_entities *entities(struct call *call, hearth_ctx **provider)
{
    *provider = call->ctx->host->provider(call->ctx, HEARTH_ENTITIES_ID);
    return hearth_entities_get(call->ctx);
}

/* ---- the answer ---- */

static void reply(hearth_ctx *ctx, hearth_req *req, void *arg)
{
    struct call *call = arg;
    hearth_str body = {call->body, call->body ? strlen(call->body) : 0};

    if (req &&
        hearth_http_get(ctx)->reply(req, call->status, HEARTH_STR("application/json"), body) < 0)
        abort();
    free(call->body);
    free(call);
}

static void finish(struct call *call, hearth_status status)
{
    call->status = status == HEARTH_OK             ? 200
                   : status == HEARTH_ENOTFOUND    ? 404
                   : status == HEARTH_EUNAVAILABLE ? 503
                   : status == HEARTH_ETIMEOUT     ? 504
                                                   : 500;
    hearth_http_get(call->ctx)->complete(call->async, reply, call);
}

static void add(struct call *call, const hearth_entity *entity)
{
    size_t used = call->body ? strlen(call->body) : 0, size = used + 5000;
    call->body = realloc(call->body, size);
    snprintf(call->body + used, size - used,
             "%s{\"id\":\"%.*s\",\"version\":%llu,\"durable\":%llu,\"text\":\"%s\"}",
             used > 1 ? "," : "", HEARTH_ARG(entity->key.sort), (unsigned long long)entity->version,
             (unsigned long long)entity->durable_version, (const char *)entity->state);
}

static void show(hearth_status status, const hearth_entity *entity, void *arg)
{
    struct call *call = arg;
    if (entity)
        add(call, entity);
    finish(call, status);
}

static void show_all(hearth_status status, const hearth_entity *const *list, size_t count,
                     void *arg)
{
    struct call *call = arg;
    call->body = strdup("[");
    for (size_t i = 0; i < count; i++)
        add(call, list[i]);
    call->body = realloc(call->body, strlen(call->body) + 2);
    strcat(call->body, "]");
    finish(call, status);
}

/* ---- writing ---- */

static hearth_entity_next next_of(struct call *call, char body[5000])
{
    snprintf(body, 5000, "{\"text\":\"%s\"}", call->text);
    return (hearth_entity_next){.struct_size = sizeof(hearth_entity_next),
                                .body = {body, strlen(body)},
                                .state = strdup(call->text),
                                .state_size = strlen(call->text) + 1};
}

static void created(hearth_status status, const hearth_create_result *result, void *arg)
{
    if (result && result->outcome == HEARTH_CREATE_CLAIMED)
        status = HEARTH_ECONFLICT;
    show(status, result ? result->entity : NULL, arg);
}

static void create(struct call *call)
{
    hearth_ctx *provider;
    char body[5000];
    hearth_claim claim = {{HEARTH_STR("note-owners"), call->key.sort, {NULL, 0}}};
    hearth_entity_create spec = {.struct_size = sizeof(spec),
                                 .claim_count = 1,
                                 .key = call->key,
                                 .claims = &claim,
                                 .next = next_of(call, body)};
    hearth_status status =
        entities(call, &provider)->create(provider, &spec, DEADLINE_MS, created, call);
    if (status < 0)
        finish(call, status);
}

static void turn(hearth_status status, const hearth_entity *entity, void *arg)
{
    struct call *call = arg;
    hearth_ctx *provider;
    const hearth_entities *api = entities(call, &provider);
    hearth_claim claim = {{HEARTH_STR("note-owners"), call->key.sort, {NULL, 0}}};
    char body[5000];

    if (status == HEARTH_ENOTFOUND && call->action == ACTION_WRITE) {
        create(call);
        return;
    }
    if (status == HEARTH_OK && call->action == ACTION_REMOVE) {
        status = api->remove(provider, entity, &claim, 1, DEADLINE_MS, show, call);
    } else if (status == HEARTH_OK) {
        hearth_entity_next next = next_of(call, body);
        status = api->commit(provider, entity, &next, call->durability, DEADLINE_MS, show, call);
    }
    if (status < 0)
        finish(call, status);
}

/* ---- on the home loop ---- */

static void at_home(hearth_ctx *ctx, void *arg)
{
    struct call *call = arg;
    hearth_ctx *provider;
    hearth_status status;

    call->ctx = ctx;
    const hearth_entities *api = entities(call, &provider);
    if (call->action == ACTION_READ)
        status = api->load(provider, &call->key, show, call);
    else if (call->action == ACTION_LIST)
        status = api->list(provider, HEARTH_STR("notes"), call->key.partition, show_all, call);
    else
        status = api->turn(provider, &call->key, turn, call);
    if (status < 0)
        finish(call, status);
}

static void copy(char *out, size_t size, hearth_str s)
{
    snprintf(out, size, "%.*s", HEARTH_ARG(s));
}

static hearth_status handle(hearth_ctx *ctx, hearth_req *req, enum action action)
{
    const hearth_http *http = hearth_http_get(ctx);
    struct call *call = calloc(1, sizeof(*call));
    hearth_str durability = http->param(req, "class");

    if (!call)
        return HEARTH_ENOMEM;
    call->ctx = ctx;
    call->action = action;
    copy(call->user, sizeof(call->user), http->param(req, "user"));
    copy(call->id, sizeof(call->id), http->param(req, "id"));
    copy(call->text, sizeof(call->text), http->body(req));
    call->key = (hearth_key){
        HEARTH_STR("notes"), {call->user, strlen(call->user)}, {call->id, strlen(call->id)}};
    if (durability.len > 0)
        call->durability = durability.ptr[0] == 'm'   ? HEARTH_MEMORY
                           : durability.ptr[0] == 'd' ? HEARTH_DURABLE
                                                      : HEARTH_JOURNAL;
    call->async = http->defer(req, NULL, NULL);
    if (!call->async) {
        free(call);
        return HEARTH_ENOMEM;
    }
    if (hearth_mail_get(ctx)->send(ctx, call->key.partition, at_home, call) != HEARTH_OK)
        finish(call, HEARTH_EUNAVAILABLE);
    return HEARTH_DEFERRED;
}

static hearth_status on_write(hearth_ctx *ctx, hearth_req *req)
{
    return handle(ctx, req, ACTION_WRITE);
}

static hearth_status on_read(hearth_ctx *ctx, hearth_req *req)
{
    return handle(ctx, req, ACTION_READ);
}

static hearth_status on_list(hearth_ctx *ctx, hearth_req *req)
{
    return handle(ctx, req, ACTION_LIST);
}

static hearth_status on_remove(hearth_ctx *ctx, hearth_req *req)
{
    return handle(ctx, req, ACTION_REMOVE);
}

/* ---- the collection ---- */

static hearth_status decode(void *owner, const hearth_key *key, uint64_t version, hearth_str body,
                            void **state, size_t *size)
{
    static const char head[] = "{\"text\":\"";
    (void)owner;
    (void)key;
    (void)version;
    if (body.len < sizeof(head) + 1 || memcmp(body.ptr, head, sizeof(head) - 1) != 0)
        return HEARTH_EINVAL;
    *state = strndup(body.ptr + sizeof(head) - 1, body.len - sizeof(head) - 1);
    *size = body.len;
    return HEARTH_OK;
}

static void release(void *owner, void *state)
{
    (void)owner;
    free(state);
}

static hearth_status start(hearth_ctx *ctx)
{
    hearth_collection notes = {.struct_size = sizeof(notes),
                               .body_version = 1,
                               .name = "notes",
                               .decode = decode,
                               .release = release};
    return hearth_entities_get(ctx)->define(ctx->host->provider(ctx, HEARTH_ENTITIES_ID), &notes);
}

HEARTH_PLUGIN(
    "notes", "1.0.0", .summary = "Entities over plain HTTP, for tests.",
    .uses = (const hearth_use[]){{HEARTH_HTTP_ID, sizeof(hearth_http), HEARTH_REQUIRED, 0},
                                 {HEARTH_MAIL_ID, sizeof(hearth_mail), HEARTH_REQUIRED, 0},
                                 {HEARTH_ENTITIES_ID, sizeof(hearth_entities), HEARTH_REQUIRED, 0},
                                 {0}},
    .routes = (const hearth_route[]){{"POST", "/notes/{user}/{id}/{class}", on_write, HEARTH_PUBLIC,
                                      HEARTH_AFFINITY_ANY, NULL, 0, 0, "Writes a note"},
                                     {"GET", "/notes/{user}/{id}", on_read, HEARTH_PUBLIC,
                                      HEARTH_AFFINITY_ANY, NULL, 0, 0, "Reads a note"},
                                     {"GET", "/notes/{user}", on_list, HEARTH_PUBLIC,
                                      HEARTH_AFFINITY_ANY, NULL, 0, 0, "Lists notes"},
                                     {"DELETE", "/notes/{user}/{id}", on_remove, HEARTH_PUBLIC,
                                      HEARTH_AFFINITY_ANY, NULL, 0, 0, "Removes a note"},
                                     {0}},
    .start = start);
