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
#include <time.h>

struct config {
    int64_t timeout_ms; /* of one call */
    hearth_str only;    /* part of a check's name; empty: all */
};

/* A run leaves documents behind for the one after a restart; that may leave others, for the one
 * after a kill. */
enum phase { PHASE_FIRST, PHASE_AFTER_RESTART, PHASE_BEFORE_KILL, PHASE_AFTER_KILL };

struct run {
    hearth_ctx *ctx; /* of loop 0 */
    hearth_cmd *cmd;
    const hearth_storage *storage;
    const hearth_loop_api *loop;
    const hearth_command_api *command;
    const hearth_storage_caps *caps;
    char name[HEARTH_UUID_SIZE]; /* begins every partition of this run: runs do not meet */
    enum phase phase;
    time_t timeout_s;
    struct call *calls; /* all of this run; under lock */
    const char *check;  /* the present one's name */

    pthread_t thread;
    pthread_mutex_t lock;
    char failure[1024]; /* of the present check, the first one; under lock */
    unsigned passed, failed;
};

/* Starts the suite on a thread of its own, which ends the command. The run frees itself. [loop] */
hearth_status run_start(hearth_ctx *ctx, hearth_cmd *cmd);

/* Notes that the present check has failed; the first reason is kept. [any] */
void run_fail(struct run *run, const char *fmt, ...) HEARTH_PRINTF(2, 3);

/* For what leaves no way to go on; run may be NULL. Ends the process. [any] */
_Noreturn void run_abort(struct run *run, const char *fmt, ...) HEARTH_PRINTF(2, 3);

/* Its argument, unless memory is out. */
void *must(void *pointer);

typedef void (*check_fn)(struct run *run);

struct check {
    const char *name; /* the promise, as one reads it in the report */
    check_fn fn;
};

/* The suite, group by group; each list ends with {NULL, NULL}. */
extern const struct check caps_checks[], condition_checks[], conflict_checks[], batch_checks[],
    transact_checks[], query_checks[], scan_checks[], value_checks[], limit_checks[],
    expiry_checks[], race_checks[], restart_checks_before[], restart_checks_after[],
    kill_checks_after[];

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

hearth_storage_op put_op(const hearth_key *key, const char *body, uint64_t version,
                         uint32_t condition, uint64_t base);
hearth_storage_op delete_op(const hearth_key *key, uint32_t condition, uint64_t base);

/* An unconditional put of a document that has everything: epoch, write id, an expiry far away. Its
 * body, {"n":VERSION,"rich":true}, lives in static buffers too, of which there are 8. */
hearth_storage_op rich_op(const hearth_key *key, uint64_t version);

/* The cursor from one page to the next. */
struct cursor {
    char text[4096];
    size_t len;
};
hearth_str cursor_at(const struct cursor *cursor);
/* false: it is longer than 4096 bytes. */
bool cursor_keep(struct cursor *cursor, const struct page *page);

int64_t now_ms(void);

/* Writes one op and frees what comes back. */
hearth_storage_outcome write_one(struct run *run, const hearth_storage_op *op);

/* Fails the check unless the document is there with this version and body (as a JSON value; NULL:
 * any), or, with version 0, unless it is absent. */
void expect_doc(struct run *run, const hearth_key *key, uint64_t version, const char *body);

/* ---- same.c ---- */

bool same_str(hearth_str a, hearth_str b);
bool same_key(const hearth_key *a, const hearth_key *b);
bool json_same(hearth_str a, const char *b);

/* Each fails the check unless every field is as expected; `what` begins the sentence. */
void expect_same(struct run *run, const char *what, const hearth_doc *found,
                 const hearth_doc *wanted);
/* `current`: the document that is there, NULL for none. */
void expect_conflict(struct run *run, const char *what, const struct write_result *result,
                     const hearth_doc *current);
/* Reads the document's key on that loop. */
void expect_read(struct run *run, const char *what, uint32_t loop, const hearth_doc *wanted);

#endif
