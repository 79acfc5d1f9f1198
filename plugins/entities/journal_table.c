/*
 * journal_table.c - WAL with synchronous=FULL, so a commit that returned is on disk; one connection
 * that keeps the file for itself, so no second process ever replays it, and its index stays on the
 * heap: a mapped file of it could end hearthd with SIGBUS when the disk is full.
 */
#include "journal_table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define APPLICATION_ID 0x4852544a /* "HRTJ" */
#define SCHEMA_VERSION 1

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS journal ("
    " seq INTEGER PRIMARY KEY, collection TEXT NOT NULL, partition TEXT NOT NULL,"
    " sort TEXT NOT NULL, version INTEGER NOT NULL, base INTEGER NOT NULL,"
    " write_id TEXT NOT NULL, state TEXT NOT NULL, error TEXT NOT NULL,"
    " time_ms INTEGER NOT NULL, body TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS directory ("
    " id TEXT NOT NULL, starts INTEGER NOT NULL, storage TEXT NOT NULL, scrubs INTEGER NOT NULL);";

static const char *const state_names[] = {[ROW_LIVE] = "live",
                                          [ROW_DEAD] = "dead",
                                          [ROW_CONFLICT] = "conflict",
                                          [ROW_REMOVED] = "removed"};

static int run(struct journal_table *table, const char *sql)
{
    return sqlite3_exec(table->database, sql, NULL, NULL, NULL);
}

static sqlite3_stmt *prepare(struct journal_table *table, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v3(table->database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) !=
        SQLITE_OK)
        return NULL;
    return statement;
}

