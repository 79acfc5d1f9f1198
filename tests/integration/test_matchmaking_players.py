"""What players ask of matchmaking: create, find, join, leave, read, and every refusal; holds on their
characters; idempotency. On any storage backend."""
import base64
import concurrent.futures
import uuid

import characters
import hearth
import matchmaking
import pytest
from characters import Hero, refused


pytestmark = pytest.mark.any_storage


@pytest.fixture(scope="module")
def fleet(new_storage, tmp_path_factory):
    """A hearthd with matchmaking, and a token for instances."""
    server = hearth.Hearthd(tmp_path_factory.mktemp("fleet"), [
        "--set", "matchmaking.heartbeat=60s", "--set", "matchmaking.refresh_interval=200ms"],
        storage=new_storage(), loops=2 if hearth.LOOPS == "auto" else hearth.LOOPS)
    server.fleet_token = matchmaking.issue(server)
    yield server
    assert server.stop() == 0, "\n".join(server.messages()[-30:])


@pytest.fixture
def region(fleet):
    """A region of the test's own: nobody else's instances are chosen."""
    return "r" + uuid.uuid4().hex[:12]


def instance(fleet, region, **more):
    return matchmaking.Instance(fleet, fleet.fleet_token, region=region, **more)


def hero(fleet):
    return Hero(characters.player(fleet), characters.FIGHTER)


def ask(who, path="/gamesims", headers=None, **body):
    return who.owner.post(path, {"characterId": who["id"], **body}, headers=headers)


# ---- create, find, join -----------------------------------------------------------------------


def test_a_created_session_has_the_documented_shape(fleet, region):
    sim, one = instance(fleet, region), hero(fleet)
    reply = ask(one, region=region)
    assert reply.status == 201, reply
    assert list(reply.json) == ["gameSimId", "seat", "instance", "connectToken", "tokenExpiresAt"]
    assert reply.json["seat"] == 0
    assert reply.json["instance"] == {"id": sim.id, "address": "127.0.0.1", "port": sim.port}
    token = base64.b64decode(reply.json["connectToken"], validate=True)
    assert len(token) == 2048 and token.startswith(b"NETCODE 1.02\0")
    assert reply.headers["Cache-Control"] == "no-store"
    uuid.UUID(reply.json["gameSimId"])
    seen = one.owner.get("/gamesims/" + reply.json["gameSimId"])
    assert seen.json == {
        "gameSimId": reply.json["gameSimId"], "state": "open", "region": region,
        "players": [{"seat": 0, "characterId": one["id"], "name": one["name"], "connected": False}],
        "instance": reply.json["instance"]}


def test_groups_of_four_find_each_other(fleet, region):
    instance(fleet, region)
    heroes = [hero(fleet) for _ in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda h: ask(h, "/gamesims/find", region=region), heroes))
    assert sorted(reply.status for reply in replies) == [200] * 6 + [201] * 2
    seats = sorted((reply.json["gameSimId"], reply.json["seat"]) for reply in replies)
    assert len({sim for sim, _ in seats}) == 2
    assert [seat for _, seat in seats] == [0, 1, 2, 3] * 2


def test_join_fills_seats_and_says_when_there_are_none(fleet, region):
    instance(fleet, region, players=2)
    one, two, three = hero(fleet), hero(fleet), hero(fleet)
    session = ask(one, region=region).json["gameSimId"]
    reply = ask(two, f"/gamesims/{session}/join")
    assert (reply.status, reply.json["seat"], reply.json["gameSimId"]) == (200, 1, session)
    refused(ask(three, f"/gamesims/{session}/join"), 409, "SESSION_FULL")
    assert three.owner.get(f"/gamesims/{session}").json["state"] == "full"
    again = ask(two, f"/gamesims/{session}/join")
    assert (again.status, again.json["seat"]) == (200, 1)
    assert again.json["connectToken"] != reply.json["connectToken"]


