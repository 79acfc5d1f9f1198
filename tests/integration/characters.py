"""What the tests of the characters' routes share: players with names of their own, characters, and
the documented shape. Every test runs on any storage backend (--storage PLUGIN)."""
import itertools
import os
import uuid

_numbers = itertools.count()

NOBODY = "99999999-9999-4999-8999-999999999999"
ABILITIES = ["strength", "dexterity", "constitution", "intelligence", "wisdom", "charisma"]
COINS = ["copper", "silver", "electrum", "gold", "platinum"]

FIGHTER = {"race": "Human", "class": "Fighter"}
WIZARD = {"race": "Elf", "subRace": "High", "class": "Wizard"}
CLERIC = {"race": "Dwarf", "subRace": "Hill", "class": "Cleric"}
RANGER = {"race": "Elf", "subRace": "Wood", "class": "Ranger"}

_abilities = {ability: int for ability in ABILITIES}
SHAPE = {
    "id": str, "userId": str, "name": str, "race": str, "subRace": (str, type(None)), "class": str,
    "level": int, "experience": int, "hitpoints": int, "maxHitpoints": int, "unconscious": bool,
    "abilityScores": _abilities, "abilityModifiers": _abilities, "savingThrows": _abilities,
    "proficiencyBonus": int, "hitDice": int, "armorClass": int, "movementSpeed": int,
    "initiative": int, "passivePerception": int,
    "attack": {"ability": str, "bonus": int, "damage": str},
    "equipment": {slot: (int, type(None)) for slot in ["armor", "shield", "mainHand", "offHand"]},
    "inventory": [{"itemId": int, "quantity": int}],
    "currency": {coin: int for coin in COINS},
    "gamedataVersion": str, "version": int, "createdAt": str, "updatedAt": str,
}


def assert_shape(value, shape=SHAPE, path=""):
    """Exactly these keys, each of its type; in the order of the documented example."""
    if isinstance(shape, dict):
        assert list(value) == list(shape), f"{path}: keys {list(value)}"
        for key, expected in shape.items():
            assert_shape(value[key], expected, f"{path}.{key}")
    elif isinstance(shape, list):
        assert isinstance(value, list), path
        for index, entry in enumerate(value):
            assert_shape(entry, shape[0], f"{path}.{index}")
    else:
        assert isinstance(value, shape) and not (shape is int and isinstance(value, bool)), \
            f"{path}: {value!r}"


def player(server):
    return server.player(f"p{os.getpid()}-{next(_numbers)}-{uuid.uuid4().hex[:8]}")


def letters():
    """A name that nobody has. Without vowels it cannot hold a blocked word by chance."""
    return "T" + "".join("bcdfghjklmnpqrst"[int(c, 16)] for c in uuid.uuid4().hex[:12])


class Hero:
    """A character and the player who owns it; keeps the latest state that it was shown."""

    def __init__(self, owner, recipe):
        made = owner.post("/characters", recipe)
        assert made.status == 201, made
        self.owner, self.state = owner, made.json
        self.path = "/characters/" + self.state["id"]

    def __getitem__(self, key):
        return self.state[key]

    def send(self, method, rest, body=None, headers=None):
        reply = self.owner.request(method, self.path + rest, body, headers)
        if reply.status == 200 and method != "GET":
            assert_shape(reply.json)
            self.state = reply.json
        return reply

    def intend(self, method, rest, **fields):
        """An intent on the version that it knows."""
        return self.send(method, rest, {"version": self["version"], **fields})

    def hurt(self, delta):
        return self.intend("PATCH", "/stats/hitpoints", delta=delta)

    def equip(self, what, item, **more):
        return self.intend("POST", "/equipment/" + what, itemId=item, **more)

    def reload(self):
        self.state = self.owner.get(self.path).json
        return self


def refused(reply, status, code):
    assert (reply.status, reply.json.get("code")) == (status, code), reply
    assert reply.json["error"] and reply.json["requestId"] == reply.headers["X-Request-Id"]
    if status in (429, 503):
        assert reply.headers["Retry-After"]
