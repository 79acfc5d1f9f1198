"""The fleet as hearthd sees it: instances come, are heard of, are drained, go, and are lost."""
import contextlib
import signal
import threading
import time

import characters
import matchmaking
import pytest
from characters import refused
from hearth import Client, wait_until

INTERVAL = 1.0
TURN = 0.05  # hearthd reads its clock once per turn of the loop
FAST = ("heartbeat=1s", "refresh_interval=100ms", "max_live_tokens=64")


@contextlib.contextmanager
def beating(*instances):
    """The instances are heard of as long as this lasts."""
    stopping = threading.Event()
    wrong = []

    def beat(instance):
        while not stopping.wait(INTERVAL / 4):
            reply = instance.beat()
            if reply.status != 200:
                wrong.append(reply)
                return

    threads = [threading.Thread(target=beat, args=(instance,)) for instance in instances]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopping.set()
        for thread in threads:
            thread.join()
    assert not wrong, wrong


@pytest.fixture
def server(request, start_hearthd):
    """Intervals of 30 s, as shipped, or of one for those who ask for `fast`."""
    return matchmaking.start(start_hearthd, *(FAST if "fast" in request.fixturenames else ()))


@pytest.fixture
def fast():
    pass


@pytest.fixture
def token(server):
    return matchmaking.issue(server)


def admin(server):
    return Client(server.host, server.port, matchmaking.issue(server, "admin", "operator"))


def hero_of(server):
    return characters.Hero(characters.player(server), characters.FIGHTER)


def metric(server, name):
    text = server.get("/metrics").body.decode()
    return sum(float(line.split()[-1]) for line in text.splitlines()
               if line.startswith(name) and line[len(name)] in " {")


@pytest.mark.any_storage
def test_an_instance_comes_and_is_shown(server, token):
    instance = matchmaking.Instance(server, token, region="eu-1", addresses=["[::1]:40000"])
    assert instance.terms == {
        "id": instance.id, "heartbeatSeconds": 30, "connectKey": instance.terms["connectKey"],
        "protocolId": "4865617274680001", "tokenLifetimeSeconds": 30, "rejoinSeconds": 120,
        "instanceToken": instance.terms["instanceToken"]}
    assert len(bytes.fromhex(instance.terms["connectKey"])) == 32
    assert instance.shown() == {
        "id": instance.id, "address": "127.0.0.1", "port": instance.port, "region": "eu-1",
        "version": "1.0.0", "state": "ready", "activeGameSims": 0, "players": 0,
        "capacity": {"gameSims": 10, "players": 4}}
    reply = instance.beat()
    assert (reply.status, reply.json) == (200, {"drain": False, "end": [], "kick": []})
    assert instance.beat("draining").status == 200
    assert instance.shown()["state"] == "draining"
    assert not any(instance.terms["connectKey"] in message or instance.token in message
                   for message in server.messages())


def test_what_is_wrong_changes_nothing(server, token):
    good = {"address": "127.0.0.1", "port": 40000, "version": "1.0.0", "wireVersion": 1,
            "capacity": {"gameSims": 10, "players": 4}}
    fleet = Client(server.host, server.port, token)
    for change in [{"address": "localhost"}, {"address": "127.0.0.1:1"}, {"address": "0.0.0.0"}, {"address": None},
                   {"port": 0}, {"port": 65536}, {"port": "1"}, {"addresses": ["::1"]}, {"addresses": [1]},
                   {"addresses": ["[::1]:1"] * 5}, {"region": ""}, {"region": "a b"}, {"region": "a" * 33},
                   {"version": ""}, {"wireVersion": 0}, {"capacity": 10}, {"capacity": {"gameSims": 10}},
                   {"capacity": {"gameSims": 0, "players": 4}}, {"capacity": {"gameSims": 10, "players": 65}},
                   {"capacity": {"gameSims": 1001, "players": 4}}, {"state": "ready"}]:
        refused(fleet.post("/gamesim-instances", {**good, **change}), 400, "INVALID_REQUEST")
    for missing in ["address", "port", "version", "wireVersion", "capacity"]:
        body = {key: value for key, value in good.items() if key != missing}
        refused(fleet.post("/gamesim-instances", body), 400, "INVALID_REQUEST")
    refused(fleet.post("/gamesim-instances", "{"), 400, "INVALID_JSON")
    refused(fleet.post("/gamesim-instances", "{}", headers={"Content-Type": "text/plain"}), 415,
            "UNSUPPORTED_MEDIA_TYPE")
    assert fleet.get("/gamesim-instances").json == {"instances": []}

    instance = matchmaking.Instance(server, token)
    path = f"/gamesim-instances/{instance.id}/heartbeat"
    beat = {"sequence": 1, "state": "ready", "gameSims": []}
    for change in [{"sequence": 0}, {"sequence": "1"}, {"state": "lost"}, {"gameSims": {}}, {"gameSims": [1]},
                   {"gameSims": [{"id": matchmaking.stranger()}]}, {"players": []}]:
        refused(instance.client.request("PUT", path, {**beat, **change}), 400, "INVALID_REQUEST")
    for sims in [[{"id": "1", "players": []}], [{"id": matchmaking.stranger(), "players": ["1"]}]]:
        refused(instance.client.request("PUT", path, {**beat, "gameSims": sims}), 400, "INVALID_ID")
    refused(instance.client.request("PUT", "/gamesim-instances/1/heartbeat", beat), 400, "INVALID_ID")


