"""Whatever many clients do at once through several hearthd on one storage: no instance gets a session
too many, no seat is given twice, what the lists show is exact, and nobody sees a conflict.

HEARTH_SESSIONS is how many sessions are opened and ended in all; 5,000 unless it says otherwise, 100,000
in a long run: HEARTH_SESSIONS=100000 python3 -m pytest tests/integration/test_matchmaking_property.py
"""
import concurrent.futures
import os
import random
import threading
import time

import hearth
import matchmaking
import pytest
from characters import FIGHTER, Hero, player
from fleet import Fleet, Line, through
from hearth import Client, wait_until

SESSIONS = int(os.environ.get("HEARTH_SESSIONS", "5000"))
CLIENTS = 50
SEATS = 4
SERVERS = 3


# So many requests prove the same with any number of loops, and take too long under ThreadSanitizer.
pytestmark = pytest.mark.skipif(hearth.LOOPS != "auto", reason="runs once")


class Seats:
    """What must be true, by what the clients were told. A session counts from the moment that its
    reply is here until its end is asked for: never longer than it counts for hearthd."""

    def __init__(self, capacity):
        self.capacity, self.lock = capacity, threading.Lock()
        self.running, self.known, self.seats = {}, set(), {}

    def open(self, reply):
        session, instance = reply["gameSimId"], reply["instance"]["id"]
        with self.lock:
            assert reply["seat"] == 0 and session not in self.known, reply
            self.known.add(session)
            sessions = self.running.setdefault(instance, set())
            sessions.add(session)
            assert len(sessions) <= self.capacity, f"instance {instance} runs {sorted(sessions)}"

    def join(self, user, reply):
        """A seat is kept for who leaves until the instance has confirmed it, which none does here."""
        with self.lock:
            holder = self.seats.setdefault(reply["gameSimId"], {}).setdefault(reply["seat"], user)
            assert holder == user and 0 < reply["seat"] < SEATS, (reply, holder)

    def close(self, reply):
        with self.lock:
            self.running[reply["instance"]["id"]].remove(reply["gameSimId"])

    def counts(self):
        return {instance: len(sessions) for instance, sessions in self.running.items() if sessions}

    def sessions(self):
        return {session for sessions in self.running.values() for session in sessions}


class World:
    def __init__(self, fleet, heroes, region, instances, capacity):
        self.fleet, self.heroes, self.region = fleet, heroes, region
        fleet_token = matchmaking.issue(fleet[0])
        for server in fleet.servers:  # that a key signs for a year, the others learn when they read the keys again
            wait_until(lambda: Client(server.host, server.port, fleet_token).get("/gamesim-instances").status == 200,
                       "the token is good everywhere")
        local = threading.local()

        def register(number):
            if not hasattr(local, "lines"):
                local.lines = [Line(server, fleet_token) for server in fleet.servers]
            made = local.lines[number % SERVERS].request("POST", "/gamesim-instances", {
                "address": f"10.{capacity}.{number // 250}.{number % 250 + 1}", "port": 40000, "region": region,
                "version": "1.0.0", "wireVersion": 1, "capacity": {"gameSims": capacity, "players": SEATS}})
            assert made.status == 201, made
            return made.json["id"], made.json["instanceToken"]

        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            self.tokens = dict(pool.map(register, range(instances)))
        self.seats = Seats(capacity)
        self.shown()

    def shown(self):
        """Sessions per instance by the list of instances, which every hearthd shows alike."""
        lists = []
        for server in self.fleet.servers:
            reply = through(server, self.operator()).get("/gamesim-instances")
            assert reply.status == 200, reply
            rows = reply.json["instances"]
            lists.append({row["id"]: row["activeGameSims"] for row in rows if row["id"] in self.tokens})
            assert len(lists[-1]) == len(self.tokens)
        assert all(shown == lists[0] for shown in lists)
        return {instance: count for instance, count in lists[0].items() if count}

    def operator(self):
        instance, token = next(iter(self.tokens.items()))
        return Client("", 0, token, instance)

    def check_exact(self):
        """Nobody is at work now."""
        assert self.shown() == self.seats.counts()
        for server in self.fleet.servers:
            listed = through(server, self.heroes[0].owner).get("/gamesims").json["gameSims"]
            assert {row["gameSimId"] for row in listed} == self.seats.sessions()


