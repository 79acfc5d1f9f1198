/*
 * fake.h - what the files of the fake host share. One struct per host, one fake_ctx per plugin and
 * loop; "loops" are numbers, and everything runs in the test's thread, one thing after another.
 */
#ifndef HEARTH_TESTING_FAKE_H
#define HEARTH_TESTING_FAKE_H

#include <hearth/testing.h>

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>

typedef struct fake_plugin fake_plugin;
typedef struct fake_ctx fake_ctx;

struct fake_ctx {
    hearth_ctx pub; /* first: a hearth_ctx * is a fake_ctx * */
    hearth_test_host *host;
    fake_plugin *plugin;
    bool stopped; /* this loop's stop has run */
    bool draining, drained;
    void (*on_collect)(hearth_ctx *ctx);
};

/* A plugin, a scripted service, or the test itself (desc NULL for both). */
struct fake_plugin {
    fake_plugin *next;
    const hearth_plugin_desc *desc;
    const char *id;
    char *provides; /* a scripted service's id and table */
    const void *table;
    void *shared;
    char **overrides; /* "key=value" */
    size_t override_count;
    void *conf;
    struct fake_block *conf_blocks; /* every configuration it ever had; freed at the end */
    fake_ctx main;
    fake_ctx *loops;
    bool opened, ordered, visiting;
    uint32_t started;
};

/* One malloc in a list of its own, freed with it. */
typedef struct fake_block {
    struct fake_block *next;
    _Alignas(16) char data[];
} fake_block;

typedef struct fake_cleanup {
    struct fake_cleanup *next;
    void (*fn)(void *arg);
    void *arg;
} fake_cleanup;

struct hearth_arena {
    hearth_test_host *host;
    struct hearth_arena *next; /* those made by create() */
    fake_block *blocks;
    fake_cleanup *cleanups;
    size_t used, ceiling;
    fake_plugin *owner;
};

typedef struct fake_work {
    struct fake_work *next;
    hearth_ctx *ctx;
    hearth_loop_fn fn;
    void *arg;
} fake_work;

struct hearth_timer {
    struct hearth_timer *next;
    hearth_ctx *ctx;
    uint64_t due_ns, repeat_ms;
    hearth_timer_fn fn;
    void *arg;
    bool running, stopped;
};

typedef struct fake_task {
    struct fake_task *next;
    hearth_ctx *ctx;
    void (*work)(void *arg);
    hearth_loop_fn done;
    void *arg;
} fake_task;

struct hearth_poll {
    struct hearth_poll *next;
    hearth_ctx *ctx;
    int fd;
    uint32_t events;
    hearth_poll_fn fn;
    void *arg;
    bool stopped;
};

typedef struct fake_text {
    struct fake_text *next;
    int level;
    char text[];
} fake_text;

typedef struct fake_report {
    struct fake_report *next;
    fake_ctx *ctx;
    char *component, *reason;
    hearth_health state;
} fake_report;

typedef struct fake_route {
    fake_plugin *plugin;
    hearth_route row;
} fake_route;

typedef struct fake_hook {
    fake_plugin *plugin;
    hearth_hook row;
} fake_hook;

typedef struct fake_exporter {
    struct fake_exporter *next;
    hearth_ctx *ctx;
    void (*fn)(hearth_ctx *ctx, const hearth_span_record *span, void *arg);
    void *arg;
} fake_exporter;

struct hearth_test_host {
    hearth_test_options options;
    char *data_dir;
    bool own_data_dir, running, stopping;
    char error[512];
    uint32_t loops;
    uint32_t current; /* the loop whose code runs now */
    pthread_t thread;

    fake_plugin *plugins, *own; /* plugins: in order of opening once started */
    fake_route *routes;
    size_t route_count;
    fake_hook *hooks;
    size_t hook_count;

    pthread_mutex_t lock; /* over work, tasks, task counts, random and log: used by any thread */
    pthread_cond_t task_ready;
    fake_work *work_first, *work_last;
    fake_task *task_first, *task_last;
    size_t task_waiting, task_outstanding;
    pthread_t *threads;
    bool threads_end;
    int wake_fd;

    _Atomic uint64_t mono_offset_ns; /* the clock is read on task threads too */
    _Atomic int64_t wall_offset_ms;
    uint64_t real_start_ns;
    hearth_timer *timers;
    hearth_poll *polls;
    hearth_arena *arenas;

    uint64_t random_state[2];
    uint32_t *rolls;
    size_t roll_count, roll_next;
    size_t allocations, fail_at;

    fake_text *log_first, *log_last;
    fake_text *sent_first, *sent_last;
    fake_report *reports;
    struct hearth_series *series;
    struct fake_answer *answers;
    struct hearth_client_call *client_calls;
    fake_exporter *exporters;
    struct hearth_cmd *command;
    hearth_test_call *calls;
    struct hearth_async *asyncs;
    char *as_user, *as_scope;
    uint64_t next_id;
};

