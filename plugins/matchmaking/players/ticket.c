/*
 * ticket.c - see ticket.h.
 */
#include "ticket.h"

#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX ((INT64_C(1) << 53) - 1)

struct ticket_call {
    struct mm_loop *loop;
    struct ticket *ticket;
    void (*done)(hearth_status status, void *arg);
    void *arg;
};

static hearth_key ticket_key(const char *user)
{
    return (hearth_key){HEARTH_STR(COLLECTION_PLAYERS), str_of(user), HEARTH_STR("")};
}

static struct ticket_call *call_create(struct mm_loop *loop, struct ticket *ticket,
                                       void (*done)(hearth_status status, void *arg), void *arg)
{
    struct ticket_call *call = malloc(sizeof(*call));
    if (call)
        *call = (struct ticket_call){loop, ticket, done, arg};
    return call;
}

static void end(struct ticket_call *call, hearth_status status)
{
    call->done(status, call->arg);
    free(call);
}

void ticket_add_token(struct ticket *ticket, int64_t expires_ms)
{
    if (ticket->token_count < TICKET_TOKENS_MAX)
        ticket->tokens[ticket->token_count++] = expires_ms;
}

void ticket_add_receipt(struct ticket *ticket, const struct ticket_receipt *receipt)
{
    if (ticket->receipt_count == TICKET_RECEIPTS_MAX)
        memmove(ticket->receipts, ticket->receipts + 1,
                --ticket->receipt_count * sizeof(*ticket->receipts));
    ticket->receipts[ticket->receipt_count++] = *receipt;
}

const struct ticket_receipt *ticket_receipt_of(const struct ticket *ticket, const char *key)
{
    for (uint32_t i = 0; i < ticket->receipt_count; i++) {
        if (strcmp(ticket->receipts[i].key, key) == 0)
            return &ticket->receipts[i];
    }
    return NULL;
}

/* ---- reading ---- */

static bool take_string(const hearth_json *json, const hearth_json_value *object, const char *key,
                        char *out, size_t size)
{
    const hearth_json_value *value = json->get(object, key);
    hearth_str text = value ? json->as_string(value) : (hearth_str){NULL, 0};
    if (!text.ptr || text.len >= size)
        return false;
    memcpy(out, text.ptr, text.len);
    memset(out + text.len, 0, size - text.len);
    return true;
}

static bool take_receipts(const hearth_json *json, const hearth_json_value *list,
                          struct ticket *ticket, int64_t now_ms)
{
    for (size_t i = 0; list && i < json->size(list); i++) {
        const hearth_json_value *item = json->at(list, i);
        struct ticket_receipt receipt = {0};
        if (!take_string(json, item, "key", receipt.key, sizeof(receipt.key)) ||
            !take_string(json, item, "body", receipt.body, sizeof(receipt.body)) ||
            !take_string(json, item, "gameSim", receipt.game_sim, sizeof(receipt.game_sim)))
            return false;
        receipt.http_status = (int)json->as_integer(json->get(item, "status"));
        receipt.expires_ms = json->as_integer(json->get(item, "expires"));
        if (receipt.expires_ms > now_ms)
            ticket_add_receipt(ticket, &receipt);
    }
    return true;
}

static bool take(struct ticket_call *call, const hearth_doc *doc, hearth_arena *arena)
{
    struct mm_loop *loop = call->loop;
    const hearth_json *json = loop->api.json;
    struct ticket *ticket = call->ticket;
    const hearth_json_value *root;
    int64_t now_ms = loop->clock->wall_ms(loop->ctx);
    if (json->parse(arena, doc->body, &root, NULL) != HEARTH_OK ||
        !take_string(json, root, "gameSim", ticket->game_sim, sizeof(ticket->game_sim)))
        return false;
    const hearth_json_value *tokens = json->get(root, "tokens");
    for (size_t i = 0; tokens && i < json->size(tokens); i++) {
        int64_t expires_ms = json->as_integer(json->at(tokens, i));
        if (expires_ms > now_ms)
            ticket_add_token(ticket, expires_ms);
    }
    ticket->version = doc->version;
    return take_receipts(json, json->get(root, "receipts"), ticket, now_ms);
}

