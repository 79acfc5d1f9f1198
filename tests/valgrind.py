#!/usr/bin/python3
"""Starts the release build's hearthd under valgrind with everything that etc/ enables, serves a few
requests, stops it, and fails on any error or lost byte.    tests/valgrind.py BUILD_DIR"""
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ["HEARTH_BUILD"] = sys.argv[1]
sys.path.insert(0, str(pathlib.Path(__file__).parent / "integration"))
import hearth  # noqa: E402


def main():
    with tempfile.TemporaryDirectory() as directory:
        report = pathlib.Path(directory) / "valgrind.log"
        server = hearth.Hearthd(directory, loops=2, wait=False, prefix=[
            "valgrind", "-q", "--error-exitcode=99", "--leak-check=full",
            "--errors-for-leak-kinds=definite,possible", f"--log-file={report}",
            "--child-silent-after-fork=yes"])
        server.wait_ready(deadline=120)
        assert server.get("/health/live").status == 200
        player = server.player("valgrind")
        assert player.post("/characters", {"race": "Human", "class": "Fighter"}).status == 201
        status = server.stop(deadline=120)
        text = report.read_text() if report.exists() else ""
        print(text, end="")
        if status != 0 or text.strip():
            print(f"valgrind: hearthd ended with {status}", *server.messages()[-20:], sep="\n")
            return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (AssertionError, subprocess.SubprocessError) as problem:
        print(problem)
        sys.exit(1)