def test_a_player_sits_in_one_session(fleet, region):
    instance(fleet, region)
    one, two = hero(fleet), hero(fleet)
    mine, theirs = ask(one, region=region).json["gameSimId"], ask(two, region=region).json["gameSimId"]
    for path in ["/gamesims", "/gamesims/find", f"/gamesims/{theirs}/join"]:
        body = {} if path.endswith("join") else {"region": region}
        reply = ask(one, path, **body)
        refused(reply, 409, "ALREADY_IN_SESSION")
        assert reply.json["gameSimId"] == mine
    second = Hero(one.owner, characters.FIGHTER)
    refused(ask(second, f"/gamesims/{mine}/join"), 409, "ALREADY_IN_SESSION")


def test_two_requests_at_once_seat_a_player_once(fleet, region):
    instance(fleet, region)
    for _ in range(5):
        one = hero(fleet)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            replies = list(pool.map(lambda _: ask(one, region=region), range(4)))
        assert sorted(reply.status for reply in replies) == [201, 409, 409, 409]
        ids = {reply.json["gameSimId"] for reply in replies}
        assert len(ids) == 1


def test_private_sessions_are_joined_but_neither_found_nor_listed(fleet, region):
    instance(fleet, region)
    one, two, three = hero(fleet), hero(fleet), hero(fleet)
    session = ask(one, region=region, private=True).json["gameSimId"]
    assert ask(two, "/gamesims/find", region=region).json["gameSimId"] != session
    listed = three.owner.get("/gamesims?state=open").json["gameSims"]
    assert session not in [sim["gameSimId"] for sim in listed]
    assert ask(three, f"/gamesims/{session}/join").status == 200


def test_only_equal_wire_versions_are_brought_together(fleet, region):
    instance(fleet, region, wireVersion=2)
    one = hero(fleet)
    refused(ask(one, region=region, wireVersion=1), 503, "NO_CAPACITY")
    assert ask(one, region=region, wireVersion=2).status == 201


def test_without_room_there_is_no_capacity(fleet, region):
    instance(fleet, region, game_sims=1)
    one, two = hero(fleet), hero(fleet)
    session = ask(one, region=region).json["gameSimId"]
    reply = ask(two, region=region)
    refused(reply, 503, "NO_CAPACITY")
    assert int(reply.headers["Retry-After"]) >= 1
    assert ask(two, "/gamesims/find", region=region).json["gameSimId"] == session
    refused(ask(hero(fleet), region="nowhere"), 503, "NO_CAPACITY")


# ---- characters -------------------------------------------------------------------------------


def test_only_ones_own_conscious_character_plays(fleet, region):
    instance(fleet, region)
    one, two = hero(fleet), hero(fleet)
    refused(one.owner.post("/gamesims", {"characterId": two["id"], "region": region}), 403, "FORBIDDEN")
    refused(one.owner.post("/gamesims", {"characterId": characters.NOBODY}), 404, "CHARACTER_NOT_FOUND")
    hurt = one.owner.patch(f"/characters/{one['id']}/stats/hitpoints", {"version": one["version"], "delta": -1000})
    assert hurt.json["unconscious"] is True
    refused(ask(one, region=region), 422, "CHARACTER_UNCONSCIOUS")


def test_a_character_in_a_session_is_held_until_it_leaves(fleet, region):
    instance(fleet, region)
    one = hero(fleet)
    session = ask(one, region=region).json["gameSimId"]
    now = one.owner.get("/characters/" + one["id"]).json
    intent = {"version": now["version"], "delta": -1}
    path = f"/characters/{one['id']}/stats/hitpoints"
    refused(one.owner.patch(path, intent), 409, "CHARACTER_IN_SESSION")
    refused(one.owner.delete("/characters/" + one["id"]), 409, "CHARACTER_IN_SESSION")
    assert one.owner.get("/characters/" + one["id"]).status == 200
    assert one.owner.post(f"/gamesims/{session}/leave").status == 204

    version = one.owner.get("/characters/" + one["id"]).json["version"]
    assert one.owner.patch(path, {"version": version, "delta": -1}).status == 200


