"""The journal on a nearly full disk of small blocks: what it maps into memory there would end
hearthd with SIGBUS as soon as it is touched."""
import os
import shutil

import backends
import disk
import hearth
import pytest


@pytest.fixture
def small_blocks(kept):
    if not disk.own_mounts():
        pytest.skip("a file system of its own needs root")
    made = disk.Disk(kept, True, block=1024)
    yield made
    made.close()


def leave(made, free):
    """Takes all blocks but so many bytes."""
    made.fill()
    os.truncate(made.ballast, made.ballast.stat().st_size - free)


def begin_and_end(server):
    """Its exit status, after it has listened, or could not."""
    try:
        server.port = hearth.wait_until(server._address, "it listens")
    except AssertionError:
        assert server.process.poll() is not None, server.messages()
    return server.stop()


def test_a_start_with_little_room_ends_with_a_reason_and_not_by_a_signal(kept, small_blocks):
    etc, plugin_dir = backends.bare_etc(kept, "storage-sqlite", "entities", "notes")
    data, outcomes = small_blocks.path / "data", {}
    for free in range(4096, 98304, 4096):
        shutil.rmtree(data, ignore_errors=True)
        leave(small_blocks, free)
        server = hearth.Hearthd(
            kept / "hearthd", loops=1, etc=etc, plugin_dir=plugin_dir, wait=False,
            env={"ASAN_OPTIONS": "exitcode=99"}, args=[
                "--data-dir", data, "--set", f"storage-sqlite.path={kept}/hearth.db"])
        outcomes[free] = begin_and_end(server), server.messages()[-3:]
    statuses = {status for status, _ in outcomes.values()}
    assert statuses == {0, 1}, outcomes
