/*
 * plugin.c - storage-faulty: hearth.storage/1 over documents in memory and a log, with faults on
 * command (faults.h) and promises that it can be told to break (`bug`). Only for tests; without
 * either it keeps every promise of the service.
 */
#include "faulty.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const hearth_storage_caps *caps(hearth_ctx *ctx)
{
    return &((struct shared *)ctx->shared)->caps;
}

static int healthy(hearth_ctx *ctx)
{
    return ((struct local *)ctx->state)->healthy;
}

/* ---- life ---- */

static void close_plugin(hearth_ctx *ctx)
{
    struct shared *shared = ctx->shared;
    documents_finish(&shared->documents);
    free(shared);
}

static void set_caps(const hearth_ctx *ctx, hearth_storage_caps *caps)
{
    const char *bug = bug_of_kind(ctx, "caps");
    if (!bug)
        return;
    if (strcmp(bug, "size") == 0)
        caps->struct_size = 0;
    else if (strcmp(bug, "name") == 0)
        caps->name = NULL;
    else if (strcmp(bug, "identity") == 0)
        caps->identity = "";
    else if (strcmp(bug, "body") == 0)
        caps->max_body = 1000;
    else if (strcmp(bug, "transact") == 0)
        caps->max_transact = 4;
    else if (strcmp(bug, "batch") == 0)
        caps->max_batch = 0;
    else if (strcmp(bug, "not-enforced") == 0)
        caps->max_body = 2 * HEARTH_STORAGE_MAX_BODY; /* and every body over the minimum FAILED */
    else if (strcmp(bug, "too-much") == 0)
        caps->max_transact = 4 * MAX_TRANSACT;
}

static hearth_status open_plugin(hearth_ctx *ctx)
{
    struct shared *shared = ctx->shared = calloc(1, sizeof(*shared));
    hearth_str dir = ctx->host->data_dir(ctx);

    if (!shared)
        return HEARTH_ENOMEM;
    snprintf(shared->log_path, sizeof(shared->log_path), "%.*s/documents.log", HEARTH_ARG(dir));
    snprintf(shared->faults_path, sizeof(shared->faults_path), "%.*s/faults", HEARTH_ARG(dir));
    snprintf(shared->identity, sizeof(shared->identity), "faulty:here");
    shared->caps = (hearth_storage_caps){.struct_size = sizeof(hearth_storage_caps),
                                         .max_transact = MAX_TRANSACT,
                                         .max_body = HEARTH_STORAGE_MAX_BODY,
                                         .max_batch = 64,
                                         .name = "faulty",
                                         .identity = shared->identity};
    set_caps(ctx, &shared->caps);
    if (documents_init(&shared->documents, shared->log_path, bug_of_kind(ctx, "forgets")) == 0)
        return HEARTH_OK;
    hearth_log_get(ctx)->write(ctx, NULL, HEARTH_LOG_ERROR, "%s: %s", shared->log_path,
                               strerror(errno));
    close_plugin(ctx);
    return HEARTH_EINTERNAL;
}

static hearth_status start(hearth_ctx *ctx)
{
    struct local *local = ctx->state = calloc(1, sizeof(*local));
    if (!local)
        return HEARTH_ENOMEM;
    local->healthy = 1;
    return HEARTH_OK;
}

static hearth_status drain(hearth_ctx *ctx)
{
    struct local *local = ctx->state;
    local->draining = local->answers > 0;
    return local->draining ? HEARTH_DEFERRED : HEARTH_OK;
}

static void stop(hearth_ctx *ctx)
{
    struct local *local = ctx->state;
    storage_rows_free(local->seen);
    free(local);
}

static const hearth_conf_field config[] = {
    {"bug", HEARTH_CONF_STR, 0, offsetof(struct config, bug), "", 0, 64, NULL,
     "Promise of the service that is broken"},
    {0},
};

static const hearth_storage storage = {.struct_size = sizeof(hearth_storage),
                                       .get = faulty_get,
                                       .query = faulty_query,
                                       .scan = faulty_scan,
                                       .write = faulty_write,
                                       .transact = faulty_transact,
                                       .caps = caps,
                                       .healthy = healthy};

HEARTH_PLUGIN(
    "storage-faulty", "1.0.0", .summary = "Storage that fails on command, for tests.",
    .uses = (const hearth_use[]){{HEARTH_LOG_ID, sizeof(hearth_log), HEARTH_REQUIRED, 0},
                                 {HEARTH_LOOP_ID, sizeof(hearth_loop_api), HEARTH_REQUIRED, 0},
                                 {HEARTH_CLOCK_ID, sizeof(hearth_clock), HEARTH_REQUIRED, 0},
                                 {HEARTH_TIMER_ID, sizeof(hearth_timer_api), HEARTH_REQUIRED, 0},
                                 {HEARTH_JSON_ID, sizeof(hearth_json), HEARTH_REQUIRED, 0},
                                 {HEARTH_ARENA_ID, sizeof(hearth_arena_api), HEARTH_REQUIRED, 0},
                                 {0}},
    .provides = (const hearth_provide[]){{HEARTH_STORAGE_ID, &storage}, {0}}, .config = config,
    .config_size = sizeof(struct config), .open = open_plugin, .start = start, .drain = drain,
    .stop = stop, .close = close_plugin);
