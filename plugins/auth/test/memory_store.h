/*
 * memory_store.h - a storage of the test's own that can go away and come back, lose the answer of a
 * write, and count what it was asked.
 */
#ifndef AUTH_TEST_MEMORY_STORE_H
#define AUTH_TEST_MEMORY_STORE_H

#include <hearth/service/storage.h>

extern const hearth_storage memory_store;

extern int memory_store_away;  /* reads are EUNAVAILABLE, writes are RETRY */
extern int memory_store_lose;  /* so many writes happen and are answered with RETRY */
extern int memory_store_calls; /* so far */
void memory_store_clear(void);

#endif
