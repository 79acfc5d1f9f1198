/*
 * key.c - see key.h.
 */
#include "key.h"

#include <storage_op.h>

hearth_str key_name(char out[KEY_SIZE], hearth_str prefix, const hearth_key *key)
{
    const hearth_str nul = {"", 1};
    char *end = out;

    if (storage_key_problem(key))
        return (hearth_str){NULL, 0};
    storage_place(&end, prefix);
    storage_place(&end, key->collection);
    storage_place(&end, nul);
    storage_place(&end, key->partition);
    storage_place(&end, nul);
    storage_place(&end, key->sort);
    return (hearth_str){out, (size_t)(end - out)};
}