static sqlite3_int64 read_integer(struct journal_table *table, const char *sql)
{
    sqlite3_int64 value = -1;
    sqlite3_stmt *statement = prepare(table, sql);
    if (statement && sqlite3_step(statement) == SQLITE_ROW)
        value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

static hearth_str column(sqlite3_stmt *statement, int index)
{
    const char *text = (const char *)sqlite3_column_text(statement, index);
    return (hearth_str){text, (size_t)sqlite3_column_bytes(statement, index)};
}

/* ---- opening ---- */

static int open_file(struct journal_table *table, const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    close(fd);
    int code =
        sqlite3_open_v2(path, &table->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK)
        return code;
    sqlite3_extended_result_codes(table->database, 1);
    return SQLITE_OK;
}

/* A file of another program, or of a later Hearth, is refused before it is touched. */
static const char *foreign(struct journal_table *table)
{
    if (read_integer(table, "SELECT count(*) FROM sqlite_schema") <= 0)
        return NULL;
    if (read_integer(table, "PRAGMA application_id") != APPLICATION_ID)
        return "this SQLite database is not a journal of Hearth";
    if (read_integer(table, "PRAGMA user_version") > SCHEMA_VERSION)
        return "this journal was made by a newer Hearth: upgrade hearthd";
    return NULL;
}

/* Reads or makes the row that names the directory; -1 on failure, 1 when the journal belongs to
 * another storage. */
static int name_directory(struct journal_table *table, const char *new_directory,
                          const char *storage, char *owner, size_t owner_size)
{
    sqlite3_stmt *insert = prepare(
        table,
        "INSERT INTO directory SELECT ?1, 0, ?2, 0 WHERE NOT EXISTS (SELECT 1 FROM directory)");
    sqlite3_stmt *select = prepare(table, "SELECT id, starts, storage FROM directory");
    sqlite3_stmt *update = prepare(table, "UPDATE directory SET starts = starts + 1, storage = ?1");
    int result = -1;

    if (!insert || !select || !update)
        goto finalize;
    sqlite3_bind_text(insert, 1, new_directory, -1, SQLITE_STATIC);
    sqlite3_bind_text(insert, 2, storage, -1, SQLITE_STATIC);
    sqlite3_bind_text(update, 1, storage, -1, SQLITE_STATIC);
    if (sqlite3_step(insert) != SQLITE_DONE || sqlite3_step(select) != SQLITE_ROW)
        goto finalize;
    snprintf(table->directory, sizeof(table->directory), "%s", (const char *)column(select, 0).ptr);
    table->start = (uint64_t)sqlite3_column_int64(select, 1) + 1;
    snprintf(owner, owner_size, "%s", column(select, 2).ptr);
    sqlite3_int64 newest = read_integer(table, "SELECT coalesce(max(seq), 0) FROM journal");
    sqlite3_int64 rows = read_integer(table, "SELECT count(*) FROM journal");
    if (newest < 0 || rows < 0)
        goto finalize;
    table->last_seq = (uint64_t)newest;
    table->rows = (uint64_t)rows;
    if (rows > 0 && strcmp(owner, storage) != 0)
        result = 1;
    else if (sqlite3_step(update) == SQLITE_DONE)
        result = 0;
finalize:
    sqlite3_finalize(insert);
    sqlite3_finalize(select);
    sqlite3_finalize(update);
    return result;
}

static bool prepare_all(struct journal_table *table)
{
    table->begin = prepare(table, "BEGIN IMMEDIATE");
    table->insert = prepare(table, "INSERT INTO journal (seq, collection, partition, sort, version,"
                                   " base, write_id, state, error, time_ms, body)"
                                   " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)");
    table->delete = prepare(table, "DELETE FROM journal WHERE seq = ?1");
    table->commit = prepare(table, "COMMIT");
    return table->begin && table->insert && table->delete &&table->commit;
}

int journal_table_init(struct journal_table *table, const char *path, const char *new_directory,
                       const char *storage, char *error, size_t error_size)
{
    char owner[512] = "", mark[96];
    *table = (struct journal_table){0};

    int code = open_file(table, path);
    if (code != SQLITE_OK) {
        snprintf(error, error_size, "%s: %s", path,
                 code < 0 ? strerror(errno) : sqlite3_errstr(code));
        return -1;
    }
    run(table, "PRAGMA locking_mode=EXCLUSIVE");
    const char *stranger = foreign(table);
    if (stranger) {
        snprintf(error, error_size, "%s: %s", path, stranger);
        return -1;
    }
    snprintf(mark, sizeof(mark), "PRAGMA application_id=%d; PRAGMA user_version=%d", APPLICATION_ID,
             SCHEMA_VERSION);
    if (run(table, "PRAGMA journal_mode=WAL") != SQLITE_OK ||
        run(table, "PRAGMA synchronous=FULL") != SQLITE_OK ||
        run(table, "PRAGMA wal_autocheckpoint=1000") != SQLITE_OK ||
        run(table, "PRAGMA journal_size_limit=16777216") != SQLITE_OK ||
        run(table, "BEGIN IMMEDIATE") != SQLITE_OK || run(table, schema) != SQLITE_OK ||
        run(table, mark) != SQLITE_OK)
        goto broken;
    int named = name_directory(table, new_directory, storage, owner, sizeof(owner));
    if (named == 1) {
        snprintf(error, error_size,
                 "%s holds %llu changes for storage %s, but the configured storage is %s: start "
                 "hearthd with the former once and stop it cleanly (what stays is listed by "
                 "`hearth dlq list`), then change storage",
                 path, (unsigned long long)table->rows, owner, storage);
        return -1;
    }
    if (named < 0 || run(table, "COMMIT") != SQLITE_OK || !prepare_all(table))
        goto broken;
    return 0;
broken:
    snprintf(error, error_size, "%s: %s", path, sqlite3_errmsg(table->database));
    return -1;
}

void journal_table_finish(struct journal_table *table)
{
    sqlite3_finalize(table->begin);
    sqlite3_finalize(table->insert);
    sqlite3_finalize(table->delete);
    sqlite3_finalize(table->commit);
    sqlite3_close(table->database);
    table->database = NULL;
}

/* ---- one transaction ---- */

static int step(sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    int reset = sqlite3_reset(statement);
    return code == SQLITE_DONE ? SQLITE_OK : reset != SQLITE_OK ? reset : code;
}

static void bind(sqlite3_stmt *statement, int index, hearth_str s)
{
    sqlite3_bind_text(statement, index, s.len ? s.ptr : "", (int)s.len, SQLITE_STATIC);
}

int journal_table_begin(struct journal_table *table)
{
    return step(table->begin);
}

int journal_table_insert(struct journal_table *table, const struct journal_row *row)
{
    sqlite3_stmt *insert = table->insert;
    sqlite3_bind_int64(insert, 1, (sqlite3_int64)row->seq);
    bind(insert, 2, row->key.collection);
    bind(insert, 3, row->key.partition);
    bind(insert, 4, row->key.sort);
    sqlite3_bind_int64(insert, 5, (sqlite3_int64)row->version);
    sqlite3_bind_int64(insert, 6, (sqlite3_int64)row->base);
    bind(insert, 7, row->write_id);
    sqlite3_bind_text(insert, 8, state_names[row->state], -1, SQLITE_STATIC);
    bind(insert, 9, row->error);
    sqlite3_bind_int64(insert, 10, row->time_ms);
    bind(insert, 11, row->body);
    return step(insert);
}

int journal_table_delete(struct journal_table *table, uint64_t seq, bool *existed)
{
    sqlite3_bind_int64(table->delete, 1, (sqlite3_int64)seq);
    int code = step(table->delete);
    *existed = code == SQLITE_OK && sqlite3_changes(table->database) > 0;
    return code;
}

int journal_table_touch(struct journal_table *table)
{
    return run(table, "UPDATE directory SET scrubs = scrubs + 1");
}

int journal_table_commit(struct journal_table *table)
{
    return step(table->commit);
}

void journal_table_rollback(struct journal_table *table)
{
    if (!sqlite3_get_autocommit(table->database))
        run(table, "ROLLBACK");
}

/* ---- reading ---- */

static enum row_state state_of(hearth_str name)
{
    for (int i = ROW_DEAD; i <= ROW_REMOVED; i++) {
        if (strlen(state_names[i]) == name.len && memcmp(state_names[i], name.ptr, name.len) == 0)
            return (enum row_state)i;
    }
    return ROW_LIVE;
}

int journal_table_compact(struct journal_table *table)
{
    int code = run(table, "DELETE FROM journal WHERE state <> 'conflict' AND seq NOT IN"
                          " (SELECT max(seq) FROM journal WHERE state <> 'conflict'"
                          "  GROUP BY collection, partition, sort)");
    sqlite3_int64 rows = read_integer(table, "SELECT count(*) FROM journal");
    table->rows = (uint64_t)rows;
    return code == SQLITE_OK && rows >= 0 ? 0 : -1;
}

int journal_table_visit(struct journal_table *table, const char *where, uint64_t first,
                        uint64_t second, bool (*each)(const struct journal_row *row, void *arg),
                        void *arg)
{
    char sql[400];
    int code;
    snprintf(sql, sizeof(sql),
             "SELECT seq, collection, partition, sort, version, base, write_id, state, error,"
             " time_ms, body FROM journal WHERE %s",
             where);
    sqlite3_stmt *select = prepare(table, sql);
    if (!select)
        return -1;
    sqlite3_bind_int64(select, 1, (sqlite3_int64)first);
    sqlite3_bind_int64(select, 2, (sqlite3_int64)second);
    while ((code = sqlite3_step(select)) == SQLITE_ROW) {
        struct journal_row row = {
            .seq = (uint64_t)sqlite3_column_int64(select, 0),
            .state = state_of(column(select, 7)),
            .key = {column(select, 1), column(select, 2), column(select, 3)},
            .version = (uint64_t)sqlite3_column_int64(select, 4),
            .base = (uint64_t)sqlite3_column_int64(select, 5),
            .write_id = column(select, 6),
            .body = column(select, 10),
            .error = column(select, 8),
            .time_ms = sqlite3_column_int64(select, 9),
        };
        if (!each(&row, arg))
            break;
    }
    sqlite3_finalize(select);
    return code == SQLITE_DONE ? 0 : -1;
}
