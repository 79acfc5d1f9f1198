/*
 * generation.c - see generation.h. The name is written once per generation, not once per call.
 */
#include "generation.h"

#include <stdio.h>

hearth_str generation_name(struct generation *generation, const char *start, uint32_t loop,
                           uint64_t serial)
{
    if (generation->len == 0 || generation->serial != serial) {
        generation->serial = serial;
        generation->len = (size_t)snprintf(
            generation->name, sizeof(generation->name), "%s.%u.%llu.%llu", start, loop,
            (unsigned long long)serial, (unsigned long long)generation->ended);
    }
    return (hearth_str){generation->name, generation->len};
}

void generation_end(struct generation *generation)
{
    generation->ended++;
    generation->len = 0;
}
