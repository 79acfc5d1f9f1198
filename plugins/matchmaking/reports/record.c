/*
 * record.c - see record.h. The record as its document, and reading it.
 */
#include "record.h"

#include "../model/instance_json.h"

#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX ((INT64_C(1) << 53) - 1)
#define RUNNING_MS (INT64_C(30) * 24 * 3600 * 1000)

void record_destroy(struct record *record)
{
    if (!record)
        return;
    free(record->members);
    free(record);
}

struct member *members_copy(const struct member *members, uint32_t count)
{
    struct member *copy = calloc(count + 1, sizeof(*copy));
    if (copy && count > 0)
        memcpy(copy, members, count * sizeof(*copy));
    return copy;
}

struct record *record_copy(const struct record *record)
{
    struct record *copy = malloc(sizeof(*copy));
    if (!copy)
        return NULL;
    *copy = *record;
    copy->members = members_copy(record->members, record->member_count);
    if (!copy->members) {
        free(copy);
        return NULL;
    }
    return copy;
}

hearth_key record_key(const char *game_sim)
{
    return (hearth_key){HEARTH_STR(COLLECTION_SESSIONS), str_of(game_sim), HEARTH_STR("")};
}

int64_t record_expiry(struct mm_loop *loop, bool ended, int64_t instance_ended_ms)
{
    int64_t now_ms = loop->clock->wall_ms(loop->ctx);
    if (!ended)
        return now_ms + RUNNING_MS;
    return (instance_ended_ms ? instance_ended_ms : now_ms) + mm_conf(loop)->report_window_ms;
}

/* ---- the document ---- */

hearth_status record_write(const struct record *record, const hearth_json *json,
                           hearth_arena *arena, hearth_str *out)
{
    hearth_json_writer *writer = json->writer(arena, HEARTH_STORAGE_MAX_BODY);
    if (!writer)
        return HEARTH_ENOMEM;
    json->object_begin(writer);
    json->key(writer, HEARTH_STR("instance"));
    json->string(writer, str_of(record->instance));
    json->key(writer, HEARTH_STR("region"));
    json->string(writer, str_of(record->region));
    json->key(writer, HEARTH_STR("sequence"));
    json->integer(writer, (int64_t)record->sequence);
    json->key(writer, HEARTH_STR("closed"));
    json->boolean(writer, record->closed);
    json->key(writer, HEARTH_STR("outcome"));
    json->integer(writer, record->outcome);
    json->key(writer, HEARTH_STR("members"));
    members_write(record->members, record->member_count, json, writer);
    json->object_end(writer);
    return json->finish(writer, out);
}

static bool read_text(const hearth_json *json, const hearth_json_value *value, char *out,
                      size_t size)
{
    hearth_str text = value ? json->as_string(value) : (hearth_str){NULL, 0};
    if (!text.ptr || text.len >= size || memchr(text.ptr, 0, text.len))
        return false;
    memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    return true;
}

static bool read_number(const hearth_json *json, const hearth_json_value *value, int64_t most,
                        int64_t *out)
{
    if (!value || json->type(value) != HEARTH_JSON_INTEGER)
        return false;
    *out = json->as_integer(value);
    return *out >= 0 && *out <= most;
}

static bool read_body(const hearth_json *json, const hearth_json_value *root, struct record *record)
{
    const hearth_json_value *members = json->get(root, "members");
    int64_t sequence, outcome;
    if (!read_text(json, json->get(root, "instance"), record->instance, sizeof(record->instance)) ||
        !read_text(json, json->get(root, "region"), record->region, sizeof(record->region)) ||
        !read_number(json, json->get(root, "sequence"), NUMBER_MAX, &sequence) ||
        !read_number(json, json->get(root, "outcome"), OUTCOME_LOST, &outcome) || !members ||
        !members_read(members, json, &record->members, &record->member_count))
        return false;
    const hearth_json_value *closed = json->get(root, "closed");
    record->closed = closed && json->as_boolean(closed);
    record->sequence = (uint64_t)sequence;
    record->outcome = (uint8_t)outcome;
    return true;
}

struct record *record_read(struct mm_loop *loop, const hearth_doc *doc, hearth_status *status)
{
    const hearth_json *json = loop->api.json;
    const hearth_json_value *root;
    struct record *record = calloc(1, sizeof(*record));
    hearth_arena *arena = record ? loop->arena->create(loop->ctx, DOCUMENT_ARENA) : NULL;
    *status = arena ? json->parse(arena, doc->body, &root, NULL) : HEARTH_ENOMEM;
    if (*status == HEARTH_OK) {
        record->version = doc->version;
        record->expires_ms = doc->expires_ms;
        size_t len = doc->key.partition.len;
        bool fits = len < sizeof(record->id);
        if (fits)
            memcpy(record->id, doc->key.partition.ptr, len);
        if (!fits || !read_body(json, root, record))
            *status = HEARTH_EINTERNAL;
    } else if (*status != HEARTH_ENOMEM) {
        *status = HEARTH_EINTERNAL;
    }
    loop->arena->destroy(arena);
    if (*status == HEARTH_OK)
        return record;
    record_destroy(record);
    return NULL;
}

/* ---- reading ---- */

struct loading {
    struct mm_loop *loop;
    void (*done)(hearth_status status, const struct record *record, void *arg);
    void *arg;
};

static hearth_status answer_of(hearth_status status)
{
    if (status == HEARTH_OK || status == HEARTH_ENOTFOUND || status == HEARTH_EINTERNAL)
        return status;
    return status == HEARTH_EINVAL ? HEARTH_EINTERNAL : HEARTH_EUNAVAILABLE;
}

static void on_loaded(hearth_status status, const hearth_doc *doc, void *arg)
{
    struct loading *loading = arg;
    struct record *record = status == HEARTH_OK ? record_read(loading->loop, doc, &status) : NULL;
    if (status == HEARTH_EINTERNAL)
        HEARTH_LOG(loading->loop->log, loading->loop->ctx, NULL, HEARTH_LOG_ERROR,
                   "a record of a session in %s cannot be read", COLLECTION_SESSIONS);
    loading->done(answer_of(status), record, loading->arg);
    record_destroy(record);
    free(loading);
}

void record_load(struct mm_loop *loop, const char *game_sim,
                 void (*done)(hearth_status status, const struct record *record, void *arg),
                 void *arg)
{
    struct loading *loading = malloc(sizeof(*loading));
    hearth_key key = record_key(game_sim);
    if (!loading) {
        done(HEARTH_EUNAVAILABLE, NULL, arg);
        return;
    }
    *loading = (struct loading){loop, done, arg};
    loop->storage->get(loop->storage_ctx, &key, on_loaded, loading);
}
