/*
 * lease.c - a holder counts on the lease from the moment before it asked for it, and for less than
 * the time it asked for; a stranger takes it only after he has seen it unchanged for that whole
 * time on his own monotonic clock. So the holder stops before the stranger starts, whatever the
 * wall clocks say, also after a SIGSTOP. The document is never deleted: its versions only grow.
 *
 * Mode shared has no lease, but does not begin while somebody in mode exclusive holds one.
 */
#include "lease.h"

#include <backoff.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "flush.h"
#include "remove.h"
#include "second.h"

#define ARENA_SIZE 16384
#define RETRY_MS   250
#define WATCH_MS   500

struct lease {
    struct local *local;
    hearth_timer *timer;
    uint64_t version; /* of the document as we know it; 0: none */
    bool held, asking, foreign;
    uint64_t asked_ns;     /* when the write under way was sent */
    uint64_t seen_version; /* of a stranger's, and since when it is unchanged */
    uint64_t seen_since_ms;
    uint32_t failures;
    bool releasing, release_sent, clean;
    void (*released)(struct local *local);
};

static const hearth_key lease_key = {{"leases", 6}, {"hearthd", 7}, {"exclusive", 9}};

static void ask(hearth_ctx *ctx, void *arg);

bool lease_held(hearth_ctx *ctx)
{
    struct shared *shared = shared_of(ctx);
    return shared->clock->mono_ns(ctx) < atomic_load(&shared->lease_until_ns);
}

