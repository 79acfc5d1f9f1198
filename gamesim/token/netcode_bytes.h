/*
 * netcode_bytes.h - little-endian loads and stores, which is all the encoding that netcode has.
 * Byte by byte, so that they are right on any machine; compilers turn them into one instruction.
 */
#ifndef NETCODE_BYTES_H
#define NETCODE_BYTES_H

#include <stdint.h>

static inline void netcode_put_u16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void netcode_put_u32(uint8_t *p, uint32_t v)
{
    netcode_put_u16(p, (uint16_t)v);
    netcode_put_u16(p + 2, (uint16_t)(v >> 16));
}

static inline void netcode_put_u64(uint8_t *p, uint64_t v)
{
    netcode_put_u32(p, (uint32_t)v);
    netcode_put_u32(p + 4, (uint32_t)(v >> 32));
}

static inline uint16_t netcode_get_u16(const uint8_t *p)
{
    return (uint16_t)(p[0] | (uint16_t)p[1] << 8);
}

static inline uint32_t netcode_get_u32(const uint8_t *p)
{
    return netcode_get_u16(p) | (uint32_t)netcode_get_u16(p + 2) << 16;
}

static inline uint64_t netcode_get_u64(const uint8_t *p)
{
    return netcode_get_u32(p) | (uint64_t)netcode_get_u32(p + 4) << 32;
}

#endif
