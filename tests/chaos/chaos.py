#!/usr/bin/env python3
"""The chaos run: players play on a real hearthd while everything around it breaks, and then what
they were told is compared with what is left. README.md says what it proves and how to read it."""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "integration"))
import checker  # noqa: E402
import disk  # noqa: E402
import history as histories  # noqa: E402
import schedule as schedules  # noqa: E402
import workload  # noqa: E402
from faults import Faults  # noqa: E402
from node import FAKETIME  # noqa: E402
from world import World  # noqa: E402

STORAGES = ["storage-sqlite", "storage-redis", "storage-dynamo"]
QUIET_END = 2.0  # seconds of play after the last fault


class Players:
    """The workload's process."""

    def __init__(self, ports, history, seed, users, think, creators=1000):
        self.users, self.history = users, history
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "workload.py"), "--ports", ",".join(map(str, ports)),
             "--history", str(history), "--seed", str(seed), "--users", str(users),
             "--think", str(think), "--creators", str(creators)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line == "ready\n", f"the players did not begin: {line!r}"

    def end(self):
        """Their history."""
        self.process.stdin.close()
        status = self.process.wait(120)
        assert status == 0, f"the players ended with {status}"
        return histories.load(self.history)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def served(server, users):
    """{char: (seen, name)} of all users, as a server shows them."""
    found = {}
    for user in range(users):
        body = {"username": f"user{user}", "password": workload.PASSWORD}
        session = server.post("/session/login", body)
        assert session.status == 200, f"user{user} cannot log in at the end: {session}"
        listed = server.get("/characters", headers={
            "Authorization": "Bearer " + session.json["token"]})
        assert listed.status == 200, listed
        for character in listed.json["characters"]:
            found[character["id"]] = (workload.seen_of(character), character["name"])
    return found


def the_end(world, users):
    """What is left, seen from both sides; None, and a problem, when there is no end to look at."""
    try:
        world.settle()
        shown, *others = [served(node.server, users) for node in world.nodes]
        assert all(other == shown for other in others), "two hearthd do not show the same"
        world.stop()
        kept = world.stored()
    except AssertionError as error:
        world.own_problems.append(f"the end: {error}")
        return None
    return {"served": {char: seen for char, (seen, _) in shown.items()},
            "stored": {char: seen for char, (seen, _) in kept.items()},
            "names": {char: name for char, (_, name) in kept.items()}}


def annotate(records, world, done):
    """What only the driver knows: the class that was in force, and what was going wrong."""
    for r in records:
        if r["outcome"] == "unknown" or r["status"] == 503:
            r["faults"] = sorted({kind for kind, since, until in done
                                  if since <= r["t1"] and until >= r["t0"]})
        elif r["op"] == "intent":
            r["faults"] = []
        if r["op"] == "intent":
            r["cls"] = world.class_between(r["t0"], r["t1"])


class Result:
    def __init__(self, storage, records, violations, world, faults, seconds):
        self.storage, self.violations, self.problems = storage, violations, world.problems
        self.records, self.faults, self.seconds = records, faults, seconds
        self.starts = len(world.starts)
        self.refused_starts = sum(len(node.refused_starts) for node in world.nodes)
        self.sums = checker.sums(violations)

    @property
    def passed(self):
        return not self.violations and not self.problems

    def acknowledged(self):
        return Counter(r["cls"] if r["op"] == "intent" else r["op"] for r in self.records
                       if r["outcome"] == "ok" and r["op"] in ("intent", "create", "delete")
                       and not r.get("replayed"))

    def felt(self):
        """How many requests each kind of fault has hurt, if only by chance at the same time."""
        return Counter(kind for r in self.records for kind in r.get("faults", ()))

    def __str__(self):
        made = self.acknowledged()
        outcomes = Counter((r["outcome"], r["status"], r.get("code", "")) for r in self.records)
        quiet = ", ".join(f"{count} {outcome} {status or 'no answer'} {code}".strip()
                          for (outcome, status, code), count in sorted(outcomes.items())
                          if outcome != "ok")
        lines = [f"{self.storage}: {sum(made.values())} acknowledged changes in "
                 f"{self.seconds:.0f} s: " + ", ".join(f"{n} {k}" for k, n in sorted(made.items())),
                 f"  {sum(r['op'] in ('read', 'list') for r in self.records)} reads; {quiet}",
                 "  faults: " + ", ".join(f"{n} {k}" for k, n in sorted(self.faults.items())) +
                 f"; hearthd started {self.starts} times, {self.refused_starts} starts refused",
                 "  refused (503) or not answered during them: " + (", ".join(
                     f"{n} {k}" for k, n in sorted(self.felt().items())) or "none"),
                 "  " + ", ".join(f"{n} {name}" for name, n in self.sums.items())]
        lines += [f"  VIOLATION {v}" for v in self.violations[:20]]
        lines += [f"  PROBLEM {p}" for p in self.problems[:20]]
        return "\n".join(lines)


