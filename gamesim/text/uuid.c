/*
 * uuid.c - see uuid.h.
 */
#include "text/uuid.h"

#include <stddef.h>
#include <string.h>

static bool hyphen_before(unsigned byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

const char *uuid_format(const uint8_t id[16], char text[UUID_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    char *out = text;
    for (unsigned i = 0; i < 16; i++) {
        if (hyphen_before(i))
            *out++ = '-';
        *out++ = digits[id[i] >> 4];
        *out++ = digits[id[i] & 15];
    }
    *out = '\0';
    return text;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool uuid_parse(uint8_t out[16], const char *text)
{
    if (!text || strlen(text) != UUID_TEXT - 1)
        return false;
    for (unsigned i = 0; i < 16; i++) {
        if (hyphen_before(i) && *text++ != '-')
            return false;
        int high = digit(text[0]), low = digit(text[1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    return true;
}