class Player:
    """One client. It opens sessions, or finds one, and goes on when it has ended."""

    def __init__(self, world, number):
        self.world, self.hero = world, world.heroes[number]
        self.dice = random.Random(number)
        self.lines = [Line(server, self.hero.owner.token) for server in world.fleet.servers]
        self.session = None

    def ask(self, path):
        """On a quick machine it has as many live tokens as a player may have, and waits as it is told."""
        while True:
            reply = self.dice.choice(self.lines).request(
                "POST", path, {"characterId": self.hero["id"], "region": self.world.region})
            if reply.status != 429:
                return reply
            time.sleep(int(reply.headers["Retry-After"]))

    def open(self, may_be_full=False, may_find=True):
        """True: it is in a session of its own."""
        reply = self.ask("/gamesims/find" if may_find and self.dice.random() < 0.25 else "/gamesims")
        if reply.status == 503 and may_be_full:
            assert reply.json["code"] == "NO_CAPACITY" and reply.headers["Retry-After"], reply
            return False
        if reply.status == 200:
            self.world.seats.join(self.hero.owner.user_id, reply.json)
            left = self.dice.choice(self.lines).request("POST", f"/gamesims/{reply.json['gameSimId']}/leave")
            assert left.status == 204 or (left.status, left.json["code"]) == (410, "SESSION_ENDED"), left
            return False
        assert reply.status == 201, reply
        self.session = reply.json
        self.world.seats.open(self.session)
        return True

    def end(self):
        session, self.session = self.session, None
        self.world.seats.close(session)
        line = self.dice.choice(self.lines)
        instance = Line.__new__(Line)  # the instance speaks over this player's connection
        instance.token, instance.connection = self.world.tokens[session["instance"]["id"]], line.connection
        ended = instance.request("POST", f"/gamesims/{session['gameSimId']}/end",
                                 {"sequence": 1, "outcome": "defeat", "events": []})
        assert ended.status == 200, ended


def play(world, sessions, crowded):
    """All clients at once, until so many sessions were opened and ended."""
    players = [Player(world, number) for number in range(CLIENTS)]
    failed = threading.Event()

    def work(one):
        try:
            while len(world.seats.known) < sessions and not failed.is_set():
                if one.open(crowded):
                    if crowded:  # more want to be in than fit
                        time.sleep(one.dice.uniform(0.1, 0.4))
                    one.end()
        except BaseException:
            failed.set()
            raise

    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(work, players))
    world.check_exact()
    return players


@pytest.fixture(scope="module")
def fleet(spaces, tmp_path_factory):
    redis = ["--with", "storage-redis", "--set", "services.storage=storage-redis", *spaces.settings("storage-redis")]
    fleet = Fleet(redis, tmp_path_factory.mktemp("property"), count=SERVERS, args=[
        "--set", "matchmaking.heartbeat=1h", "--set", "matchmaking.token_lifetime=5s",
        "--set", "matchmaking.max_live_tokens=64", "--set", "matchmaking.instance_token_ttl=7d",
        "--set", "auth.login_address_limit=0", "--set", "auth.key_refresh=100ms"])
    yield fleet
    fleet.stop()


@pytest.fixture(scope="module")
def heroes(fleet):
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        return list(pool.map(lambda n: Hero(player(fleet[n % SERVERS]), FIGHTER), range(CLIENTS)))


def test_many_instances_have_room_for_everybody(fleet, heroes):
    world = World(fleet, heroes, "many", 4000, 10)
    players = play(world, SESSIONS * 9 // 10, False)
    for one in players:
        while not one.open():
            pass
    world.check_exact()
    assert len(world.seats.sessions()) == CLIENTS
    for one in players:
        one.end()
    world.check_exact()


def test_few_instances_are_never_over_capacity(fleet, heroes):
    world = World(fleet, heroes, "few", 12, 3)
    players = play(world, SESSIONS // 10, True)
    inside = [one for one in players if one.open(may_be_full=True, may_find=False)]
    assert len(inside) == 36, "every place is taken"
    world.check_exact()
    outside = [one for one in players if one not in inside]
    for one in inside:  # what is free is found at once, by any hearthd
        next_one = outside.pop(0)
        assert not next_one.open(may_be_full=True, may_find=False)
        one.end()
        assert next_one.open(may_be_full=True, may_find=False)
        outside.append(one)
    world.check_exact()
