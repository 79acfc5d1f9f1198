"""What was acknowledged in class journal is there after kill -9, whatever storage did meanwhile."""
import os
import signal
import sqlite3
import time

import pytest

import backends
import state
from hearth import wait_until

KILLS = int(os.environ.get("HEARTH_KILLS", "8"))


@pytest.mark.parametrize("storage", backends.BACKENDS)
def test_no_acknowledged_change_is_lost_by_kills_under_load(start_hearthd, spaces, tmp_path, storage):
    server = state.start(start_hearthd, tmp_path, *spaces.settings(storage), storage=storage)
    load = state.Load(server)
    for kill in range(KILLS):
        before = load.count
        load.begin()
        wait_until(lambda: load.count > before + 50 + 17 * kill, "the load is under way")
        server.process.send_signal(signal.SIGKILL)
        load.end()
        server.kill()
        server.restart()
        load.check()
    print(f"{KILLS} kills, {load.count} acknowledged changes, none lost")


def test_changes_survive_while_storage_is_away(start_hearthd, tmp_path):
    server = state.start(start_hearthd, tmp_path)
    load = state.Load(server, writers=4)
    load.begin()
    wait_until(lambda: load.count > 20, "the load is under way")
    state.fault(server, "down")
    before = load.count
    wait_until(lambda: load.count > before + 50, "the journal goes on taking changes")
    wait_until(lambda: state.health(server)[1].get("status") == "degraded", "health says so")
    assert state.health(server)[0] == 200
    server.process.send_signal(signal.SIGKILL)
    load.end()
    server.kill()
    state.fault(server, "ok")
    server.restart()
    load.check()


def test_a_flush_whose_answer_was_lost_is_recognised(start_hearthd, tmp_path):
    server = state.start(start_hearthd, tmp_path)
    assert state.write(server, "ann", "1", "zero").status == 200
    state.fault(server, "lost notes")
    assert state.write(server, "ann", "1", "one").status == 200
    time.sleep(0.3)  # some flushes are written and not answered
    server.kill()
    state.fault(server, "ok")
    server.restart()
    assert state.read(server, "ann", "1").json["text"] == "one"
    wait_until(lambda: state.read(server, "ann", "1").json["durable"] == 2, "it is confirmed")
    assert state.dlq(server, "list") == (0, "")


def test_a_torn_write_of_the_journal_costs_nothing_acknowledged(start_hearthd, tmp_path):
    server = state.start(start_hearthd, tmp_path)
    assert state.write(server, "ann", "1", "zero").status == 200
    state.fault(server, "down")
    for text in ("one", "two", "three"):
        assert state.write(server, "ann", "1", text).status == 200
    server.kill()
    wal = server.directory / "data/journal.db-wal"
    with open(wal, "ab") as file:  # a frame that was being written when the power went
        file.write(os.urandom(2000))
    state.fault(server, "ok")
    server.restart()
    assert state.read(server, "ann", "1").json["text"] == "three"


def test_a_removal_is_carried_through_after_a_crash(start_hearthd, tmp_path):
    server = state.start(start_hearthd, tmp_path)
    assert state.write(server, "ann", "1", "zero").status == 200
    state.fault(server, "down")
    assert server.delete("/notes/ann/1").status == 504  # it stands
    assert state.read(server, "ann", "1").status == 404
    server.kill()
    state.fault(server, "ok")
    server.restart()
    assert state.read(server, "ann", "1").status == 404
    wait_until(lambda: state.write(server, "bob", "1", "his").status == 200, "its claim is free")


def test_sigstop_past_the_lease_ends_acknowledgements(start_hearthd, tmp_path):
    """Two hearthd on one storage file: the second waits, takes over when the first stands still,
    and the first does not acknowledge anything when it goes on."""
    shared = f"storage-sqlite.path={tmp_path}/shared.db"
    settings = [shared, "entities.lease=1s"]
    first = state.start(start_hearthd, tmp_path, storage="storage-sqlite", settings=settings)
    assert state.write(first, "ann", "1", "zero", "durable").status == 200
    second = state.start(start_hearthd, tmp_path, storage="storage-sqlite", settings=settings,
                         name="other", wait=False)
    second.port = wait_until(second._address, "the second listens")
    wait_until(lambda: state.health(second)[0] == 503 and "first" not in str(state.health(second)) and
               str(first.directory / "data") in str(state.health(second)[1]),
               "the second names the holder")
    assert state.write(second, "ann", "1", "stolen").status == 503
    first.process.send_signal(signal.SIGSTOP)
    wait_until(lambda: state.health(second)[0] == 200, "the second takes over")
    assert state.write(second, "ann", "1", "taken over", "durable").status == 200
    first.process.send_signal(signal.SIGCONT)
    assert state.write(first, "ann", "1", "too late").status == 503
    wait_until(lambda: state.health(first)[0] == 503, "the first knows")
    assert state.read(second, "ann", "1").json["text"] == "taken over"
    second.stop()
    wait_until(lambda: state.health(first)[0] == 200, "a clean end gives the lease back")
    assert state.read(first, "ann", "1").json["text"] == "taken over"


def test_a_clean_stop_flushes_class_memory(start_hearthd, tmp_path):
    server = state.start(start_hearthd, tmp_path, storage="storage-sqlite",
                         settings=["entities.flush_interval=60s"])
    assert state.write(server, "ann", "1", "zero").status == 200
    assert state.write(server, "ann", "1", "kept", "memory").status == 200
    assert server.stop() == 0
    with sqlite3.connect(server.directory / "data/hearth.db") as db:
        rows = db.execute("SELECT version, body FROM documents WHERE collection='notes'").fetchall()
    assert rows[0][0] == 2 and "kept" in rows[0][1]
    with sqlite3.connect(server.directory / "data/journal.db") as db:
        assert db.execute("SELECT count(*) FROM journal").fetchone() == (0,)


def test_what_storage_does_not_take_in_time_stays_in_the_journal(start_hearthd, tmp_path):
    server = state.start(start_hearthd, tmp_path, settings=["entities.drain_flush=300ms"])
    assert state.write(server, "ann", "1", "zero").status == 200
    state.fault(server, "down")
    assert state.write(server, "ann", "1", "kept", "memory").status == 200
    assert server.stop() == 0
    state.fault(server, "ok")
    server.restart()
    assert state.read(server, "ann", "1").json["text"] == "kept"