extern const hearth_arena_api fake_arena_api;
extern const hearth_clock fake_clock_api;
extern const hearth_client fake_client_api;
extern const hearth_command_api fake_command_api;
extern const hearth_http fake_http_api;
extern const hearth_json fake_json_api;
extern const hearth_log fake_log_api;
extern const hearth_loop_api fake_loop_api;
extern const hearth_mail fake_mail_api;
extern const hearth_metrics fake_metrics_api;
extern const hearth_poll_api fake_poll_api;
extern const hearth_random fake_random_api;
extern const hearth_task fake_task_api;
extern const hearth_timer_api fake_timer_api;
extern const hearth_trace fake_trace_api;
extern const struct hearth_host fake_host_api;

static inline fake_ctx *fake_of(hearth_ctx *ctx)
{
    return (fake_ctx *)(void *)ctx;
}

/* memory.c: memory of the host itself ends the process when there is none; memory that an
 * interface hands out can be made to fail. */
void *fake_new(size_t size);
char *fake_copy(const char *text);
char *fake_copy_str(hearth_str text);
bool fake_alloc_fails(hearth_test_host *host);
void *fake_try_new(hearth_test_host *host, size_t size);
hearth_arena *fake_arena_create(hearth_test_host *host, size_t ceiling);
void fake_arena_destroy(hearth_arena *arena);
void *fake_arena_alloc(hearth_arena *arena, size_t size);
hearth_str fake_arena_dup(hearth_arena *arena, hearth_str text);
char *fake_vformat(const char *fmt, va_list args);
size_t fake_utf8_length(const char *ptr, size_t len);

/* host.c */
void fake_rule(const char *fmt, ...) HEARTH_PRINTF(1, 2) __attribute__((noreturn));
void fake_check_loop(const hearth_ctx *ctx, const char *what);
void fake_check_thread(const hearth_test_host *host, const char *what);
uint32_t fake_enter(hearth_test_host *host, uint32_t loop); /* gives the loop to leave to */
void fake_leave(hearth_test_host *host, uint32_t loop);
const char *fake_id(const hearth_ctx *ctx);
/* Whether the id is one of the host's own interfaces. */
bool fake_is_interface(const char *id);
/* Whether the real host would take the descriptor; otherwise `problem` says why not. (desc.c) */
bool fake_desc_is_good(const hearth_plugin_desc *desc, char *problem, size_t size);
fake_plugin *fake_provider(hearth_test_host *host, const char *id, const void **table);
fake_plugin *fake_find(hearth_test_host *host, const char *id);
void fake_ctx_init(fake_ctx *ctx, hearth_test_host *host, fake_plugin *plugin, uint32_t loop);
bool fake_uses(const fake_plugin *plugin, const char *id, hearth_use *row);
hearth_status fake_fail(hearth_test_host *host, hearth_status status, const char *fmt, ...)
    HEARTH_PRINTF(3, 4);

/* conf.c: fills plugin->conf. */
hearth_status fake_conf_fill(hearth_test_host *host, fake_plugin *plugin);
void fake_conf_free(fake_plugin *plugin);
void *fake_plugin_memory(fake_plugin *plugin, size_t size);

/* pump.c */
hearth_status fake_post(hearth_ctx *ctx, hearth_loop_fn fn, void *arg);
/* Cannot fail; the ctx's loop must not have stopped. */
void fake_post_surely(hearth_ctx *ctx, hearth_loop_fn fn, void *arg);
void fake_wake(hearth_test_host *host);
uint64_t fake_mono_ns(const hearth_test_host *host);
bool fake_step(hearth_test_host *host, int wait_ms); /* one thing, or a wait; false: idle */
uint32_t fake_home(uint32_t loops, hearth_str user);

/* task.c */
void fake_tasks_init(hearth_test_host *host);
void fake_tasks_finish(hearth_test_host *host);
bool fake_task_step(hearth_test_host *host); /* runs one without threads */

/* the rest, called at the end of a loop or of the host */
void fake_timers_end(hearth_test_host *host, const hearth_ctx *ctx); /* NULL: all */
bool fake_timer_step(hearth_test_host *host);
bool fake_timer_next(const hearth_test_host *host, uint64_t *due_ns);
void fake_metrics_finish(hearth_test_host *host);
void fake_client_finish(hearth_test_host *host);
void fake_trace_finish(hearth_test_host *host);
void fake_log_finish(hearth_test_host *host);
void fake_command_finish(hearth_test_host *host);
void fake_log(hearth_test_host *host, const char *plugin, int level, const char *fmt, ...)
    HEARTH_PRINTF(4, 5);
void fake_remember(fake_text **first, fake_text **last, int level, const char *text);
uint64_t fake_random_u64(hearth_test_host *host);

/* request.c */
bool fake_routes_build(hearth_test_host *host);
size_t fake_requests_cancel(hearth_test_host *host); /* those taken over; how many */
size_t fake_requests_open(hearth_test_host *host);
void fake_calls_finish(hearth_test_host *host);
const hearth_trace_context *fake_request_trace(hearth_req *req);

#endif
