/*
 * direct_commit.c - a commit of mode shared: one write, on the condition that the version that was
 * judged is still there. The journal has no part in it, for nothing is acknowledged before storage
 * has it.
 *
 * An answer may be lost, and the repetition finds a newer version. So every document names its
 * newest changes by random nonces: whoever finds his own there was applied, though somebody else
 * has already built upon it.
 */
#include "direct.h"

#include <backoff.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drain.h"
#include "flush.h"

#define RETRY_MS 20

struct direct {
    struct local *local;
    struct entity *entity;
    struct commit *commit; /* NULL: its deadline has passed */
    struct change *change;
    uint64_t base, started_ns;
    uint32_t failures;
    bool flying;
    bool doubtful; /* an earlier attempt may have been applied */
    hearth_timer *retry;
    char nonce[NONCE_SIZE + 1];
    char id[WRITE_ID_SIZE];
};

static void write_now(struct direct *direct);

/* ---- the end ---- */

static void direct_free(struct direct *direct)
{
    struct local *local = direct->local;
    struct entity *entity = direct->entity;

    shared_of(local->ctx)->timer->stop(direct->retry);
    atomic_fetch_sub(&shared_of(local->ctx)->pending, 1);
    local->flying--;
    free(direct->change);
    free(direct);
    entity_unpin(local, entity);
    drain_progress(local);
}

static void end(struct direct *direct, hearth_status status)
{
    struct local *local = direct->local;
    struct shared *shared = shared_of(local->ctx);
    struct entity *entity = direct->entity;

    if (status == HEARTH_OK) {
        entity->view.durable_version = direct->change->version;
        shared->metrics->observe(local->series[METRIC_PERSISTENCE],
                                 (double)(shared->clock->mono_ns(local->ctx) - direct->started_ns) /
                                     1e9);
    } else if (status == HEARTH_ECONFLICT) {
        shared->metrics->add(local->series[METRIC_OVERTAKEN], 1);
    }
    commit_finish(local, entity, status, status == HEARTH_OK);
    direct_free(direct);
}

void direct_abandon(struct direct *direct)
{
    direct->commit = NULL;
    if (!direct->flying)
        direct_free(direct);
}

/* ---- what became of it ---- */

static bool names(hearth_str writes, const char *nonce)
{
    for (size_t i = 0; i + NONCE_SIZE <= writes.len; i += NONCE_SIZE) {
        if (memcmp(writes.ptr + i, nonce, NONCE_SIZE) == 0)
            return true;
    }
    return false;
}

/* OK: storage has our change, or what was built upon it. */
static hearth_status judge(const struct direct *direct, const hearth_doc *current)
{
    struct envelope envelope;

    if (!current)
        return HEARTH_ENOTFOUND;
    if (str_equal(current->write_id, (hearth_str){direct->id, strlen(direct->id)}))
        return HEARTH_OK;
    if (envelope_open(current->body, &envelope) && names(envelope.writes, direct->nonce))
        return HEARTH_OK;
    bool told = current->version - direct->base <= WRITES; /* else ours may be named no more */
    return told || !direct->doubtful ? HEARTH_ECONFLICT : HEARTH_ETIMEOUT;
}

static void retry_now(hearth_ctx *ctx, void *arg)
{
    struct direct *direct = arg;
    direct->retry = NULL;
    if (lease_held(ctx))
        write_now(direct);
    else /* who writes meanwhile does not name our change */
        end(direct, HEARTH_ETIMEOUT);
}

static void put_off(struct direct *direct)
{
    struct local *local = direct->local;
    uint64_t delay = backoff_ms(local->ctx, RETRY_MS, 1000, direct->failures++);

    direct->doubtful = true;
    shared_of(local->ctx)->metrics->add(local->series[METRIC_FAILURES], 1);
    direct->retry = shared_of(local->ctx)->timer->start(local->ctx, delay, 0, retry_now, direct);
    if (!direct->retry)
        end(direct, HEARTH_ETIMEOUT);
}

