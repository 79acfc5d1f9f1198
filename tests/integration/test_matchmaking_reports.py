"""What instances report of their sessions: judged strictly, and in their characters exactly once, also
when hearthd is killed in the middle, again and again, or when there are two of it."""
import base64
import concurrent.futures
import json
import random
import threading
import time

import characters
import hearth
import matchmaking
import pytest
from characters import CLERIC, FIGHTER, Hero
from fleet import Fleet, through
from hearth import wait_until
from matchmaking import event, stranger
from reports import ITEM, Instance, Match, Reporter, loot_of, state_of

pytestmark = pytest.mark.any_storage

KILLS = 20


@pytest.fixture(scope="module")
def game(new_storage, tmp_path_factory):
    loops = 2 if hearth.LOOPS == "auto" else hearth.LOOPS
    running = hearth.Hearthd(tmp_path_factory.mktemp("reports"), ["--with", "matchmaking"], storage=new_storage(),
                             loops=loops)
    yield running
    assert running.stop() == 0, "\n".join(running.messages()[-30:])


@pytest.fixture(scope="module")
def server(game):
    return game


@pytest.fixture
def fleet(new_storage, tmp_path):
    servers = Fleet(new_storage(), tmp_path, args=["--with", "matchmaking"])
    yield servers
    servers.stop()


@pytest.fixture(scope="module")
def token(server):
    return matchmaking.issue(server)


@pytest.fixture
def instance(server, token):
    made = Instance(server, token)
    yield made
    assert made.client.delete(f"/gamesim-instances/{made.id}").status == 204


def answer(applied, *rejected):
    return {"applied": applied, "rejected": [{"index": index, "code": code} for index, code in rejected]}


def test_events_reach_their_characters(server, instance):
    match = Match(server, instance, FIGHTER, CLERIC)
    fighter, cleric = match.heroes
    before = [state_of(hero) for hero in match.heroes]
    reply = match.updates(event("damage", fighter, amount=3), event("experience", cleric, amount=40),
                          event("loot", fighter, itemId=ITEM, quantity=2), event("event", fighter, name="door opened"),
                          event("heal", fighter, amount=1), event("currency", cleric, gold=7, copper=0))
    assert (reply.status, reply.json) == (200, answer(6)), reply
    after = [state_of(hero) for hero in match.heroes]
    assert after[0]["hitpoints"] == before[0]["hitpoints"] - 2
    assert loot_of(after[0]) == loot_of(before[0]) + 2
    assert after[1]["experience"] == 40 and after[1]["currency"]["gold"] == before[1]["currency"]["gold"] + 7
    assert [state["version"] for state in after] == [state["version"] + 1 for state in before]


def test_refused_events_are_skipped_and_named(server, instance):
    match = Match(server, instance)
    hero = match.heroes[0]
    elsewhere = Hero(characters.player(server), FIGHTER)
    poor = hero["currency"]["platinum"]
    reply = match.updates(event("loot", stranger(), itemId=ITEM, quantity=1),
                          event("loot", hero, itemId=999999, quantity=1),
                          event("currency", hero, platinum=-poor - 1), event("loot", hero, itemId=ITEM, quantity=1),
                          event("experience", elsewhere, amount=9))
    assert reply.status == 200, reply
    assert reply.json["applied"] == 1
    named = {row["index"]: row["code"] for row in reply.json["rejected"]}
    assert list(named) == [0, 1, 2, 4]
    assert named[0] == named[4] == "CHARACTER_NOT_FOUND" and named[2] == "INSUFFICIENT_FUNDS"
    assert loot_of(state_of(hero)) == match.had[0] + 1
    assert state_of(elsewhere)["experience"] == 0


def test_amounts_stop_at_ceilings_and_the_unconscious_are_touched(server, instance):
    match = Match(server, instance)
    hero = match.heroes[0]
    most = 2 ** 53 - 1
    assert match.updates(event("damage", hero, amount=most)).json == answer(1)
    assert state_of(hero)["unconscious"] is True
    assert match.updates(event("experience", hero, amount=most), event("experience", hero, amount=most),
                         event("heal", hero, amount=most)).json == answer(3)
    state = state_of(hero)
    assert state["hitpoints"] == state["maxHitpoints"] and not state["unconscious"] and state["level"] > 1


