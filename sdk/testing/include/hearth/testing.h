/*
 * testing.h - a host for unit tests: every host interface of the SDK, deterministic, in one thread
 * and without sockets. Time stands still until the test moves it; each object is one malloc, so
 * that AddressSanitizer sees every misuse.
 *
 *     extern const hearth_plugin_desc hearth_plugin_main;
 *     hearth_test_host *host = hearth_test_create(NULL);
 *     assert_int_equal(hearth_test_add(host, &hearth_plugin_main), HEARTH_OK);
 *     assert_int_equal(hearth_test_start(host), HEARTH_OK);
 *     hearth_test_call *call = hearth_test_request(host, "GET", "/hello", NULL, NULL);
 *     assert_int_equal(hearth_test_status(call), 200);
 *     assert_int_equal(hearth_test_stop(host), HEARTH_OK);
 *     hearth_test_destroy(host);
 *
 * Everything is called on the thread of the test, unless marked [any]. A plugin that breaks a rule
 * of the SDK (wrong loop, second complete(), a status that is none) ends the process with one
 * sentence: a test should not go on from there. Link with hearth_testing.
 */
#ifndef HEARTH_TESTING_H
#define HEARTH_TESTING_H

#include <hearth/client.h>
#include <hearth/command.h>
#include <hearth/json.h>
#include <hearth/mail.h>
#include <hearth/metrics.h>
#include <hearth/plugin.h>
#include <hearth/poll.h>
#include <hearth/random.h>
#include <hearth/task.h>
#include <hearth/timer.h>
#include <hearth/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hearth_test_host hearth_test_host;
typedef struct hearth_test_call hearth_test_call; /* one request and its answer; the host's */

typedef struct hearth_test_options {
    uint32_t loops;        /* 0: 1 */
    uint32_t task_threads; /* 0: tasks run inside the pump, in order */
    uint32_t task_queue;   /* tasks waiting, past it EUNAVAILABLE; 0: 1024 */
    int real_time;         /* the clock runs by itself (and advance() adds to it) */
    int64_t wall_ms;       /* where the wall clock starts; 0: 2026-01-01T00:00:00Z */
    uint64_t seed;         /* of hearth.random/1; 0: 1 */
    size_t request_memory; /* ceiling of a request's arena; 0: 1 MiB */
    const char *data_dir;  /* NULL: a new directory, removed by destroy */
} hearth_test_options;

/* ---- life ----------------------------------------------------------------------------------- */

/* options may be NULL. Never NULL. */
hearth_test_host *hearth_test_create(const hearth_test_options *options);
/* Stops first, if it was started. NULL is fine. */
void hearth_test_destroy(hearth_test_host *host);

/* Adds a plugin; before start. EINVAL: a descriptor that the real host would refuse. The plugin is
 * borrowed until destroy. */
hearth_status hearth_test_add(hearth_test_host *host, const hearth_plugin_desc *plugin);
/* Adds the plugin of a .so by dlopen, for tests with more than one. It is never unloaded. */
hearth_status hearth_test_load(hearth_test_host *host, const char *so_path);
/* Sets a key of a plugin's configuration, "key=value", before start; the rest are defaults. A LIST
 * is "a,b", a MAP "k=v,k2=v2", a SECRET the secret itself. EINVAL: see hearth_test_error. */
hearth_status hearth_test_set(hearth_test_host *host, const char *plugin_id, const char *key_value);
/* Offers a service of the test's own, before start. Its functions receive a ctx whose `shared` is
 * given here, on the caller's loop; the ctx may use every interface of the host. */
hearth_status hearth_test_provide(hearth_test_host *host, const char *id, const void *table,
                                  void *shared);
/* configuration, check, open, start on every loop; pumps. On failure everything is undone. */
hearth_status hearth_test_start(hearth_test_host *host);
/* drain on every loop (pumping; with real threads or sockets up to ten seconds), stop, close.
 * ETIMEOUT: a drain did not end. EINTERNAL: a request was taken over and never completed, or an
 * arena, poll watch or client call was left behind; hearth_test_error names it. */
