/*
 * enlist.c - puts a new instance into storage: whoever held its address is lost first, then the
 * instance and its claim on the address are written in one transaction. Of two registrations of one
 * address at the same time, one sees the other and replaces it.
 *
 * What a failure leaves behind: the older instance lost, which its successor's registration meant
 * anyway; or, if storage confirmed nothing until the deadline, an instance that nobody knows. It is
 * never heard of and lost after three intervals, or at once when its address registers again.
 */
#include "register.h"

#include "../fleet/holds.h"
#include "../fleet/address.h"

#include <backoff.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define PAUSE_MIN_MS 5
#define PAUSE_MAX_MS 500

static void look_up(struct registration *registration);

static struct registration *registration_of(void *errand)
{
    return errand;
}

/* ---- tokens ---- */

struct issuing {
    void (*done)(char *token, void *arg);
    void *arg;
};

void token_destroy(char *token)
{
    if (token)
        sodium_memzero(token, strlen(token));
    free(token);
}

static void on_issued(hearth_status status, hearth_str token, int64_t expires, void *arg)
{
    struct issuing *issuing = arg;
    char *copy = status == HEARTH_OK ? malloc(token.len + 1) : NULL;
    (void)expires;
    if (copy) {
        memcpy(copy, token.ptr, token.len);
        copy[token.len] = 0;
    }
    issuing->done(copy, issuing->arg);
    free(issuing);
}

void issue_token(struct mm_loop *loop, const char *instance, void (*done)(char *token, void *arg),
                 void *arg)
{
    const struct matchmaking_conf *conf = mm_conf(loop);
    const hearth_token_spec spec = {
        .struct_size = sizeof(spec),
        .subject = str_of(instance),
        .scope = HEARTH_STR("gamesim"),
        .ttl_seconds = (conf->instance_token_ttl_ms + conf->report_window_ms) / 1000};
    struct issuing *issuing = malloc(sizeof(*issuing));
    if (issuing) {
        *issuing = (struct issuing){done, arg};
        if (loop->identity->issue(loop->identity_ctx, &spec, on_issued, issuing) >= 0)
            return;
        free(issuing);
    }
    done(NULL, arg);
}

/* ---- the address ---- */

static void on_pause_over(hearth_ctx *ctx, void *arg)
{
    (void)ctx;
    look_up(arg);
}

/* Looks again at what is there: storage was busy or away, or somebody else was faster. */
static void try_again(struct registration *registration)
{
    struct mm_loop *loop = registration->errand.loop;
    uint64_t delay_ms = backoff_ms(loop->ctx, PAUSE_MIN_MS, PAUSE_MAX_MS, registration->attempts++);
    if (loop->clock->loop_ms(loop->ctx) + delay_ms >= registration->deadline_ms ||
        !loop->timer->start(loop->ctx, delay_ms, 0, on_pause_over, registration))
        errand_fail(&registration->errand, HEARTH_EUNAVAILABLE);
}

static void adopt(struct registration *registration)
{
    struct mm_loop *loop = registration->errand.loop;
    const struct instance *instance = registration->instance;
    struct instance *copy = instance_copy(instance);
    if (copy) /* else it is met by the next refresh */
        fleet_adopt(loop->fleet, copy);
    HEARTH_LOG(loop->log, loop->ctx, NULL, HEARTH_LOG_INFO,
               "instance %s has registered: %s port %u, region %s, version %s, %u sessions of %u",
               instance->id, instance->address, (unsigned)instance->port, instance->region,
               instance->version, (unsigned)instance->game_sims, (unsigned)instance->players);
    errand_answer(&registration->errand, registration_reply);
}

static void on_written(const hearth_storage_result *const *results, size_t count, void *arg)
{
    struct registration *registration = arg;
    struct mm_loop *loop = registration->errand.loop;
    bool written = true;
    for (size_t i = 0; i < count; i++) {
        written = written && results[i]->outcome == HEARTH_STORAGE_OK;
        if (results[i]->outcome == HEARTH_STORAGE_FAILED) {
            HEARTH_LOG(loop->log, loop->ctx, NULL, HEARTH_LOG_ERROR,
                       "instance %s: expected storage to take its registration, found: %s",
                       registration->errand.id,
                       results[i]->error ? results[i]->error : "no reason");
            errand_fail(&registration->errand, HEARTH_EINTERNAL);
            return;
        }
    }
    if (written)
        adopt(registration);
    else
        try_again(registration);
}

/* An address's document is deleted and made again; versions that follow the clock tell the old one
 * from the new. */
