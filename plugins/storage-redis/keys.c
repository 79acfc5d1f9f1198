/*
 * keys.c - building the names of keys; see keys.h for their forms.
 */
#include "keys.h"

#include <storage_op.h>
#include <string.h>

static size_t encode_tag(char *out, hearth_str partition)
{
    static const char hex[] = "0123456789abcdef";
    size_t len = 0;

    for (size_t i = 0; i < partition.len; i++) {
        unsigned char c = (unsigned char)partition.ptr[i];
        if (c == '{' || c == '}' || c == '%') {
            out[len++] = '%';
            out[len++] = hex[c >> 4];
            out[len++] = hex[c & 15];
        } else {
            out[len++] = (char)c;
        }
    }
    return len;
}

void keys_of(struct keys *keys, hearth_str prefix, const hearth_key *key)
{
    char tag_text[KEYS_TAG_SIZE], *end = keys->text;
    hearth_str tag = {tag_text, encode_tag(tag_text, key->partition)};
    const hearth_str nul = {"", 1};

    keys->doc.ptr = end;
    storage_place(&end, prefix);
    storage_place(&end, HEARTH_STR("d:{"));
    storage_place(&end, tag);
    storage_place(&end, HEARTH_STR("}:"));
    storage_place(&end, key->collection);
    storage_place(&end, nul);
    keys->prefix = (hearth_str){keys->doc.ptr, (size_t)(end - keys->doc.ptr)};
    storage_place(&end, key->sort);
    keys->doc.len = (size_t)(end - keys->doc.ptr);

    keys->index.ptr = end;
    storage_place(&end, prefix);
    storage_place(&end, HEARTH_STR("i:{"));
    storage_place(&end, tag);
    storage_place(&end, HEARTH_STR("}:"));
    storage_place(&end, key->collection);
    keys->index.len = (size_t)(end - keys->index.ptr);

    keys->member.ptr = end;
    storage_place(&end, key->collection);
    storage_place(&end, nul);
    storage_place(&end, key->partition);
    storage_place(&end, nul);
    storage_place(&end, tag);
    keys->member.len = (size_t)(end - keys->member.ptr);
}
