/*
 * hex.c - see hex.h.
 */
#include "text/hex.h"

#include <string.h>

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_read(uint8_t *out, size_t len, const char *text)
{
    if (strlen(text) != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++) {
        int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool hex_read_u64(uint64_t *out, const char *text)
{
    uint8_t bytes[8];
    if (!hex_read(bytes, sizeof(bytes), text))
        return false;
    *out = 0;
    for (unsigned i = 0; i < sizeof(bytes); i++)
        *out = *out << 8 | bytes[i];
    return true;
}