@pytest.mark.any_storage
def test_who_may_what(server, token):
    player, operator = characters.player(server), admin(server)
    one, other = matchmaking.Instance(server, token), matchmaking.Instance(server, token)
    beat = {"sequence": 1, "state": "ready", "gameSims": []}
    path = f"/gamesim-instances/{one.id}"
    nowhere = f"/gamesim-instances/{matchmaking.stranger()}"
    for client in [other.client, Client(server.host, server.port, token)]:
        refused(client.request("PUT", path + "/heartbeat", beat), 403, "FORBIDDEN")
        refused(client.delete(path), 403, "FORBIDDEN")
        refused(client.post(path + "/drain"), 403, "FORBIDDEN")
    for method, rest, body in [("PUT", "/heartbeat", beat), ("DELETE", "", None), ("POST", "/drain", None)]:
        refused(player.request(method, path + rest, body), 403, "FORBIDDEN")
        refused(server.request(method, path + rest, body), 401, "UNAUTHENTICATED")
    refused(player.get("/gamesim-instances"), 403, "FORBIDDEN")
    refused(one.client.request("PUT", nowhere + "/heartbeat", beat), 404, "INSTANCE_NOT_FOUND")
    refused(operator.post(nowhere + "/drain"), 404, "INSTANCE_NOT_FOUND")
    assert operator.get("/gamesim-instances").status == 200


@pytest.mark.any_storage
def test_who_is_silent_is_lost_after_three_intervals(fast, server, token):
    hero = hero_of(server)
    silent, alive = matchmaking.Instance(server, token), matchmaking.Instance(server, token, region="elsewhere")
    session = matchmaking.create(hero, region="local")["gameSimId"]
    with beating(alive):
        heard = time.monotonic()
        assert silent.beat().status == 200
        refused(hero.reload().hurt(-1), 409, "CHARACTER_IN_SESSION")
        wait_until(lambda: silent.shown() is None, "it is lost", 10)
        assert time.monotonic() - heard >= 3 * INTERVAL - TURN
        refused(silent.beat(), 404, "INSTANCE_NOT_FOUND")
        shown = hero.owner.get("/gamesims/" + session).json
        assert (shown["state"], shown["outcome"]) == ("ended", "lost")
        assert wait_until(lambda: hero.reload().hurt(-1).status == 200, "the character is free")
        assert metric(server, "hearth_matchmaking_instances_lost_total") == 1
        assert alive.shown()


def test_nobody_is_sent_to_who_has_not_been_heard_of(fast, server, token):
    hero = hero_of(server)
    instance = matchmaking.Instance(server, token, game_sims=1000)  # never full
    heard = time.monotonic()
    assert instance.beat().status == 200

    def refusal():
        reply = hero.owner.post("/gamesims", {"characterId": hero["id"], "private": True})
        if reply.status == 201:
            time.sleep(INTERVAL / 10)
            left = hero.owner.post(f"/gamesims/{reply.json['gameSimId']}/leave")
            assert left.status == 204, left
        return reply if reply.status != 201 else None

    reply = wait_until(refusal, "no session is opened any more", 10)
    refused(reply, 503, "NO_CAPACITY")
    assert time.monotonic() - heard >= 1.5 * INTERVAL - TURN
    with beating(instance):
        wait_until(lambda: refusal() is None, "sessions are opened again", 10)


