/*
 * journal_unsafe.h - acknowledging a change before it has been written, which breaks the promise of
 * class journal on purpose: the chaos run has to turn red on it. Only a build of this plugin with
 * HEARTH_UNSAFE_ACK_BEFORE_FSYNC does it; the tests make one, and it is never installed.
 */
#ifndef ENTITIES_JOURNAL_UNSAFE_H
#define ENTITIES_JOURNAL_UNSAFE_H

#include "journal.h"

/* For how long the acknowledged changes exist in this process only. kill -9 does not empty the
 * kernel's page cache as a power cut does; so what stands for it has to be memory of the process.
 */
#define JOURNAL_UNSAFE_MS 50

/* A copy of the batch, to be written after the batch itself has been answered; each entry frees
 * itself when it is done. NULL: out of memory. [journal thread] */
struct journal_entry *journal_unsafe_copy(const struct journal_entry *batch);

#endif
