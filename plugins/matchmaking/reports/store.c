/*
 * store.c - what makes a report done: the record with its sequence, and its answer, both or none.
 * If somebody else has written meanwhile, or nobody knows whether we have, the record is judged
 * anew: then it says either that this sequence is taken in, and the answer beside it is the answer,
 * or that it is still to be written.
 */
#include "report.h"

#include <stdio.h>
#include <string.h>

hearth_key report_answer_key(const struct report *report, char sort[32])
{
    snprintf(sort, 32, "answer/%016llu", (unsigned long long)report->sequence);
    return (hearth_key){HEARTH_STR(COLLECTION_SESSIONS), str_of(report->game_sim), str_of(sort)};
}

/* The record as this report leaves it; its members are borrowed. */
static struct record next_record(struct report *report)
{
    const struct sighting *sighting = &report->sighting;
    struct record next = {0};
    if (report->record) {
        next = *report->record;
    } else {
        memcpy(next.id, report->game_sim, sizeof(next.id));
        memcpy(next.instance, sighting->instance, sizeof(next.instance));
        memcpy(next.region, sighting->region, sizeof(next.region));
    }
    bool had_ended = next.outcome != OUTCOME_NONE;
    next.sequence = report->sequence;
    next.closed = report->outcome != OUTCOME_NONE;
    if (!had_ended) /* what hearthd has said of it to players stands */
        next.outcome = sighting->outcome ? sighting->outcome : report->outcome;
    bool ends = next.outcome != OUTCOME_NONE && !had_ended;
    if (ends) {
        next.members = sighting->members;
        next.member_count = sighting->member_count;
    }
    if (!had_ended)
        next.expires_ms = record_expiry(report->loop, ends, sighting->instance_ended_ms);
    return next;
}

static void on_stored(const hearth_storage_result *const *results, size_t count, void *arg)
{
    struct report *report = arg;
    struct mm_loop *loop = report->loop;
    bool all = true;
    for (size_t i = 0; i < count; i++) {
        all = all && results[i]->outcome == HEARTH_STORAGE_OK;
        if (results[i]->outcome != HEARTH_STORAGE_FAILED)
            continue;
        HEARTH_LOG(loop->log, loop->ctx, NULL, HEARTH_LOG_ERROR,
                   "session %s: expected storage to take report %llu, found: %s", report->game_sim,
                   (unsigned long long)report->sequence,
                   results[i]->error ? results[i]->error : "no reason");
        report_internal(report);
        return;
    }
    if (!all)
        report_try_again(report);
    else if (report->outcome != OUTCOME_NONE)
        report_leave_document(report);
    else
        report_reply_answer(report);
}

/* {"answer": the reply's body; "report": of an end, the request's}. Both are texts: as parts of the
 * document the results could nest it deeper, or hold numbers that are larger, than it may have. */
static hearth_status write_answer(struct report *report, hearth_arena *arena, hearth_str *out)
{
    const hearth_json *json = report->loop->api.json;
    hearth_json_writer *writer = json->writer(arena, HEARTH_STORAGE_MAX_BODY);
    if (!writer)
        return HEARTH_ENOMEM;
    json->object_begin(writer);
    json->key(writer, HEARTH_STR("answer"));
    json->string(writer, report->answer);
    if (report->body.len > 0) {
        json->key(writer, HEARTH_STR("report"));
        json->string(writer, report->body);
    }
    json->object_end(writer);
    return json->finish(writer, out);
}

static hearth_status transact(struct report *report, hearth_arena *arena)
{
    struct mm_loop *loop = report->loop;
    struct record next = next_record(report);
    uint64_t version = report->record ? report->record->version : 0;
    char sort[32];
    hearth_storage_op record = {.struct_size = sizeof(record),
                                .action = HEARTH_PUT,
                                .condition = version ? HEARTH_IF_VERSION : HEARTH_IF_ABSENT,
                                .base_version = version};
    hearth_storage_op answer = {
        .struct_size = sizeof(answer), .action = HEARTH_PUT, .condition = HEARTH_IF_ABSENT};
    const hearth_storage_op *ops[] = {&record, &answer};
    record.doc = (hearth_doc){.struct_size = sizeof(record.doc),
                              .key = record_key(report->game_sim),
                              .version = version + 1,
                              .expires_ms = next.expires_ms};
    answer.doc = (hearth_doc){.struct_size = sizeof(answer.doc),
                              .key = report_answer_key(report, sort),
                              .version = 1,
                              .expires_ms = record_expiry(loop, true, 0)};
    hearth_status status = record_write(&next, loop->api.json, arena, &record.doc.body);
    if (status == HEARTH_OK)
        status = write_answer(report, arena, &answer.doc.body);
    if (status == HEARTH_OK)
        loop->storage->transact(loop->storage_ctx, ops, 2, on_stored, report);
    return status;
}

void report_store(struct report *report)
{
    const hearth_arena_api *memory = report->loop->arena;
    hearth_arena *arena = memory->create(report->loop->ctx, DOCUMENT_ARENA);
    hearth_status status = arena ? transact(report, arena) : HEARTH_ENOMEM;
    memory->destroy(arena);
    if (status != HEARTH_OK)
        report_unavailable(report);
}
