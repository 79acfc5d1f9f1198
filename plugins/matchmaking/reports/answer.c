/*
 * answer.c - the replies to reports. An answer that was given once is kept beside the record, and a
 * repeat gets it byte for byte.
 */
#include "report.h"

#include <stdio.h>
#include <string.h>

/* ---- the end of a report ---- */

static void reply(hearth_ctx *ctx, hearth_req *req, void *arg)
{
    struct report *report = arg;
    const hearth_http *http = report->loop->api.http;
    char members[48];
    (void)ctx;
    if (!req)
        return;
    if (!report->code) {
        (void)http->reply(req, 200, HEARTH_STR("application/json"), report->answer);
    } else if (report->expected > 0) {
        snprintf(members, sizeof(members), "\"expected\":%llu",
                 (unsigned long long)report->expected);
        (void)http->error_with(req, report->http_status, report->code, str_of(members), "%s",
                               report->text);
    } else {
        (void)http->error(req, report->http_status, report->code, "%s", report->text);
    }
}

static void end(struct report *report)
{
    report->loop->api.http->complete(report->async, reply, report);
    report_leave(report);
}

static void fail(struct report *report, int http_status, const char *code, const char *text)
{
    report->http_status = http_status;
    report->code = code;
    report->text = text;
    end(report);
}

static void count(const struct report *report, enum counted what)
{
    report->loop->metrics->add(report->reports->counts[what], 1);
}

void report_refuse(struct report *report, int http_status, const char *code, const char *text)
{
    count(report, report->expected > 0 ? COUNTED_GAP : COUNTED_REFUSED);
    fail(report, http_status, code, text);
}

void report_unavailable(struct report *report)
{
    fail(report, 503, "STORAGE_UNAVAILABLE", "Storage is not reachable: report it again later.");
}

static void give_up(hearth_ctx *ctx, hearth_req *req, void *arg)
{
    struct report *report = arg;
    report->http_status = 503;
    report->code = "OVERLOADED";
    report->text = "The server is short of memory.";
    reply(ctx, req, report);
    report_leave(report);
}

void report_give_up(struct report *report)
{
    report->loop->api.http->complete(report->async, give_up, report);
}

void report_internal(struct report *report)
{
    fail(report, 500, "INTERNAL", "This report could not be taken in; the log says why.");
}

void report_reply_answer(struct report *report)
{
    count(report, report->applied ? COUNTED_APPLIED : COUNTED_REPEATED);
    end(report);
}

/* ---- the answer that was given before ---- */

static hearth_status read_answer(struct report *report, const hearth_doc *doc)
{
    const hearth_json *json = report->loop->api.json;
    const hearth_json_value *root;
    hearth_status status = json->parse(report->arena, doc->body, &root, NULL);
    const hearth_json_value *answer = status == HEARTH_OK ? json->get(root, "answer") : NULL;
    if (status == HEARTH_ENOMEM)
        return HEARTH_EUNAVAILABLE;
    if (!answer || !json->as_string(answer).ptr)
        return HEARTH_EINTERNAL;
    report->answer = json->as_string(answer);
    return HEARTH_OK;
}

static void on_answer(hearth_status status, const hearth_doc *doc, void *arg)
{
    struct report *report = arg;
    struct mm_loop *loop = report->loop;
    if (status == HEARTH_OK)
        status = read_answer(report, doc);
    if (status == HEARTH_ENOTFOUND) {
        report_refuse(report, 410, "SESSION_ENDED",
                      "This report was taken in; its answer is not kept any more.");
    } else if (status == HEARTH_EINTERNAL || status == HEARTH_EINVAL) {
        HEARTH_LOG(loop->log, loop->ctx, NULL, HEARTH_LOG_ERROR,
                   "session %s: the answer to report %llu cannot be read", report->game_sim,
                   (unsigned long long)report->sequence);
        report_internal(report);
    } else if (status != HEARTH_OK) {
        report_try_again(report);
    } else if (report->record->closed && report->sequence == report->record->sequence) {
        report_leave_document(report);
    } else {
        report_reply_answer(report);
    }
}

void report_repeat(struct report *report)
{
    char sort[32];
    hearth_key key = report_answer_key(report, sort);
    report->loop->storage->get(report->loop->storage_ctx, &key, on_answer, report);
}
