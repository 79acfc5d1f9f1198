/*
 * lease_doc.c - see lease_doc.h. The time in it is for people; nobody compares clocks.
 */
#include "lease_doc.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "flush.h"

const hearth_key lease_key = {{"leases", 6}, {"hearthd", 7}, {"exclusive", 9}};

void lease_doc_read(hearth_ctx *ctx, const hearth_doc *doc, uint64_t duration_ms,
                    struct lease_doc *out)
{
    struct shared *shared = shared_of(ctx);
    const hearth_json *json = shared->json;
    const hearth_json_value *root;
    uint64_t start, version;

    *out = (struct lease_doc){.duration_ms = duration_ms, .holder = "unknown"};
    hearth_arena *arena = shared->arena->create(ctx, LEASE_DOC_ARENA);
    if (arena && json->parse(arena, doc->body, &root, NULL) == HEARTH_OK) {
        hearth_str host = json->as_string(json->get(root, "host"));
        hearth_str path = json->as_string(json->get(root, "path"));
        int64_t duration = json->as_integer(json->get(root, "leaseMs"));
        snprintf(out->holder, sizeof(out->holder),
                 "%" HEARTH_PRIS ":%" HEARTH_PRIS " (process %lld)", HEARTH_ARG(host),
                 HEARTH_ARG(path), (long long)json->as_integer(json->get(root, "pid")));
        if (duration > 0)
            out->duration_ms = (uint64_t)duration;
        out->ours = write_id_parse(shared, doc->write_id, &start, &version);
        out->shared = str_equal(json->as_string(json->get(root, "mode")), HEARTH_STR("shared"));
        out->released = json->as_boolean(json->get(root, "released"));
    }
    if (arena)
        shared->arena->destroy(arena);
}

hearth_str lease_doc_body(hearth_ctx *ctx, hearth_arena *arena, uint64_t duration_ms, bool released)
{
    struct shared *shared = shared_of(ctx);
    const hearth_json *json = shared->json;
    hearth_json_writer *w = json->writer(arena, LEASE_DOC_ARENA);
    char host[128] = "unknown", when[HEARTH_RFC3339_SIZE];
    hearth_str text = {NULL, 0};
    const char *id = journal_directory(shared->journal);

    if (!w)
        return text;
    gethostname(host, sizeof(host) - 1);
    shared->clock->rfc3339(shared->clock->wall_ms(ctx), when);
    json->object_begin(w);
    json->key(w, HEARTH_STR("mode"));
    json->string(w, mode_shared(ctx) ? HEARTH_STR("shared") : HEARTH_STR("exclusive"));
    json->key(w, HEARTH_STR("directory"));
    json->string(w, (hearth_str){id, strlen(id)});
    json->key(w, HEARTH_STR("host"));
    json->string(w, (hearth_str){host, strlen(host)});
    json->key(w, HEARTH_STR("path"));
    json->string(w, ctx->host->data_dir(ctx));
    json->key(w, HEARTH_STR("pid"));
    json->integer(w, getpid());
    json->key(w, HEARTH_STR("leaseMs"));
    json->integer(w, (int64_t)duration_ms);
    json->key(w, HEARTH_STR("renewedAt"));
    json->string(w, (hearth_str){when, strlen(when)});
    json->key(w, HEARTH_STR("released"));
    json->boolean(w, released);
    json->object_end(w);
    return json->finish(w, &text) == HEARTH_OK ? text : (hearth_str){NULL, 0};
}
