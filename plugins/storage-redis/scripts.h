/*
 * scripts.h - the Lua that Redis runs for us: conditions are judged where the data is, in one step.
 */
#ifndef STORAGE_REDIS_SCRIPTS_H
#define STORAGE_REDIS_SCRIPTS_H

#include <redis_script.h>

enum script { SCRIPT_WRITE, SCRIPT_QUERY, SCRIPT_SCAN, SCRIPT_TRY, SCRIPT_COUNT };

/* Written once, in open. */
extern struct redis_script scripts[SCRIPT_COUNT];

#endif
