/*
 * statements.c - one job inside the writer's open transaction.
 *
 * Every op is judged against what is there now, which earlier ops of the same batch may have
 * changed. A job of `transact` runs in a savepoint.
 */
#include "statements.h"

#define PURGE_ROWS 500

/* ---- one operation ---- */

static bool is_expired(sqlite3_stmt *select, int64_t now_ms)
{
    int64_t expires_ms = sqlite3_column_int64(select, 6);
    return expires_ms > 0 && expires_ms <= now_ms;
}

/* `row` is the statement that stands on the document's row, NULL when there is none. */
static bool holds(const hearth_storage_op *op, sqlite3_stmt *row)
{
    if (op->condition == HEARTH_IF_ABSENT)
        return row == NULL;
    if ((op->condition & HEARTH_IF_VERSION) &&
        (!row || (uint64_t)sqlite3_column_int64(row, 3) != op->base_version))
        return false;
    if ((op->condition & HEARTH_IF_EPOCH) &&
        (!row || (uint64_t)sqlite3_column_int64(row, 4) != op->base_epoch))
        return false;
    return true;
}

/* Judges the op's condition; when it does not hold, the result is CONFLICT with what is there. */
static int judge(struct statements *statements, struct job *job, size_t i, int64_t now_ms)
{
    const hearth_storage_op *op = &job->call.ops[i];
    sqlite3_stmt *select = statements->select;

    bind_str(select, 1, op->doc.key.collection);
    bind_str(select, 2, op->doc.key.partition);
    bind_str(select, 3, op->doc.key.sort);
    int code = sqlite3_step(select);
    if (code == SQLITE_ROW || code == SQLITE_DONE) {
        bool there = code == SQLITE_ROW && !is_expired(select, now_ms);
        code = SQLITE_OK;
        if (!holds(op, there ? select : NULL)) {
            hearth_doc doc = there ? row_doc(select) : (hearth_doc){0};
            if (!storage_call_conflict(&job->call, i, there ? &doc : NULL))
                code = SQLITE_NOMEM;
        }
    }
    sqlite3_reset(select);
    return code;
}

static int apply(struct statements *statements, const hearth_storage_op *op)
{
    sqlite3_stmt *statement = op->action == HEARTH_PUT ? statements->upsert : statements->delete;

    bind_str(statement, 1, op->doc.key.collection);
    bind_str(statement, 2, op->doc.key.partition);
    bind_str(statement, 3, op->doc.key.sort);
    if (op->action == HEARTH_PUT) {
        sqlite3_bind_int64(statement, 4, (sqlite3_int64)op->doc.version);
        sqlite3_bind_int64(statement, 5, (sqlite3_int64)op->doc.epoch);
        bind_str(statement, 6, op->doc.write_id);
        sqlite3_bind_int64(statement, 7, op->doc.expires_ms);
        bind_str(statement, 8, op->doc.body);
    }
    int code = sqlite3_step(statement);
    sqlite3_reset(statement);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* Judges and applies one op. SQLITE_OK: it has its result; otherwise the batch cannot go on. */
static int write_op(struct statements *statements, struct job *job, size_t i, int64_t now_ms)
{
    const hearth_storage_op *op = &job->call.ops[i];
    hearth_storage_result *result = &job->call.results[i];
    int code = SQLITE_OK;

    if (result->outcome == HEARTH_STORAGE_FAILED)
        return SQLITE_OK;
    if (op->condition != HEARTH_IF_ANY) {
        code = judge(statements, job, i, now_ms);
        if (code != SQLITE_OK || result->outcome != HEARTH_STORAGE_OK)
            return code;
    }
    code = apply(statements, op);
    if ((code & 0xff) == SQLITE_CONSTRAINT) {
        result->outcome = HEARTH_STORAGE_FAILED;
        result->error = "the body is not valid JSON";
        return SQLITE_OK;
    }
    return code;
}

/* ---- one job ---- */

static int write_transaction(struct statements *statements, struct job *job, int64_t now_ms)
{
    bool refused = false;

    int code = database_run(statements->database, "SAVEPOINT transact");
    for (size_t i = 0; i < job->call.count && code == SQLITE_OK; i++) {
        code = write_op(statements, job, i, now_ms);
        refused = refused || job->call.results[i].outcome != HEARTH_STORAGE_OK;
    }
    if (code != SQLITE_OK)
        return code;
    if (refused) {
        storage_call_refuse(&job->call);
        code = database_run(statements->database, "ROLLBACK TO transact");
        if (code != SQLITE_OK)
            return code;
    }
    return database_run(statements->database, "RELEASE transact");
}

static int purge(struct statements *statements, struct job *job, int64_t now_ms)
{
    sqlite3_bind_int64(statements->purge, 1, now_ms);
    sqlite3_bind_int64(statements->purge, 2, PURGE_ROWS);
    int code = sqlite3_step(statements->purge);
    job->more = code == SQLITE_DONE && sqlite3_changes(statements->database) == PURGE_ROWS;
    sqlite3_reset(statements->purge);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

int job_write(struct statements *statements, struct job *job, int64_t now_ms)
{
    int code = SQLITE_OK;

    if (job->purge)
        return purge(statements, job, now_ms);
    if (job->call.atomic)
        return write_transaction(statements, job, now_ms);
    for (size_t i = 0; i < job->call.count && code == SQLITE_OK; i++)
        code = write_op(statements, job, i, now_ms);
    return code;
}

/* ---- start and stop ---- */

bool statements_init(struct statements *statements, sqlite3 *database)
{
    statements->database = database;
    statements->select =
        database_prepare(database, "SELECT " DOCUMENT_COLUMNS " FROM documents"
                                   " WHERE collection=?1 AND partition=?2 AND sort=?3");
    statements->upsert = database_prepare(
        database, "INSERT INTO documents (" DOCUMENT_COLUMNS ") VALUES (?1,?2,?3,?4,?5,?6,?7,?8)"
                  " ON CONFLICT (collection, partition, sort) DO UPDATE SET version=?4, epoch=?5,"
                  " write_id=?6, expires_ms=?7, body=?8");
    statements->delete = database_prepare(
        database, "DELETE FROM documents WHERE collection=?1 AND partition=?2 AND sort=?3");
    statements->purge = database_prepare(
        database, "DELETE FROM documents WHERE rowid IN (SELECT rowid FROM documents"
                  " WHERE expires_ms > 0 AND expires_ms <= ?1 LIMIT ?2)");
    return statements->select && statements->upsert && statements->delete &&statements->purge;
}

void statements_finish(struct statements *statements)
{
    sqlite3_finalize(statements->select);
    sqlite3_finalize(statements->upsert);
    sqlite3_finalize(statements->delete);
    sqlite3_finalize(statements->purge);
}
