"""hearthd, instances of hearth-gamesim and hearth-bots, all real: matches are played to the end, the
books are empty afterwards, characters have exactly what the matches reported, whoever is killed."""
import collections
import contextlib
import json
import os
import random
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from gamesim import Instance
from hearth import BUILD, LOOPS, Client, wait_until
from matchmaking import issue, start
from test_gamesim_standalone import has_ipv6
from witness import Witness

PLAYERS = int(os.environ.get("HEARTH_PLAYERS", 80 if LOOPS == "auto" and "tsan" not in BUILD.name else 16))
KILLS = int(os.environ.get("HEARTH_KILLS", 3))
INTERVAL = 1.0  # between heartbeats
PATIENCE = 120


class Bots:
    """hearth-bot as a process; its lines are read while it runs."""

    def __init__(self, url, *args):
        self.process = subprocess.Popen([BUILD / "bin/hearth-bot", "--server", url, "--json", *map(str, args)],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.output, self.errors = "", ""
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        self.output, self.errors = self.process.communicate()

    def wait(self, deadline=PATIENCE):
        self.reader.join(deadline)
        assert not self.reader.is_alive(), "the bots do not end"
        return self.process.returncode

    def tally(self):
        return json.loads(self.output.splitlines()[-1])


class World:
    def __init__(self, server, witness, stack):
        self.server, self.witness, self.stack = server, witness, stack
        self.url, self.token = witness.url, issue(server)
        self.instances = {}

    def instance(self, *args):
        """One more, by its id at hearthd."""
        known = set(self.listed())
        made = Instance(self, *args, "--metrics", "127.0.0.1:0", token=self.token)
        self.stack.callback(end, made.process)
        name = wait_until(lambda: set(self.listed()) - known, "hearthd lists it").pop()
        wait_until(lambda: self.listed()[name]["state"] == "ready", "it is ready")
        self.instances[name] = made
        return made

    def bots(self, *args):
        made = Bots(self.url, *args)
        self.stack.callback(end, made.process)
        return made

    def listed(self):
        reply = Client("127.0.0.1", self.server.port, self.token).get("/gamesim-instances")
        assert reply.status == 200, reply
        return {entry["id"]: entry for entry in reply.json["instances"] if entry["state"] in ("ready", "draining")}

    def connected(self):
        return sum(entry["players"] for entry in self.listed().values())

    def player(self, hero):
        return Client("127.0.0.1", self.server.port, hero.token)

    def seen(self, session):
        """The session as a player sees it."""
        reply = self.player(next(iter(self.witness.heroes.values()))).get(f"/gamesims/{session}")
        assert reply.status == 200, reply
        return reply.json

    def metric(self, name):
        text = self.server.get("/metrics").body.decode()
        found = re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.M)
        assert found, f"no metric {name}"
        return sum(map(float, found))

    def restart(self):
        """hearthd is killed and started anew, where it was."""
        self.server.args[self.server.args.index("--listen") + 1] = f"127.0.0.1:{self.server.port}"
        self.server.kill()
        time.sleep(random.uniform(0, 1))
        self.server.start()


def end(process):
    if process.poll() is None:
        process.kill()
    process.wait()


@pytest.fixture
def world(start_hearthd):
    server = start(start_hearthd, f"heartbeat={INTERVAL:.0f}s", "policy=spread")
    with contextlib.ExitStack() as stack:
        made = World(server, stack.enter_context(Witness(lambda: server.port)), stack)
        yield made
        assert not made.witness.trouble, made.witness.trouble
        for instance in made.instances.values():
            if instance.process.poll() is None:
                instance.process.send_signal(signal.SIGINT)  # the second signal does not wait for tokens
                status, errors = instance.stop()
                assert status == 0, errors


def hold_exactly_what_was_reported(world):
    """Every character: what it began with and what its sessions reported, no more and no less."""
    for name, hero in world.witness.heroes.items():
        now = world.player(hero).get(f"/characters/{name}").json
        experience, gold, items = world.witness.earned(name)
        for thing in hero.character["inventory"]:
            items[thing["itemId"]] += thing["quantity"]
        found = collections.Counter({thing["itemId"]: thing["quantity"] for thing in now["inventory"]})
        assert (now["experience"], found) == (hero.character["experience"] + experience, items), name
        assert now["currency"]["gold"] == hero.character["currency"]["gold"] + gold, name


