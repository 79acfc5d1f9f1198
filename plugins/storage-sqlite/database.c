/*
 * database.c - WAL mode with synchronous=FULL: a commit that returned has been fsynced.
 *
 * The table is meant to be read with the sqlite3 shell. It has a rowid because bodies are large:
 * a WITHOUT ROWID table would keep them in its index pages.
 */
#include "database.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define APPLICATION_ID 0x48525448 /* "HRTH" */
#define SCHEMA_VERSION 1

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS documents ("
    " collection TEXT NOT NULL, partition TEXT NOT NULL, sort TEXT NOT NULL,"
    " version INTEGER NOT NULL, epoch INTEGER NOT NULL, write_id TEXT NOT NULL,"
    " expires_ms INTEGER NOT NULL, body TEXT NOT NULL CHECK (json_valid(body)),"
    " PRIMARY KEY (collection, partition, sort));"
    "CREATE INDEX IF NOT EXISTS documents_expiry ON documents (expires_ms) WHERE expires_ms > 0;"
    "CREATE TABLE IF NOT EXISTS store (id TEXT NOT NULL);";

int database_run(sqlite3 *database, const char *sql)
{
    return sqlite3_exec(database, sql, NULL, NULL, NULL);
}

sqlite3_stmt *database_prepare(sqlite3 *database, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) !=
        SQLITE_OK)
        return NULL;
    return statement;
}

static sqlite3_int64 read_integer(sqlite3 *database, const char *sql)
{
    sqlite3_int64 value = -1;
    sqlite3_stmt *statement = database_prepare(database, sql);
    if (statement && sqlite3_step(statement) == SQLITE_ROW)
        value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

/* Another process writes. SQLite's own handler sleeps for up to 100 ms a time, and who sleeps that
 * long beside a busy writer hardly ever wakes in the moment between two of its transactions; so
 * this one sleeps for 0.25 to 1 ms, for 5 s at most. Then the answer is RETRY. */
static int wait_for_writer(void *arg, int count)
{
    struct timespec now;
    (void)arg;
    if (count >= 8000)
        return 0;
    clock_gettime(CLOCK_MONOTONIC, &now);
    nanosleep(&(struct timespec){.tv_nsec = 250000 + now.tv_nsec / 7 % 750000}, NULL);
    return 1;
}

/* SQLite calls it an I/O error when the disk has no room for the index of the WAL. */
static void explain(sqlite3 *database, const char *path, char *error, size_t error_size)
{
    struct statvfs disk;
    int full = (sqlite3_errcode(database) & 0xff) == SQLITE_IOERR && statvfs(path, &disk) == 0 &&
               disk.f_bavail == 0;
    snprintf(error, error_size, "%s: %s%s", path, sqlite3_errmsg(database),
             full ? ": the disk is full" : "");
}

static sqlite3 *open_file(const char *path, int flags, char *error, size_t error_size)
{
    sqlite3 *database = NULL;
    if (sqlite3_open_v2(path, &database, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        snprintf(error, error_size, "%s: %s", path,
                 database ? sqlite3_errmsg(database) : "out of memory");
        sqlite3_close(database);
        return NULL;
    }
    sqlite3_busy_handler(database, wait_for_writer, NULL);
    sqlite3_extended_result_codes(database, 1);
    return database;
}

/* A database of another program, or of a later Hearth, is refused before it is touched. */
static int check_owner(sqlite3 *database, const char *path, char *error, size_t error_size)
{
    sqlite3_int64 tables = read_integer(database, "SELECT count(*) FROM sqlite_schema");
    sqlite3_int64 application = read_integer(database, "PRAGMA application_id");
    sqlite3_int64 version = read_integer(database, "PRAGMA user_version");

    if (tables < 0) {
        explain(database, path, error, error_size);
        return -1;
    }
    if (tables > 0 && application != APPLICATION_ID) {
        snprintf(error, error_size, "%s: this SQLite database was not made by Hearth", path);
        return -1;
    }
    if (version > SCHEMA_VERSION) {
        snprintf(error, error_size,
                 "%s: schema version %lld is newer than this storage-sqlite's %d: upgrade Hearth",
                 path, version, SCHEMA_VERSION);
        return -1;
    }
    return 0;
}

/* The name is random and stored inside, so that it survives moving the file. */
static int name_store(sqlite3 *database, const char *new_id, char id[STORE_ID_SIZE])
{
    sqlite3_stmt *insert = database_prepare(
        database, "INSERT INTO store SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM store)");
    sqlite3_stmt *select = database_prepare(database, "SELECT id FROM store");
    int result = -1;

    if (!insert || !select)
        goto finalize;
    sqlite3_bind_text(insert, 1, new_id, -1, SQLITE_STATIC);
    if (sqlite3_step(insert) != SQLITE_DONE || sqlite3_step(select) != SQLITE_ROW)
        goto finalize;
    snprintf(id, STORE_ID_SIZE, "%s", (const char *)sqlite3_column_text(select, 0));
    result = 0;
finalize:
    sqlite3_finalize(insert);
    sqlite3_finalize(select);
    return result;
}

/* Password hashes live here: readable by the owner only, and SQLite gives its other files the same.
 */
static int create_private(const char *path, char *error, size_t error_size)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
        return -1;
    }
    close(fd);
    return 0;
}

sqlite3 *database_open_writer(const char *path, const char *new_id, char id[STORE_ID_SIZE],
                              char *error, size_t error_size)
{
    if (create_private(path, error, error_size) < 0)
        return NULL;
    sqlite3 *database =
        open_file(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error, error_size);
    if (!database)
        return NULL;
    if (check_owner(database, path, error, error_size) < 0)
        goto close;
    char mark[96];
    snprintf(mark, sizeof(mark), "PRAGMA application_id=%d; PRAGMA user_version=%d", APPLICATION_ID,
             SCHEMA_VERSION);
    if (database_run(database, "PRAGMA journal_mode=WAL") != SQLITE_OK ||
        database_run(database, "PRAGMA synchronous=FULL") != SQLITE_OK ||
        database_run(database, "BEGIN IMMEDIATE") != SQLITE_OK ||
        database_run(database, schema) != SQLITE_OK || name_store(database, new_id, id) < 0 ||
        database_run(database, mark) != SQLITE_OK ||
        database_run(database, "COMMIT") != SQLITE_OK) {
        explain(database, path, error, error_size);
        goto close;
    }
    return database;
close:
    sqlite3_close(database);
    return NULL;
}

sqlite3 *database_open_reader(const char *path, char *error, size_t error_size)
{
    return open_file(path, SQLITE_OPEN_READONLY, error, error_size);
}
