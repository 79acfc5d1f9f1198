/*
 * run.c - runs the checks one after another on a thread, and sends each line of the report to the
 * command's loop.
 */
#include "run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

_Noreturn void run_abort(struct run *run, const char *fmt, ...)
{
    char text[200];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    fprintf(stderr, "conformance: %s: %s\n", run && run->check ? run->check : "the suite", text);
    abort();
}

void *must(void *pointer)
{
    if (!pointer)
        run_abort(NULL, "out of memory");
    return pointer;
}

void run_fail(struct run *run, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    pthread_mutex_lock(&run->lock);
    if (!run->failure[0]) {
        vsnprintf(run->failure, sizeof(run->failure), fmt, args);
        for (char *p = run->failure; *p; p++) /* what a backend answers may be anything */
            *p = *p >= ' ' && *p <= '~' ? *p : '?';
    }
    pthread_mutex_unlock(&run->lock);
    va_end(args);
}

/* ---- the report ---- */

struct line {
    struct run *run;
    bool last;
    char text[1200];
};

static void print_line(hearth_ctx *ctx, void *arg)
{
    struct line *line = arg;
    struct run *run = line->run;

    (void)ctx;
    run->command->print(run->cmd, "%s\n", line->text);
    if (line->last) {
        pthread_join(run->thread, NULL);
        run->command->finish(run->cmd, run->failed == 0 ? HEARTH_OK : HEARTH_EINTERNAL);
        calls_free(run);
        pthread_mutex_destroy(&run->lock);
        free(run);
    }
    free(line);
}

static void report(struct run *run, bool last, const char *fmt, ...)
{
    struct line *line = must(calloc(1, sizeof(*line)));
    va_list args;

    line->run = run;
    line->last = last;
    va_start(args, fmt);
    vsnprintf(line->text, sizeof(line->text), fmt, args);
    va_end(args);
    if (run->loop->post(run->ctx, 0, print_line, line) != HEARTH_OK)
        run_abort(run, "the host does not accept work for loop 0");
}

static void run_checks(struct run *run, const struct check *checks, bool all)
{
    const struct config *conf = run->ctx->conf;
    for (const struct check *check = checks; check->name; check++) {
        if (!all && conf->only.len > 0 && !strstr(check->name, conf->only.ptr))
            continue;
        run->failure[0] = '\0';
        run->check = check->name;
        check->fn(run);
        calls_settle(run);
        if (run->failure[0]) {
            run->failed++;
            report(run, false, "FAIL %s: %s", check->name, run->failure);
        } else {
            run->passed++;
            report(run, false, "ok   %s", check->name);
        }
    }
}

/* A backend may still be connecting when the host has started. */
static void wait_until_reached(struct run *run)
{
    hearth_key key = key_of(run, "reached", "");
    hearth_status status = HEARTH_EUNAVAILABLE;

    for (int i = 0; i < 600 && (status == HEARTH_EUNAVAILABLE || status == HEARTH_ETIMEOUT); i++) {
        if (i > 0)
            nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
        for (uint32_t loop = 0; loop < run->ctx->loops; loop++) {
            status = call_get(run, loop, &key, NULL);
            if (status != HEARTH_ENOTFOUND)
                break;
        }
    }
}

static const struct check *const groups[] = {
    caps_checks, condition_checks, conflict_checks, batch_checks,  transact_checks, query_checks,
    scan_checks, value_checks,     limit_checks,    expiry_checks, race_checks,
};

static bool is_named(const struct check *checks, const char *part)
{
    for (; checks->name; checks++) {
        if (strstr(checks->name, part))
            return true;
    }
    return false;
}

/* A slip in `only` must not look as if everything had passed. */
static void expect_some_check(struct run *run)
{
    const struct config *conf = run->ctx->conf;
    bool found = conf->only.len == 0 || is_named(restart_checks_before, conf->only.ptr) ||
                 is_named(restart_checks_after, conf->only.ptr) ||
                 is_named(kill_checks_after, conf->only.ptr);
    for (size_t i = 0; !found && i < sizeof(groups) / sizeof(groups[0]); i++)
        found = is_named(groups[i], conf->only.ptr);
    if (found)
        return;
    run->failed++;
    report(run, false, "FAIL storage-conformance.only: no check has '%s' in its name",
           conf->only.ptr);
}

static void *run_suite(void *arg)
{
    struct run *run = arg;

    if (run->phase == PHASE_FIRST)
        expect_some_check(run);
    wait_until_reached(run);
    if (run->phase == PHASE_AFTER_RESTART || run->phase == PHASE_BEFORE_KILL)
        run_checks(run, restart_checks_after, true);
    if (run->phase == PHASE_AFTER_KILL)
        run_checks(run, kill_checks_after, true);
    for (size_t i = 0; run->phase == PHASE_FIRST && i < sizeof(groups) / sizeof(groups[0]); i++)
        run_checks(run, groups[i], false);
    if (run->phase == PHASE_FIRST || run->phase == PHASE_BEFORE_KILL)
        run_checks(run, restart_checks_before, true);
    report(run, true, "%u passed, %u failed", run->passed, run->failed);
    return NULL;
}

