/*
 * faults.c - the file is read at each call: a test changes it and knows that the next call obeys.
 */
#include "faults.h"

#include <stdio.h>
#include <string.h>

struct fault_now faults_read(const char *path, hearth_str collection)
{
    static const char *const names[] = {"ok", "down", "retry", "lost", "failed", "conflict"};
    char mode[16] = "", only[64] = "*";
    struct fault_now now = {FAULT_OK, 0};

    FILE *file = fopen(path, "re");
    if (!file)
        return now;
    int found = fscanf(file, "%15s %63s %u", mode, only, &now.latency_ms);
    fclose(file);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && found > 0; i++) {
        if (strcmp(mode, names[i]) == 0)
            now.fault = (enum fault)i;
    }
    int all = strcmp(only, "*") == 0;
    int lease = collection.len == 6 && memcmp(collection.ptr, "leases", 6) == 0;
    int named = strlen(only) == collection.len && memcmp(only, collection.ptr, collection.len) == 0;
    if (now.fault != FAULT_DOWN && (all ? lease : !named))
        now.fault = FAULT_OK;
    return now;
}
