"""entities.mode exclusive and shared never work on one storage at once, whoever was there first, and
whoever was away longer than a lease."""
import signal
import time

import pytest

import hearth
from characters import FIGHTER, Hero, player
from fleet import Fleet, through

pytestmark = pytest.mark.any_storage

LEASE = 2.0  # seconds
ALONE = ["--set", "entities.mode=exclusive"]


@pytest.fixture
def fleet(new_storage, tmp_path):
    """Two in mode shared."""
    fleet = Fleet(new_storage(), tmp_path, count=2, args=["--set", f"entities.lease={LEASE:g}s"])
    yield fleet
    for server in fleet.servers:
        if server.process.poll() is None:
            server.process.send_signal(signal.SIGCONT)
    fleet.stop()


def why_not_ready(server):
    """The lease's reason, None once it is held."""
    reply = server.get("/health/ready")
    if reply.status == 200:
        return None
    missing = {(m["plugin"], m["component"]): m["reason"] for m in reply.json["missing"]}
    return missing.get(("entities", "lease"), "")


def begin(fleet, *args):
    """One that may have to wait."""
    server = fleet.add(*args, wait=False)
    server.port = hearth.wait_until(server._address, "it listens")
    return server


def waits(server, reason):
    hearth.wait_until(lambda: reason in (why_not_ready(server) or ""), f"it says: {reason}")


def freeze(servers):
    for server in servers:
        server.process.send_signal(signal.SIGSTOP)


def thaw(servers):
    for server in servers:
        server.process.send_signal(signal.SIGCONT)


def silent(server, one, path, version):
    """Says and does nothing for a client."""
    client = through(server, one)
    assert client.get(path).status == 503
    assert client.patch(path + "/currency/modify", {"version": version, "copper": 1}).status == 503


def test_one_alone_waits_while_any_shared_one_lives(fleet):
    one = player(fleet[0])
    hero = Hero(one, FIGHTER)
    alone = begin(fleet, *ALONE)
    begun = time.monotonic()
    waits(alone, "storage is in use in mode shared, and mode exclusive waits until there was no sign "
                 f"of anybody for {LEASE:g} s")
    assert fleet[0].stop() == 0  # clean, and the other is still there
    while time.monotonic() - begun < 3 * LEASE:
        silent(alone, one, hero.path, 1)
        reply = through(fleet[1], one).get(hero.path)
        assert (reply.status, reply.json) == (200, hero.state)
        time.sleep(0.1)
    reply = through(fleet[1], one).patch(hero.path + "/currency/modify", {"version": 1, "copper": 1})
    assert reply.status == 200
    fleet[1].kill()  # the last one
    hearth.wait_until(lambda: why_not_ready(alone) is None, "it may begin", LEASE + 5)
    assert through(alone, one).get(hero.path).json == reply.json


def test_shared_ones_wait_while_one_alone_lives(fleet):
    for server in fleet.servers:
        assert server.stop() == 0
    alone = begin(fleet, *ALONE)
    hearth.wait_until(lambda: why_not_ready(alone) is None, "it may begin", LEASE + 5)
    one = player(alone)
    hero = Hero(one, FIGHTER)
    shared = begin(fleet)
    waits(shared, "storage is held by another hearthd, which has to be stopped")
    assert f"(process {alone.process.pid})" in why_not_ready(shared)
    begun = time.monotonic()
    while time.monotonic() - begun < 2 * LEASE:
        silent(shared, one, hero.path, 1)
        time.sleep(0.1)
    assert alone.stop() == 0
    hearth.wait_until(lambda: why_not_ready(shared) is None, "it may begin")
    assert through(shared, one).get(hero.path).json == hero.state


def test_shared_ones_that_were_frozen_find_one_alone_and_are_silent(fleet):
    one = player(fleet[0])
    hero = Hero(one, FIGHTER)
    frozen = list(fleet.servers)
    freeze(frozen)
    alone = begin(fleet, *ALONE)
    hearth.wait_until(lambda: why_not_ready(alone) is None, "it may begin", LEASE + 5)
    client = through(alone, one)
    # Acknowledged from the journal: storage may not have it yet.
    reply = client.patch(hero.path + "/currency/modify", {"version": 1, "copper": 1})
    assert reply.status == 200
    thaw(frozen)
    for server in frozen:
        silent(server, one, hero.path, 1)
        waits(server, f"(process {alone.process.pid})")
        silent(server, one, hero.path, 2)
    again = client.patch(hero.path + "/currency/modify", {"version": 2, "copper": 1})
    assert again.status == 200
    assert alone.stop() == 0
    for server in frozen:
        hearth.wait_until(lambda: why_not_ready(server) is None, "it goes on")
        assert through(server, one).get(hero.path).json == again.json


def test_one_alone_that_was_frozen_finds_shared_ones_and_is_silent(fleet):
    one = player(fleet[0])
    hero = Hero(one, FIGHTER)
    for server in fleet.servers:
        assert server.stop() == 0
    alone = begin(fleet, *ALONE)
    hearth.wait_until(lambda: why_not_ready(alone) is None, "it may begin", LEASE + 5)
    client = through(alone, one)
    assert client.get(hero.path).json == hero.state  # it is in memory now
    freeze([alone])
    shared = begin(fleet)
    hearth.wait_until(lambda: why_not_ready(shared) is None, "it may begin", LEASE + 5)
    change = {"version": 1, "copper": 1}
    reply = through(shared, one).patch(hero.path + "/currency/modify", change)
    assert reply.status == 200
    thaw([alone])
    assert client.patch(hero.path + "/currency/modify", change).status == 503
    waits(alone, "storage is in use in mode shared")
    silent(alone, one, hero.path, 1)
    assert shared.stop() == 0
    hearth.wait_until(lambda: why_not_ready(alone) is None, "it goes on", LEASE + 5)
    assert client.get(hero.path).json == reply.json


def test_shared_ones_come_and_go_without_waiting(fleet):
    """Each is ready at once, whatever became of the others."""
    one = player(fleet[0])
    hero = Hero(one, FIGHTER)
    for number in range(6):
        begun = time.monotonic()
        newcomer = fleet.add()
        reply = through(newcomer, one).patch(hero.path + "/currency/modify",
                                             {"version": number + 1, "copper": 1})
        assert reply.status == 200
        leaver = fleet.servers.pop(0)
        if number % 2:
            leaver.kill()
        else:
            assert leaver.stop() == 0
        assert through(fleet[0], one).get(hero.path).json == reply.json
