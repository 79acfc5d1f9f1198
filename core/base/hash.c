/*
 * hash.c - FNV-1a with a finalizer, and SipHash-1-3.
 * Both are written out here: a hash that decides where a user lives must not change with a library.
 */
#include "base/hash.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

uint64_t hash_stable(hearth_str text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < text.len; i++) {
        hash ^= (unsigned char)text.ptr[i];
        hash *= UINT64_C(0x100000001b3);
    }
    hash ^= hash >> 33;
    hash *= UINT64_C(0xff51afd7ed558ccd);
    hash ^= hash >> 33;
    hash *= UINT64_C(0xc4ceb9fe1a85ec53);
    hash ^= hash >> 33;
    return hash;
}

static uint64_t rotate(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

static uint64_t load_le64(const unsigned char *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof(value));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

uint64_t hash_siphash13(hearth_str text, uint64_t key0, uint64_t key1)
{
    uint64_t v[4] = {key0 ^ UINT64_C(0x736f6d6570736575), key1 ^ UINT64_C(0x646f72616e646f6d),
                     key0 ^ UINT64_C(0x6c7967656e657261), key1 ^ UINT64_C(0x7465646279746573)};
    const unsigned char *bytes = (const unsigned char *)text.ptr;
    size_t left = text.len;
    for (; left >= 8; left -= 8, bytes += 8) {
        uint64_t word = load_le64(bytes);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    unsigned char tail[8] = {0};
    if (left > 0)
        memcpy(tail, bytes, left);
    tail[7] = (unsigned char)text.len;
    uint64_t word = load_le64(tail);
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static uint64_t process_key[2];
static pthread_once_t key_once = PTHREAD_ONCE_INIT;

static void draw_key(void)
{
    unsigned char *bytes = (unsigned char *)process_key;
    size_t have = 0;
    while (have < sizeof(process_key)) {
        ssize_t got = getrandom(bytes + have, sizeof(process_key) - have, 0);
        if (got > 0)
            have += (size_t)got;
        else if (errno != EINTR)
            abort(); /* a kernel without randomness: no key, token or password would be safe */
    }
}

uint64_t hash_keyed(hearth_str text)
{
    pthread_once(&key_once, draw_key);
    return hash_siphash13(text, process_key[0], process_key[1]);
}
