/*
 * rules_fixture.h - what the tests of the rules share: the shipped data, scripted dice, and a
 * character of a given shape.
 */
#ifndef CHARACTERS_TEST_RULES_FIXTURE_H
#define CHARACTERS_TEST_RULES_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules.h"

enum { /* ids of etc/gamedata/items.json */
       LEATHER = 1402,
       CHAIN_SHIRT = 1405,
       SCALE_MAIL = 1406,
       CHAIN_MAIL = 1410,
       PLATE = 1412,
       SHIELD = 1420,
       DAGGER = 1478,
       HANDAXE = 1480,
       QUARTERSTAFF = 1484,
       LIGHT_CROSSBOW = 1487,
       GREATSWORD = 1495,
       LONGSWORD = 1498,
       RAPIER = 1502,
       SHORTSWORD = 1504,
       BLOWGUN = 1509,
       NET = 1513,
       POTION = 1601,
       ARROW = 1701
};

/* The shipped data with a ceiling of 9,999,999 coins, loaded once per program. */
const struct ruleset *fixture_rules(void);

/* Dice that show these faces, again from the start when they are used up. */
struct faces {
    const uint32_t *faces;
    size_t count, next;
};
struct rules_dice fixture_dice(struct faces *faces);

/* A seeded generator, for tests that try many cases; the same seed gives the same dice. */
struct rules_dice fixture_random(uint64_t *seed);
uint32_t fixture_below(uint64_t *seed, uint32_t bound);

/* A character with these scores (STR DEX CON INT WIS CHA), naked, of level 1, at full hitpoints. */
void fixture_character(struct character_draft *out, const char *race, const char *class_name,
                       const int32_t scores[ABILITY_COUNT]);

/* Gives one and equips it; fails the test when that is refused. */
void fixture_wear(struct character_draft *c, enum rules_intent_kind kind, int32_t item_id);

/* Applies an intent and, if it is allowed, makes its result the character. */
enum rules_refusal fixture_apply(struct character_draft *c, const struct rules_intent *intent);

#endif