def run(storage, seed, seconds, directory, *, users=12, think=0.02, brisk=1.0, nodes=1,
        mounted=False, kinds=None, plugin_dir=None):
    """One chaos run: a Result. Everything it leaves is in `directory`."""
    available = schedules.available(storage == "storage-sqlite", mounted, bool(FAKETIME))
    available = {target: [k for k in ks if not kinds or k in kinds]
                 for target, ks in available.items()}
    available = {target: ks for target, ks in available.items() if ks}
    configuration, schedule = schedules.draw_schedule(f"{seed} {storage}", seconds, available,
                                                      brisk, nodes)
    print(f"{storage}: seed {seed}, {seconds:.0f} s, {len(schedule)} faults; {directory}",
          flush=True)
    world = World(directory, storage, configuration, nodes=nodes, mounted=mounted,
                  clock="clock" in available, plugin_dir=plugin_dir)
    (pathlib.Path(directory) / "schedule").write_text("".join(f"{fault}\n" for fault in schedule))
    players = None
    try:
        players = Players(world.ports, pathlib.Path(directory) / "history.jsonl", seed,
                          users, think)
        faults = Faults(world, schedule)
        faults.start()
        time.sleep(seconds)
        faults.finish()
        time.sleep(QUIET_END)
        records = players.end()
        final = the_end(world, users)
        if final:
            (pathlib.Path(directory) / "final.json").write_text(json.dumps(final))
        (pathlib.Path(directory) / "faults.jsonl").write_text(
            "".join(json.dumps(fault) + "\n" for fault in sorted(faults.done, key=lambda f: f[1])))
        annotate(records, world, faults.done)
        return Result(storage, records, checker.check(records, final), world, faults.counts(),
                      seconds)
    finally:
        if players:
            players.kill()
        world.close()


def main():
    parser = argparse.ArgumentParser(prog="./dev chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="for each storage (default 1)")
    parser.add_argument("--seed", default=None, help="of an earlier run, to repeat its faults")
    parser.add_argument("--storage", choices=STORAGES, action="append", help="default: all three")
    parser.add_argument("--nodes", type=int, default=1, help="more than one hearthd on the "
                        "storage, in mode shared (not on storage-sqlite)")
    parser.add_argument("--users", type=int, default=12)
    parser.add_argument("--think", type=float, default=0.02,
                        help="mean seconds between two requests of a device (default 0.02)")
    parser.add_argument("--brisk", type=float, default=1.0, help="how much shorter the quiet "
                        "between two faults is (default 1)")
    parser.add_argument("--faults", help="only these kinds, with commas between")
    parser.add_argument("--plugin-dir", help="other plugins than those of HEARTH_BUILD")
    parser.add_argument("--keep", metavar="DIR", help="where the histories and logs go")
    options = parser.parse_args()
    seed = options.seed or str(int(time.time()))
    kinds = set(options.faults.split(",")) if options.faults else None
    mounted = disk.own_mounts()
    if not mounted:
        print("not root: no power cuts, and a full disk is a limit on the size of files")
    if not FAKETIME:
        print("libfaketime is missing (./dev deps): no clock jumps")
    keep = pathlib.Path(options.keep or tempfile.mkdtemp(prefix="hearth-chaos-"))
    failed = []
    for storage in options.storage or STORAGES[options.nodes > 1:]:
        directory = keep / f"{storage}-{seed}"
        shutil.rmtree(directory, ignore_errors=True)
        result = run(storage, seed, options.minutes * 60, directory, users=options.users,
                     think=options.think, brisk=options.brisk, nodes=options.nodes, mounted=mounted,
                     kinds=kinds, plugin_dir=options.plugin_dir)
        print(result, flush=True)
        if not result.passed:
            failed.append(storage)
    if failed:
        print(f"FAILED: {', '.join(failed)}. What happened is in {keep}; the same faults again: "
              f"./dev chaos --minutes {options.minutes:g} --seed {seed}")
    elif not options.keep:
        shutil.rmtree(keep)
    return 1 if failed else 0


if __name__ == "__main__":
    os.chdir(HERE.parents[1])
    sys.exit(main())
