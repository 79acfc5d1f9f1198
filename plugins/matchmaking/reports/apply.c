/*
 * apply.c - the events of a report, character by character: one call each, one version step, all of
 * them at once. A character that has this sequence already skips it, so that a report which was
 * applied to some of them can be repeated as a whole.
 */
#include "report.h"

#include <stdio.h>
#include <string.h>

#define STRANGER "CHARACTER_NOT_FOUND"

static void refuse_all(struct share *share, const char *code)
{
    for (size_t i = 0; i < share->count; i++)
        snprintf(share->events[i]->code, sizeof(share->events[i]->code), "%s", code);
}

/* ---- the answer ---- */

static size_t write_rejected(const struct report *report, const hearth_json *json,
                             hearth_json_writer *writer)
{
    size_t rejected = 0;
    json->array_begin(writer);
    for (size_t i = 0; i < report->events.count; i++) {
        const char *code = report->events.items[i].code;
        if (!code[0])
            continue;
        rejected++;
        json->object_begin(writer);
        json->key(writer, HEARTH_STR("index"));
        json->integer(writer, (int64_t)i);
        json->key(writer, HEARTH_STR("code"));
        json->string(writer, str_of(code));
        json->object_end(writer);
    }
    json->array_end(writer);
    return rejected;
}

static hearth_status write_answer(struct report *report, size_t *rejected)
{
    const hearth_json *json = report->loop->api.json;
    hearth_str list;
    hearth_json_writer *inner = json->writer(report->arena, HEARTH_STORAGE_MAX_BODY / 2);
    hearth_json_writer *writer = json->writer(report->arena, HEARTH_STORAGE_MAX_BODY / 2);
    if (!inner || !writer)
        return HEARTH_ENOMEM;
    *rejected = write_rejected(report, json, inner);
    hearth_status status = json->finish(inner, &list);
    if (status != HEARTH_OK)
        return status;
    json->object_begin(writer);
    json->key(writer, HEARTH_STR("applied"));
    json->integer(writer, (int64_t)(report->events.count - *rejected));
    json->key(writer, HEARTH_STR("rejected"));
    json->raw(writer, list);
    json->object_end(writer);
    return json->finish(writer, &report->answer);
}

static void all_applied(struct report *report)
{
    size_t rejected = 0;
    if (report->worst == HEARTH_EINTERNAL) {
        report_internal(report);
    } else if (report->worst != HEARTH_OK || write_answer(report, &rejected) != HEARTH_OK) {
        report_unavailable(report);
    } else {
        const hearth_metrics *metrics = report->loop->metrics;
        metrics->add(report->reports->events_rejected, (double)rejected);
        metrics->add(report->reports->events_applied, (double)(report->events.count - rejected));
        report->applied = true;
        report_store(report);
    }
}

/* ---- the characters ---- */

static void one_ended(struct report *report)
{
    if (--report->waiting == 0)
        all_applied(report);
}

static void take_codes(struct share *share, const char *const *codes, size_t count)
{
    size_t at = 0;
    for (size_t i = 0; i < share->count; i++) {
        struct event *event = share->events[i];
        if (event->change.kind == 0)
            continue;
        if (at < count && codes[at])
            snprintf(event->code, sizeof(event->code), "%s", codes[at]);
        at++;
    }
}

static void on_applied(hearth_status status, const char *const *codes, size_t count, void *arg)
{
    struct share *share = arg;
    struct report *report = share->report;
    if (status == HEARTH_OK)
        take_codes(share, codes, count);
    else if (status == HEARTH_ENOTFOUND || status == HEARTH_EFORBIDDEN)
        refuse_all(share, STRANGER); /* deleted since */
    else if (report->worst != HEARTH_EINTERNAL)
        report->worst = status == HEARTH_EINTERNAL ? HEARTH_EINTERNAL : HEARTH_EUNAVAILABLE;
    one_ended(report);
}

static void apply_share(struct share *share, const struct member *member)
{
    struct report *report = share->report;
    struct mm_loop *loop = report->loop;
    const hearth_character_change *changes[EVENTS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < share->count; i++) {
        if (share->events[i]->change.kind != 0)
            changes[count++] = &share->events[i]->change;
        else
            HEARTH_LOG(loop->log, loop->ctx, NULL, HEARTH_LOG_DEBUG,
                       "session %s, report %llu: character %s: %" HEARTH_PRIS, report->game_sim,
                       (unsigned long long)report->sequence, member->character,
                       HEARTH_ARG(share->events[i]->name));
    }
    if (count == 0)
        return;
    const hearth_change_source source = {.struct_size = sizeof(source),
                                         .id = str_of(report->game_sim),
                                         .sequence = report->sequence};
    report->waiting++;
    loop->characters->apply(loop->characters_ctx, str_of(member->user), str_of(member->character),
                            &source, changes, count, on_applied, share);
}

static bool divide(struct report *report)
{
    const struct events *events = &report->events;
    report->share_count = 0;
    report->shares =
        report->loop->arena->alloc(report->arena, (events->count + 1) * sizeof(*report->shares));
    if (!report->shares)
        return false;
    for (size_t i = 0; i < events->count; i++) {
        const struct event *event = events->order[i];
        if (i == 0 || strcmp(event->character, events->order[i - 1]->character) != 0)
            report->shares[report->share_count++] = (struct share){report, &events->order[i], 0};
        report->shares[report->share_count - 1].count++;
    }
    return true;
}

static const struct member *member_of(const struct report *report, const char *character)
{
    uint32_t count;
    const struct member *members = report_members(report, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(members[i].character, character) == 0)
            return &members[i];
    }
    return NULL;
}

void report_apply(struct report *report)
{
    if (!divide(report)) {
        report_unavailable(report);
        return;
    }
    report->worst = HEARTH_OK;
    report->waiting = 1; /* until all are on their way */
    for (size_t i = 0; i < report->share_count; i++) {
        struct share *share = &report->shares[i];
        const struct member *member = member_of(report, share->events[0]->character);
        if (member)
            apply_share(share, member);
        else
            refuse_all(share, STRANGER);
    }
    one_ended(report);
}
