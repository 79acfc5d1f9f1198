/*
 * names.c - who may be called what, and names for those who bring none.
 */
#include "rules.h"

#include <string.h>

static char lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

static int is_blocked(const struct ruleset *rules, const char lowered[CHARACTER_NAME_SIZE])
{
    for (size_t i = 0; i < rules->blocked.count; i++) {
        if (strcmp(lowered, rules->blocked.items[i]) == 0)
            return 1;
    }
    for (size_t i = 0; i < rules->blocked_parts.count; i++) {
        if (strstr(lowered, rules->blocked_parts.items[i]))
            return 1;
    }
    return 0;
}

enum rules_name_verdict rules_name_check(const struct ruleset *rules, const char *name, size_t len)
{
    char lowered[CHARACTER_NAME_SIZE];
    if (len < 1 || len >= sizeof(lowered))
        return NAME_MALFORMED;
    for (size_t i = 0; i < len; i++) {
        lowered[i] = lower(name[i]);
        if (lowered[i] < 'a' || lowered[i] > 'z')
            return NAME_MALFORMED;
    }
    lowered[len] = 0;
    return is_blocked(rules, lowered) ? NAME_BLOCKED : NAME_OK;
}

static void append(char out[CHARACTER_NAME_SIZE], const struct rules_words *words,
                   struct rules_dice dice, size_t reserve)
{
    const char *part = words->items[dice.below(dice.source, (uint32_t)words->count)];
    size_t len = strlen(out), more = strlen(part);
    if (len + more + reserve < CHARACTER_NAME_SIZE)
        memcpy(out + len, part, more + 1);
}

static void random_letters(struct rules_dice dice, char out[CHARACTER_NAME_SIZE])
{
    for (size_t i = 0; i < CHARACTER_NAME_SIZE - 1; i++)
        out[i] = (char)((i == 0 ? 'A' : 'a') + (char)dice.below(dice.source, 26));
    out[CHARACTER_NAME_SIZE - 1] = 0;
}

#define SYLLABLE_TRIES 6 /* then letters: 26 to the 15th is never used up */

void rules_name_make(const struct ruleset *rules, unsigned attempt, struct rules_dice dice,
                     char out[CHARACTER_NAME_SIZE])
{
    do {
        memset(out, 0, CHARACTER_NAME_SIZE);
        if (attempt >= SYLLABLE_TRIES) {
            random_letters(dice, out);
        } else {
            append(out, &rules->starts, dice, 0);
            for (unsigned i = 0; i < attempt; i++)
                append(out, &rules->middles, dice, 5);
            append(out, &rules->ends, dice, 0);
        }
        attempt++;
    } while (rules_name_check(rules, out, strlen(out)) != NAME_OK);
}