hearth_status run_start(hearth_ctx *ctx, hearth_cmd *cmd)
{
    struct run *run = calloc(1, sizeof(*run));
    if (!run)
        return HEARTH_ENOMEM;
    run->ctx = ctx;
    run->cmd = cmd;
    run->storage = hearth_storage_get(ctx);
    run->loop = hearth_loop_get(ctx);
    run->command = hearth_command_get(ctx);
    run->caps = run->storage->caps(ctx->host->provider(ctx, HEARTH_STORAGE_ID));
    run->timeout_s = (time_t)(((const struct config *)ctx->conf)->timeout_ms / 1000);
    if (run->command->option(cmd, "after-restart").ptr)
        run->phase = PHASE_AFTER_RESTART;
    if (run->command->option(cmd, "before-kill").ptr)
        run->phase = PHASE_BEFORE_KILL;
    if (run->command->option(cmd, "after-kill").ptr)
        run->phase = PHASE_AFTER_KILL;
    hearth_random_get(ctx)->uuid(ctx, run->name);
    pthread_mutex_init(&run->lock, NULL);
    if (pthread_create(&run->thread, NULL, run_suite, run) != 0) {
        pthread_mutex_destroy(&run->lock);
        free(run);
        return HEARTH_ENOMEM;
    }
    return HEARTH_DEFERRED;
}

/* ---- what checks are written with ---- */

hearth_key key_of(struct run *run, const char *partition, const char *sort)
{
    static _Thread_local char text[8][160];
    static _Thread_local unsigned next;
    char *p = text[next++ % 8];

    snprintf(p, sizeof(text[0]), "%s-%s", run->name, partition);
    return (hearth_key){HEARTH_STR("conformance"), {p, strlen(p)}, {sort, strlen(sort)}};
}

hearth_storage_op put_op(const hearth_key *key, const char *body, uint64_t version,
                         uint32_t condition, uint64_t base)
{
    return (hearth_storage_op){
        .struct_size = sizeof(hearth_storage_op),
        .action = HEARTH_PUT,
        .condition = condition,
        .base_version = base,
        .doc = {.struct_size = sizeof(hearth_doc),
                .key = *key,
                .body = {body, strlen(body)},
                .version = version},
    };
}

hearth_storage_op delete_op(const hearth_key *key, uint32_t condition, uint64_t base)
{
    hearth_storage_op op = put_op(key, "", 0, condition, base);
    op.action = HEARTH_DELETE;
    return op;
}

hearth_storage_op rich_op(const hearth_key *key, uint64_t version)
{
    static _Thread_local char bodies[8][64];
    static _Thread_local unsigned next;
    char *body = bodies[next++ % 8];

    snprintf(body, sizeof(bodies[0]), "{\"n\":%llu,\"rich\":true}", (unsigned long long)version);
    hearth_storage_op op = put_op(key, body, version, HEARTH_IF_ANY, 0);
    op.doc.epoch = 0xfffffffffffffff0u;
    op.doc.write_id = HEARTH_STR("dir/3/7");
    op.doc.expires_ms = 4102444800123;
    return op;
}

int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

hearth_str cursor_at(const struct cursor *cursor)
{
    return (hearth_str){cursor->len > 0 ? cursor->text : NULL, cursor->len};
}

bool cursor_keep(struct cursor *cursor, const struct page *page)
{
    cursor->len = 0;
    if (page->cursor_len > sizeof(cursor->text))
        return false;
    memcpy(cursor->text, page->cursor, page->cursor_len);
    cursor->len = page->cursor_len;
    return true;
}

hearth_storage_outcome write_one(struct run *run, const hearth_storage_op *op)
{
    struct write_result result;
    call_write(run, 0, op, 1, &result);
    results_free(&result, 1);
    return result.outcome;
}

void expect_doc(struct run *run, const hearth_key *key, uint64_t version, const char *body)
{
    struct copy *copy = NULL;
    hearth_status status = call_get(run, 0, key, &copy);

    if (version == 0) {
        if (status != HEARTH_ENOTFOUND)
            run_fail(run, "expected no document, found status %d", status);
    } else if (status != HEARTH_OK) {
        run_fail(run, "expected a document, found status %d", status);
    } else if (copy->doc.version != version) {
        run_fail(run, "expected version %llu, found %llu", (unsigned long long)version,
                 (unsigned long long)copy->doc.version);
    } else if (body && !json_same(copy->doc.body, body)) {
        run_fail(run, "expected body %s, found %" HEARTH_PRIS, body, HEARTH_ARG(copy->doc.body));
    }
    free(copy);
}
