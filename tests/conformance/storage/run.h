/*
 * run.h - one run of the suite: what a check works with, and how it says that something is wrong.
 */
#ifndef CONFORMANCE_RUN_H
#define CONFORMANCE_RUN_H

#include <hearth/command.h>
#include <hearth/plugin.h>
#include <hearth/random.h>
#include <hearth/service/storage.h>

#include "call.h"

#include <pthread.h>

struct run {
    hearth_ctx *ctx; /* of loop 0 */
    hearth_cmd *cmd;
    const hearth_storage *storage;
    const hearth_loop_api *loop;
    const hearth_command_api *command;
    const hearth_storage_caps *caps;
    char name[HEARTH_UUID_SIZE]; /* begins every partition of this run: runs do not meet */
    bool after_restart;

    pthread_t thread;
    pthread_mutex_t lock;
    char failure[1024]; /* of the present check, the first one; under lock */
    unsigned passed, failed;
};

/* Starts the suite on a thread of its own, which ends the command. The run frees itself. [loop] */
hearth_status run_start(hearth_ctx *ctx, hearth_cmd *cmd);

/* Notes that the present check has failed; the first reason is kept. [any] */
void run_fail(struct run *run, const char *fmt, ...) HEARTH_PRINTF(2, 3);

/* For what leaves no way to go on. Ends the process. [any] */
_Noreturn void run_abort(const char *why);

/* Its argument, unless memory is out. */
void *must(void *pointer);

typedef void (*check_fn)(struct run *run);

struct check {
    const char *name; /* the promise, as one reads it in the report */
    check_fn fn;
};

/* The suite, group by group; each list ends with {NULL, NULL}. */
extern const struct check condition_checks[], batch_checks[], transact_checks[], query_checks[],
    value_checks[], race_checks[], restart_checks_before[], restart_checks_after[];

/* ---- what checks are written with ---- */

/* Ends the check with a reason unless the condition holds. */
#define EXPECT(run_, condition_, ...)                                                              \
    do {                                                                                           \
        if (!(condition_)) {                                                                       \
            run_fail((run_), __VA_ARGS__);                                                         \
            return;                                                                                \
        }                                                                                          \
    } while (0)

/* A key in a partition of this run's own; the strings live in static buffers of the calling thread.
 */
hearth_key key_of(struct run *run, const char *partition, const char *sort);

/* {"n": n} in the collection's usual form, version as given. */
hearth_storage_op put_op(const hearth_key *key, const char *body, uint64_t version,
                         uint32_t condition, uint64_t base);
hearth_storage_op delete_op(const hearth_key *key, uint32_t condition, uint64_t base);

/* Writes one op and frees what comes back. */
hearth_storage_outcome write_one(struct run *run, const hearth_storage_op *op);

/* Fails the check unless the document is there with this version and body (as a JSON value; NULL:
 * any), or, with version 0, unless it is absent. */
void expect_doc(struct run *run, const hearth_key *key, uint64_t version, const char *body);

bool json_same(hearth_str a, const char *b);

#endif