static void refused(struct direct *direct, const char *error)
{
    struct local *local = direct->local;
    hearth_key key = direct->entity->view.key;

    shared_of(local->ctx)
        ->log->write(local->ctx, NULL, HEARTH_LOG_ERROR,
                     "%" HEARTH_PRIS "/%" HEARTH_PRIS "/%" HEARTH_PRIS
                     " version %llu: storage refuses it: %s",
                     HEARTH_ARG(key.collection), HEARTH_ARG(key.partition), HEARTH_ARG(key.sort),
                     (unsigned long long)direct->change->version, error ? error : "no reason");
    end(direct, direct->doubtful ? HEARTH_ETIMEOUT : HEARTH_EINTERNAL);
}

static void written(const hearth_storage_result *const *results, size_t count, void *arg)
{
    struct direct *direct = arg;
    struct local *local = direct->local;
    hearth_storage_outcome outcome = results[0]->outcome;
    (void)count;

    direct->flying = false;
    flush_contact(local, outcome == HEARTH_STORAGE_RETRY);
    if (!direct->commit)
        direct_free(direct);
    else if (outcome == HEARTH_STORAGE_OK)
        end(direct, HEARTH_OK);
    else if (outcome == HEARTH_STORAGE_CONFLICT)
        end(direct, judge(direct, results[0]->current));
    else if (outcome == HEARTH_STORAGE_FAILED)
        refused(direct, results[0]->error);
    else
        put_off(direct);
}

/* ---- writing ---- */

static void write_now(struct direct *direct)
{
    struct change *change = direct->change;
    hearth_storage_op op = {.struct_size = sizeof(op),
                            .action = HEARTH_PUT,
                            .condition = HEARTH_IF_VERSION,
                            .base_version = direct->base,
                            .doc = {.struct_size = sizeof(hearth_doc),
                                    .key = direct->entity->view.key,
                                    .body = change->body,
                                    .version = change->version,
                                    .write_id = {direct->id, strlen(direct->id)}}};
    const hearth_storage_op *list = &op;

    direct->flying = true;
    shared_of(direct->local->ctx)
        ->storage->write(direct->local->storage, &list, 1, written, direct);
}

/* ---- the beginning ---- */

/* The newest changes of the document that the commit is for, and this one. */
static hearth_str name_writes(const struct direct *direct, char out[WRITES_SIZE])
{
    const char *old = direct->entity->writes ? direct->entity->writes : "";
    size_t len = strlen(old);
    size_t keep = len < WRITES_SIZE - NONCE_SIZE ? len : WRITES_SIZE - NONCE_SIZE;

    memcpy(out, old + len - keep, keep);
    memcpy(out + keep, direct->nonce, NONCE_SIZE);
    return (hearth_str){out, keep + NONCE_SIZE};
}

struct direct *direct_create(struct local *local, struct commit *commit, hearth_str body)
{
    struct shared *shared = shared_of(local->ctx);
    struct entity *entity = commit->entity;
    struct direct *direct = calloc(1, sizeof(*direct));
    char writes[WRITES_SIZE];
    uint64_t random;

    if (!direct)
        return NULL;
    shared->random->bytes(local->ctx, &random, sizeof(random));
    snprintf(direct->nonce, sizeof(direct->nonce), "%016llx", (unsigned long long)random);
    direct->local = local;
    direct->entity = entity;
    direct->change =
        change_create(local, entity, commit->version, entity->collection->def.body_version, body,
                      commit->receipts, name_writes(direct, writes));
    if (!direct->change) {
        free(direct);
        return NULL;
    }
    direct->commit = commit;
    direct->base = entity->view.version;
    hearth_str id = write_id_format(shared, direct->change->start, commit->version, direct->id);
    snprintf(direct->id + id.len, sizeof(direct->id) - id.len, "/%s", direct->nonce);
    return direct;
}

void direct_begin(struct direct *direct)
{
    struct local *local = direct->local;

    direct->started_ns = shared_of(local->ctx)->clock->mono_ns(local->ctx);
    local->flying++;
    entity_pin(local, direct->entity);
    write_now(direct);
}
