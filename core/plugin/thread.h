/*
 * thread.h - which thread is this? Debug builds assert the tags [main] and [loop] of the SDK.
 * A thread tells its role once; threads of the task pool and of plugins never do.
 */
#ifndef HEARTH_PLUGIN_THREAD_H
#define HEARTH_PLUGIN_THREAD_H

#include <stdbool.h>

#include <hearth/plugin.h>

#define THREAD_OTHER 0xfffffffeu

extern _Thread_local uint32_t thread_role;

/* A loop's index, or HEARTH_LOOP_MAIN. */
static inline void thread_set_role(uint32_t role)
{
    thread_role = role;
}

/* Names plugin, call and threads on standard error, and aborts. */
_Noreturn void thread_wrong(const char *plugin, const char *call, uint32_t expected);

#ifdef NDEBUG
#define THREAD_ASSERT(plugin_, loop_, call_) ((void)0)
#else
/* The calling thread runs loop `loop_`, or is the main thread for HEARTH_LOOP_MAIN. */
#define THREAD_ASSERT(plugin_, loop_, call_)                                                       \
    do {                                                                                           \
        if (thread_role != (loop_))                                                                \
            thread_wrong((plugin_), (call_), (loop_));                                             \
    } while (0)
#endif

#endif