def test_a_body_with_one_bad_event_changes_nothing(server, instance):
    match = Match(server, instance)
    hero = match.heroes[0]
    good = event("loot", hero, itemId=ITEM, quantity=1)
    for bad in [event("bless", hero), event("loot", hero, itemId=ITEM), event("damage", hero, amount=0),
                event("damage", hero, amount=1.5), event("heal", hero, amount=1, hitpoints=9), {"type": "heal"}, 7,
                event("currency", hero), event("event", hero, name="x" * 65), event("heal", "7", amount=1)]:
        reply = match.updates(good, bad, sequence=1)
        assert reply.status == 400 and reply.json["code"] in ("INVALID_REQUEST", "INVALID_ID"), (bad, reply)
        assert "events.1" in reply.json["error"], reply
    assert match.updates(*[good] * 1001, sequence=1).status == 400
    assert loot_of(state_of(hero)) == match.had[0]
    assert match.updates(good, sequence=1).json == answer(1)


def test_sequences(server, instance):
    match = Match(server, instance)
    hero = match.heroes[0]
    loot = event("loot", hero, itemId=ITEM, quantity=1)
    ahead = match.updates(loot, sequence=2)
    assert (ahead.status, ahead.json["code"], ahead.json["expected"]) == (409, "SEQUENCE_GAP", 1)
    first = match.updates(loot, event("heal", stranger(), amount=1), sequence=1)
    second = match.updates(sequence=2)
    again = match.updates(loot, event("heal", stranger(), amount=1), sequence=1)
    assert (first.status, again.status, again.body) == (200, 200, first.body)
    assert second.json == answer(0)
    ended = match.end(loot, sequence=3, results={"rounds": 3, "note": None})
    assert ended.json == answer(1)
    assert match.end(loot, sequence=3).body == ended.body
    late = match.updates(loot, sequence=4)
    assert (late.status, late.json["code"]) == (410, "SESSION_ENDED")
    assert loot_of(state_of(hero)) == match.had[0] + 2


def test_an_end_is_repeated_whatever_its_results_hold(server, instance):
    deep = "[" * 30 + "]" * 30  # with the body and "results" itself as deep as a body may be
    for results in [f'{{"deep": {deep}}}', '{"huge": -1.5e4000, "long": ' + "9" * 400 + "}",
                    '{"text": "' + '\\"' * 60000 + '"}']:
        match = Match(server, instance)
        loot = event("loot", match.heroes[0], itemId=ITEM, quantity=1)
        body = json.dumps({"sequence": 1, "outcome": "victory", "events": [loot]})[:-1] + f', "results": {results}}}'
        replies = [instance.client.post(f"/gamesims/{match.id}/end", body) for _ in range(2)]
        assert [(reply.status, reply.body) for reply in replies] == [(200, b'{"applied":1,"rejected":[]}')] * 2
        assert loot_of(state_of(match.heroes[0])) == match.had[0] + 1


def test_an_end_frees_the_players(server, instance):
    match = Match(server, instance, FIGHTER, CLERIC)
    for hero in match.heroes:
        hero.state = state_of(hero)
        refused = hero.intend("PATCH", "/stats/hitpoints", delta=-1)
        assert (refused.status, refused.json["code"]) == (409, "CHARACTER_IN_SESSION")
    assert instance.shown()["activeGameSims"] == 1
    assert match.end(outcome="defeat").status == 200
    assert instance.shown()["activeGameSims"] == 0
    shown = match.heroes[1].owner.get("/gamesims/" + match.id).json
    assert (shown["state"], shown["outcome"]) == ("ended", "defeat")
    for hero in match.heroes:
        hero.state = state_of(hero)
        assert hero.intend("PATCH", "/stats/hitpoints", delta=-1).status == 200
        assert hero.owner.post(f"/gamesims/{match.id}/join", {"characterId": hero["id"]}).status == 410


def test_only_its_own_instance_reports(server, token, instance):
    match = Match(server, instance)
    other = Instance(server, token)
    fleet_client = hearth.Client(server.host, server.port, token)
    body = {"sequence": 1, "events": []}
    path = f"/gamesims/{match.id}/updates"
    for when in ("running", "ended"):
        for client in (other.client, fleet_client, match.heroes[0].owner):
            reply = client.post(path, body)
            assert (reply.status, reply.json["code"]) == (403, "FORBIDDEN"), when
        assert instance.client.post(f"/gamesims/{stranger()}/updates", body).json["code"] == "GAMESIM_NOT_FOUND"
        assert match.end(sequence=1).status == 200
    assert hearth.Client(server.host, server.port).post(path, body).status == 401


