/*
 * faults.h - what is to go wrong with the next call: one line in a file that a test rewrites.
 *
 *     MODE [COLLECTION [LATENCY_MS]]
 *
 * ok, down (nothing happens, not healthy), retry (writes are put off), lost (writes happen but are
 * answered with RETRY), failed (writes are refused), conflict (writes find a stranger's document).
 * COLLECTION "*" or left out: all but leases.
 */
#ifndef STORAGE_FAULTY_FAULTS_H
#define STORAGE_FAULTY_FAULTS_H

#include <hearth/types.h>

enum fault { FAULT_OK, FAULT_DOWN, FAULT_RETRY, FAULT_LOST, FAULT_FAILED, FAULT_CONFLICT };

struct fault_now {
    enum fault fault;
    unsigned latency_ms;
};

/* What the file says about a call to this collection. DOWN concerns every collection. */
struct fault_now faults_read(const char *path, hearth_str collection);

#endif
