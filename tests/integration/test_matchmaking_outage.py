"""Reports while storage fails in every way it can: each is applied once, and each has one answer."""
import random
import threading
import time

import backends
import matchmaking
import state
from characters import CLERIC, FIGHTER
from hearth import ROOT, wait_until
from reports import Instance, Match, Reporter


def test_reports_while_storage_fails(start_hearthd, tmp_path):
    etc, plugins = backends.bare_etc(tmp_path / "game", "storage-faulty", "auth", "entities", "characters",
                                     "matchmaking")
    (etc / "gamedata").symlink_to(ROOT / "etc/gamedata")
    server = start_hearthd("--set", "auth.registration=open", directory=tmp_path / "game", etc=etc,
                           plugin_dir=plugins)
    instance = Instance(server, matchmaking.issue(server))
    matches = [Match(server, instance, FIGHTER, CLERIC) for _ in range(3)]
    stop = threading.Event()
    reporters = [Reporter(match, [lambda: instance.client], stop) for match in matches]
    for reporter in reporters:
        reporter.start()
    faults = ["retry gamesims", "lost gamesims", "lost gamesim-instances", "lost", "retry", "down", "ok * 50"]
    for number in range(len(faults) * 3):
        known = sum(len(reporter.answers) for reporter in reporters)
        state.fault(server, faults[number % len(faults)])
        time.sleep(random.uniform(0.05, 0.3))
        if number == len(faults) * 2:
            stop.set()  # the ends, too, come while storage fails
        state.fault(server, "ok")
        wait_until(lambda: stop.is_set() or sum(len(r.answers) for r in reporters) > known + 3 or
                   any(r.problems for r in reporters), "reports are taken in")
    for reporter in reporters:
        reporter.check()
    assert instance.shown()["activeGameSims"] == 0