def test_when_most_are_silent_nobody_is_lost(fast, server, token):
    instances = [matchmaking.Instance(server, token) for _ in range(3)]
    for instance in instances:
        assert instance.beat().status == 200
    wait_until(lambda: metric(server, "hearth_matchmaking_mass_silence") == 1, "the metric says so")
    ready = server.get("/health/ready")
    assert ready.status == 200 and ready.json["status"] == "degraded", ready
    assert "silent" in ready.body.decode()
    time.sleep(4 * INTERVAL)  # what must not happen has this long to happen
    assert all(instance.shown() for instance in instances)
    with beating(*instances[:2]):
        wait_until(lambda: instances[2].shown() is None, "a minority is lost", 10)
        assert metric(server, "hearth_matchmaking_mass_silence") == 0
        assert server.get("/health/ready").json["status"] == "ready"


def test_a_restart_loses_nobody(fast, server, token):
    hero = hero_of(server)
    instance = matchmaking.Instance(server, token)
    session = matchmaking.create(hero)["gameSimId"]
    instance.connected[session] = [hero.owner.user_id]
    assert instance.beat().status == 200
    assert server.stop() == 0
    time.sleep(3.5 * INTERVAL)  # longer than an instance may be silent
    server.restart()
    hero.owner.port = server.port
    assert instance.shown()["activeGameSims"] == 1
    time.sleep(1.5 * INTERVAL)
    assert instance.beat().json == {"drain": False, "end": [], "kick": []}
    assert instance.shown()["players"] == 1
    with beating(instance):
        assert hero.owner.get("/gamesims/" + session).json["state"] == "open"


@pytest.mark.any_storage
def test_who_is_drained_finishes_what_it_has(server, token):
    hero, late, operator = hero_of(server), hero_of(server), admin(server)
    instance = matchmaking.Instance(server, token)
    session = matchmaking.create(hero)["gameSimId"]
    assert operator.post(f"/gamesim-instances/{instance.id}/drain").status == 204
    assert instance.beat().json["drain"] is True
    assert instance.shown()["state"] == "draining"
    refused(late.owner.post("/gamesims", {"characterId": late["id"]}), 503, "NO_CAPACITY")
    assert hero.owner.post(f"/gamesims/{session}/join", {"characterId": hero["id"]}).status == 200
    assert instance.client.delete(f"/gamesim-instances/{instance.id}").status == 204
    assert hero.owner.get("/gamesims/" + session).json["outcome"] == "lost"
    assert instance.client.delete(f"/gamesim-instances/{instance.id}").status == 204
    refused(instance.beat(), 404, "INSTANCE_NOT_FOUND")


@pytest.mark.any_storage
def test_who_comes_to_an_address_replaces_who_was_there(server, token):
    hero = hero_of(server)
    first = matchmaking.Instance(server, token)
    session = matchmaking.create(hero)["gameSimId"]
    second = matchmaking.Instance(server, token, port=first.port)
    refused(first.beat(), 404, "INSTANCE_NOT_FOUND")
    assert second.beat().status == 200
    assert hero.owner.get("/gamesims/" + session).json["outcome"] == "lost"
    # At once, from many sides: one stays.
    made = []
    threads = [threading.Thread(target=lambda: made.append(matchmaking.Instance(server, token, port=first.port)))
               for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(instance.beat().status for instance in made) == [200] + [404] * 7


@pytest.mark.any_storage
def test_who_leaves_is_kicked(server, token):
    hero, friend = hero_of(server), hero_of(server)
    instance = matchmaking.Instance(server, token, players=2)
    session = matchmaking.create(hero)["gameSimId"]
    matchmaking.join(friend, session)
    instance.connected[session] = [hero.owner.user_id, friend.owner.user_id]
    assert instance.beat().json["kick"] == []
    assert hero.owner.post(f"/gamesims/{session}/leave").status == 204
    assert instance.beat().json["kick"] == [{"gameSimId": session, "userId": hero.owner.user_id}]
    assert instance.shown()["players"] == 2
    instance.connected[session] = [friend.owner.user_id]
    assert instance.beat().json == {"drain": False, "end": [], "kick": []}
    assert instance.shown()["players"] == 1
    instance.connected[session] = [friend.owner.user_id, hero.owner.user_id]  # came back without being asked
    assert instance.beat().json["kick"] == [{"gameSimId": session, "userId": hero.owner.user_id}]
    stranger = matchmaking.stranger()
    instance.connected = {stranger: []}
    assert instance.beat().json["end"] == [stranger]


def test_a_hearthd_that_stood_still_does_not_take_its_own_silence_for_an_instances(server, fast):
    instance = matchmaking.Instance(server, matchmaking.issue(server))
    assert instance.beat().status == 200
    server.process.send_signal(signal.SIGSTOP)
    time.sleep(4 * INTERVAL)  # the silence itself, not a wait for something
    server.process.send_signal(signal.SIGCONT)
    time.sleep(INTERVAL / 2)  # its clocks find out first
    assert instance.beat().status == 200