hearth_status hearth_test_stop(hearth_test_host *host);
/* A reload, as SIGHUP makes one: EINVAL, and nothing changed, if the key is not RELOADABLE or the
 * plugin's check refuses. */
hearth_status hearth_test_reload(hearth_test_host *host, const char *plugin_id,
                                 const char *key_value);
/* Why the last of these failed: one sentence, "" if none did. */
const char *hearth_test_error(const hearth_test_host *host);

/* The ctx of a plugin (or of a scripted service, by its id) on a loop, HEARTH_LOOP_MAIN included;
 * NULL when there is none. For calling the functions under test directly. */
hearth_ctx *hearth_test_ctx(hearth_test_host *host, const char *plugin_id, uint32_t loop);
/* The test's own ctx, which may use every interface and every service of the host. */
hearth_ctx *hearth_test_own_ctx(hearth_test_host *host, uint32_t loop);
/* The service table `id`, and in *provider (may be NULL) the ctx to call it with on `loop`. */
const void *hearth_test_service(hearth_test_host *host, const char *id, uint32_t loop,
                                hearth_ctx **provider);
/* The loop on which the test's own calls count as being made; 0 at first. */
void hearth_test_enter(hearth_test_host *host, uint32_t loop);

/* ---- time and work -------------------------------------------------------------------------- */

/* Runs what is due: posts, mail, tasks (waits for threads), timers, ready descriptors; until
 * nothing is left to do at this moment. */
void hearth_test_pump(hearth_test_host *host);
/* Moves the clock, timer by timer, pumping at each. */
void hearth_test_advance(hearth_test_host *host, uint64_t ms);
/* Moves only the wall clock, as an administrator would. */
void hearth_test_set_wall(hearth_test_host *host, int64_t wall_ms);
/* Pumps, waiting for descriptors and threads, until *flag is not 0 or real_ms of real time have
 * passed. The value of *flag. For backends with sockets or threads of their own. */
int hearth_test_wait(hearth_test_host *host, const int *flag, uint32_t real_ms);
/* The same until `until` answers other than 0. */
int hearth_test_wait_for(hearth_test_host *host, int (*until)(void *arg), void *arg,
                         uint32_t real_ms);
/* Number of timers that are running. */
size_t hearth_test_timers(const hearth_test_host *host);

/* ---- requests ------------------------------------------------------------------------------- */

typedef struct hearth_test_request_spec {
    const char *method;  /* NULL: GET */
    const char *path;    /* "/characters/1?x=y", not decoded */
    const char *headers; /* "Name: value\nName: value", or NULL */
    hearth_str body;
    const char *user;    /* identified already, IDENTIFY hooks do not run; NULL: they decide */
    const char *session; /* NULL: "session" */
    const char *scope;   /* NULL: "player" */
    const char *peer;    /* NULL: "192.0.2.1" */
    uint32_t loop;       /* the connection's */
    int no_pump;         /* only start it */
} hearth_test_request_spec;

/* Sends a request through the route tables and hooks of all plugins, and pumps. headers and body
 * may be NULL. The call lives until destroy or release. Speaks for the user of hearth_test_as. */
hearth_test_call *hearth_test_request(hearth_test_host *host, const char *method, const char *path,
                                      const char *headers, const char *body);
/* The same with everything. */
hearth_test_call *hearth_test_send(hearth_test_host *host, const hearth_test_request_spec *spec);
/* Whom hearth_test_request speaks for from now on; user NULL: nobody, the IDENTIFY hooks decide. */
void hearth_test_as(hearth_test_host *host, const char *user, const char *scope);
/* The client goes away: the cancel notice, if the request was taken over. Pumps. */
void hearth_test_disconnect(hearth_test_call *call);
/* Pumps in real time until the answer is there; its status, 0 after real_ms without. */
int hearth_test_await(hearth_test_call *call, uint32_t real_ms);
/* The answer's HTTP status; 0: none yet, or the client is gone. */
int hearth_test_status(const hearth_test_call *call);
/* The answer's body, NUL-terminated; empty for HEAD. */
hearth_str hearth_test_body(const hearth_test_call *call);
/* A header of the answer without regard to case, NULL if it has none. */
const char *hearth_test_header(const hearth_test_call *call, const char *name);
/* The answer's body as JSON: the member at "a.b.0.c" of it, written as JSON ("\"x\"", "3"), and
 * NULL when there is none. Valid until the next call of this function. */
