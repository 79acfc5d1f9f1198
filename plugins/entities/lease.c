/*
 * lease.c - a holder counts on the lease from the moment before it asked for it, and for less than
 * the time it asked for; a stranger takes it only after he has seen it unchanged for that whole
 * time on his own monotonic clock. So the holder stops before the stranger starts, whatever the
 * wall clocks say, also after a SIGSTOP. The document is never deleted: its versions only grow.
 *
 * Those in mode shared hold it together: each looks at it in turn, and who finds it as he left it
 * renews it. A version that came since one's last look counts like one's own, from that look on.
 * Nobody knows who is the last, so nobody gives it back; its time is short instead.
 */
#include "lease.h"

#include <backoff.h>
#include <stdio.h>
#include <stdlib.h>

#include "flush.h"
#include "lease_doc.h"
#include "remove.h"
#include "second.h"

#define RETRY_MS 250
#define WATCH_MS 500
#define SHARED_MS                                                                                  \
    30000 /* of mode shared, at most: nothing goes on without storage there anyway                 \
           */

struct lease {
    struct local *local;
    hearth_timer *timer;
    uint64_t duration_ms; /* mode shared: the longest that any of us asked for */
    uint64_t version;     /* of the document as we know it; 0: none */
    bool held, asking, foreign;
    uint64_t asked_ns;     /* when the call under way was sent */
    uint64_t looked_ns;    /* mode shared: when the call that told `version` was sent */
    uint64_t seen_version; /* of a stranger's, and since when it is unchanged */
    uint64_t seen_since_ms;
    uint32_t failures;
    bool releasing, release_sent, clean;
    void (*released)(struct local *local);
};

static void ask(hearth_ctx *ctx, void *arg);

bool lease_held(hearth_ctx *ctx)
{
    struct shared *shared = shared_of(ctx);
    return shared->clock->mono_ns(ctx) < atomic_load(&shared->lease_until_ns);
}

/* ---- what every loop hears ---- */

static void open_gate(hearth_ctx *ctx, void *arg)
{
    struct local *local = local_of(ctx);
    bool was_shut = local->gate == GATE_SHUT;
    (void)arg;
    if (was_shut) { /* somebody else may have written */
        cache_drop(local);
        second_distrust(local);
    }
    gate_set(local, GATE_OPEN);
    remove_resume(local);
    flush_run(local);
}

static void shut_gate(hearth_ctx *ctx, void *arg)
{
    (void)arg;
    gate_set(local_of(ctx), GATE_SHUT);
}

static void all_open(hearth_ctx *ctx, void *arg)
{
    struct lease *lease = arg;
    if (lease->held)
        ctx->host->health(ctx, "lease", HEARTH_HEALTHY, "");
}

static void all_shut(hearth_ctx *ctx, void *arg)
{
    (void)ctx;
    (void)arg;
}

static void tell(struct lease *lease, hearth_loop_fn fn, hearth_loop_fn done)
{
    hearth_ctx *ctx = lease->local->ctx;
    if (shared_of(ctx)->loop->each(ctx, fn, done, lease) != HEARTH_OK) {
        shared_of(ctx)->log->write(ctx, NULL, HEARTH_LOG_ERROR,
                                   "lease: out of memory while telling the loops");
        lease->held = false; /* and asks again */
    }
}

static void later(struct lease *lease, uint64_t delay_ms)
{
    hearth_ctx *ctx = lease->local->ctx;
    shared_of(ctx)->timer->stop(lease->timer);
    lease->timer = shared_of(ctx)->timer->start(ctx, delay_ms, 0, ask, lease);
}

/* ---- outcomes ---- */

static void write_lease(struct lease *lease);

/* Nothing is under way: says so in storage, once, or is done. */
static void release_step(struct lease *lease)
{
    bool ours = lease->held && !mode_shared(lease->local->ctx);
    if (lease->clean && ours && !lease->release_sent) {
        lease->release_sent = true;
        write_lease(lease);
    } else {
        lease->released(lease->local);
    }
}

/* It was ours at `since_ns`. The margin of mode shared is wider: a write that is still queued
 * somewhere at its end would change what a successor in mode exclusive has read already. */
