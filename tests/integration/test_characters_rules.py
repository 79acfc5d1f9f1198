"""The rules through HTTP: each refusal has its code, each change its whole state."""
import itertools

import pytest

from characters import (ABILITIES, CLERIC, COINS, FIGHTER, NOBODY, RANGER, WIZARD, Hero, player,
                        refused)

pytestmark = pytest.mark.any_storage

PLATE, CHAIN_MAIL, SHIELD, DAGGER, LONGSWORD, SHORTSWORD = 1412, 1410, 1420, 1478, 1498, 1504
LIGHT_CROSSBOW, MACE, LONGBOW, POTION, ARROW = 1487, 1483, 1512, 1601, 1701


@pytest.fixture(scope="module")
def alice(game):
    return player(game)


def modifier(score):
    return (score - 10) // 2


@pytest.mark.parametrize("name, die, unarmoured", [
    ("Barbarian", 12, "constitution"), ("Bard", 8, None), ("Cleric", 8, None), ("Druid", 8, None),
    ("Fighter", 10, None), ("Monk", 8, "wisdom"), ("Paladin", 10, None), ("Ranger", 10, None),
    ("Rogue", 8, None), ("Sorcerer", 6, None), ("Warlock", 8, None), ("Wizard", 6, None)])
def test_every_class_starts_possible(game, alice, name, die, unarmoured):
    hero = Hero(alice, {"race": "Human", "class": name})
    data = game.get("/gamedata/" + hero["gamedataVersion"]).json
    items = {item["id"]: item for item in data["items"]}
    bonuses = {a: modifier(hero["abilityScores"][a]) for a in ABILITIES}
    assert hero["abilityModifiers"] == bonuses
    assert all(4 <= score <= 19 for score in hero["abilityScores"].values())
    assert hero["maxHitpoints"] == hero["hitpoints"] == die + bonuses["constitution"]
    assert hero["initiative"] == bonuses["dexterity"]
    assert hero["passivePerception"] == 10 + bonuses["wisdom"]
    assert (hero["level"], hero["proficiencyBonus"], hero["hitDice"]) == (1, 2, 1)
    armor = items.get(hero["equipment"]["armor"])
    expected = 10 + bonuses["dexterity"] + (bonuses[unarmoured] if unarmoured else 0)
    if armor:
        category, base = armor["armor"]["category"], armor["armor"]["armorClass"]
        expected = base + {"light": bonuses["dexterity"], "medium": min(2, bonuses["dexterity"]),
                           "heavy": 0}[category]
    expected += 2 if hero["equipment"]["shield"] else 0
    assert hero["armorClass"] == expected
    saves = next(c for c in data["classes"] if c["name"] == name)["savingThrows"]
    assert hero["savingThrows"] == {a: bonuses[a] + (2 if a in saves else 0) for a in ABILITIES}


@pytest.mark.parametrize("race, sub_races, speed", [
    ("Dwarf", ["Hill", "Mountain"], 25), ("Elf", ["High", "Drow"], 30), ("Elf", ["Wood"], 35),
    ("Halfling", ["Lightfoot", "Stout"], 25), ("Human", [], 30), ("Dragonborn", [], 30),
    ("Gnome", ["Forest", "Rock", "Deep"], 25), ("Half-Elf", [], 30), ("Half-Orc", [], 30),
    ("Tiefling", [], 30)])
def test_every_race(alice, race, sub_races, speed):
    for sub_race in [None, *sub_races]:
        if race == "Elf" and sub_race is None:
            continue
        recipe = {"race": race, "class": "Monk"}
        hero = Hero(alice, {**recipe, "subRace": sub_race} if sub_race else recipe)
        assert (hero["race"], hero["subRace"], hero["movementSpeed"]) == (race, sub_race, speed)


