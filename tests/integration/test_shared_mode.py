"""entities.mode shared: several hearthd change the same characters on one storage, and each shows
what any of them has acknowledged."""
import concurrent.futures
import threading
import time
import uuid

import pytest

import hearth
import matchmaking
from characters import FIGHTER, Hero, letters, player, refused
from fleet import Fleet, Line, through

CLIENTS = 12
INTENTS = 12  # that each client wants to have applied


pytestmark = pytest.mark.any_storage


@pytest.fixture(scope="module")
def fleet(new_storage, tmp_path_factory):
    fleet = Fleet(new_storage(), tmp_path_factory.mktemp("fleet"), count=3,
                  args=["--with", "matchmaking", "--set", "auth.refresh_grace=500ms"])
    yield fleet
    fleet.stop()


@pytest.fixture(scope="module")
def alice(fleet):
    return player(fleet[0])


def at_once(count, call):
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(call, range(count)))


def test_each_reads_what_another_acknowledged(fleet, alice):
    hero = Hero(alice, FIGHTER)
    for number in range(12):
        writer = through(fleet[number % 3], alice)
        reply = writer.patch(hero.path + "/currency/modify", {"version": number + 1, "copper": 1})
        assert (reply.status, reply.json["version"]) == (200, number + 2)
        assert reply.headers["Hearth-Durable-Version"] == str(number + 2)
        for server in fleet.servers:
            seen = through(server, alice).get(hero.path)
            assert seen.json == reply.json
            assert seen.headers["ETag"] == f'"{number + 2}"'
            listed = through(server, alice).get("/characters").json["characters"]
            assert [c for c in listed if c["id"] == hero["id"]] == [reply.json]


def test_if_none_match_is_judged_on_what_storage_has(fleet, alice):
    hero = Hero(alice, FIGHTER)
    other = through(fleet[1], alice)
    assert other.get(hero.path, headers={"If-None-Match": '"1"'}).status == 304
    hero.hurt(-1)
    fresh = other.get(hero.path, headers={"If-None-Match": '"1"'})
    assert (fresh.status, fresh.json) == (200, hero.state)


def test_a_stale_intent_gets_the_state_that_the_other_made(fleet, alice):
    hero = Hero(alice, FIGHTER)
    other = through(fleet[1], alice)
    assert other.get(hero.path).status == 200
    hero.hurt(-1)
    reply = other.patch(hero.path + "/stats/hitpoints", {"version": 1, "delta": -1})
    refused(reply, 409, "VERSION_MISMATCH")
    assert reply.json["character"] == hero.state
    # What the rules say is judged on the version that counts, too.
    reply = other.patch(hero.path + "/currency/modify", {"version": 1, "gold": -100000})
    refused(reply, 409, "VERSION_MISMATCH")


class Player(threading.Thread):
    """Gets INTENTS intents applied, each by one coin, at changing hearthd."""

    def __init__(self, fleet, number, alice, path):
        super().__init__()
        self.lines = [Line(server, alice.token) for server in fleet.servers]
        self.number, self.path = number, path
        self.versions, self.stale, self.failure = [], 0, None

    def run(self):
        try:
            version = 1
            while len(self.versions) < INTENTS:
                line = self.lines[(self.number + self.stale + len(self.versions)) % len(self.lines)]
                reply = line.request("PATCH", self.path + "/currency/modify",
                                     {"version": version, "copper": 1})
                if reply.status == 200:
                    assert reply.json["version"] == version + 1, (version, reply)
                    version += 1
                    self.versions.append(version)
                    continue
                assert (reply.status, reply.json["code"]) == (409, "VERSION_MISMATCH"), reply
                assert reply.json["character"]["version"] > version, (version, reply)
                version = reply.json["character"]["version"]
                self.stale += 1
        except BaseException as failure:  # told by the main thread
            self.failure = failure


def test_every_acknowledged_intent_counts_once(fleet, alice):
    hero = Hero(alice, FIGHTER)
    copper = hero["currency"]["copper"]
    players = [Player(fleet, number, alice, hero.path) for number in range(CLIENTS)]
    for one in players:
        one.start()
    for one in players:
        one.join()
    assert [one.failure for one in players] == [None] * CLIENTS
    versions = sorted(v for one in players for v in one.versions)
    assert versions == list(range(2, CLIENTS * INTENTS + 2))
    assert sum(one.stale for one in players) > 0
    for server in fleet.servers:
        seen = through(server, alice).get(hero.path).json
        assert seen["version"] == 1 + CLIENTS * INTENTS
        assert seen["currency"]["copper"] == copper + CLIENTS * INTENTS


def test_one_version_has_one_winner_among_all(fleet, alice):
    hero = Hero(alice, FIGHTER)
    for version in range(1, 6):
        body = {"version": version, "copper": 1}
        replies = at_once(9, lambda i: through(fleet[i % 3], alice).patch(
            hero.path + "/currency/modify", body))
        assert sorted(r.status for r in replies) == [200] + [409] * 8
        shown = [r.json if r.status == 200 else r.json["character"] for r in replies]
        assert {s["version"] for s in shown} == {version + 1}


