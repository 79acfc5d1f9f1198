/*
 * disk.c - everything but xSync is the system's own; its methods table is copied per file.
 */
#include "disk.h"

#include <sqlite3.h>
#include <stddef.h>

_Atomic int disk_failing_syncs;

static sqlite3_vfs disk;

/* One for each table that the system's VFS has: databases and their logs differ. */
static struct table {
    const sqlite3_io_methods *real;
    sqlite3_io_methods ours;
} tables[4];

static int sync_file(sqlite3_file *file, int flags)
{
    if (atomic_load(&disk_failing_syncs) > 0) {
        atomic_fetch_sub(&disk_failing_syncs, 1);
        return SQLITE_IOERR_FSYNC;
    }
    const struct table *table =
        (const void *)((const char *)file->pMethods - offsetof(struct table, ours));
    return table->real->xSync(file, flags);
}

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    sqlite3_vfs *real = vfs->pAppData;
    int code = real->xOpen(real, name, file, flags, out);
    if (code != SQLITE_OK || !file->pMethods)
        return code;
    struct table *table = tables;
    while (table->real && table->real != file->pMethods)
        table++;
    table->real = file->pMethods;
    table->ours = *table->real;
    table->ours.xSync = sync_file;
    file->pMethods = &table->ours;
    return code;
}

void disk_install(void)
{
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);
    disk = *real;
    disk.zName = "failing-disk";
    disk.pAppData = real;
    disk.xOpen = open_file;
    sqlite3_vfs_register(&disk, 1);
}