static void on_doc(hearth_status status, const hearth_doc *doc, void *arg)
{
    struct ticket_call *call = arg;
    struct mm_loop *loop = call->loop;
    memset(call->ticket, 0, sizeof(*call->ticket));
    if (status == HEARTH_OK) {
        hearth_arena *arena = loop->arena->create(loop->ctx, DOCUMENT_ARENA);
        status =
            !arena ? HEARTH_EUNAVAILABLE : (take(call, doc, arena) ? HEARTH_OK : HEARTH_EINTERNAL);
        loop->arena->destroy(arena);
    } else {
        status = status == HEARTH_ENOTFOUND ? HEARTH_OK : HEARTH_EUNAVAILABLE;
    }
    end(call, status);
}

void ticket_load(struct mm_loop *loop, const char *user, struct ticket *ticket,
                 void (*done)(hearth_status status, void *arg), void *arg)
{
    struct ticket_call *call = call_create(loop, ticket, done, arg);
    hearth_key key = ticket_key(user);
    if (call)
        loop->storage->get(loop->storage_ctx, &key, on_doc, call);
    else
        done(HEARTH_EUNAVAILABLE, arg);
}

/* ---- writing ---- */

static void put(const hearth_json *json, hearth_json_writer *writer, const char *key,
                const char *value)
{
    json->key(writer, str_of(key));
    json->string(writer, str_of(value));
}

static hearth_status write_body(struct mm_loop *loop, const struct ticket *ticket,
                                hearth_arena *arena, hearth_str *out)
{
    const hearth_json *json = loop->api.json;
    hearth_json_writer *writer = json->writer(arena, HEARTH_STORAGE_MAX_BODY);
    if (!writer)
        return HEARTH_ENOMEM;
    json->object_begin(writer);
    put(json, writer, "gameSim", ticket->game_sim);
    json->key(writer, HEARTH_STR("tokens"));
    json->array_begin(writer);
    for (uint32_t i = 0; i < ticket->token_count; i++)
        json->integer(writer, ticket->tokens[i] < NUMBER_MAX ? ticket->tokens[i] : NUMBER_MAX);
    json->array_end(writer);
    json->key(writer, HEARTH_STR("receipts"));
    json->array_begin(writer);
    for (uint32_t i = 0; i < ticket->receipt_count; i++) {
        const struct ticket_receipt *receipt = &ticket->receipts[i];
        json->object_begin(writer);
        put(json, writer, "key", receipt->key);
        put(json, writer, "body", receipt->body);
        put(json, writer, "gameSim", receipt->game_sim);
        json->key(writer, HEARTH_STR("status"));
        json->integer(writer, receipt->http_status);
        json->key(writer, HEARTH_STR("expires"));
        json->integer(writer, receipt->expires_ms);
        json->object_end(writer);
    }
    json->array_end(writer);
    json->object_end(writer);
    return json->finish(writer, out);
}

static void on_written(const hearth_storage_result *const *results, size_t count, void *arg)
{
    struct ticket_call *call = arg;
    static const hearth_status meaning[] = {
        [HEARTH_STORAGE_OK] = HEARTH_OK,
        [HEARTH_STORAGE_CONFLICT] = HEARTH_ECONFLICT,
        [HEARTH_STORAGE_RETRY] = HEARTH_ETIMEOUT,
        [HEARTH_STORAGE_FAILED] = HEARTH_EINTERNAL,
    };
    (void)count;
    hearth_status status = meaning[results[0]->outcome];
    if (status == HEARTH_OK)
        call->ticket->version++;
    end(call, status);
}

void ticket_save(struct mm_loop *loop, const char *user, struct ticket *ticket,
                 void (*done)(hearth_status status, void *arg), void *arg)
{
    hearth_storage_op op = {.struct_size = sizeof(op),
                            .action = HEARTH_PUT,
                            .condition = ticket->version ? HEARTH_IF_VERSION : HEARTH_IF_ABSENT,
                            .base_version = ticket->version};
    const hearth_storage_op *ops[] = {&op};
    hearth_arena *arena = loop->arena->create(loop->ctx, DOCUMENT_ARENA);
    struct ticket_call *call = arena ? call_create(loop, ticket, done, arg) : NULL;
    op.doc = (hearth_doc){
        .struct_size = sizeof(op.doc), .key = ticket_key(user), .version = ticket->version + 1};
    if (call && write_body(loop, ticket, arena, &op.doc.body) == HEARTH_OK) {
        loop->storage->write(loop->storage_ctx, ops, 1, on_written, call);
    } else {
        free(call);
        done(HEARTH_EUNAVAILABLE, arg);
    }
    loop->arena->destroy(arena);
}
