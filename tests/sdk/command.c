/* command.c - hearth.command/1: says back what it was given; now, later, or not at all. */
#include <hearth/command.h>
#include <hearth/timer.h>

#include "check.h"

static hearth_status echo(hearth_ctx *ctx, hearth_cmd *cmd)
{
    const hearth_command_api *api = hearth_command_get(ctx);
    for (size_t i = 0; api->argument(cmd, i).ptr; i++)
        api->print(cmd, "%zu=%.*s", i, HEARTH_ARG(api->argument(cmd, i)));
    api->print(cmd, "scope=%.*s", HEARTH_ARG(api->option(cmd, "scope")));
    api->print(cmd, "force=%s", api->option(cmd, "force").ptr ? "yes" : "no");
    return HEARTH_OK;
}

static hearth_status secret(hearth_ctx *ctx, hearth_cmd *cmd)
{
    const hearth_command_api *api = hearth_command_get(ctx);
    hearth_str input = api->input(cmd);
    if (!input.ptr) {
        api->fail(cmd, "expected input");
        return HEARTH_EINVAL;
    }
    api->print(cmd, "%zu bytes", input.len);
    return HEARTH_OK;
}

static void over(hearth_ctx *ctx, void *arg)
{
    hearth_command_get(ctx)->print(arg, "later");
    hearth_command_get(ctx)->finish(arg, HEARTH_OK);
}

static hearth_status later(hearth_ctx *ctx, hearth_cmd *cmd)
{
    return hearth_timer_get(ctx)->start(ctx, 50, 0, over, cmd) ? HEARTH_DEFERRED : HEARTH_ENOMEM;
}

static hearth_status refuse(hearth_ctx *ctx, hearth_cmd *cmd)
{
    hearth_command_get(ctx)->fail(cmd, "it is not to be");
    return HEARTH_ECONFLICT;
}

static const hearth_use uses[] = {
    USE(HEARTH_COMMAND_ID, hearth_command_api), USE(HEARTH_TIMER_ID, hearth_timer_api), {0}};
static const hearth_command commands[] = {
    {"test echo", "WORD... [--scope SCOPE] [--force]", "Says it back", echo},
    {"test secret", "", "Reads its input", secret},
    {"test later", "", "Ends after a while", later},
    {"test refuse", "", "Fails", refuse},
    {0}};
HEARTH_PLUGIN("sdk-command", "1.0.0", .uses = uses, .commands = commands);
