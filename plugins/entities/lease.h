/*
 * lease.h - one document in storage says who may write: one data directory, or those in mode
 * shared. Loop 0 keeps it; every loop asks lease_held before it acknowledges or writes.
 */
#ifndef ENTITIES_LEASE_H
#define ENTITIES_LEASE_H

#include "plugin.h"

bool lease_start(struct local *local);
/* Asks again, should memory have been out when it was to be asked for later. On every loop. */
void lease_resume(struct local *local);
/* Gives it back (mode exclusive, if `clean`, so that another directory may take it at once), then
 * calls done. */
void lease_release(struct local *local, bool clean, void (*done)(struct local *local));
void lease_stop(struct local *local);

#endif
