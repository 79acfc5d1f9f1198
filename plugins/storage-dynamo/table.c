/*
 * table.c - a read of a key that nobody has shows all that can be wrong: no network, no right, no
 * table, a table with other keys. It needs no right that the plugin does not need anyway.
 */
#include "table.h"

#include <backoff.h>
#include <stdio.h>
#include <stdlib.h>

#include "request.h"

#define BACKOFF_MS     100
#define BACKOFF_MAX_MS 5000
#define BODY_MAX       4096

struct table {
    hearth_ctx *ctx;
    bool healthy, known, closing;
    bool looking; /* a request of ours is on its way */
    bool made;    /* by us: its expiry has to be switched on */
    unsigned attempts;
    hearth_timer *timer;
};

static void look(hearth_ctx *ctx, void *arg);

bool table_healthy(const struct table *table)
{
    return table->healthy;
}

static void look_later(struct table *table)
{
    if (table->closing || table->timer || table->looking)
        return;
    table->timer =
        shared_of(table->ctx)
            ->timer->start(table->ctx,
                           backoff_ms(table->ctx, BACKOFF_MS, BACKOFF_MAX_MS, table->attempts++), 0,
                           look, table);
}

static void became(struct table *table, bool healthy, const char *error)
{
    const struct shared *shared = shared_of(table->ctx);
    bool changed = healthy != table->healthy || !table->known;

    if (changed && !healthy && !table->closing)
        HEARTH_LOG(shared->log, table->ctx, NULL, HEARTH_LOG_ERROR, "%s", error);
    if (changed && healthy && table->known)
        HEARTH_LOG(shared->log, table->ctx, NULL, HEARTH_LOG_INFO, "dynamodb is back");
    if (changed || !healthy)
        table->ctx->host->health(table->ctx, "storage", healthy ? HEARTH_HEALTHY : HEARTH_DEGRADED,
                                 healthy ? "" : error);
    table->known = true;
    table->healthy = healthy;
    if (healthy)
        table->attempts = 0;
    else
        look_later(table);
}

void table_heard(struct table *table, enum outcome outcome, const char *error)
{
    switch (outcome) {
    case OUTCOME_OK:
    case OUTCOME_CONDITION:
    case OUTCOME_DUPLICATE:
    case OUTCOME_CONTENTION:
        became(table, true, "");
        break;
    case OUTCOME_CREDENTIALS:
    case OUTCOME_FORBIDDEN:
    case OUTCOME_NO_TABLE:
    case OUTCOME_NOT_SENT:
    case OUTCOME_UNKNOWN:
        became(table, false, error);
        break;
    case OUTCOME_THROTTLED: /* is tried again first */
    case OUTCOME_FINAL:
    case OUTCOME_COUNT:
        break;
    }
}

void table_throttled(struct table *table, const char *error)
{
    became(table, false, error);
}

/* ---- making it ---- */

static void on_expiry(hearth_ctx *ctx, const struct answer *answer, void *arg)
{
    struct table *table = arg;

    (void)ctx;
    table->looking = false;
    table->made = answer->outcome != OUTCOME_OK && answer->outcome != OUTCOME_FINAL;
    if (table->made)
        look_later(table);
    else
        requests_open(local_of(ctx)->requests);
}

static void on_created(hearth_ctx *ctx, const struct answer *answer, void *arg)
{
    struct table *table = arg;

    if (answer->outcome == OUTCOME_OK)
        HEARTH_LOG(shared_of(ctx)->log, ctx, NULL, HEARTH_LOG_INFO, "table %s is being made",
                   shared_of(ctx)->table);
    table->looking = false;
    table->made = table->made || answer->outcome == OUTCOME_OK;
    if (answer->outcome != OUTCOME_OK && answer->outcome != OUTCOME_NO_TABLE)
        requests_open(local_of(ctx)->requests); /* they will be told why */
    look_later(table);
}

static void create(struct table *table)
{
    struct text body = {.max = BODY_MAX};

    text_literal(&body, "{\"TableName\":\"");
    text_literal(&body, shared_of(table->ctx)->table);
    text_literal(&body, "\",\"BillingMode\":\"PAY_PER_REQUEST\",\"AttributeDefinitions\":["
                        "{\"AttributeName\":\"pk\",\"AttributeType\":\"S\"},"
                        "{\"AttributeName\":\"sk\",\"AttributeType\":\"S\"}],\"KeySchema\":["
                        "{\"AttributeName\":\"pk\",\"KeyType\":\"HASH\"},"
                        "{\"AttributeName\":\"sk\",\"KeyType\":\"RANGE\"}]}");
    table->looking = true;
    request_send(table->ctx, OPERATION_CREATE_TABLE, REQUEST_FIRST, &body, on_created, table);
}

static void enable_expiry(struct table *table)
{
    struct text body = {.max = BODY_MAX};

    text_literal(&body, "{\"TableName\":\"");
    text_literal(&body, shared_of(table->ctx)->table);
    text_literal(&body, "\",\"TimeToLiveSpecification\":{\"AttributeName\":\"ttl\","
                        "\"Enabled\":true}}");
    table->looking = true;
    request_send(table->ctx, OPERATION_EXPIRY, REQUEST_FIRST, &body, on_expiry, table);
}

/* ---- looking ---- */

static void on_look(hearth_ctx *ctx, const struct answer *answer, void *arg)
{
    const struct config *conf = ctx->conf;
    struct table *table = arg;

    table->looking = false;
    if (table->closing)
        return;
    if (answer->outcome == OUTCOME_NO_TABLE && conf->create_table && !table->made) {
        create(table); /* all loops do, one succeeds, the others find it in use */
        return;
    }
    if (answer->outcome == OUTCOME_OK && table->made) {
        enable_expiry(table);
        return;
    }
    if (answer->outcome == OUTCOME_FINAL)
        became(table, false, answer->error); /* its keys are not pk and sk */
    if (answer->outcome != OUTCOME_NO_TABLE || !conf->create_table)
        requests_open(local_of(ctx)->requests);
    if (answer->outcome == OUTCOME_NO_TABLE || !table->healthy)
        look_later(table);
}

static void look(hearth_ctx *ctx, void *arg)
{
    struct table *table = arg;
    struct text body = {.max = BODY_MAX};

    table->timer = NULL;
    if (table->looking || table->closing)
        return;
    text_literal(&body, "{\"TableName\":\"");
    text_literal(&body, shared_of(ctx)->table);
    text_literal(&body, "\",\"Key\":{\"pk\":{\"S\":\"#\"},\"sk\":{\"S\":\"#\"}}}");
    table->looking = true;
    request_send(ctx, OPERATION_GET, REQUEST_FIRST, &body, on_look, table);
}

struct table *table_create(hearth_ctx *ctx)
{
    struct table *table = calloc(1, sizeof(*table));

    if (!table)
        return NULL;
    table->ctx = ctx;
    table->timer = shared_of(ctx)->timer->start(ctx, 0, 0, look, table);
    if (table->timer)
        return table;
    free(table);
    return NULL;
}

void table_close(struct table *table)
{
    table->closing = true;
    shared_of(table->ctx)->timer->stop(table->timer);
    table->timer = NULL;
}

void table_destroy(struct table *table)
{
    if (!table)
        return;
    shared_of(table->ctx)->timer->stop(table->timer);
    free(table);
}
