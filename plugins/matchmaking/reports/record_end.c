/*
 * record_end.c - a session has ended without its instance saying so: see record_end in record.h. An
 * instance's report may be on its way at the same time; whoever writes later keeps what is there.
 */
#include "record.h"

#include "pause.h"
#include "reports.h"

#include <stdlib.h>
#include <string.h>

struct ending {
    struct mm_loop *loop;
    struct record *end; /* as it is to be, but for what a record says already */
    struct pause pause;
    void (*done)(hearth_status status, void *arg);
    void *arg;
};

static void finish(struct ending *ending, hearth_status status)
{
    struct reports *reports = ending->loop->reports;
    ending->done(status, ending->arg);
    record_destroy(ending->end);
    free(ending);
    reports_ended(reports);
}

static void on_record(hearth_status status, const struct record *record, void *arg);

static void load(void *arg)
{
    struct ending *ending = arg;
    record_load(ending->loop, ending->end->id, on_record, ending);
}

static void try_again(struct ending *ending)
{
    if (!pause_begin(&ending->pause, load, ending))
        finish(ending, HEARTH_EUNAVAILABLE);
}

static void on_written(const hearth_storage_result *const *results, size_t count, void *arg)
{
    struct ending *ending = arg;
    struct mm_loop *loop = ending->loop;
    (void)count;
    if (results[0]->outcome == HEARTH_STORAGE_OK) {
        finish(ending, HEARTH_OK);
    } else if (results[0]->outcome == HEARTH_STORAGE_FAILED) {
        HEARTH_LOG(loop->log, loop->ctx, NULL, HEARTH_LOG_ERROR,
                   "session %s: expected storage to take its record, found: %s", ending->end->id,
                   results[0]->error ? results[0]->error : "no reason");
        finish(ending, HEARTH_EINTERNAL);
    } else {
        try_again(ending);
    }
}

static hearth_status write_record(struct ending *ending)
{
    struct mm_loop *loop = ending->loop;
    const struct record *end = ending->end;
    hearth_storage_op op = {.struct_size = sizeof(op),
                            .action = HEARTH_PUT,
                            .condition = end->version ? HEARTH_IF_VERSION : HEARTH_IF_ABSENT,
                            .base_version = end->version};
    const hearth_storage_op *ops[] = {&op};
    hearth_arena *arena = loop->arena->create(loop->ctx, DOCUMENT_ARENA);
    if (!arena)
        return HEARTH_ENOMEM;
    op.doc = (hearth_doc){.struct_size = sizeof(op.doc),
                          .key = record_key(end->id),
                          .version = end->version + 1,
                          .expires_ms = end->expires_ms};
    hearth_status status = record_write(end, loop->api.json, arena, &op.doc.body);
    if (status == HEARTH_OK)
        loop->storage->write(loop->storage_ctx, ops, 1, on_written, ending);
    loop->arena->destroy(arena);
    return status;
}

static void on_record(hearth_status status, const struct record *record, void *arg)
{
    struct ending *ending = arg;
    if (status == HEARTH_EUNAVAILABLE) {
        try_again(ending);
        return;
    }
    if (status == HEARTH_EINTERNAL || (record && record->outcome != OUTCOME_NONE)) {
        finish(ending, status);
        return;
    }
    ending->end->version = record ? record->version : 0;
    ending->end->sequence = record ? record->sequence : 0;
    ending->end->closed = record && record->closed;
    if (write_record(ending) != HEARTH_OK)
        finish(ending, HEARTH_EUNAVAILABLE);
}

static struct record *record_of(struct mm_loop *loop, const struct instance *instance,
                                const struct game_session *session, enum outcome outcome)
{
    struct record draft = {.outcome = (uint8_t)outcome,
                           .members = session->members,
                           .member_count = session->member_count,
                           .expires_ms = record_expiry(loop, true, instance->ended_ms)};
    memcpy(draft.id, session->id, sizeof(draft.id));
    memcpy(draft.instance, instance->id, sizeof(draft.instance));
    memcpy(draft.region, instance->region, sizeof(draft.region));
    return record_copy(&draft);
}

void record_end(struct mm_loop *loop, const struct instance *instance,
                const struct game_session *session, enum outcome outcome,
                void (*done)(hearth_status status, void *arg), void *arg)
{
    struct ending *ending = malloc(sizeof(*ending));
    struct record *end = ending ? record_of(loop, instance, session, outcome) : NULL;
    if (!end) {
        free(ending);
        done(HEARTH_EUNAVAILABLE, arg);
        return;
    }
    *ending = (struct ending){.loop = loop, .end = end, .done = done, .arg = arg};
    pause_init(&ending->pause, loop);
    reports_began(loop->reports);
    load(ending);
}
