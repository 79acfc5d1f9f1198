"""Many clients at once, repeats, restarts and kills: one winner per version, each intent once, and
nothing that was acknowledged is gone."""
import concurrent.futures
import uuid

import pytest

import hearth
from characters import FIGHTER, Hero, letters, player, refused

pytestmark = pytest.mark.any_storage


@pytest.fixture(scope="module")
def alice(game):
    return player(game)


def at_once(count, call):
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(call, range(count)))


def test_sixteen_clients_one_version_one_winner(alice):
    hero = Hero(alice, FIGHTER)
    hero.intend("PATCH", "/currency/modify", gold=1000)
    for _ in range(5):
        version, gold = hero["version"], hero["currency"]["gold"]
        body = {"version": version, "gold": -1}
        replies = at_once(16, lambda _: alice.patch(hero.path + "/currency/modify", body))
        assert sorted(r.status for r in replies) == [200] + [409] * 15
        for reply in replies:
            shown = reply.json if reply.status == 200 else reply.json["character"]
            assert (shown["version"], shown["currency"]["gold"]) == (version + 1, gold - 1)
        assert hero.reload()["version"] == version + 1


def test_a_repeat_is_applied_once_however_many_come_at_once(alice):
    hero = Hero(alice, FIGHTER)
    body = {"version": 1, "gold": -1}
    key = {"Idempotency-Key": uuid.uuid4().hex}
    replies = at_once(12, lambda _: alice.patch(hero.path + "/currency/modify", body, headers=key))
    assert [r.status for r in replies] == [200] * 12
    assert sum("Idempotency-Replayed" not in r.headers for r in replies) == 1
    assert {r.json["version"] for r in replies} == {2}
    refused(alice.patch(hero.path + "/currency/modify", {"version": 1, "gold": -2}, headers=key),
            409, "IDEMPOTENCY_MISMATCH")


def test_a_repeated_create_makes_one_character(game):
    owner = player(game)
    key = {"Idempotency-Key": "create"}
    replies = at_once(8, lambda _: owner.post("/characters", FIGHTER, headers=key))
    assert [r.status for r in replies] == [201] * 8
    assert len({r.json["id"] for r in replies}) == 1
    assert len({r.headers["Location"] for r in replies}) == 1
    assert sum("Idempotency-Replayed" not in r.headers for r in replies) == 1
    assert len(owner.get("/characters").json["characters"]) == 1
    refused(owner.post("/characters", {**FIGHTER, "class": "Bard"}, headers=key), 409,
            "IDEMPOTENCY_MISMATCH")


def test_one_name_has_one_owner_however_many_want_it(game):
    players = [player(game) for _ in range(4)]
    body = {"name": letters(), **FIGHTER}
    replies = at_once(8, lambda i: players[i % 4].post("/characters", body))
    assert sorted(r.status for r in replies) == [201] + [409] * 7
    assert {r.json["code"] for r in replies if r.status == 409} == {"NAME_TAKEN"}


def test_a_key_is_forgotten_after_32_others(alice):
    hero = Hero(alice, FIGHTER)
    body = {"version": 1, "type": "long"}
    first = {"Idempotency-Key": "first"}
    assert alice.post(hero.path + "/rest", body, headers=first).status == 200
    hero.reload()
    for i in range(31):
        assert hero.send("POST", "/rest", {"version": hero["version"], "type": "long"},
                         {"Idempotency-Key": f"k{i}"}).status == 200
    again = alice.post(hero.path + "/rest", body, headers=first)
    assert (again.status, again.headers["Idempotency-Replayed"]) == (200, "true")
    hero.send("POST", "/rest", {"version": hero["version"], "type": "long"},
              {"Idempotency-Key": "k32"})
    refused(alice.post(hero.path + "/rest", body, headers=first), 409, "VERSION_MISMATCH")


def test_a_player_has_as_many_characters_as_there_may_be(own_storage_arguments, start_hearthd):
    server = start_hearthd(*own_storage_arguments, "--set", "characters.max_per_user=5", loops=2)
    owner, other = player(server), player(server)
    key = {"Idempotency-Key": "first"}
    first = owner.post("/characters", FIGHTER, headers=key)
    replies = at_once(12, lambda _: owner.post("/characters", FIGHTER))
    assert sorted(r.status for r in replies) == [201] * 4 + [422] * 8
    for reply in replies:
        if reply.status == 422:
            refused(reply, 422, "CHARACTER_LIMIT")
    again = owner.post("/characters", FIGHTER, headers=key)
    assert (again.status, again.json, again.headers["Idempotency-Replayed"]) == (201, first.json, "true")
    assert other.post("/characters", FIGHTER).status == 201
    assert server.stop() == 0  # what was counted before is counted after
    server.restart()
    owner.port = server.port
    refused(owner.post("/characters", FIGHTER), 422, "CHARACTER_LIMIT")
    assert owner.delete("/characters/" + first.json["id"]).status == 204
    assert owner.post("/characters", FIGHTER).status == 201
    assert len(owner.get("/characters").json["characters"]) == 5


@pytest.fixture
def own_game(own_storage_arguments, tmp_path):
    """A hearthd of the test's own, to be stopped and killed."""
    server = hearth.Hearthd(tmp_path / "own", storage=own_storage_arguments, loops=2)
    yield server
    server.stop()


def test_characters_survive_a_restart(own_game):
    hero = Hero(player(own_game), FIGHTER)
    hero.hurt(-1)
    key = {"Idempotency-Key": "before"}
    body = {"version": 2, "delta": -1}
    assert hero.send("PATCH", "/stats/hitpoints", body, key).status == 200
    before = hero.owner.get(hero.path)
    assert own_game.stop() == 0
    own_game.restart()
    hero.owner.port = own_game.port
    after = hero.owner.get(hero.path)
    assert (after.status, after.body) == (200, before.body)
    again = hero.send("PATCH", "/stats/hitpoints", body, key)
    assert (again.status, again.headers["Idempotency-Replayed"]) == (200, "true")
    assert hero["version"] == 3


def test_what_was_acknowledged_survives_a_kill(own_game):
    hero = Hero(player(own_game), FIGHTER)
    for _ in range(3):
        for _ in range(5):
            assert hero.intend("PATCH", "/currency/modify", copper=1).status == 200
        known = hero.state
        own_game.kill()
        own_game.restart()
        hero.owner.port = own_game.port
        assert hero.owner.get(hero.path).json == known


def test_a_logout_flushes_and_a_new_login_sees_the_same(game):
    name = "logout" + uuid.uuid4().hex
    owner = game.player(name)
    hero = Hero(owner, FIGHTER)
    hero.hurt(-1)
    assert owner.post("/session/logout").status == 204
    assert owner.get(hero.path).status == 401
    session = game.post("/session/login", {"username": name, "password": hearth.PASSWORD}).json
    again = hearth.Client(game.host, game.port, session["token"], session["userId"])
    reply = again.get(hero.path)
    assert reply.json == hero.state
    assert reply.headers["Hearth-Durable-Version"] == "2"
