#!/usr/bin/python3
"""Commit latency of the journal beside a bare fsync on the same disk: journal.py BUILD [DIRECTORY]."""
import pathlib
import subprocess
import sys
import tempfile

build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build/release")
parent = sys.argv[2] if len(sys.argv) > 2 else "/var/tmp"
with tempfile.TemporaryDirectory(dir=parent) as directory:
    sys.exit(subprocess.run([build / "bench/bench_journal", directory, "2"]).returncode)