static void won(struct lease *lease, uint64_t since_ns)
{
    hearth_ctx *ctx = lease->local->ctx;
    struct shared *shared = shared_of(ctx);
    uint64_t duration = lease->duration_ms, next = duration / 3, margin = duration / 10;

    if (mode_shared(ctx)) {
        next = duration / 5 - shared->random->below(ctx, (uint32_t)(duration / 20));
        margin = duration / 3;
    }
    atomic_store(&shared->lease_until_ns, since_ns + (duration - margin) * 1000000);
    lease->failures = 0;
    if (!lease->held) {
        lease->held = true;
        lease->foreign = false;
        tell(lease, open_gate, all_open);
    }
    later(lease, next);
}

static void lost(struct lease *lease, const struct lease_doc *theirs)
{
    hearth_ctx *ctx = lease->local->ctx;
    double seconds = (double)theirs->duration_ms / 1000;
    char reason[500];

    atomic_store(&shared_of(ctx)->lease_until_ns, 0);
    if (theirs->shared)
        snprintf(reason, sizeof(reason),
                 "storage is in use in mode shared, and mode exclusive waits until there was no "
                 "sign of anybody for %g s; the last one gave %s",
                 seconds, theirs->holder);
    else
        snprintf(reason, sizeof(reason),
                 "storage is held by another hearthd, which has to be stopped, or to give no sign "
                 "for %g s: %s",
                 seconds, theirs->holder);
    ctx->host->health(ctx, "lease", HEARTH_NOT_READY, reason);
    if (lease->held || !lease->foreign) {
        shared_of(ctx)->log->write(ctx, NULL, HEARTH_LOG_ERROR, "%s", reason);
        tell(lease, shut_gate, all_shut);
    }
    lease->held = false;
    lease->foreign = true;
    later(lease, WATCH_MS);
}

static void failed(struct lease *lease)
{
    hearth_ctx *ctx = lease->local->ctx;
    uint64_t cap = lease->duration_ms / 10;

    if (lease->held || lease->failures > 0) /* a storage that connects just now is no outage */
        flush_contact(lease->local, true);
    if (!lease->held && !lease->foreign)
        ctx->host->health(ctx, "lease", HEARTH_NOT_READY, "storage has not answered yet");
    later(lease, backoff_ms(ctx, RETRY_MS,
                            cap > 2000 ? 2000
                            : cap < 50 ? 50
                                       : cap,
                            lease->failures++));
}

/* ---- writing ---- */

static void written(const hearth_storage_result *const *results, size_t count, void *arg)
{
    struct lease *lease = arg;
    (void)count;

    lease->asking = false;
    if (results[0]->outcome == HEARTH_STORAGE_OK) {
        lease->version++;
        lease->looked_ns = lease->asked_ns;
    }
    if (lease->releasing)
        release_step(lease);
    else if (results[0]->outcome == HEARTH_STORAGE_OK)
        won(lease, lease->asked_ns);
    else if (results[0]->outcome == HEARTH_STORAGE_CONFLICT)
        later(lease, 1); /* read who has it now */
    else
        failed(lease);
    if (results[0]->outcome == HEARTH_STORAGE_CONFLICT && !mode_shared(lease->local->ctx))
        lease->version = 0;
    if (results[0]->outcome == HEARTH_STORAGE_OK)
        flush_contact(lease->local, false);
}

static void write_lease(struct lease *lease)
{
    hearth_ctx *ctx = lease->local->ctx;
    struct shared *shared = shared_of(ctx);
    char id[WRITE_ID_SIZE];
    hearth_arena *arena = shared->arena->create(ctx, LEASE_DOC_ARENA);
    hearth_str text = arena ? lease_doc_body(ctx, arena, lease->duration_ms, lease->releasing)
                            : (hearth_str){NULL, 0};

    if (!text.ptr && lease->releasing) {
        lease->released(lease->local);
    } else if (!text.ptr) {
        failed(lease);
    } else {
        hearth_storage_op op = {
            .struct_size = sizeof(op),
            .action = HEARTH_PUT,
            .condition = lease->version > 0 ? HEARTH_IF_VERSION : HEARTH_IF_ABSENT,
            .base_version = lease->version,
            .doc = {.struct_size = sizeof(hearth_doc),
                    .key = lease_key,
                    .body = text,
                    .version = lease->version + 1,
                    .write_id = write_id_format(shared, journal_start_number(shared->journal),
                                                lease->version + 1, id)}};
        const hearth_storage_op *list = &op;
        lease->asking = true;
        lease->asked_ns = shared->clock->mono_ns(ctx);
        shared->storage->write(lease->local->storage, &list, 1, written, lease);
    }
    if (arena)
        shared->arena->destroy(arena);
}

