"""The HTTP contract of the characters: shapes, headers, codes, and the order of judgement."""
import pytest

from characters import (CLERIC, FIGHTER, NOBODY, WIZARD, Hero, assert_shape, letters, player,
                        refused)
from hearth import wait_until

pytestmark = pytest.mark.any_storage


@pytest.fixture(scope="module")
def alice(game):
    return player(game)


@pytest.fixture(scope="module")
def bob(game):
    return player(game)


def test_create_answers_the_documented_shape(alice):
    name = letters()
    made = alice.post("/characters", {"name": name, **WIZARD})
    assert made.status == 201
    assert_shape(made.json)
    hero = made.json
    assert made.headers["Location"] == "/characters/" + hero["id"]
    assert made.headers["ETag"] == '"1"'
    assert made.headers["Hearth-Durable-Version"] == "1"
    assert made.headers["Content-Type"] == "application/json"
    assert (hero["userId"], hero["name"], hero["version"]) == (alice.user_id, name, 1)
    assert (hero["race"], hero["subRace"], hero["class"]) == ("Elf", "High", "Wizard")
    assert hero["equipment"] == {"armor": None, "shield": None, "mainHand": 1478, "offHand": None}
    assert hero["inventory"] == [{"itemId": 1478, "quantity": 1}]
    assert hero["currency"]["gold"] == 15
    assert hero["createdAt"] == hero["updatedAt"]
    assert hero["hitpoints"] == hero["maxHitpoints"] == \
        6 + hero["abilityModifiers"]["constitution"]


def test_a_get_is_the_same_bytes(alice):
    made = alice.post("/characters", WIZARD)
    got = alice.get(made.headers["Location"])
    assert (got.status, got.body) == (200, made.body)
    head = alice.request("HEAD", made.headers["Location"])
    assert (head.status, head.body, head.headers["ETag"]) == (200, b"", '"1"')
    assert head.headers["Content-Length"] == str(len(made.body))


@pytest.mark.parametrize("header, status", [
    ('"1"', 304), ('W/"1"', 304), ('"0", W/"1"', 304), ("*", 304), ('"2"', 200), ("junk", 200)])
def test_if_none_match(alice, header, status):
    hero = Hero(alice, FIGHTER)
    got = alice.get(hero.path, headers={"If-None-Match": header})
    assert (got.status, got.headers["ETag"]) == (status, '"1"')
    assert got.headers["Hearth-Durable-Version"] == "1"
    assert (got.body == b"") == (status == 304)


def test_a_name_is_made_up(alice):
    names = {Hero(alice, FIGHTER)["name"] for _ in range(5)}
    assert len(names) == 5 and all(name.isascii() and name.isalpha() for name in names)


def test_names_are_unique_without_regard_to_case(alice, bob):
    name = letters()
    hero = Hero(alice, {"name": name, **FIGHTER})
    refused(bob.post("/characters", {"name": name.upper(), **FIGHTER}), 409, "NAME_TAKEN")
    assert alice.delete(hero.path).status == 204
    assert Hero(bob, {"name": name.upper(), **FIGHTER})["name"] == name.upper()


@pytest.mark.parametrize("body", [
    {}, {"race": "Human"}, {"class": "Fighter"}, {"race": "Orc", "class": "Fighter"},
    {"race": "Human", "class": "Hero"}, {"race": "Human", "subRace": "High", "class": "Fighter"},
    {"race": "Elf", "subRace": None, "class": "Fighter"}, {**FIGHTER, "name": None},
    {**FIGHTER, "name": ""}, {**FIGHTER, "name": "A" * 16}, {**FIGHTER, "name": "J0n"},
    {**FIGHTER, "name": "admin"}, {**FIGHTER, "hitpoints": 99}, {**FIGHTER, "armorClass": 99},
    {**FIGHTER, "race": 7}, [], "text", 7, None])
def test_creates_that_are_malformed(alice, body):
    send = "null" if body is None else body if not isinstance(body, str) else f'"{body}"'
    refused(alice.post("/characters", send), 400, "INVALID_REQUEST")


@pytest.mark.parametrize("body", ["", "{", '{"race":"Human","race":"Elf"}', '{"race":"\\ud800"}',
                                  "[" * 40 + "]" * 40, "{}x"])
def test_bodies_that_are_no_json(alice, body):
    refused(alice.post("/characters", body), 400, "INVALID_JSON")


def test_media_types(alice):
    hero = Hero(alice, FIGHTER)
    rest = hero.path + "/rest"
    body = '{"version":1,"type":"long"}'
    for kind in ["text/plain", "application/jsonx", ""]:
        refused(alice.post(rest, body, headers={"Content-Type": kind}), 415,
                "UNSUPPORTED_MEDIA_TYPE")
    assert alice.post(rest, body,
                      headers={"Content-Type": "Application/JSON; charset=utf-8"}).status == 200


def test_the_list_is_the_callers_own(game):
    owner, other = player(game), player(game)
    assert owner.get("/characters").json == {"characters": []}
    heroes = [Hero(owner, recipe).state for recipe in (FIGHTER, WIZARD, CLERIC)]
    Hero(other, FIGHTER)
    listed = owner.get("/characters").json["characters"]
    assert sorted(listed, key=lambda c: c["id"]) == sorted(heroes, key=lambda c: c["id"])
    assert [c["createdAt"] for c in listed] == sorted(c["createdAt"] for c in heroes)