static uint64_t next_version(const struct registration *registration)
{
    struct mm_loop *loop = registration->errand.loop;
    uint64_t now = (uint64_t)loop->clock->wall_ms(loop->ctx);
    return now > registration->address_version ? now : registration->address_version + 1;
}

static void write_documents(struct registration *registration)
{
    struct mm_loop *loop = registration->errand.loop;
    const struct instance *instance = registration->instance;
    char bucket[2], text[ADDRESS_TEXT_SIZE], holder[HEARTH_UUID_SIZE + 16];
    hearth_storage_op own = {.struct_size = sizeof(own),
                             .action = HEARTH_PUT,
                             .condition = HEARTH_IF_ABSENT,
                             .doc = {.struct_size = sizeof(own.doc),
                                     .key = instance_key(instance->id, bucket),
                                     .version = 1}};
    hearth_storage_op address = own;
    const hearth_storage_op *ops[] = {&own, &address};
    hearth_arena *arena = loop->arena->create(loop->ctx, DOCUMENT_ARENA);
    if (!arena || instance_write(instance, loop->api.json, arena, &own.doc.body) != HEARTH_OK) {
        loop->arena->destroy(arena);
        errand_fail(&registration->errand, HEARTH_ENOMEM);
        return;
    }
    address_body(instance, holder);
    address.doc.key = address_key(instance, bucket, text);
    address.doc.body = str_of(holder);
    address.doc.version = next_version(registration);
    address.base_version = registration->address_version;
    if (registration->address_version > 0)
        address.condition = HEARTH_IF_VERSION;
    loop->storage->transact(loop->storage_ctx, ops, 2, on_written, registration);
    loop->arena->destroy(arena);
}

/* ---- whoever was there before ---- */

static enum verdict apply_replaced(struct change *change, struct instance *draft, int64_t now_ms)
{
    struct registration *registration = registration_of(change);
    registration->replaces = instance_finish(draft, INSTANCE_LOST, now_ms);
    return registration->replaces ? CHANGED : UNCHANGED;
}

static void on_replaced(struct change *change, hearth_status status, const struct instance *older)
{
    struct registration *registration = registration_of(change);
    struct mm_loop *loop = registration->errand.loop;
    if (status == HEARTH_OK && registration->replaces) {
        loop->metrics->add(loop->metrics->series(loop->ctx, METRIC_LOST, NULL, 0), 1);
        HEARTH_LOG(loop->log, loop->ctx, NULL, HEARTH_LOG_WARNING,
                   "instance %s is lost: another one has registered at %s port %u", older->id,
                   older->address, (unsigned)older->port);
        holds_release_instance(loop, older);
    }
    if (status == HEARTH_OK || status == HEARTH_ENOTFOUND)
        write_documents(registration);
    else
        errand_fail(&registration->errand, status);
}

static void on_address(hearth_status status, const hearth_doc *doc, void *arg)
{
    struct registration *registration = arg;
    struct errand *errand = &registration->errand;
    struct mm_loop *loop = errand->loop;
    registration->address_version = status == HEARTH_OK ? doc->version : 0;
    if (status == HEARTH_ENOTFOUND) {
        write_documents(registration);
    } else if (status == HEARTH_EUNAVAILABLE || status == HEARTH_ETIMEOUT) {
        try_again(registration);
    } else if (status != HEARTH_OK || !address_holder(loop, doc->body, registration->older)) {
        errand_fail(errand, HEARTH_EINTERNAL);
    } else if (strcmp(registration->older, errand->id) == 0) {
        adopt(registration); /* our own write, whose outcome was not known */
    } else {
        errand->change.apply = apply_replaced;
        errand->change.done = on_replaced;
        fleet_change(loop->fleet, registration->older, &errand->change);
    }
}

static void look_up(struct registration *registration)
{
    struct mm_loop *loop = registration->errand.loop;
    char bucket[2], text[ADDRESS_TEXT_SIZE];
    hearth_key key = address_key(registration->instance, bucket, text);
    loop->storage->get(loop->storage_ctx, &key, on_address, registration);
}

static void on_token(char *token, void *arg)
{
    struct registration *registration = arg;
    registration->token = token;
    if (token)
        look_up(registration);
    else
        errand_fail(&registration->errand, HEARTH_EUNAVAILABLE);
}

void enlist(struct errand *errand)
{
    struct registration *registration = registration_of(errand);
    struct mm_loop *loop = errand->loop;
    registration->deadline_ms = loop->clock->loop_ms(loop->ctx) + WORK_DEADLINE_MS;
    issue_token(loop, errand->id, on_token, registration); /* first: a failure leaves nothing */
}
