/*
 * rules_fixture.c - see rules_fixture.h.
 */
#include "rules_fixture.h"

#include <stdio.h>

static struct ruleset *loaded;

__attribute__((destructor)) static void unload(void)
{
    ruleset_destroy(loaded);
}

const struct ruleset *fixture_rules(void)
{
    char error[RULESET_ERROR_SIZE];
    if (!loaded)
        loaded = ruleset_load(GAMEDATA, 9999999, error);
    if (!loaded)
        fail_msg("%s", error);
    return loaded;
}

static uint32_t next_face(void *source, uint32_t bound)
{
    struct faces *faces = source;
    uint32_t face = faces->faces[faces->next++ % faces->count];
    assert_in_range(face, 1, bound);
    return face - 1;
}

struct rules_dice fixture_dice(struct faces *faces)
{
    return (struct rules_dice){next_face, faces};
}

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators". */
uint32_t fixture_below(uint64_t *seed, uint32_t bound)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return (uint32_t)((*seed * UINT64_C(2685821657736338717)) >> 33) % bound;
}

static uint32_t random_face(void *source, uint32_t bound)
{
    return fixture_below(source, bound);
}

struct rules_dice fixture_random(uint64_t *seed)
{
    return (struct rules_dice){random_face, seed};
}

void fixture_character(struct character_draft *out, const char *race, const char *class_name,
                       const int32_t scores[ABILITY_COUNT])
{
    struct character *c = &out->character;
    memset(out, 0, sizeof(*out));
    c->items = out->items;
    snprintf(c->race, sizeof(c->race), "%s", race);
    snprintf(c->class_name, sizeof(c->class_name), "%s", class_name);
    memcpy(c->scores, scores, sizeof(c->scores));
    rules_derive(fixture_rules(), c);
    c->hitpoints = c->derived.max_hitpoints;
    c->hit_dice = c->derived.level;
}

void fixture_wear(struct character_draft *c, enum rules_intent_kind kind, int32_t item_id)
{
    struct rules_intent intent = {.kind = kind, .item_id = item_id};
    character_add_item(&c->character, item_id, 1);
    assert_int_equal(fixture_apply(c, &intent), RULES_OK);
}

enum rules_refusal fixture_apply(struct character_draft *c, const struct rules_intent *intent)
{
    static uint64_t seed = 88172645463325252;
    struct character_draft next;
    enum rules_refusal refusal =
        rules_apply(fixture_rules(), &c->character, intent, fixture_random(&seed), &next);
    if (refusal == RULES_OK)
        character_draft_init(c, &next.character);
    return refusal;
}