def holds_nothing(instance):
    host, port = instance.http.rsplit(":", 1)
    text = Client(host, int(port)).get("/metrics").body.decode()
    return all(re.search(rf"^hearth_gamesim_{name} 0$", text, re.M)
               for name in ("sessions", "players", "report_queues", "report_events_waiting"))


def books_are_empty(world):
    """Nobody sits anywhere, nothing runs, nothing waits to be reported, every character is free."""
    wait_until(lambda: all((entry["activeGameSims"], entry["players"]) == (0, 0) for entry in world.listed().values()),
               "no instance has a session", PATIENCE)
    for session in world.witness.sessions:
        seen = world.seen(session)
        assert seen["state"] == "ended" and seen["outcome"] in ("victory", "defeat", "abandoned", "lost"), seen
    hero = next(iter(world.witness.heroes.values()))
    assert world.player(hero).get("/gamesims?state=open").json == {"gameSims": []}
    wait_until(lambda: world.metric("hearth_matchmaking_sessions") == world.metric("hearth_matchmaking_seats_taken") == 0,
               "the metrics say so")
    for instance in world.instances.values():
        if instance.process.poll() is None:
            wait_until(lambda at=instance: holds_nothing(at), "the instance has reported everything", PATIENCE)
    for name, hero in world.witness.heroes.items():
        version = world.player(hero).get(f"/characters/{name}").json["version"]
        reply = world.player(hero).patch(f"/characters/{name}/stats/hitpoints", {"version": version, "delta": 1})
        assert reply.status == 200, reply


def all_ended(world):
    wait_until(lambda: all(any(report.kind == "end" for report in world.witness.reports[session].values())
                           for session in world.witness.sessions), "every session has reported its end", PATIENCE)


def test_everybody_plays_to_the_end_and_the_books_are_empty(world):
    world.instance()
    world.instance()
    bots = world.bots("--players", PLAYERS, "--group", 4)
    assert bots.wait() == 0, bots.errors
    tally = bots.tally()
    assert tally["connected"] == PLAYERS and tally["errors"] == 0
    assert len(world.witness.sessions) == PLAYERS // 4
    if PLAYERS > 4:
        assert set(world.witness.sessions.values()) == set(world.instances)  # both were used
    all_ended(world)
    books_are_empty(world)
    hold_exactly_what_was_reported(world)
    assert not any(report.rejected for reports in world.witness.reports.values() for report in reports.values())
    earned = [world.witness.earned(name) for name in world.witness.heroes]
    assert any(experience for experience, _, _ in earned) and any(gold or items for _, gold, items in earned)


def test_players_drop_come_back_to_their_seats_and_leave(world):
    instance = world.instance()
    bots = world.bots("--players", 4, "--group", 4, "--rejoin", 2, "--duration", 5, "--leave")
    assert bots.wait() == 0, bots.errors
    assert bots.tally()["connected"] == 4 and bots.tally()["errors"] == 0
    assert len(world.witness.sessions) in (1, 2)  # the match may have ended before
    host, port = instance.http.rsplit(":", 1)
    assert re.search(r"^hearth_gamesim_connects_total (8|[0-9]{2})$",
                     Client(host, int(port)).get("/metrics").body.decode(), re.M)
    # They have left: free at once, whatever the instance still has to say.
    for name, hero in world.witness.heroes.items():
        reply = world.player(hero).post("/gamesims", {"characterId": name, "wireVersion": 1})
        assert reply.status in (201, 422), reply  # 422: it fell and has not rested
        if reply.status == 201:
            assert world.player(hero).post(f"/gamesims/{reply.json['gameSimId']}/leave").status == 204
    wait_until(lambda: world.metric("hearth_matchmaking_seats_taken") == 0, "no seat is taken", PATIENCE)
    hold_exactly_what_was_reported(world)


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
def test_players_try_the_addresses_of_an_instance_in_order(world):
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        probe.bind(("::1", 0))
        port = probe.getsockname()[1]
    # Nobody answers at the first one.
    world.instance("--listen", f"[::1]:{port}", "--public", f"127.0.0.1:{port},[::1]:{port}")
    bots = world.bots("--players", 2, "--group", 2, "--duration", 2)
    assert bots.wait() == 0, bots.errors


