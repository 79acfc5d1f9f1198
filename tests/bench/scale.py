#!/usr/bin/python3
"""Does a request cost more when there are more characters? CPU per GET and PATCH with 1,000 and with
1,000,000 characters in storage, side by side.

The crowd is made by copying the documents of a real character inside the database, with other ids.

    tests/bench/scale.py BUILD_DIR [--sizes 1000,1000000] [--rounds 5]
"""
import argparse
import pathlib
import sqlite3
import statistics
import tempfile
import uuid

import request_cost as bench

FIELDS = ["collection", "partition", "sort", "version", "epoch", "write_id", "expires_ms", "body"]


def documents_of(db, character):
    """Every document that speaks of the character: itself, and what was claimed for it."""
    rows = db.execute(f"SELECT {','.join(FIELDS)} FROM documents WHERE body LIKE ? OR sort = ?"
                      " OR partition = ?", (f"%{character['id']}%", character["id"], character["id"]))
    return [row for row in rows if row[0] != "receipts"]


def crowd(path, character, count):
    """Makes `count` copies of the character, each with a user of its own."""
    db = sqlite3.connect(path)
    rows = documents_of(db, character)

    def copies():
        for i in range(count):
            user, id = str(uuid.uuid4()), str(uuid.uuid4())
            change = [(character["userId"], user), (character["id"], id),
                      (character["name"], f"Crowd{i}"), (character["name"].lower(), f"crowd{i}")]
            for row in rows:
                row = list(row)
                for field in (1, 2, 7):
                    for old, new in change:
                        row[field] = row[field].replace(old, new)
                yield row

    with db:
        db.executemany(f"INSERT OR IGNORE INTO documents ({','.join(FIELDS)}) VALUES"
                       " (?,?,?,?,?,?,?,?)", copies())
    db.close()


def start(build, dir, size, connections):
    """A hearthd with `size` characters in storage; the players are real accounts among them."""
    process, pid, port = bench.start_hearthd(build, dir, f"journal-{size}", "journal")
    people = bench.players(port, connections)
    character = bench.call(port, "GET", f"/characters/{people[0]['id']}", token=people[0]["token"])
    process.terminate()
    process.wait(30)
    crowd(f"{dir}/journal-{size}/hearth.db", character, max(0, size - connections))
    process, pid, port = bench.start_hearthd(build, dir, f"journal-{size}", "journal")
    return process, pid, port, people


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--sizes", default="1000,1000000")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=20000)
    parser.add_argument("--connections", type=int, default=32)
    args = parser.parse_args()
    build = pathlib.Path(args.build).resolve()
    servers, rows = {}, {}
    with tempfile.TemporaryDirectory() as dir:
        try:
            for size in map(int, args.sizes.split(",")):
                servers[size] = start(build, dir, size, args.connections)
            for _ in range(args.rounds):
                for size, (_, pid, port, people) in servers.items():
                    gets = [f"GET /characters/{p['id']} {p['token']} 0\n" for p in people]
                    rows.setdefault(("GET", size), []).append(
                        bench.measure(build, pid, port, gets, args.requests)["us"])
                    rows.setdefault(("PATCH", size), []).append(
                        bench.measure(build, pid, port, bench.intents(port, people),
                                      args.requests // 4)["us"])
        finally:
            for process, *_ in servers.values():
                process.terminate()
            for process, *_ in servers.values():
                process.wait(60)
    print(f"{'request':8} {'characters':>12} {'CPU us/request':>15}")
    for (method, size), figures in sorted(rows.items()):
        print(f"{method:8} {size:12,} {statistics.median(figures):15.1f}")


if __name__ == "__main__":
    main()
