/* random.c - hearth.random/1 over getrandom(2), with a small buffer per thread. */
#include "host/random.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"
#include "host/interfaces.h"

void random_fill(void *buf, size_t len)
{
    char *at = buf;
    while (len > 0) {
        ssize_t n = getrandom(at, len < 256 ? len : 256, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) { /* no key may ever be made of something else */
            log_error("host", "getrandom: %s", strerror(errno));
            abort();
        }
        at += n;
        len -= (size_t)n;
    }
}

/* Ids and span numbers are small and many: one system call serves a number of them. */
void random_id(void *buf, size_t len)
{
    static _Thread_local unsigned char pool[512];
    static _Thread_local size_t left;
    if (left < len) {
        random_fill(pool, sizeof(pool));
        left = sizeof(pool);
    }
    left -= len;
    memcpy(buf, pool + left, len);
}

void random_uuid(char out[HEARTH_UUID_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[16];
    random_id(bytes, sizeof(bytes));
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    char *at = out;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        *at++ = digits[bytes[i] >> 4];
        *at++ = digits[bytes[i] & 15];
    }
    *at = '\0';
}

static void bytes(hearth_ctx *ctx, void *buf, size_t len)
{
    (void)ctx;
    random_fill(buf, len);
}

static uint32_t below(hearth_ctx *ctx, uint32_t bound)
{
    (void)ctx;
    if (bound <= 1)
        return 0;
    uint32_t rejected = (uint32_t)(-bound) % bound, drawn; /* 2^32 mod bound */
    do
        random_id(&drawn, sizeof(drawn));
    while (drawn < rejected);
    return drawn % bound;
}

static void uuid(hearth_ctx *ctx, char out[HEARTH_UUID_SIZE])
{
    (void)ctx;
    random_uuid(out);
}

const hearth_random host_random_api = {
    .struct_size = sizeof(hearth_random), .bytes = bytes, .below = below, .uuid = uuid};