def test_what_hearthd_refuses_is_said_in_its_words(world):
    made = Instance(world, "--region", "no spaces", token=world.token, wait=False)
    status, errors = made.wait()
    assert status == 1 and "400 INVALID_REQUEST: region: expected" in errors
    made = Instance(world, token="no.such.token", wait=False)
    status, errors = made.wait()
    assert status == 1 and "401 UNAUTHENTICATED" in errors and "no.such.token" not in errors
    world.witness.trouble.clear()


def test_a_killed_instance_loses_its_sessions_once_and_its_players_go_on(world):
    for _ in range(2):
        world.instance()
    groups = [world.bots("--players", 4, "--group", 4, "--duration", 600) for _ in range(2)]
    wait_until(lambda: world.connected() == 8, "all are in", PATIENCE)
    victim, survivor = world.instances
    lost = [session for session, where in world.witness.sessions.items() if where == victim]
    assert len(lost) == len(world.witness.sessions) / 2 == 1
    stranded = [hero for hero in world.witness.heroes.values()
                if any(hero.character["id"] == seat["characterId"] for seat in world.seen(lost[0])["players"])]
    assert len(stranded) == 4
    killed = time.monotonic()
    world.instances[victim].process.kill()
    assert world.seen(lost[0])["state"] != "ended"
    wait_until(lambda: world.seen(lost[0])["state"] == "ended", "its session is lost", PATIENCE)
    took = time.monotonic() - killed
    assert world.seen(lost[0])["outcome"] == "lost"
    # Three intervals after the last heartbeat, and what one pass over the registry takes.
    assert 1.5 * INTERVAL < took < 3 * INTERVAL + 5, took
    assert victim not in world.listed() and world.metric("hearth_matchmaking_instances_lost_total") == 1
    # Those who were in it can play again at once, on the other one.
    for hero in stranded:
        reply = world.player(hero).post("/gamesims/find", {"characterId": hero.character["id"], "wireVersion": 1})
        assert reply.status in (200, 201), reply
        assert reply.json["instance"]["id"] == survivor
    time.sleep(3 * INTERVAL)
    assert world.metric("hearth_matchmaking_instances_lost_total") == 1
    running = [session for session, where in world.witness.sessions.items() if where == survivor]
    assert all(world.seen(session)["state"] != "ended" for session in running)
    for group in groups:
        group.process.kill()


def test_a_report_whose_answer_is_lost_counts_once(world):
    lost = collections.Counter()

    def loses(_, path, body):
        """The first two answers to each."""
        if not path.endswith(("/updates", "/end")):
            return False
        key = path, json.loads(body)["sequence"]
        lost[key] += 1
        return lost[key] <= 2
    world.witness.loses = loses
    world.instance()
    bots = world.bots("--players", 4, "--group", 4)
    assert bots.wait() == 0, bots.errors
    all_ended(world)
    books_are_empty(world)
    assert min(world.witness.tries.values()) == 3 and len(world.witness.tries) > 1
    hold_exactly_what_was_reported(world)


@pytest.mark.parametrize("kills", [1, KILLS])
def test_matches_go_on_while_hearthd_is_killed_and_each_report_counts_once(world, kills):
    """More than one kill: one match follows the other, and hearthd is killed all along."""
    world.instance()
    bots = world.bots("--players", 8, "--group", 4, *(("--duration", 4 * kills) if kills > 1 else ()))
    wait_until(lambda: world.connected() == 8, "all are in", PATIENCE)
    for _ in range(kills):
        wait = time.monotonic() + random.uniform(0.1, 2)
        wait_until(lambda until=wait: time.monotonic() > until, "some time")
        world.restart()
    assert bots.wait() == 0, bots.errors
    assert bots.tally()["errors"] == 0
    all_ended(world)
    books_are_empty(world)
    for session, reports in world.witness.reports.items():
        assert sorted(reports) == list(range(1, len(reports) + 1)), session
    hold_exactly_what_was_reported(world)
    outcomes = {world.seen(session)["outcome"] for session in world.witness.sessions}
    assert outcomes <= {"victory", "defeat"} | ({"abandoned"} if kills > 1 else set()), outcomes
