/*
 * keeping.h - whether a Redis keeps what it was given.
 */
#ifndef STORAGE_REDIS_KEEPING_H
#define STORAGE_REDIS_KEEPING_H

#include <hearth/plugin.h>

/* Judges the answer to INFO: a sentence when documents may not be trusted to it, else NULL. What an
 * operator may have chosen is only logged. [loop] */
const char *keeping_problem(hearth_ctx *ctx, const char *info);

#endif