def test_versions(alice):
    hero = Hero(alice, FIGHTER)
    refused(hero.send("PATCH", "/stats/hitpoints", {"delta": -1}), 428, "VERSION_REQUIRED")
    first = hero.hurt(-1)
    assert (first.status, first.headers["ETag"], hero["version"]) == (200, '"2"', 2)
    assert hero["hitpoints"] == hero["maxHitpoints"] - 1
    for stale in (1, 3, 2 ** 53 - 1):
        reply = hero.send("PATCH", "/stats/hitpoints", {"version": stale, "delta": -1})
        refused(reply, 409, "VERSION_MISMATCH")
        assert reply.json["error"] == "Version mismatch. Please refresh."
        assert reply.json["character"] == hero.state
    assert hero.send("PATCH", "/stats/hitpoints", {"delta": -1}, {"If-Match": '"2"'}).status == 200
    refused(hero.send("PATCH", "/stats/hitpoints", {"version": 3, "delta": -1},
                      {"If-Match": '"4"'}), 400, "INVALID_REQUEST")
    for tag in ['W/"3"', "*", "3", '"3", "4"', '"x"', '""']:
        refused(hero.send("PATCH", "/stats/hitpoints", {"delta": -1}, {"If-Match": tag}), 400,
                "INVALID_REQUEST")
    for version in (0, -1, 1.0, "1", None, 2 ** 53):
        refused(hero.send("PATCH", "/stats/hitpoints", {"version": version, "delta": -1}), 400,
                "INVALID_REQUEST")
    assert hero.reload()["version"] == 3


def test_emptying_a_slot_needs_only_a_version(alice):
    hero = Hero(alice, FIGHTER)
    refused(hero.send("DELETE", "/equipment/shield"), 428, "VERSION_REQUIRED")
    refused(hero.send("DELETE", "/equipment/shield", {}), 428, "VERSION_REQUIRED")
    for slot in ("hat", "weapon"):
        refused(hero.send("DELETE", "/equipment/" + slot, {"version": 1}), 400, "INVALID_REQUEST")
    refused(hero.send("DELETE", "/equipment/mainhand", {"version": 1}), 400, "INVALID_REQUEST")
    assert hero.send("DELETE", "/equipment/shield", None, {"If-Match": '"1"'}).status == 200
    assert hero.send("DELETE", "/equipment/mainHand", {"version": 2}).status == 200
    assert hero["equipment"]["shield"] is hero["equipment"]["mainHand"] is None


def test_the_order_of_judgement(alice, bob):
    hero = Hero(alice, FIGHTER)
    route = "/characters/%s/stats/hitpoints"
    refused(game_without_token(alice).patch(route % "nonsense", "{"), 401, "UNAUTHENTICATED")
    refused(bob.patch(route % "nonsense", {"delta": "x"}), 400, "INVALID_ID")
    refused(bob.patch(route % hero["id"], {"delta": "x"}), 400, "INVALID_REQUEST")
    refused(bob.patch(route % hero["id"], {"delta": 1}), 403, "FORBIDDEN")
    refused(bob.patch(route % NOBODY, {"delta": 1}), 404, "CHARACTER_NOT_FOUND")
    refused(alice.patch(route % hero["id"], {"delta": 1}), 428, "VERSION_REQUIRED")
    hero.hurt(-999)
    refused(hero.send("PATCH", "/stats/hitpoints", {"version": 1, "delta": -1}), 409,
            "VERSION_MISMATCH")
    refused(hero.hurt(-1), 422, "CHARACTER_UNCONSCIOUS")


def game_without_token(client):
    return type(client)(client.host, client.port)


def test_ids_in_any_case(alice):
    hero = Hero(alice, FIGHTER)
    got = alice.get("/characters/" + hero["id"].upper())
    assert (got.status, got.json["id"]) == (200, hero["id"])


def test_methods(alice):
    hero = Hero(alice, FIGHTER)
    reply = alice.request("PUT", hero.path)
    refused(reply, 405, "METHOD_NOT_ALLOWED")
    assert {"GET", "HEAD", "DELETE"} <= set(reply.headers["Allow"].replace(" ", "").split(","))


def test_deleting(alice):
    hero = Hero(alice, FIGHTER)
    gone = alice.delete(hero.path)
    assert (gone.status, gone.body) == (204, b"")
    refused(alice.get(hero.path), 404, "CHARACTER_NOT_FOUND")
    refused(alice.delete(hero.path), 404, "CHARACTER_NOT_FOUND")
    assert hero["id"] not in [c["id"] for c in alice.get("/characters").json["characters"]]


def test_openapi_names_every_route(game):
    paths = game.get("/openapi.json").json["paths"]
    for path, method in [("/characters", "post"), ("/characters", "get"),
                         ("/characters/{id}", "get"), ("/characters/{id}", "delete"),
                         ("/characters/{id}/stats/hitpoints", "patch"),
                         ("/characters/{id}/equipment/armor", "post"),
                         ("/characters/{id}/equipment/shield", "post"),
                         ("/characters/{id}/equipment/weapon", "post"),
                         ("/characters/{id}/equipment/{slot}", "delete"),
                         ("/characters/{id}/inventory/use", "post"),
                         ("/characters/{id}/currency/modify", "patch"),
                         ("/characters/{id}/currency/exchange", "post"),
                         ("/characters/{id}/rest", "post"), ("/gamedata/{version}", "get")]:
        assert method in paths[path], (path, method)


def test_location_leads_to_the_character_behind_a_base_path(start_hearthd, own_storage_arguments):
    server = start_hearthd(*own_storage_arguments, "--set", "base_path=/game", wait=False)
    server.port = wait_until(server._address, "it listens")
    wait_until(lambda: server.get("/game/health/ready").status == 200, "it is ready")
    account = {"username": "ann", "password": "correct horse battery"}
    assert server.post("/game/accounts", account).status == 201
    server.token = server.post("/game/session/login", account).json["token"]
    made = server.post("/game/characters", FIGHTER)
    assert made.headers["Location"] == "/game/characters/" + made.json["id"]
    assert server.get(made.headers["Location"]).json == made.json