# ---- leave ------------------------------------------------------------------------------------


def test_who_leaves_is_free_at_once_and_his_seat_when_the_instance_says_so(fleet, region):
    sim = instance(fleet, region, players=2)
    one, two, three = hero(fleet), hero(fleet), hero(fleet)
    session = ask(one, region=region).json["gameSimId"]
    ask(two, f"/gamesims/{session}/join")
    sim.connected[session] = [one.owner.user_id, two.owner.user_id]
    assert sim.beat().status == 200
    assert one.owner.post(f"/gamesims/{session}/leave").status == 204
    assert one.owner.post(f"/gamesims/{session}/leave").status == 204
    assert ask(one, region=region).status == 201
    refused(ask(three, f"/gamesims/{session}/join"), 409, "SESSION_FULL")
    kick = [{"gameSimId": session, "userId": one.owner.user_id}]
    assert sim.beat().json["kick"] == kick
    assert sim.beat().json["kick"] == kick
    sim.connected[session] = [two.owner.user_id]
    assert sim.beat().json["kick"] == []
    assert ask(three, f"/gamesims/{session}/join").json["seat"] == 0


def test_who_opens_and_leaves_does_not_use_up_the_capacity(fleet, region):
    sim, one, two = instance(fleet, region, game_sims=2), hero(fleet), hero(fleet)
    for _ in range(3):
        session = ask(one, region=region).json["gameSimId"]
        for _ in range(2):  # the answer to the first may be lost
            assert one.owner.post(f"/gamesims/{session}/leave").status == 204
    assert ask(two, region=region).status == ask(one, region=region).status == 201
    for beaten in (False, True):
        if beaten:
            sim.beat()
        shown = one.owner.get(f"/gamesims/{session}").json
        assert (shown["state"], shown["outcome"]) == ("ended", "abandoned")
        refused(ask(hero(fleet), f"/gamesims/{session}/join"), 410, "SESSION_ENDED")


def test_only_members_leave(fleet, region):
    instance(fleet, region)
    one, two = hero(fleet), hero(fleet)
    session = ask(one, region=region).json["gameSimId"]
    refused(two.owner.post(f"/gamesims/{session}/leave"), 403, "FORBIDDEN")
    refused(two.owner.post(f"/gamesims/{characters.NOBODY}/leave"), 404, "GAMESIM_NOT_FOUND")


# ---- reading ----------------------------------------------------------------------------------


def test_the_instance_is_shown_to_members_only(fleet, region):
    instance(fleet, region)
    one, two = hero(fleet), hero(fleet)
    session = ask(one, region=region).json["gameSimId"]
    assert "instance" in one.owner.get(f"/gamesims/{session}").json
    assert "instance" not in two.owner.get(f"/gamesims/{session}").json
    assert "connectKey" not in one.owner.get(f"/gamesims/{session}").body.decode()


def test_lists_show_what_is_there_now(fleet, region):
    instance(fleet, region, players=1)
    instance(fleet, region + "x", players=2)
    one, two = hero(fleet), hero(fleet)
    full, opened = ask(one, region=region), ask(two, region=region + "x")

    def ids(query):
        reply = one.owner.get("/gamesims" + query)
        assert reply.status == 200, reply
        assert all("instance" not in sim for sim in reply.json["gameSims"])
        return {sim["gameSimId"] for sim in reply.json["gameSims"]} & {full.json["gameSimId"], opened.json["gameSimId"]}
    assert ids("?state=open") == {opened.json["gameSimId"]}
    assert ids("?state=full") == {full.json["gameSimId"]}
    assert len(ids("")) == 2
    refused(one.owner.get("/gamesims?state=ended"), 400, "INVALID_REQUEST")
    assert {region, region + "x"} <= set(one.owner.get("/regions").json["regions"])


