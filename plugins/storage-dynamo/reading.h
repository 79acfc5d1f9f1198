/*
 * reading.h - a small file with a secret in it, read on the task pool.
 */
#ifndef STORAGE_DYNAMO_READING_H
#define STORAGE_DYNAMO_READING_H

#include "plugin.h"

#define READING_MAX 65536

struct reading {
    void *arg;
    const char *file;
    size_t len; /* 0: it cannot be read, or is empty */
    int error;  /* errno, why it cannot be read */
    char bytes[READING_MAX];
};

/* Reads the beginning of `file`, which must live as long; then runs done with the reading, which it
 * frees. false: the task pool is full, or memory is out. [loop] */
bool reading_start(hearth_ctx *ctx, const char *file, void (*done)(hearth_ctx *ctx, void *reading),
                   void *arg);
/* Wipes and frees it. */
void reading_free(struct reading *reading);

#endif
