/*
 * plugin.c - the conformance suite as a plugin: it uses whatever provides hearth.storage/1 and
 * offers the subcommand `conformance storage`, which runs against a live host or one that the tool
 * starts.
 */
#include "run.h"

static hearth_status start_run(hearth_ctx *ctx, hearth_cmd *cmd)
{
    return run_start(ctx, cmd);
}

static const hearth_use uses[] = {
    {HEARTH_STORAGE_ID, sizeof(hearth_storage), HEARTH_REQUIRED, 0},
    {HEARTH_LOOP_ID, sizeof(hearth_loop_api), HEARTH_REQUIRED, 0},
    {HEARTH_COMMAND_ID, sizeof(hearth_command_api), HEARTH_REQUIRED, 0},
    {HEARTH_RANDOM_ID, sizeof(hearth_random), HEARTH_REQUIRED, 0},
    {0},
};

static const hearth_command commands[] = {
    {"conformance storage", "[--after-restart|--before-kill|--after-kill]",
     "Checks every promise of hearth.storage/1 on the enabled backend", start_run},
    {0},
};

static const hearth_conf_field config[] = {
    {"timeout", HEARTH_CONF_DURATION, 0, offsetof(struct config, timeout_ms), "60s", 1000, 3600000,
     NULL, "How long one call may take before the run is given up"},
    {"only", HEARTH_CONF_STR, 0, offsetof(struct config, only), "", 0, 200, NULL,
     "Part of the names of the checks that are to run, besides those of the restart; empty: all"},
    {0},
};

HEARTH_PLUGIN("storage-conformance", "1.0.0", .summary = "Checks a storage backend.", .uses = uses,
              .config = config, .config_size = sizeof(struct config), .commands = commands);
