/* thread.c - see thread.h. */
#include "plugin/thread.h"

#include <stdio.h>
#include <stdlib.h>

_Thread_local uint32_t thread_role = THREAD_OTHER;

static void describe(uint32_t role, char *out, size_t size)
{
    if (role == HEARTH_LOOP_MAIN)
        (void)snprintf(out, size, "the main thread");
    else if (role == THREAD_OTHER)
        (void)snprintf(out, size, "a thread that is no loop");
    else
        (void)snprintf(out, size, "loop %u", role);
}

void thread_wrong(const char *plugin, const char *call, uint32_t expected)
{
    char wanted[40], found[40];
    describe(expected, wanted, sizeof(wanted));
    describe(thread_role, found, sizeof(found));
    (void)fprintf(stderr, "hearth: %s: %s called on the wrong thread: expected %s, found %s\n",
                  plugin, call, wanted, found);
    abort();
}
