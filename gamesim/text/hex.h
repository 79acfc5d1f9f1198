/*
 * hex.h - fixed-length hexadecimal, as keys and protocol ids are given on command lines.
 */
#ifndef TEXT_HEX_H
#define TEXT_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exactly 2 * len digits, or false. */
bool hex_read(uint8_t *out, size_t len, const char *text);

/* Exactly 16 digits, most significant first, or false. */
bool hex_read_u64(uint64_t *out, const char *text);

#endif
