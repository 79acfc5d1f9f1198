/*
 * scripts.h - the Lua that Redis runs for us: conditions are judged where the data is, in one step.
 */
#ifndef STORAGE_REDIS_SCRIPTS_H
#define STORAGE_REDIS_SCRIPTS_H

enum script { SCRIPT_WRITE, SCRIPT_QUERY, SCRIPT_SCAN, SCRIPT_COUNT };

/* The source of a script, and its SHA-1 in hexadecimal as EVALSHA takes it. Set by scripts_init. */
extern const char *const script_sources[SCRIPT_COUNT];
extern char script_digests[SCRIPT_COUNT][41];

/* Computes the digests; once, before the first connection. [main] */
void scripts_init(void);

#endif
