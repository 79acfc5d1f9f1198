/*
 * random.h - hearth.random/1: randomness from the system's source, scripted in tests.
 */
#ifndef HEARTH_RANDOM_H
#define HEARTH_RANDOM_H

#include <hearth/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEARTH_RANDOM_ID "hearth.random/1"
#define HEARTH_UUID_SIZE 37

typedef struct hearth_random {
    uint32_t struct_size;
    /* Fills buf; fit for keys. Never fails. [any] */
    void (*bytes)(hearth_ctx *ctx, void *buf, size_t len);
    /* Uniform in 0 .. bound-1, without modulo bias; bound >= 1. [any] */
    uint32_t (*below)(hearth_ctx *ctx, uint32_t bound);
    /* A random UUID (RFC 9562, version 4), lower case, with NUL. [any] */
    void (*uuid)(hearth_ctx *ctx, char out[HEARTH_UUID_SIZE]);
} hearth_random;

static inline const hearth_random *hearth_random_get(hearth_ctx *ctx)
{
    return (const hearth_random *)ctx->host->get(ctx, HEARTH_RANDOM_ID, sizeof(hearth_random));
}

#ifdef __cplusplus
}
#endif
#endif