def test_a_repeat_at_another_hearthd_is_applied_once(fleet, alice):
    hero = Hero(alice, FIGHTER)
    body = {"version": 1, "copper": 1}
    key = {"Idempotency-Key": uuid.uuid4().hex}
    replies = at_once(9, lambda i: through(fleet[i % 3], alice).patch(
        hero.path + "/currency/modify", body, headers=key))
    assert [r.status for r in replies] == [200] * 9
    assert sum("Idempotency-Replayed" not in r.headers for r in replies) == 1
    assert {r.json["version"] for r in replies} == {2}
    refused(through(fleet[1], alice).patch(hero.path + "/currency/modify",
                                           {"version": 1, "copper": 2}, headers=key),
            409, "IDEMPOTENCY_MISMATCH")


@pytest.mark.parametrize("named", [False, True])
def test_a_repeated_create_makes_one_character_among_all(fleet, named):
    owner = player(fleet[0])
    key = {"Idempotency-Key": "create"}
    body = {**FIGHTER, **({"name": letters()} if named else {})}
    replies = at_once(9, lambda i: through(fleet[i % 3], owner).post(
        "/characters", body, headers=key))
    assert [r.status for r in replies] == [201] * 9, [r.json for r in replies]
    assert len({r.json["id"] for r in replies}) == 1
    assert sum("Idempotency-Replayed" not in r.headers for r in replies) == 1
    assert len(owner.get("/characters").json["characters"]) == 1


def test_one_name_has_one_owner_among_all(fleet):
    owners = [player(fleet[i]) for i in range(3)]
    body = {"name": letters(), **FIGHTER}
    replies = at_once(9, lambda i: owners[i % 3].post("/characters", body))
    assert sorted(r.status for r in replies) == [201] + [409] * 8
    assert {r.json["code"] for r in replies if r.status == 409} == {"NAME_TAKEN"}


def test_what_one_deletes_is_gone_for_all_and_its_name_is_free(fleet, alice):
    hero = Hero(alice, {"name": letters(), **FIGHTER})
    stranger = player(fleet[2])
    refused(stranger.get(hero.path), 403, "FORBIDDEN")
    replies = at_once(6, lambda i: through(fleet[i % 3], alice).delete(hero.path))
    assert {r.status for r in replies} <= {204, 404}
    assert 204 in {r.status for r in replies}
    for server in fleet.servers:
        refused(through(server, alice).get(hero.path), 404, "CHARACTER_NOT_FOUND")
        refused(through(server, stranger).get(hero.path), 404, "CHARACTER_NOT_FOUND")
        refused(through(server, alice).patch(hero.path + "/stats/hitpoints",
                                             {"version": 1, "delta": -1}),
                404, "CHARACTER_NOT_FOUND")
        listed = through(server, alice).get("/characters").json["characters"]
        assert hero["id"] not in [c["id"] for c in listed]
    again = through(fleet[1], alice).post("/characters", {"name": hero["name"], **FIGHTER})
    assert again.status == 201, again


def test_a_delete_races_with_intents(fleet, alice):
    """Whatever wins, nobody is told of a change to a character that is gone."""
    for _ in range(3):
        hero = Hero(alice, FIGHTER)

        def act(i):
            client = through(fleet[i % 3], alice)
            if i == 0:
                return client.delete(hero.path)
            return client.patch(hero.path + "/currency/modify", {"version": 1, "copper": 1})
        replies = at_once(6, act)
        assert replies[0].status == 204, replies[0]
        assert {r.status for r in replies[1:]} <= {200, 404, 409}
        assert [r.status for r in replies].count(200) <= 1
        assert through(fleet[2], alice).get(hero.path).status == 404


def test_a_fourth_may_come_and_one_may_be_killed(fleet, alice):
    """A newcomer is ready at once, and nothing acknowledged dies with anybody."""
    hero = Hero(alice, FIGHTER)
    fourth = fleet.add()
    client = through(fourth, alice)
    for version in range(1, 6):
        assert client.patch(hero.path + "/currency/modify",
                            {"version": version, "copper": 1}).status == 200
    fourth.kill()
    fleet.servers.remove(fourth)
    assert alice.get(hero.path).json["version"] == 6
    hero.reload()
    assert hero.hurt(-1).status == 200


# ---- sessions ----

REVOCATION = 2.0  # seconds: auth.revocation_interval as shipped


def session(server):
    """A new player, logged in, with what the login answered."""
    name = "s" + uuid.uuid4().hex
    one = server.player(name)
    return one, server.post("/session/login", {"username": name, "password": hearth.PASSWORD}).json


def refresh(server, token):
    return server.post("/session/refresh", {"refreshToken": token})


def ended_everywhere(fleet, access, since):
    """Every hearthd refuses the token, in time."""
    for server in fleet.servers:
        client = hearth.Client(server.host, server.port, access)
        hearth.wait_until(lambda: client.get("/characters").status == 401, "the token is refused")
    assert time.monotonic() - since <= REVOCATION


