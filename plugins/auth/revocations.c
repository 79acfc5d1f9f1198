/*
 * revocations.c - see revocations.h.
 */
#include "revocations.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ended.h"
#include "spread.h"
#include "text.h"
#include "token.h"

#define PAGE          500
#define MINUTE_MS     60000
#define CURSOR_MAX    2048
#define FIRST_WAIT    100
#define PARTITION_MAX 32

struct revocations {
    hearth_ctx *ctx;
    hearth_timer *timer;
    int loaded, stopped;
    unsigned failures;
    int64_t minute, last_minute; /* being read, and where this round ends */
    int64_t read_minute;         /* read so far */
    char cursor[CURSOR_MAX];
    size_t cursor_len;
};

static void start_round(struct revocations *revocations);

static void partition_of(int64_t minute, char out[PARTITION_MAX])
{
    snprintf(out, PARTITION_MAX, "minute-%lld", (long long)minute);
}

static int64_t minute_now(hearth_ctx *ctx)
{
    return shared_of(ctx)->clock->wall_ms(ctx) / MINUTE_MS;
}

static void on_timer(hearth_ctx *ctx, void *arg)
{
    (void)ctx;
    struct revocations *revocations = arg;
    revocations->timer = NULL;
    start_round(revocations);
}

static void end_round(struct revocations *revocations, int good)
{
    hearth_ctx *ctx = revocations->ctx;
    struct shared *shared = shared_of(ctx);
    /* Half of it, so that the pause and the reading together stay within what was promised. */
    uint64_t wait = (uint64_t)config_of(ctx)->revocation_interval / 2;

    if (good) {
        revocations->failures = 0;
        revocations->read_minute = revocations->last_minute - 1;
        revocations->loaded = 1;
        auth_note_loaded(ctx);
    } else {
        unsigned doublings = revocations->failures < 6 ? revocations->failures : 6;
        uint64_t backoff = (uint64_t)FIRST_WAIT << doublings;
        revocations->failures++;
        wait = backoff < wait ? backoff : wait;
        wait = wait / 2 + shared->random->below(ctx, (uint32_t)(wait / 2 + 1));
    }
    if (!revocations->stopped)
        revocations->timer = shared->timer->start(ctx, wait, 0, on_timer, revocations);
    auth_release(ctx);
}

static void read_page(struct revocations *revocations);

static void next_page(struct revocations *revocations)
{
    if (revocations->cursor_len == 0) {
        if (!revocations->loaded || revocations->minute >= revocations->last_minute) {
            end_round(revocations, 1);
            return;
        }
        revocations->minute++;
    }
    read_page(revocations);
}

static void page_spread(hearth_ctx *ctx, hearth_status status, void *arg)
{
    (void)ctx;
    if (status == HEARTH_OK)
        next_page(arg);
    else
        end_round(arg, 0);
}

/* Those of a page that this loop has not heard of; -1: out of memory. */
static int news_of(hearth_ctx *ctx, const hearth_doc *const *docs, size_t count,
                   struct ended_session **out)
{
    int news = 0;

    *out = malloc((count ? count : 1) * sizeof(**out));
    for (size_t i = 0; *out && i < count; i++) {
        hearth_str session = docs[i]->key.sort;
        if (session.len == 0 || session.len > SID_MAX || ended_has(local_of(ctx)->ended, session))
            continue;
        struct ended_session *one = &(*out)[news++];
        memcpy(one->session, session.ptr, session.len);
        one->session[session.len] = '\0';
        one->until_ms = docs[i]->expires_ms;
    }
    return *out ? news : -1;
}

static void page_read(hearth_status status, const hearth_doc *const *docs, size_t count,
                      hearth_str cursor, void *arg)
{
    struct revocations *revocations = arg;
    hearth_ctx *ctx = revocations->ctx;
    struct ended_session *sessions = NULL;

    if (status != HEARTH_OK || cursor.len > CURSOR_MAX) {
        end_round(revocations, 0);
        return;
    }
    if (cursor.len > 0)
        memcpy(revocations->cursor, cursor.ptr, cursor.len);
    revocations->cursor_len = cursor.len;
    int news = news_of(ctx, docs, count, &sessions);
    if (news == 0)
        next_page(revocations);
    else if (news < 0 || spread_ended(ctx, sessions, (size_t)news, page_spread, revocations))
        end_round(revocations, 0);
    free(sessions);
}

static void read_page(struct revocations *revocations)
{
    struct local *local = local_of(revocations->ctx);
    const hearth_storage *storage = shared_of(revocations->ctx)->storage;
    hearth_str cursor = {revocations->cursor, revocations->cursor_len};
    hearth_str collection = HEARTH_STR("auth.revocations");
    char partition[PARTITION_MAX];

    if (!revocations->loaded) {
        storage->scan(local->storage, collection, PAGE, cursor, page_read, revocations);
        return;
    }
    partition_of(revocations->minute, partition);
    storage->query(local->storage, collection, text_of(partition), HEARTH_STR(""), PAGE, cursor,
                   page_read, revocations);
}

/* A minute more on both sides: clocks of two instances differ, and a write takes its time. */
static void start_round(struct revocations *revocations)
{
    hearth_ctx *ctx = revocations->ctx;

    revocations->minute = revocations->read_minute - 1;
    revocations->last_minute = minute_now(ctx) + 1;
    revocations->cursor_len = 0;
    auth_hold(ctx);
    read_page(revocations);
}

hearth_status revocations_write(hearth_ctx *ctx, hearth_str user, hearth_str session,
                                int64_t until_ms, store_fn done, void *arg)
{
    char partition[PARTITION_MAX], body[USER_MAX + 32];

    partition_of(minute_now(ctx), partition);
    /* A subject has no character that JSON would escape. */
    int len = snprintf(body, sizeof(body), "{\"user\":\"%" HEARTH_PRIS "\"}", HEARTH_ARG(user));
    hearth_storage_op op = {
        .struct_size = sizeof(op),
        .action = HEARTH_PUT,
        .doc = {.struct_size = sizeof(hearth_doc),
                .key = {HEARTH_STR("auth.revocations"), text_of(partition), session},
                .body = {body, (size_t)len},
                .version = 1,
                .expires_ms = until_ms}};
    return store_write(ctx, &op, done, arg);
}

struct revocations *revocations_create(hearth_ctx *ctx)
{
    struct revocations *revocations = calloc(1, sizeof(*revocations));
    if (!revocations)
        return NULL;
    revocations->ctx = ctx;
    revocations->read_minute = minute_now(ctx);
    revocations->timer = shared_of(ctx)->timer->start(ctx, 0, 0, on_timer, revocations);
    if (!revocations->timer) {
        free(revocations);
        return NULL;
    }
    return revocations;
}

void revocations_stop(struct revocations *revocations)
{
    revocations->stopped = 1;
    shared_of(revocations->ctx)->timer->stop(revocations->timer);
    revocations->timer = NULL;
}

void revocations_destroy(struct revocations *revocations)
{
    if (!revocations)
        return;
    revocations_stop(revocations);
    free(revocations);
}

int revocations_loaded(const struct revocations *revocations)
{
    return revocations->loaded;
}
