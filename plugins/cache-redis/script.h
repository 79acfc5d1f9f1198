/*
 * script.h - the Lua that Redis runs for us: versions are compared where the document is, so that
 * an older one never overwrites, whoever put the newer one.
 */
#ifndef CACHE_REDIS_SCRIPT_H
#define CACHE_REDIS_SCRIPT_H

#include <redis_script.h>

enum script { SCRIPT_PUT, SCRIPT_INVALIDATE, SCRIPT_COUNT };

/* Written once, in open. */
extern struct redis_script scripts[SCRIPT_COUNT];

#endif