static uint64_t lease_ms(struct local *local)
{
    return (uint64_t)config_of(local->ctx)->lease;
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

static void won(struct lease *lease)
{
    hearth_ctx *ctx = lease->local->ctx;
    uint64_t margin = lease_ms(lease->local) / 10;

    atomic_store(&shared_of(ctx)->lease_until_ns,
                 lease->asked_ns + (lease_ms(lease->local) - margin) * 1000000);
    lease->failures = 0;
    if (!lease->held) {
        lease->held = true;
        lease->foreign = false;
        tell(lease, open_gate, all_open);
    }
    later(lease, lease_ms(lease->local) / 3);
}

/* Mode shared: nobody holds storage alone, so everybody may write, and for good. */
static void joined(struct lease *lease)
{
    atomic_store(&shared_of(lease->local->ctx)->lease_until_ns, UINT64_MAX);
    lease->held = true;
    tell(lease, open_gate, all_open);
    if (!lease->held)
        later(lease, RETRY_MS);
}

static void lost(struct lease *lease, const char *holder)
{
    hearth_ctx *ctx = lease->local->ctx;
    char reason[400];

    atomic_store(&shared_of(ctx)->lease_until_ns, 0);
    snprintf(reason, sizeof(reason), "storage is held by another hearthd: %s", holder);
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
    uint64_t cap = lease_ms(lease->local) / 10;

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

static hearth_str body(struct lease *lease, hearth_arena *arena)
{
    hearth_ctx *ctx = lease->local->ctx;
    struct shared *shared = shared_of(ctx);
    const hearth_json *json = shared->json;
    hearth_json_writer *w = json->writer(arena, ARENA_SIZE);
    char host[128] = "unknown", when[HEARTH_RFC3339_SIZE];
    hearth_str dir = ctx->host->data_dir(ctx), text = {NULL, 0};
    const char *id = journal_directory(shared->journal);

    if (!w)
        return text;
    gethostname(host, sizeof(host) - 1);
    shared->clock->rfc3339(shared->clock->wall_ms(ctx), when);
    json->object_begin(w);
    json->key(w, HEARTH_STR("directory"));
    json->string(w, (hearth_str){id, strlen(id)});
    json->key(w, HEARTH_STR("host"));
    json->string(w, (hearth_str){host, strlen(host)});
    json->key(w, HEARTH_STR("path"));
    json->string(w, dir);
    json->key(w, HEARTH_STR("pid"));
    json->integer(w, getpid());
    json->key(w, HEARTH_STR("leaseMs"));
    json->integer(w, (int64_t)lease_ms(lease->local));
    json->key(w, HEARTH_STR("renewedAt"));
    json->string(w, (hearth_str){when, strlen(when)});
    json->key(w, HEARTH_STR("released"));
    json->boolean(w, lease->releasing);
    json->object_end(w);
    return json->finish(w, &text) == HEARTH_OK ? text : (hearth_str){NULL, 0};
}

static void written(const hearth_storage_result *const *results, size_t count, void *arg)
{
    struct lease *lease = arg;
    (void)count;

    lease->asking = false;
    if (results[0]->outcome == HEARTH_STORAGE_OK)
        lease->version++;
    if (lease->releasing)
        release_step(lease);
    else if (results[0]->outcome == HEARTH_STORAGE_OK)
        won(lease);
    else if (results[0]->outcome == HEARTH_STORAGE_CONFLICT)
        later(lease, 1); /* read who has it now */
    else
        failed(lease);
    if (results[0]->outcome == HEARTH_STORAGE_CONFLICT)
        lease->version = 0;
    if (results[0]->outcome == HEARTH_STORAGE_OK)
        flush_contact(lease->local, false);
}

static void write_lease(struct lease *lease)
{
    hearth_ctx *ctx = lease->local->ctx;
    struct shared *shared = shared_of(ctx);
    char id[WRITE_ID_SIZE];
    hearth_arena *arena = shared->arena->create(ctx, ARENA_SIZE);
    hearth_str text = arena ? body(lease, arena) : (hearth_str){NULL, 0};

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
static bool lapsed(struct lease *lease, const hearth_doc *doc, char *holder, size_t holder_size)
{
    hearth_ctx *ctx = lease->local->ctx;
    struct shared *shared = shared_of(ctx);
    const hearth_json *json = shared->json;
    const hearth_json_value *root;
    uint64_t now = now_ms(ctx), duration = lease_ms(lease->local);
    bool free_now = false;

    snprintf(holder, holder_size, "unknown");
    hearth_arena *arena = shared->arena->create(ctx, ARENA_SIZE);
    if (arena && json->parse(arena, doc->body, &root, NULL) == HEARTH_OK) {
        hearth_str host = json->as_string(json->get(root, "host"));
        hearth_str path = json->as_string(json->get(root, "path"));
        snprintf(holder, holder_size, "%" HEARTH_PRIS ":%" HEARTH_PRIS " (process %lld)",
                 HEARTH_ARG(host), HEARTH_ARG(path),
                 (long long)json->as_integer(json->get(root, "pid")));
        int64_t theirs = json->as_integer(json->get(root, "leaseMs"));
        if (theirs > 0)
            duration = (uint64_t)theirs;
        free_now = json->as_boolean(json->get(root, "released"));
    }
    if (arena)
        shared->arena->destroy(arena);
    if (lease->seen_version != doc->version) {
        lease->seen_version = doc->version;
        lease->seen_since_ms = now;
    }
    return free_now || now - lease->seen_since_ms >= duration;
}

static void read_done(hearth_status status, const hearth_doc *doc, void *arg)
{
    struct lease *lease = arg;
    uint64_t start, version;
    char holder[300];

    lease->asking = false;
    if (lease->releasing) {
        release_step(lease);
        return;
    }
    if (status != HEARTH_OK && status != HEARTH_ENOTFOUND) {
        failed(lease);
        return;
    }
    lease->version = status == HEARTH_OK ? doc->version : 0;
    bool foreign = status == HEARTH_OK &&
                   !write_id_parse(shared_of(lease->local->ctx), doc->write_id, &start, &version);
    if (foreign && !lapsed(lease, doc, holder, sizeof(holder))) {
        flush_read_contact(lease->local, status);
        lost(lease, holder);
        return;
    }
    if (mode_shared(lease->local->ctx)) {
        flush_read_contact(lease->local, status);
        joined(lease);
        return;
    }
    if (foreign && lease->held) { /* somebody had it meanwhile, and may have written */
        atomic_store(&shared_of(lease->local->ctx)->lease_until_ns, 0);
        lease->held = false;
        tell(lease, shut_gate, all_shut);
    }
    write_lease(lease);
}

static void ask(hearth_ctx *ctx, void *arg)
{
    struct lease *lease = arg;
    struct local *local = local_of(ctx);

    lease->timer = NULL;
    if (lease->asking || lease->releasing)
        return;
    if (lease->held && lease->version > 0) {
        write_lease(lease);
        return;
    }
    lease->asking = true;
    shared_of(ctx)->storage->get(local->storage, &lease_key, read_done, lease);
}

/* ---- life ---- */

bool lease_start(struct local *local)
{
    struct lease *lease = local->lease = calloc(1, sizeof(*lease));
    if (!lease)
        return false;
    lease->local = local;
    local->ctx->host->health(local->ctx, "lease", HEARTH_NOT_READY,
                             "storage has not been reached yet");
    ask(local->ctx, lease);
    return true;
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
