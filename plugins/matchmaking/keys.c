/*
 * keys.c - where things lie in storage.
 */
#include "plugin.h"

#include <string.h>

hearth_str str_of(const char *text)
{
    return (hearth_str){text, strlen(text)};
}

hearth_key instance_key(const char *id, char bucket[2])
{
    bucket[0] = id[0];
    bucket[1] = 0;
    return (hearth_key){HEARTH_STR(COLLECTION_INSTANCES), str_of(bucket), str_of(id)};
}
