/*
 * uuid.h - ids as they stand in tokens (16 bytes) and in hearthd's JSON (text).
 */
#ifndef TEXT_UUID_H
#define TEXT_UUID_H

#include <stdbool.h>
#include <stdint.h>

#define UUID_TEXT 37

/* Lower case, NUL-terminated; returns text. */
const char *uuid_format(const uint8_t id[16], char text[UUID_TEXT]);

/* False unless it is exactly 8-4-4-4-12 hexadecimal digits; NULL is no id. */
bool uuid_parse(uint8_t out[16], const char *text);

#endif