def test_a_logout_is_honoured_by_the_others_in_time(fleet):
    for number in range(3):
        _, granted = session(fleet[0])
        clients = [hearth.Client(s.host, s.port, granted["token"]) for s in fleet.servers]
        assert [c.get("/characters").status for c in clients] == [200] * 3
        assert clients[number].post("/session/logout").status == 204
        ended_everywhere(fleet, granted["token"], time.monotonic())
        for server in fleet.servers:
            refused(refresh(server, granted["refreshToken"]), 401, "INVALID_CREDENTIALS")


def test_a_used_refresh_token_revokes_the_session_at_all(fleet):
    _, granted = session(fleet[0])
    newer = refresh(fleet[1], granted["refreshToken"])
    assert newer.status == 200, newer
    time.sleep(0.6)  # past auth.refresh_grace
    refused(refresh(fleet[2], granted["refreshToken"]), 401, "INVALID_CREDENTIALS")
    ended_everywhere(fleet, newer.json["token"], time.monotonic())
    ended_everywhere(fleet, granted["token"], time.monotonic())
    for server in fleet.servers:
        refused(refresh(server, newer.json["refreshToken"]), 401, "INVALID_CREDENTIALS")


def test_one_refresh_token_is_good_once_among_all(fleet):
    _, granted = session(fleet[0])
    replies = at_once(6, lambda i: refresh(fleet[i % 3], granted["refreshToken"]))
    assert sorted(r.status for r in replies) == [200] + [401] * 5
    good = next(r for r in replies if r.status == 200).json
    time.sleep(REVOCATION / 2 + 0.2)  # a revocation would be known by now
    for server in fleet.servers:
        assert hearth.Client(server.host, server.port, good["token"]).get("/characters").status == 200


# ---- holds and reports of other plugins ----

@pytest.fixture(scope="module")
def instance(fleet):
    """An instance that keeps its seats: it says who is connected."""
    instance = matchmaking.Instance(fleet[0], matchmaking.issue(fleet[0]), game_sims=50)
    assert instance.beat().status == 200
    return instance


def in_session(fleet, alice, hero):
    """What each hearthd answers to an intent and to a DELETE."""
    for server in fleet.servers:
        client = through(server, alice)
        refused(client.patch(hero.path + "/stats/hitpoints", {"version": hero["version"], "delta": -1}),
                409, "CHARACTER_IN_SESSION")
        refused(client.delete(hero.path), 409, "CHARACTER_IN_SESSION")
        assert client.get(hero.path).json == hero.state  # reads work


def test_a_hold_is_seen_by_all_and_so_is_its_end(fleet, instance):
    alice = player(fleet[0])
    hero = Hero(alice, FIGHTER)
    hero.owner = through(fleet[1], alice)
    session = matchmaking.create(hero)["gameSimId"]
    hero.reload()
    in_session(fleet, alice, hero)
    assert through(fleet[2], alice).post(f"/gamesims/{session}/leave").status == 204
    for server in fleet.servers:
        client = through(server, alice)
        reply = client.patch(hero.path + "/stats/hitpoints",
                             {"version": hero.reload()["version"], "delta": -1})
        if reply.status == 409:  # the end of the hold, written after the 204, is a version too
            version = reply.json["character"]["version"]
            reply = client.patch(hero.path + "/stats/hitpoints", {"version": version, "delta": -1})
        assert reply.status == 200, reply


def test_reports_through_all_are_applied_once_beside_intents(fleet, instance):
    """A report has no version: it is applied to what counts, however often it is sent and overtaken."""
    alice = player(fleet[0])
    hero = Hero(alice, FIGHTER)
    session = matchmaking.create(hero)["gameSimId"]
    before = hero.reload()["currency"]["copper"]
    lines = [hearth.Client(s.host, s.port, instance.token) for s in fleet.servers]
    for sequence in range(1, 5):
        body = {"sequence": sequence, "events": [matchmaking.event("currency", hero, copper=1)]}
        replies = at_once(3, lambda i: lines[i].post(f"/gamesims/{session}/updates", body))
        assert 200 in [r.status for r in replies], replies
        again = lines[sequence % 3].post(f"/gamesims/{session}/updates", body)
        assert (again.status, again.json["applied"]) == (200, 1), again
    for server in fleet.servers:
        shown = through(server, alice).get(hero.path).json
        assert shown["currency"]["copper"] == before + 4
    assert instance.end(session, 5).status == 200
    assert through(fleet[1], alice).delete(hero.path).status == 204


def test_during_session_allow_is_allowed_by_all(fleet, instance):
    alice = player(fleet[0])
    hero = Hero(alice, FIGHTER)
    matchmaking.create(hero)
    hero.reload()
    lenient = fleet.add("--set", "characters.during_session=allow")
    reply = through(lenient, alice).patch(hero.path + "/currency/modify",
                                          {"version": hero["version"], "copper": 1})
    assert reply.status == 200, reply
    refused(through(fleet[0], alice).delete(hero.path), 409, "CHARACTER_IN_SESSION")
    assert lenient.stop() == 0
    fleet.servers.remove(lenient)
