/*
 * watchdog.c - samples what the loops do now. The loops pay for it with three plain stores around
 * a handler and read no clock.
 */
#include "net/watchdog.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"

typedef struct watched {
    hearth_loop *loop;
    uint_fast64_t count;
    uint64_t since_ms;
    bool reported;
    const char *plugin, *route;
} watched;

struct hearth_watchdog {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
    uint64_t warn_ms;
    watchdog_fn fn;
    void *arg;
    uint32_t count;
    watched loops[];
};

static void report(const watched *w, uint64_t held_ms)
{
    log_field fields[] = {LOG_INT("loop", w->loop->index), LOG_INT("ms", held_ms),
                          LOG_STR("holder", str_from(w->plugin ? w->plugin : "host")),
                          LOG_STR("route", str_from(w->route ? w->route : ""))};
    log_context context = {.plugin = "net", .fields = fields, .field_count = HEARTH_COUNT(fields)};
    log_at(LOG_LEVEL_WARN, &context, "%s holds an event loop: route \"%s\"",
           w->plugin ? w->plugin : "host", w->route ? w->route : "");
}

static void look(hearth_watchdog *dog, watched *w, uint64_t now_ms, uint64_t warn_ms)
{
    hearth_loop_activity *now = &w->loop->activity;
    uint_fast64_t count = atomic_load_explicit(&now->count, memory_order_acquire);
    bool awake = atomic_load_explicit(&now->awake, memory_order_acquire);
    if (awake && count == w->count && w->since_ms != 0) {
        if (!w->reported && now_ms - w->since_ms >= warn_ms) {
            w->plugin = atomic_load_explicit(&now->plugin, memory_order_relaxed);
            w->route = atomic_load_explicit(&now->route, memory_order_relaxed);
            w->reported = true;
            report(w, now_ms - w->since_ms);
        }
        return;
    }
    if (w->reported && dog->fn)
        dog->fn(dog->arg, w->loop, w->plugin, w->route, now_ms - w->since_ms);
    w->reported = false;
    w->count = count;
    w->since_ms = awake ? now_ms : 0;
}

static void *run(void *arg)
{
    hearth_watchdog *dog = arg;
    pthread_mutex_lock(&dog->lock);
    while (!dog->stop) {
        uint64_t warn_ms = dog->warn_ms;
        uint64_t nap_ms = warn_ms / 4 > 0 ? warn_ms / 4 : 1;
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        uint64_t ns = (uint64_t)until.tv_nsec + nap_ms % 1000 * 1000000;
        until.tv_sec += (time_t)(nap_ms / 1000 + ns / 1000000000);
        until.tv_nsec = (long)(ns % 1000000000);
        pthread_cond_timedwait(&dog->wake, &dog->lock, &until);
        pthread_mutex_unlock(&dog->lock);
        uint64_t now_ms = clock_mono_ms();
        for (uint32_t i = 0; i < dog->count; i++)
            look(dog, &dog->loops[i], now_ms, warn_ms);
        pthread_mutex_lock(&dog->lock);
    }
    pthread_mutex_unlock(&dog->lock);
    return NULL;
}

hearth_watchdog *watchdog_create(hearth_loop **loops, uint32_t count, uint64_t warn_ms,
                                 watchdog_fn fn, void *arg)
{
    hearth_watchdog *dog = calloc(1, sizeof(*dog) + count * sizeof(dog->loops[0]));
    if (!dog)
        return NULL;
    dog->warn_ms = warn_ms;
    dog->fn = fn;
    dog->arg = arg;
    dog->count = count;
    for (uint32_t i = 0; i < count; i++)
        dog->loops[i].loop = loops[i];
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&dog->lock, NULL);
    pthread_cond_init(&dog->wake, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&dog->thread, NULL, run, dog) == 0)
        return dog;
    pthread_cond_destroy(&dog->wake);
    pthread_mutex_destroy(&dog->lock);
    free(dog);
    return NULL;
}

void watchdog_set_warn(hearth_watchdog *dog, uint64_t warn_ms)
{
    pthread_mutex_lock(&dog->lock);
    dog->warn_ms = warn_ms;
    pthread_mutex_unlock(&dog->lock);
}

void watchdog_destroy(hearth_watchdog *dog)
{
    if (!dog)
        return;
    pthread_mutex_lock(&dog->lock);
    dog->stop = true;
    pthread_cond_signal(&dog->wake);
    pthread_mutex_unlock(&dog->lock);
    pthread_join(dog->thread, NULL);
    pthread_cond_destroy(&dog->wake);
    pthread_mutex_destroy(&dog->lock);
    free(dog);
}
