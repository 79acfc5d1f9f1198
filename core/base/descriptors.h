/*
 * descriptors.h - the three descriptors that every program is started with, or nearly every one.
 */
#ifndef HEARTH_BASE_DESCRIPTORS_H
#define HEARTH_BASE_DESCRIPTORS_H

/* [main, first of all] Where a supervisor has closed standard input, output or error, /dev/null
 * takes the place: else a socket or a database would get the number, and the log be written into
 * it. */
void descriptors_fill_standard(void);

#endif
