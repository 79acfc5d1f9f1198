/*
 * statements.h - what the writer does to the database for one job.
 */
#ifndef STORAGE_SQLITE_STATEMENTS_H
#define STORAGE_SQLITE_STATEMENTS_H

#include "database.h"
#include "job.h"

/* Prepared once, used by the writer thread only. */
struct statements {
    sqlite3 *database; /* the writer's */
    sqlite3_stmt *select, *upsert, *delete, *purge;
};

/* false: SQLite could not prepare them; finish is due all the same. */
bool statements_init(struct statements *statements, sqlite3 *database);
void statements_finish(struct statements *statements);

/* Judges and applies all ops of a job in the open transaction. SQLITE_OK: each has its result;
 * anything else: the transaction cannot go on. */
int job_write(struct statements *statements, struct job *job, int64_t now_ms);

#endif
