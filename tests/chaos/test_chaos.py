"""The chaos run in short on every storage, and that it can fail: a journal that acknowledges too
early is found out. The long runs are `./dev chaos`."""
import os
import pathlib
import re
import subprocess
import sys

import pytest

import schedule
from chaos import STORAGES
from hearth import BUILD

HERE = pathlib.Path(__file__).resolve().parent
LIGHT = ["--users", "8", "--think", "0.08"]  # so that others can run beside it
SEED = os.environ.get("HEARTH_CHAOS_SEED", "1")


def run(script, kept, *args):
    """(exit status, what it said)."""
    with open(kept / "said", "w+", encoding="utf-8") as said:
        done = subprocess.run([sys.executable, str(HERE / script), "--keep", str(kept), *args],
                              stdout=said, stderr=subprocess.STDOUT, timeout=240)
        said.seek(0)
        text = said.read()
    print(text)
    return done.returncode, text


@pytest.mark.parametrize("storage", STORAGES)
def test_nothing_is_lost_and_nothing_doubled_whatever_breaks(kept, storage):
    status, said = run("chaos.py", kept, "--storage", storage, "--seed", SEED, "--minutes", "0.3",
                       "--brisk", "1.5", *LIGHT)
    assert status == 0, said[-3000:]
    assert "0 lost, 0 doubled, 0 backwards, 0 wrong" in said
    acknowledged = int(re.search(r"(\d+) acknowledged changes", said).group(1))
    assert acknowledged > 20, "too little was tried to prove anything"


def test_two_hearthd_on_one_storage_are_as_good_as_one(kept):
    status, said = run("chaos.py", kept, "--storage", "storage-redis", "--nodes", "2", "--seed",
                       SEED, "--minutes", "0.25", "--brisk", "1.5", *LIGHT)
    assert status == 0, said[-3000:]


@pytest.mark.parametrize("storage", STORAGES[1:])
def test_play_goes_on_while_storage_is_stopped(kept, storage):
    status, said = run("outage.py", kept, "--storage", storage, "--seconds", "6")
    assert status == 0, said[-3000:]


def plugins_with(kept, entities):
    """The plugins of the build, but for another entities.so."""
    directory = kept / "plugins"
    directory.mkdir()
    for so in BUILD.glob("plugins/*.so"):
        (directory / so.name).symlink_to(so)
    (directory / "entities.so").unlink()
    (directory / "entities.so").write_bytes(entities)
    return directory


def number(name, said):
    found = re.search(rf"(\d+) {name}\b", said)
    return int(found.group(1)) if found else 0


def test_a_journal_that_acknowledges_before_the_fsync_turns_it_red(kept):
    unsafe = plugins_with(kept, (BUILD / "tests/unsafe/entities.so").read_bytes())
    status, said = run("chaos.py", kept, "--storage", "storage-sqlite", "--seed", SEED,
                       "--minutes", "0.1", "--faults", "kill", "--brisk", "4", "--plugin-dir",
                       str(unsafe), *LIGHT)
    assert status == 1, said
    assert number("lost", said) > 0, said
    log = (kept / f"storage-sqlite-{SEED}/n0/hearthd.log").read_text()
    assert "UNSAFE BUILD (HEARTH_UNSAFE_ACK_BEFORE_FSYNC)" in log


@pytest.mark.skipif(os.geteuid() != 0, reason="a power cut needs a disk of its own, and so root")
@pytest.mark.parametrize("fault, seen", [("power", True), ("kill", False)])
def test_a_journal_that_never_fsyncs_is_seen_by_a_power_cut(kept, fault, seen):
    """And not by kill -9, which leaves the kernel's page cache alone."""
    careful, careless = b"PRAGMA synchronous=FULL\0", b"PRAGMA synchronous=OFF\0\0"
    plugin = (BUILD / "plugins/entities.so").read_bytes()
    assert careful in plugin
    directory = plugins_with(kept, plugin.replace(careful, careless))
    status, said = run("chaos.py", kept, "--storage", "storage-sqlite", "--seed", SEED,
                       "--minutes", "0.1", "--faults", fault, "--brisk", "2", "--plugin-dir",
                       str(directory), *LIGHT)
    assert (status, number("lost", said) > 0) == (1 if seen else 0, seen), said


def test_a_seed_names_its_faults():
    kinds = schedule.available(embedded=False, root=True)
    first = schedule.draw_schedule("7", 600, kinds)
    assert first == schedule.draw_schedule("7", 600, kinds)
    assert first != schedule.draw_schedule("8", 600, kinds)
    assert {fault.kind for fault in first[1]} == {k for ks in kinds.values() for k in ks}


def test_faults_of_one_target_do_not_overlap():
    _, faults = schedule.draw_schedule("7", 600, schedule.available(embedded=False, root=True), 2)
    for target in schedule.TARGETS:
        mine = [fault for fault in faults if fault.target == target]
        assert all(a.at + a.seconds < b.at for a, b in zip(mine, mine[1:]))


def test_an_embedded_storage_has_no_connection_to_break():
    kinds = schedule.available(embedded=True, root=False, clock=False)
    assert kinds["storage"] == ["storage-freeze"]
    assert "clock" not in kinds and "power" not in kinds["hearthd"]