def test_ended_sessions_are_gone_but_known(fleet, region):
    sim, one, two = instance(fleet, region), hero(fleet), hero(fleet)
    session = ask(one, region=region).json["gameSimId"]
    assert sim.end(session, 1, outcome="defeat").status == 200
    seen = two.owner.get(f"/gamesims/{session}").json
    assert (seen["state"], seen["outcome"], len(seen["players"])) == ("ended", "defeat", 1)
    refused(ask(two, f"/gamesims/{session}/join"), 410, "SESSION_ENDED")
    refused(one.owner.post(f"/gamesims/{session}/leave"), 410, "SESSION_ENDED")
    assert ask(one, region=region).status == 201


# ---- idempotency and limits -------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/gamesims", "/gamesims/find"])
def test_a_repeat_gets_the_same_seat_and_a_fresh_token(fleet, region, path):
    instance(fleet, region)
    one, key = hero(fleet), {"Idempotency-Key": "k1"}
    first = ask(one, path, headers=key, region=region)
    assert first.status == 201 and "Idempotency-Replayed" not in first.headers
    second = ask(one, path, headers=key, region=region)
    assert second.status == 201 and second.headers["Idempotency-Replayed"] == "true"
    for field in ["gameSimId", "seat", "instance"]:
        assert first.json[field] == second.json[field]
    assert first.json["connectToken"] != second.json["connectToken"]
    refused(ask(one, path, headers=key, region=region, private=True), 409, "IDEMPOTENCY_MISMATCH")
    refused(ask(one, path, headers={"Idempotency-Key": "x" * 65}, region=region), 400, "INVALID_REQUEST")


def test_ten_tokens_are_alive_at_most(fleet, region):
    instance(fleet, region)
    one = hero(fleet)
    session = ask(one, region=region).json["gameSimId"]
    for _ in range(9):
        assert ask(one, f"/gamesims/{session}/join").status == 200
    reply = ask(one, f"/gamesims/{session}/join")
    refused(reply, 429, "TOO_MANY_REQUESTS")
    assert 1 <= int(reply.headers["Retry-After"]) <= 31


@pytest.mark.parametrize("body,code", [
    ({}, "INVALID_REQUEST"),
    ({"characterId": "no"}, "INVALID_ID"),
    ({"characterId": 1}, "INVALID_REQUEST"),
    ({"characterId": characters.NOBODY, "region": ""}, "INVALID_REQUEST"),
    ({"characterId": characters.NOBODY, "region": "x" * 33}, "INVALID_REQUEST"),
    ({"characterId": characters.NOBODY, "region": None}, "INVALID_REQUEST"),
    ({"characterId": characters.NOBODY, "private": "yes"}, "INVALID_REQUEST"),
    ({"characterId": characters.NOBODY, "wireVersion": 0}, "INVALID_REQUEST"),
    ({"characterId": characters.NOBODY, "seat": 1}, "INVALID_REQUEST"),
])
def test_bad_bodies_are_refused_by_name(fleet, body, code):
    refused(hero(fleet).owner.post("/gamesims", body), 400, code)


def test_ids_and_tokens_are_judged(fleet):
    one = hero(fleet)
    refused(ask(one, "/gamesims/none/join"), 400, "INVALID_ID")
    refused(one.owner.get("/gamesims/none"), 400, "INVALID_ID")
    refused(one.owner.get("/gamesims/" + characters.NOBODY), 404, "GAMESIM_NOT_FOUND")
    refused(ask(one, f"/gamesims/{characters.NOBODY}/join"), 404, "GAMESIM_NOT_FOUND")
    refused(fleet.post("/gamesims", {"characterId": one["id"]}), 401, "UNAUTHENTICATED")
    sim = hearth.Client(fleet.host, fleet.port, fleet.fleet_token)
    refused(sim.post("/gamesims", {"characterId": one["id"]}), 403, "FORBIDDEN")
    refused(one.owner.post("/gamesim-instances", {}), 403, "FORBIDDEN")
