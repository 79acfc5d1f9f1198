/* random.h - the system's randomness, for the host itself. Every call: [any], and never fails. */
#ifndef HEARTH_HOST_RANDOM_H
#define HEARTH_HOST_RANDOM_H

#include <hearth/random.h>

/* Fit for keys. */
void random_fill(void *buf, size_t len);
/* From the same source, but buffered; for ids of at most 64 bytes. */
void random_id(void *buf, size_t len);
void random_uuid(char out[HEARTH_UUID_SIZE]);

#endif
