#!/usr/bin/python3
"""Memory of one cached character: the growth of the resident set while characters are created.

    tests/bench/cached_memory.py BUILD_DIR [--characters 5000] [--players 10]
"""
import argparse
import pathlib
import tempfile

import request_cost as bench


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--characters", type=int, default=5000)
    parser.add_argument("--players", type=int, default=10)
    args = parser.parse_args()
    build = pathlib.Path(args.build).resolve()
    with tempfile.TemporaryDirectory() as dir:
        process, pid, port = bench.start_hearthd(build, dir, "memory", "memory")
        try:
            people = bench.players(port, args.players)
            each = args.characters // args.players
            warm = each // 5  # allocators and caches that do not grow any more
            before, made = 0, 0
            for i in range(each):
                if i == warm:
                    before = bench.resident_bytes(pid)
                for p in people:
                    bench.call(port, "POST", "/characters", {"race": "Elf", "class": "Wizard"},
                               p["token"])
                    made += i >= warm
            growth = bench.resident_bytes(pid) - before
        finally:
            process.terminate()
            process.wait(60)
    print(f"{made} cached characters: {growth / made:.0f} bytes of resident memory each")


if __name__ == "__main__":
    main()