def test_a_lost_instance_still_reports(server, token):
    lost = Instance(server, token)
    match = Match(server, lost)
    hero = match.heroes[0]
    assert match.updates(event("loot", hero, itemId=ITEM, quantity=1)).status == 200
    newer = Instance(server, token, port=lost.port)
    assert lost.beat().status == 404
    assert match.updates(event("loot", hero, itemId=ITEM, quantity=1)).json == answer(1)
    assert match.end(event("loot", hero, itemId=ITEM, quantity=1)).json == answer(1)
    assert match.updates().status == 410
    assert loot_of(state_of(hero)) == match.had[0] + 3
    assert hero.owner.get("/gamesims/" + match.id).json["outcome"] == "lost"
    assert newer.client.delete(f"/gamesim-instances/{newer.id}").status == 204


def test_a_lost_instances_token_lasts_for_its_reports(instance):
    payload = instance.token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["exp"] - time.time() > 24 * 3600 + 1700, "the report window, and half of instance_token_ttl"


# ---- exactly once ---------------------------------------------------------------------------------

def test_killed_again_and_again_each_report_is_applied_once(start_hearthd):
    server = matchmaking.start(start_hearthd, loops=2 if hearth.LOOPS == "auto" else hearth.LOOPS)
    token = matchmaking.issue(server)
    instances = [Instance(server, token) for _ in range(2)]
    matches = [Match(server, instances[i % 2], FIGHTER, CLERIC) for i in range(4)]
    stop = threading.Event()
    reporters = [Reporter(match, [lambda match=match: match.instance.client], stop) for match in matches]
    for reporter in reporters:
        reporter.start()
    for number in range(KILLS):
        known = sum(len(reporter.answers) for reporter in reporters)
        wait_until(lambda: sum(len(r.answers) for r in reporters) > known + 8 or any(r.problems for r in reporters),
                   "reports are taken in")
        time.sleep(random.uniform(0, 0.1))
        if number % 4 == 3:
            assert server.stop() == 0  # what is on its way is finished, or repeated
        else:
            server.kill()
        server.restart()
    stop.set()
    time.sleep(random.uniform(0, 0.02))  # in the middle of the ends as well
    server.kill()
    server.restart()
    for match in matches:
        for hero in match.heroes:
            hero.owner.port = server.port
    for reporter in reporters:
        reporter.check()
    assert sum(reporter.repeats for reporter in reporters) > 0
    for instance in instances:
        assert instance.shown()["activeGameSims"] == 0


def test_two_hearthd_take_in_the_same_reports(fleet):
    instance = Instance(fleet[0], matchmaking.issue(fleet[0]))
    matches = [Match(fleet[0], instance, FIGHTER, CLERIC) for _ in range(2)]
    clients = [through(server, instance.client) for server in fleet.servers] * 2
    with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
        for sequence in range(1, 16):
            for match in matches:
                body = {"sequence": sequence,
                        "events": [event("loot", hero, itemId=ITEM, quantity=1) for hero in match.heroes]}
                calls = [pool.submit(client.post, f"/gamesims/{match.id}/updates", body) for client in clients]
                answers = {(call.result().status, call.result().body) for call in calls}
                assert len(answers) == 1 and answers.pop()[0] == 200, answers
    for match in matches:
        assert match.end(sequence=16).status == 200
        for had, hero in zip(match.had, match.heroes):
            hero.owner = through(fleet[1], hero.owner)
            assert loot_of(state_of(hero)) == had + 15
            assert hero.owner.get("/gamesims/" + match.id).json["outcome"] == "victory"


def test_either_of_two_hearthd_is_killed_again_and_again(fleet):
    instance = Instance(fleet[0], matchmaking.issue(fleet[0]))
    matches = [Match(fleet[0], instance, FIGHTER, CLERIC) for _ in range(3)]
    stop = threading.Event()
    clients = [lambda server=server: through(server, instance.client) for server in fleet.servers]
    reporters = [Reporter(match, clients, stop) for match in matches]
    for reporter in reporters:
        reporter.start()
    for number in range(KILLS // 2):
        known = sum(len(reporter.answers) for reporter in reporters)
        wait_until(lambda: sum(len(r.answers) for r in reporters) > known + 5 or any(r.problems for r in reporters),
                   "reports are taken in")
        fleet[number % 2].kill()
        fleet[number % 2].restart()
    stop.set()
    for match in matches:
        for hero in match.heroes:
            hero.owner.port = fleet[0].port
    for reporter in reporters:
        reporter.check()
    assert instance.shown()["activeGameSims"] == 0
