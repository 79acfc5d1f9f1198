/*
 * disk.h - a SQLite VFS over the system's whose fsync fails on command: what was written may be on
 * disk all the same, as with a real disk.
 */
#ifndef ENTITIES_TEST_DISK_H
#define ENTITIES_TEST_DISK_H

#include <stdatomic.h>

/* How many of the next fsyncs fail. */
extern _Atomic int disk_failing_syncs;

/* Makes it the default VFS of every connection that is opened from now on. */
void disk_install(void);

#endif