const char *hearth_test_json(hearth_test_call *call, const char *path);
/* Frees it early. It must be answered, or its client gone and the request completed. */
void hearth_test_release(hearth_test_call *call);

/* ---- what the plugin said ------------------------------------------------------------------- */

/* How many lines of this level (0: any) contain `text`. HEARTH_TEST_VERBOSE=1 shows them all. */
size_t hearth_test_logged(const hearth_test_host *host, int level, const char *text);
/* Line number index of the log, "" past the end. */
const char *hearth_test_log_line(const hearth_test_host *host, size_t index);
/* A metric, all loops together; labels "name=value,name=value" or NULL. The count for a HISTOGRAM.
 * 0 for a series that was never touched; no such family ends the process. Runs on_collect. */
double hearth_test_metric(hearth_test_host *host, const char *name, const char *labels);
/* The sum of a HISTOGRAM's observations. */
double hearth_test_metric_sum(hearth_test_host *host, const char *name, const char *labels);
/* The worst report of a component over all loops, HEARTH_HEALTHY without any. reason may be NULL.
 */
hearth_health hearth_test_health(hearth_test_host *host, const char *plugin_id,
                                 const char *component, const char **reason);

/* ---- scripting the world -------------------------------------------------------------------- */

/* The next results of hearth.random/1's below(), modulo their bound; then seeded again. */
void hearth_test_roll(hearth_test_host *host, const uint32_t *values, size_t count);
/* The allocation number `nth` (1: the next) of the host's interfaces fails; 0: none. */
void hearth_test_fail_allocation(hearth_test_host *host, size_t nth);
/* Allocations made by the interfaces so far; for loops over fail_allocation. */
size_t hearth_test_allocations(const hearth_test_host *host);

/* One scripted answer to an outgoing request. */
typedef struct hearth_test_answer {
    const char *method;    /* NULL: any */
    const char *url;       /* part of the URL; NULL: any */
    hearth_status outcome; /* HEARTH_OK: the answer below, else a failure with `error` */
    int status;            /* 0: 200 */
    const char *headers;   /* "Name: value\nName: value", or NULL */
    const char *body;      /* or NULL */
    const char *error;     /* one sentence for a failure */
    uint64_t delay_ms;     /* of the clock, before it comes; past the call's timeout: ETIMEOUT */
    int keep;              /* answers every matching call, not one */
} hearth_test_answer;

/* Queues an answer for hearth.client/1; the first that matches is taken. Without one a call ends
 * with EUNAVAILABLE. Strings are copied. */
void hearth_test_answer_client(hearth_test_host *host, const hearth_test_answer *answer);
/* Outgoing request number index as "METHOD URL\nName: value\n...\n\nbody"; NULL past the last. */
const char *hearth_test_sent(const hearth_test_host *host, size_t index);

/* What a subcommand printed and how it ended. Strings live until the next command. */
typedef struct hearth_test_output {
    hearth_status status; /* HEARTH_DEFERRED: it has not finished after pumping */
    const char *out;
    const char *err;
} hearth_test_output;

/* Runs a subcommand of a plugin, "account add alice --scope admin" (split at spaces), and pumps.
 * With real backends wait for it: call with real_ms > 0. input may be NULL. */
hearth_test_output hearth_test_command(hearth_test_host *host, const char *words, const char *input,
                                       uint32_t real_ms);

#ifdef __cplusplus
}
#endif
#endif
