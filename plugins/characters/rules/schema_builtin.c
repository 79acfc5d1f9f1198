/*
 * schema_builtin.c - the schemas of etc/gamedata/schema, compiled in: a studio changes its data,
 * and cannot loosen by accident what the reader of the data relies on.
 */
#include "schema.h"

#include <string.h>

/* The bytes of a file between two symbols, in read-only memory. */
#define EMBED(name_)                                                                               \
    __asm__(".pushsection .rodata\n"                                                               \
            ".global schema_" #name_ "_begin\n.hidden schema_" #name_ "_begin\n"                   \
            ".global schema_" #name_ "_end\n.hidden schema_" #name_ "_end\n"                       \
            "schema_" #name_ "_begin:\n"                                                           \
            ".incbin \"" SCHEMA_FOLDER "/" #name_ ".schema.json\"\n"                               \
            "schema_" #name_ "_end:\n"                                                             \
            ".popsection\n");                                                                      \
    extern const char schema_##name_##_begin[], schema_##name_##_end[]

EMBED(items);
EMBED(races);
EMBED(classes);
EMBED(rules);
EMBED(names);

static const struct {
    const char *name, *begin, *end;
} schemas[] = {
    {"items", schema_items_begin, schema_items_end},
    {"races", schema_races_begin, schema_races_end},
    {"classes", schema_classes_begin, schema_classes_end},
    {"rules", schema_rules_begin, schema_rules_end},
    {"names", schema_names_begin, schema_names_end},
};

json_t *schema_builtin(const char *name)
{
    for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++) {
        if (strcmp(schemas[i].name, name) == 0)
            return json_loadb(schemas[i].begin, (size_t)(schemas[i].end - schemas[i].begin), 0,
                              NULL);
    }
    return NULL;
}
