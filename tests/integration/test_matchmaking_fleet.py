"""Players who ask several hearthd at the same time: one of them decides, on whatever storage."""
import concurrent.futures

import characters
import matchmaking
import pytest
from characters import FIGHTER, Hero, player, refused
from fleet import Fleet, through


pytestmark = pytest.mark.any_storage


@pytest.fixture(scope="module")
def fleet(new_storage, tmp_path_factory):
    fleet = Fleet(new_storage(), tmp_path_factory.mktemp("fleet"), count=3,
                  args=["--set", "matchmaking.heartbeat=60s", "--set", "matchmaking.refresh_interval=200ms"])
    fleet.token = matchmaking.issue(fleet[0])
    yield fleet
    fleet.stop()


@pytest.fixture
def region(fleet):
    return "r" + characters.letters()[:12].lower()


def at_once(calls):
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def ask(server, hero, path="/gamesims", **body):
    return through(server, hero.owner).post(path, {"characterId": hero["id"], **body})


def seated(server, who, session):
    reply = through(server, who.owner).get("/gamesims/" + session)
    assert reply.status == 200, reply
    return [seat["characterId"] for seat in reply.json["players"]]


def test_a_player_who_asks_all_of_them_sits_once(fleet, region):
    sim = matchmaking.Instance(fleet[0], fleet.token, region=region)
    for _ in range(5):
        hero = Hero(player(fleet[0]), FIGHTER)
        replies = at_once([lambda s=server: ask(s, hero, region=region) for server in fleet.servers * 2])
        made = [reply for reply in replies if reply.status == 201]
        assert len(made) == 1, replies
        session = made[0].json["gameSimId"]
        for reply in replies:
            if reply is not made[0]:
                refused(reply, 409, "ALREADY_IN_SESSION")
        assert seated(fleet[1], hero, session) == [hero["id"]]
        assert through(fleet[2], hero.owner).post(f"/gamesims/{session}/leave").status == 204
        assert sim.beat().status == 200 and sim.beat().status == 200
    assert sim.shown()["activeGameSims"] == sim.shown()["players"] == 0


def test_the_last_seats_are_given_once(fleet, region):
    matchmaking.Instance(fleet[0], fleet.token, region=region, players=4)
    first = Hero(player(fleet[0]), FIGHTER)
    session = ask(fleet[0], first, region=region).json["gameSimId"]
    heroes = [Hero(player(fleet[0]), FIGHTER) for _ in range(9)]
    replies = at_once([lambda i=i, h=hero: ask(fleet[i % 3], h, f"/gamesims/{session}/join")
                       for i, hero in enumerate(heroes)])
    assert sorted(reply.status for reply in replies) == [200] * 3 + [409] * 6
    assert sorted(reply.json["seat"] for reply in replies if reply.status == 200) == [1, 2, 3]
    assert len(set(seated(fleet[2], first, session))) == 4


def test_the_last_place_is_given_once(fleet, region):
    sim = matchmaking.Instance(fleet[0], fleet.token, region=region, game_sims=3)
    heroes = [Hero(player(fleet[0]), FIGHTER) for _ in range(9)]
    replies = at_once([lambda i=i, h=hero: ask(fleet[i % 3], h, region=region) for i, hero in enumerate(heroes)])
    assert sorted(reply.status for reply in replies) == [201] * 3 + [503] * 6, replies
    assert all(reply.json["code"] == "NO_CAPACITY" for reply in replies if reply.status == 503)
    assert sim.shown()["activeGameSims"] == 3


def test_who_leaves_at_one_is_free_at_all(fleet, region):
    matchmaking.Instance(fleet[0], fleet.token, region=region)
    hero = Hero(player(fleet[0]), FIGHTER)
    for turn in range(4):
        made = ask(fleet[turn % 3], hero, region=region)
        assert made.status == 201, made
        session = made.json["gameSimId"]
        assert through(fleet[(turn + 1) % 3], hero.owner).post(f"/gamesims/{session}/leave").status == 204
