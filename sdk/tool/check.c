/*
 * check.c - `hearth check`: the very code that hearthd checks its configuration with.
 */
#include "tool.h"

#include <stdio.h>

int tool_check(const tool *t)
{
    hearth_status status = host_check(t->options, tool_complain, NULL);
    if (status != HEARTH_OK)
        return status == HEARTH_EINVAL ? TOOL_USAGE : TOOL_FAILED;
    printf("%s: ok\n", t->options->config);
    return TOOL_OK;
}
