#!/usr/bin/python3
"""Instructions that hearthd executes in user space per authenticated GET, counted by callgrind.

The figure hardly moves with what else the machine does, so it shows a gain of one per cent that
request_cost.py loses in the noise. It knows nothing of the kernel, which is most of a request's cost.

    tests/bench/request_instructions.py BUILD_DIR [--requests 4000] [--connections 32] [--out FILE]

--out keeps the profile, for callgrind_annotate.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import tempfile

import request_cost as bench


def control(option, pid):
    subprocess.run(["callgrind_control", option, str(pid)], check=True, capture_output=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--requests", type=int, default=4000)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--out")
    args, _ = parser.parse_known_args()  # `./dev bench` gives every script the same arguments
    build = pathlib.Path(args.build).resolve()
    bench.LOOPS = "1"
    with tempfile.TemporaryDirectory() as dir:
        profile = f"{dir}/profile"
        process, pid, port = bench.start_hearthd(
            build, dir, "counted", "journal",
            under=["valgrind", "--tool=callgrind", f"--callgrind-out-file={profile}"])
        try:
            people = bench.players(port, args.connections)
            targets = [f"GET /characters/{p['id']} {p['token']} 0\n" for p in people]
            bench.measure(build, pid, port, targets, 4 * args.connections)  # what is paid once
            control("--zero", pid)
            bench.measure(build, pid, port, targets, args.requests)
            control("--dump", pid)
        finally:
            process.terminate()
            process.wait(60)
        dump = f"{profile}.1"
        total = int(re.search(r"^totals: (\d+)", pathlib.Path(dump).read_text(), re.M)[1])
        if args.out:
            shutil.copy(dump, args.out)
    print(f"GET /characters/{{id}}, authenticated: {total / args.requests:.0f} instructions")


if __name__ == "__main__":
    main()
