#!/usr/bin/env python3
"""Storage is stopped under load, for 30 s: what players and operators notice, in numbers. Requests
go on from cache and journal, /health/ready names what is missing, the backlog drains after, and
nothing is lost."""
import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import chaos  # noqa: E402
import checker  # noqa: E402
import disk  # noqa: E402
from hearth import wait_until  # noqa: E402
from world import World  # noqa: E402

CONFIGURATION = {"durability": "journal", "lease": "5m", "flush_interval": "1s"}


def backlog(node):
    """Changes that wait for storage, as /metrics says."""
    text = node.server.get("/metrics").body.decode()
    found = re.findall(r"^hearth_entities_pending(?:{[^}]*})? (\S+)", text, re.MULTILINE)
    return sum(map(float, found))


def phase(records, since, until):
    """Numbers of what was answered in a stretch of time."""
    heroes = {r["char"] for r in records if r["op"] == "intent"}
    mine = [r for r in records if since <= r["t1"] < until and
            (r["op"] != "read" or r["char"] in heroes)]
    times = sorted(r["t1"] - r["t0"] for r in mine if r["op"] in ("intent", "read"))
    made = sum(r["op"] == "intent" and r["outcome"] == "ok" for r in mine)
    refused = Counter(f"{r['op']} {r['status'] or 'no answer'}" for r in mine
                      if r["outcome"] != "ok" and r["status"] not in (404, 409))
    return {"seconds": until - since, "changes": made, "per second": made / (until - since),
            "creates": sum(r["op"] == "create" and r["outcome"] == "ok" for r in mine),
            "reads": sum(r["op"] == "read" and r["outcome"] == "ok" for r in mine),
            "p50 ms": 1000 * statistics.median(times or [0]),
            "p99 ms": 1000 * (times or [0])[int(len(times) * 0.99) - 1],
            "refused": dict(refused)}


def run(storage, seconds, directory, *, users=12, before=4.0, mounted=False):
    world = World(directory, storage, CONFIGURATION, mounted=mounted, clock=False)
    node = world.nodes[0]
    players, marks = None, {}
    try:
        players = chaos.Players(world.ports, pathlib.Path(directory) / "history.jsonl",
                                "outage", users, 0.04, creators=2)
        marks["start"] = time.monotonic()
        time.sleep(before)
        marks["stopped"] = time.monotonic()
        world.stop_storage()
        degraded = wait_until(lambda: (h := node.health()).get("status") == "degraded" and h,
                              "/health/ready says degraded")
        marks["noticed"] = time.monotonic()
        ready = node.server.get("/health/ready").status
        time.sleep(max(0, marks["stopped"] + seconds - time.monotonic()))
        waiting = backlog(node)
        marks["back"] = time.monotonic()
        world.start_storage()
        wait_until(lambda: node.health().get("status") == "ready", "/health/ready says ready", 60)
        marks["well"] = time.monotonic()
        time.sleep(before)
        marks["end"] = time.monotonic()
        records = players.end()
        wait_until(lambda: backlog(node) == 0, "the backlog is empty", 60)
        marks["drained"] = time.monotonic()
        final = chaos.the_end(world, users)
        chaos.annotate(records, world, [])
        violations = checker.check(records, final)
        return {"storage": storage, "ready": ready, "missing": degraded["missing"],
                "noticed after": marks["noticed"] - marks["stopped"], "backlog": waiting,
                "well after": marks["well"] - marks["back"],
                "before": phase(records, marks["start"], marks["stopped"]),
                "during": phase(records, marks["noticed"], marks["back"]),
                "after": phase(records, marks["well"], marks["end"]),
                "violations": [str(v) for v in violations], "sums": checker.sums(violations),
                "problems": world.problems}
    finally:
        if players:
            players.kill()
        world.close()


def judge(found):
    """What must hold; the sentences of what does not."""
    during, before = found["during"], found["before"]
    promises = {
        "/health/ready answers 200 and names the storage":
            found["ready"] == 200 and found["storage"] in json.dumps(found["missing"]),
        "changes go on": during["per second"] > before["per second"] / 3,
        "reads go on": during["reads"] > 0,
        "no change and no read of what is cached is refused":
            not any(k.startswith(("intent", "read")) for k in during["refused"]),
        "what needs storage is not acknowledged": during["creates"] == 0,
        "changes wait for storage": found["backlog"] > 0,
        "storage is well again within 30 s": found["well after"] < 30,
        "nothing is lost": not found["violations"] and not found["problems"],
    }
    return [promise for promise, kept in promises.items() if not kept]


def show(found):
    lines = [f"{found['storage']}: noticed after {found['noticed after']:.1f} s: {found['ready']} "
             f"degraded, missing {json.dumps(found['missing'])}"]
    for name in ("before", "during", "after"):
        p = found[name]
        lines.append(f"  {name:6}: {p['seconds']:.1f} s, {p['per second']:.0f} changes/s, p50 "
                     f"{p['p50 ms']:.1f} ms, p99 {p['p99 ms']:.1f} ms, refused {p['refused']}")
    lines.append(f"  {found['backlog']:.0f} characters waited for storage; well "
                 f"{found['well after']:.1f} s after it was back, and all of it drained; "
                 f"{found['sums']}")
    lines += [f"  VIOLATION {text}" for text in [*found["violations"], *found["problems"]][:20]]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(prog="./dev chaos outage", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--storage", choices=chaos.STORAGES, action="append",
                        help="default: all three")
    parser.add_argument("--keep", metavar="DIR", help="where the history and the log go")
    options = parser.parse_args()
    mounted = disk.own_mounts()
    keep = pathlib.Path(options.keep or tempfile.mkdtemp(prefix="hearth-outage-"))
    failed = False
    for storage in options.storage or chaos.STORAGES:
        shutil.rmtree(keep / storage, ignore_errors=True)
        found = run(storage, options.seconds, keep / storage, mounted=mounted)
        print(show(found), flush=True)
        for broken in judge(found):
            print(f"  NOT KEPT: {broken}")
            failed = True
    if not failed and not options.keep:
        shutil.rmtree(keep)
    return 1 if failed else 0


if __name__ == "__main__":
    os.chdir(pathlib.Path(__file__).resolve().parents[2])
    sys.exit(main())