/* ---- reading ---- */

/* Whether somebody else's lease may be taken: it was released, or has not changed for its time. */
static bool lapsed(struct lease *lease, uint64_t version, const struct lease_doc *theirs)
{
    uint64_t now = now_ms(lease->local->ctx);

    if (lease->seen_version != version) {
        lease->seen_version = version;
        lease->seen_since_ms = now;
    }
    return theirs->released || now - lease->seen_since_ms >= theirs->duration_ms;
}

/* Mode shared, and nobody is in the way: one of us has to renew it, but not each. */
static void share(struct lease *lease, uint64_t version, const struct lease_doc *found)
{
    uint64_t since = lease->looked_ns;
    bool kept = found->shared && found->duration_ms >= lease->duration_ms;
    bool renewed = kept && lease->version > 0 && version != lease->version;

    if (kept)
        lease->duration_ms = found->duration_ms;
    lease->version = version;
    lease->looked_ns = lease->asked_ns;
    if (renewed && lease->asked_ns - since <= lease->duration_ms * 1000000 / 3) {
        flush_read_contact(lease->local, HEARTH_OK);
        won(lease, since);
    } else {
        write_lease(lease);
    }
}

static void read_done(hearth_status status, const hearth_doc *doc, void *arg)
{
    struct lease *lease = arg;
    hearth_ctx *ctx = lease->local->ctx;
    struct lease_doc found = {.released = true};
    uint64_t version = status == HEARTH_OK ? doc->version : 0;

    lease->asking = false;
    if (lease->releasing) {
        release_step(lease);
        return;
    }
    if (status != HEARTH_OK && status != HEARTH_ENOTFOUND) {
        failed(lease);
        return;
    }
    if (status == HEARTH_OK)
        lease_doc_read(ctx, doc, lease->duration_ms, &found);
    bool foreign = status == HEARTH_OK && !(found.shared ? mode_shared(ctx) : found.ours);
    if (foreign && !lapsed(lease, version, &found)) {
        flush_read_contact(lease->local, status);
        lost(lease, &found);
        return;
    }
    if (mode_shared(ctx)) {
        share(lease, version, &found);
        return;
    }
    if (foreign && lease->held) { /* somebody had it meanwhile, and may have written */
        atomic_store(&shared_of(ctx)->lease_until_ns, 0);
        lease->held = false;
        tell(lease, shut_gate, all_shut);
    }
    lease->version = version;
    write_lease(lease);
}

static void ask(hearth_ctx *ctx, void *arg)
{
    struct lease *lease = arg;
    struct local *local = local_of(ctx);

    lease->timer = NULL;
    if (lease->asking || lease->releasing)
        return;
    if (lease->held && lease->version > 0 && !mode_shared(ctx)) {
        write_lease(lease);
        return;
    }
    lease->asking = true;
    lease->asked_ns = shared_of(ctx)->clock->mono_ns(ctx);
    shared_of(ctx)->storage->get(local->storage, &lease_key, read_done, lease);
}

/* ---- life ---- */

bool lease_start(struct local *local)
{
    struct lease *lease = local->lease = calloc(1, sizeof(*lease));
    if (!lease)
        return false;
    lease->local = local;
    lease->duration_ms = (uint64_t)config_of(local->ctx)->lease;
    if (mode_shared(local->ctx) && lease->duration_ms > SHARED_MS)
        lease->duration_ms = SHARED_MS;
    local->ctx->host->health(local->ctx, "lease", HEARTH_NOT_READY,
                             "storage has not been reached yet");
    ask(local->ctx, lease);
    return true;
}

void lease_resume(struct local *local)
{
    struct lease *lease = local->lease;
    if (lease && !lease->timer)
        ask(local->ctx, lease);
}

void lease_release(struct local *local, bool clean, void (*done)(struct local *local))
{
    struct lease *lease = local->lease;
    struct shared *shared = shared_of(local->ctx);

    shared->timer->stop(lease->timer);
    lease->timer = NULL;
    lease->released = done;
    lease->releasing = true;
    lease->clean = clean;
    lease->held = lease->held && lease_held(local->ctx);
    atomic_store(&shared->lease_until_ns, 0);
    if (!lease->asking) /* else its answer goes on with it */
        release_step(lease);
}

void lease_stop(struct local *local)
{
    if (local->lease)
        shared_of(local->ctx)->timer->stop(local->lease->timer);
    free(local->lease);
    local->lease = NULL;
}