def test_hitpoints(alice):
    hero = Hero(alice, FIGHTER)
    top = hero["maxHitpoints"]
    assert hero.hurt(5).status == 200 and hero["hitpoints"] == top
    assert hero.hurt(-(2 ** 53) + 1).status == 200
    assert (hero["hitpoints"], hero["unconscious"]) == (0, True)
    for attempt in (lambda: hero.hurt(0), lambda: hero.hurt(-1),
                    lambda: hero.equip("armor", CHAIN_MAIL),
                    lambda: hero.intend("DELETE", "/equipment/armor"),
                    lambda: hero.intend("POST", "/inventory/use", itemId=POTION),
                    lambda: hero.intend("PATCH", "/currency/modify", gold=1),
                    lambda: hero.intend("POST", "/currency/exchange", amount=1,
                                        **{"from": "gold", "to": "silver"})):
        refused(attempt(), 422, "CHARACTER_UNCONSCIOUS")
    assert hero.hurt(1).status == 200
    assert (hero["hitpoints"], hero["unconscious"]) == (1, False)
    hero.hurt(-1)
    assert alice.get(hero.path).status == 200
    assert alice.delete(hero.path).status == 204


def test_rests(alice):
    hero = Hero(alice, FIGHTER)
    constitution = hero["abilityModifiers"]["constitution"]
    hero.hurt(1 - hero["maxHitpoints"])
    before = hero["hitpoints"]
    assert hero.intend("POST", "/rest", type="short").status == 200
    healed = hero["hitpoints"] - before
    assert max(0, 1 + constitution) <= healed <= 10 + constitution
    assert hero["hitDice"] == 0
    refused(hero.intend("POST", "/rest", type="short"), 422, "NO_HIT_DICE")
    hero.hurt(-999)
    assert hero.intend("POST", "/rest", type="long").status == 200
    assert (hero["hitpoints"], hero["hitDice"]) == (hero["maxHitpoints"], 1)


def test_a_potion(alice):
    hero = Hero(alice, CLERIC)
    hero.hurt(1 - hero["maxHitpoints"])
    assert hero.intend("POST", "/inventory/use", itemId=POTION).status == 200
    assert 1 + 4 <= hero["hitpoints"] <= 1 + 10 or hero["hitpoints"] == hero["maxHitpoints"]
    assert POTION not in [entry["itemId"] for entry in hero["inventory"]]
    refused(hero.intend("POST", "/inventory/use", itemId=POTION), 422, "ITEM_NOT_OWNED")
    refused(hero.intend("POST", "/inventory/use", itemId=MACE), 422, "NOT_CONSUMABLE")
    refused(hero.intend("POST", "/inventory/use", itemId=7), 422, "ITEM_NOT_OWNED")


def test_hands(alice):
    hero = Hero(alice, RANGER)  # two shortswords and a longbow
    assert hero["equipment"]["mainHand"] == SHORTSWORD
    assert hero.equip("weapon", SHORTSWORD, offHand=True).status == 200
    assert hero["equipment"]["offHand"] == SHORTSWORD
    assert hero.equip("weapon", LONGBOW).status == 200
    assert (hero["equipment"]["mainHand"], hero["equipment"]["offHand"]) == (LONGBOW, None)
    refused(hero.equip("weapon", SHORTSWORD, offHand=True), 422, "HANDS_OCCUPIED")
    refused(hero.equip("weapon", LONGBOW, offHand=True), 422, "NOT_EQUIPPABLE")
    refused(hero.equip("weapon", ARROW), 422, "NOT_EQUIPPABLE")
    hero.equip("weapon", SHORTSWORD)
    hero.equip("weapon", SHORTSWORD, offHand=True)
    assert hero.intend("DELETE", "/equipment/mainHand").status == 200
    assert (hero["equipment"]["mainHand"], hero["equipment"]["offHand"]) == (None, None)
    strength = hero["abilityModifiers"]["strength"]
    sign = "" if strength == 0 else f"{strength:+d}"
    assert hero["attack"] == {"ability": "STR", "bonus": 2 + strength, "damage": "1" + sign}
    version = hero["version"]
    assert hero.intend("DELETE", "/equipment/mainHand").status == 200  # empty already
    assert hero["version"] == version + 1


