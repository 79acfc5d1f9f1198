"""entities.mode shared when answers of storage do not come: what was applied is never told as a
conflict, and what was not is never told as applied."""
import threading
import time

import pytest

import hearth
from characters import FIGHTER, Hero, player
from fault_proxy import FaultProxy
from fleet import Fleet, Line, through

@pytest.fixture
def cut_off(spaces, tmp_path):
    """Two hearthd on one Redis; a proxy is between it and the first."""
    storage = ["--with", "storage-redis", "--set", "services.storage=storage-redis",
               *spaces.settings("storage-redis")]
    fleet = Fleet(storage, tmp_path, count=0, args=["--set", "storage-redis.timeout=300ms"])
    with FaultProxy(spaces.server("storage-redis").port) as proxy:
        fleet.proxy = proxy
        fleet.add("--set", f"storage-redis.address=127.0.0.1:{proxy.port}")
        fleet.add()
        yield fleet
        fleet.stop()


class Stubborn(threading.Thread):
    """Sends intents until told to stop; knows which were applied and of which nothing is known."""

    def __init__(self, server, token, path, stopping, pause):
        super().__init__()
        self.server, self.token, self.path = server, token, path
        self.stopping, self.pause = stopping, pause
        self.versions, self.unknown, self.failure = [], 0, None

    def run(self):
        try:
            version, line = 1, Line(self.server, self.token)
            while not self.stopping.wait(self.pause):
                reply = line.request("PATCH", self.path + "/currency/modify",
                                     {"version": version, "copper": 1})
                if reply.status == 200:
                    version = reply.json["version"]
                    self.versions.append(version)
                elif reply.status == 409:
                    version = reply.json["character"]["version"]
                elif reply.status == 504:
                    self.unknown += 1
                else:
                    assert reply.status == 503, reply
        except BaseException as failure:  # told by the main thread
            self.failure = failure


def test_a_lost_answer_is_neither_lost_nor_applied_twice(cut_off):
    """Writes of the first arrive and their answers do not; the second builds upon them at once."""
    alice = player(cut_off[1])
    hero = Hero(alice, FIGHTER)
    copper = hero["currency"]["copper"]
    stopping = threading.Event()
    # The second's is not so fast that a document's newest eight changes are all his own meanwhile.
    players = [Stubborn(cut_off[0], alice.token, hero.path, stopping, 0) for _ in range(3)]
    players.append(Stubborn(cut_off[1], alice.token, hero.path, stopping, 0.08))
    for one in players:
        one.start()
    for _ in range(6):
        time.sleep(0.2)
        before = cut_off.proxy.counters["swallowed_bytes"]
        cut_off.proxy.swallow_replies()
        hearth.wait_until(lambda: cut_off.proxy.counters["swallowed_bytes"] > before, "an answer is lost")
        time.sleep(0.1)
        cut_off.proxy.pass_through()
        cut_off.proxy.cut()
    before = len(players[0].versions)
    hearth.wait_until(lambda: len(players[0].versions) > before, "the first goes on")
    stopping.set()
    for one in players:
        one.join()
    assert [one.failure for one in players] == [None] * 4
    told = [v for one in players for v in one.versions]
    assert len(told) == len(set(told))  # one winner for each version
    unknown = sum(one.unknown for one in players)
    seen = through(cut_off[1], alice).get(hero.path).json
    # Nobody who was refused had been applied, nobody who was told so had not.
    assert len(told) <= seen["version"] - 1 <= len(told) + unknown
    assert seen["currency"]["copper"] == copper + seen["version"] - 1


def test_who_cannot_reach_storage_says_so_and_the_other_serves(cut_off):
    alice = player(cut_off[1])
    hero = Hero(alice, FIGHTER)
    first = through(cut_off[0], alice)
    assert first.get(hero.path).json == hero.state
    cut_off.proxy.refuse()
    cut_off.proxy.cut()
    hearth.wait_until(lambda: first.get(hero.path).status == 503, "it does not guess")
    hearth.wait_until(lambda: cut_off[0].get("/health/ready").status == 503, "it is not ready")
    assert hero.hurt(-1).status == 200
    assert cut_off[1].get("/health/ready").status == 200
    cut_off.proxy.pass_through()
    hearth.wait_until(lambda: cut_off[0].get("/health/ready").status == 200, "it is back by itself")
    hearth.wait_until(lambda: first.get(hero.path).status == 200, "it serves again")
    assert first.get(hero.path).json == hero.state
