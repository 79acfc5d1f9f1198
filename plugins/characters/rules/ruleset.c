/*
 * ruleset.c - finding things in the rule data, and freeing it.
 */
#include "ruleset.h"

#include <stdlib.h>
#include <string.h>

const struct rules_item *ruleset_item(const struct ruleset *rules, int64_t id)
{
    size_t low = 0, high = rules->item_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (rules->items[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < rules->item_count && rules->items[low].id == id ? &rules->items[low] : NULL;
}

static int is(const char *name, const char *text, size_t len)
{
    return strlen(name) == len && memcmp(name, text, len) == 0;
}

const struct rules_race *ruleset_race(const struct ruleset *rules, const char *name, size_t len)
{
    for (size_t i = 0; i < rules->race_count; i++) {
        if (is(rules->races[i].name, name, len))
            return &rules->races[i];
    }
    return NULL;
}

const struct rules_sub_race *rules_race_sub_race(const struct rules_race *race, const char *name,
                                                 size_t len)
{
    for (size_t i = 0; i < race->sub_race_count; i++) {
        if (is(race->sub_races[i].name, name, len))
            return &race->sub_races[i];
    }
    return NULL;
}

const struct rules_class *ruleset_class(const struct ruleset *rules, const char *name, size_t len)
{
    for (size_t i = 0; i < rules->class_count; i++) {
        if (is(rules->classes[i].name, name, len))
            return &rules->classes[i];
    }
    return NULL;
}

static void words_finish(struct rules_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        free(words->items[i]);
    free(words->items);
}

void ruleset_destroy(struct ruleset *rules)
{
    if (!rules)
        return;
    free(rules->items);
    for (size_t i = 0; i < rules->race_count; i++)
        free(rules->races[i].sub_races);
    free(rules->races);
    for (size_t i = 0; i < rules->class_count; i++) {
        free(rules->classes[i].weapon_items);
        free(rules->classes[i].equipment);
    }
    free(rules->classes);
    free(rules->experience);
    words_finish(&rules->blocked);
    words_finish(&rules->blocked_parts);
    words_finish(&rules->starts);
    words_finish(&rules->middles);
    words_finish(&rules->ends);
    free(rules->published);
    free(rules);
}