def test_shields(alice):
    hero = Hero(alice, CLERIC)
    assert hero["equipment"]["shield"] == SHIELD
    with_shield = hero["armorClass"]
    assert hero.equip("weapon", LIGHT_CROSSBOW).status == 200
    assert hero["equipment"]["shield"] is None and hero["armorClass"] == with_shield - 2
    assert hero.equip("shield", SHIELD).status == 200
    assert hero["equipment"]["mainHand"] is None and hero["armorClass"] == with_shield
    assert hero.equip("shield", SHIELD).status == 200  # what is worn
    refused(hero.equip("shield", MACE), 422, "NOT_EQUIPPABLE")
    refused(hero.equip("armor", SHIELD), 422, "NOT_EQUIPPABLE")
    refused(hero.equip("armor", PLATE), 422, "ITEM_NOT_OWNED")


def test_one_item_in_both_hands_needs_two(alice):
    hero = Hero(alice, WIZARD)
    refused(hero.equip("weapon", DAGGER, offHand=True), 422, "ITEM_NOT_OWNED")
    assert hero.equip("weapon", DAGGER, offHand=False).status == 200


def test_damage_is_written_with_its_modifier(alice):
    hero = Hero(alice, FIGHTER)
    strength = hero["abilityModifiers"]["strength"]
    sign = "" if strength == 0 else f"{strength:+d}"
    assert hero["attack"] == {"ability": "STR", "bonus": 2 + strength, "damage": "1d8" + sign}
    hero.intend("DELETE", "/equipment/shield")
    assert hero["attack"]["damage"] == "1d10" + sign


def test_coins(alice):
    hero = Hero(alice, FIGHTER)
    assert hero.intend("PATCH", "/currency/modify", gold=-5, copper=7, silver=0).status == 200
    assert (hero["currency"]["gold"], hero["currency"]["copper"]) == (5, 7)
    for body in ({"gold": -6}, {"gold": 1, "platinum": -1}):
        refused(hero.intend("PATCH", "/currency/modify", **body), 422, "INSUFFICIENT_FUNDS")
    refused(hero.intend("PATCH", "/currency/modify", gold=9999995), 422, "CURRENCY_LIMIT")
    for body in ({}, {"gold": 1.5}, {"gold": None}, {"euro": 1}):
        refused(hero.intend("PATCH", "/currency/modify", **body), 400, "INVALID_REQUEST")
    assert hero.intend("PATCH", "/currency/modify", gold=9999994).status == 200
    assert hero["currency"]["gold"] == 9999999


def test_exchange(alice):
    worth = dict(zip(COINS, (1, 10, 50, 100, 1000)))
    hero = Hero(alice, FIGHTER)
    hero.intend("PATCH", "/currency/modify", **{coin: 9000 for coin in COINS})
    for source, target in itertools.permutations(COINS, 2):
        before = dict(hero["currency"])
        amount = max(1, worth[target] // worth[source])
        change = {"from": source, "to": target}
        assert hero.intend("POST", "/currency/exchange", amount=amount, **change).status == 200
        after = hero["currency"]
        assert after[source] == before[source] - amount
        assert sum(after[c] * worth[c] for c in COINS) == sum(before[c] * worth[c] for c in COINS)
        if amount > 1:
            refused(hero.intend("POST", "/currency/exchange", amount=amount - 1, **change), 422,
                    "NOT_EXCHANGEABLE")
    gold = {"from": "gold", "to": "silver"}
    refused(hero.intend("POST", "/currency/exchange", amount=2 ** 53 - 1, **gold), 422,
            "INSUFFICIENT_FUNDS")
    for body in ({"from": "gold", "to": "gold", "amount": 1},
                 {"from": "gold", "to": "euro", "amount": 1}, {**gold, "amount": 0},
                 {**gold, "amount": -1}, {**gold}):
        refused(hero.intend("POST", "/currency/exchange", **body), 400, "INVALID_REQUEST")
