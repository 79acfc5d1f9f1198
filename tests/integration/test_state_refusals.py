"""Storage, journal and disk that say no: a clear answer, nothing half done, nothing dropped."""
import re
import resource
import subprocess

import pytest

import state
from hearth import wait_until


def letter(server):
    status, text = state.dlq(server, "list")
    assert status == 0, text
    found = re.match(r"(\d+) ", text)
    return found and found.group(1)


def test_dead_letters_are_kept_preferred_and_retried(start_hearthd, tmp_path):
    server = state.start(start_hearthd, tmp_path)
    assert state.write(server, "ann", "1", "zero").status == 200
    state.fault(server, "failed notes")
    assert state.write(server, "ann", "1", "one").status == 200
    number = wait_until(lambda: letter(server), "the change is a dead letter")
    assert state.read(server, "ann", "1").json["text"] == "one"
    server.kill()
    server.restart()
    assert state.read(server, "ann", "1").json["text"] == "one"  # never backwards
    number = letter(server)
    status, text = state.dlq(server, "show", number)
    assert status == 0 and '{"text":"one"}' in text and "storage-faulty: never" in text
    state.fault(server, "ok")
    assert state.dlq(server, "retry", number)[0] == 0
    wait_until(lambda: state.read(server, "ann", "1").json["durable"] == 2, "it is written")
    assert state.dlq(server, "list") == (0, "")
    assert state.dlq(server, "show", "4711")[0] == 1


def test_a_discarded_letter_gives_way_to_storage(start_hearthd, tmp_path):
    server = state.start(start_hearthd, tmp_path)
    assert state.write(server, "ann", "1", "zero").status == 200
    state.fault(server, "failed notes")
    assert state.write(server, "ann", "1", "one").status == 200
    number = wait_until(lambda: letter(server), "the change is a dead letter")
    assert state.dlq(server, "discard", number)[0] == 0
    assert state.read(server, "ann", "1").json["text"] == "zero"


def test_letters_are_dealt_with_while_no_hearthd_runs(start_hearthd, tmp_path):
    server = state.start(start_hearthd, tmp_path)
    assert state.write(server, "ann", "1", "zero").status == 200
    state.fault(server, "failed notes")
    assert state.write(server, "ann", "1", "one").status == 200
    wait_until(lambda: letter(server), "the change is a dead letter")
    assert server.stop() == 0
    number = letter(server)
    assert '{"text":"one"}' in state.dlq(server, "show", number)[1]
    state.fault(server, "ok")
    assert state.dlq(server, "retry", number)[0] == 0
    assert state.dlq(server, "list") == (0, "")
    server.restart()
    assert state.read(server, "ann", "1").json["text"] == "one"


def test_a_strangers_write_wins_and_ours_is_kept(start_hearthd, tmp_path):
    server = state.start(start_hearthd, tmp_path)
    assert state.write(server, "ann", "1", "zero").status == 200
    state.fault(server, "conflict notes")
    assert state.write(server, "ann", "1", "ours").status == 200
    number = wait_until(lambda: letter(server), "ours is a dead letter")
    state.fault(server, "ok")
    reply = state.read(server, "ann", "1")
    assert (reply.json["text"], reply.json["version"]) == ("zero", 1001)
    assert "storage has version 1001" in state.dlq(server, "list")[1]
    assert state.dlq(server, "retry", number)[0] == 0
    reply = state.read(server, "ann", "1")
    assert (reply.json["text"], reply.json["version"]) == ("ours", 1002)


def test_an_outage_is_ridden_out(start_hearthd, tmp_path):
    server = state.start(start_hearthd, tmp_path, settings=["entities.retry_max=200ms"])
    assert state.write(server, "ann", "1", "zero").status == 200
    state.fault(server, "down")
    assert state.write(server, "ann", "1", "one").status == 200
    wait_until(lambda: state.health(server)[1].get("status") == "degraded", "health says so")
    assert state.read(server, "bob", "9").status == 503  # not cached
    assert state.read(server, "ann", "1").json["text"] == "one"
    state.fault(server, "ok")
    wait_until(lambda: state.read(server, "ann", "1").json["durable"] == 2, "it is written")
    wait_until(lambda: state.health(server)[1].get("status") != "degraded", "health is well again")


def test_reads_do_not_end_an_outage_of_writes(start_hearthd, tmp_path):
    """A storage that is full, or may not be written, answers reads: no recovery, no back-off anew."""
    server = state.start(start_hearthd, tmp_path, "--with", "metrics-prometheus", loops=1,
                         settings=["entities.retry_max=100ms", "entities.max_attempts=1000"])
    assert state.write(server, "ann", "1", "zero").status == 200
    state.fault(server, "retry notes")
    assert state.write(server, "ann", "1", "one").status == 200

    def failures():
        text = server.get("/metrics").body.decode()
        return float(re.search(r"^hearth_entities_storage_write_failures_total (\S+)", text, re.M)[1])

    def refused_again():
        state.read(server, "bob", str(failures()))  # nobody has it: storage is asked
        return failures() >= 10

    wait_until(refused_again, "it is refused ten times")
    lines = [line["message"] for line in server.log if line.get("plugin") == "entities" and
             line["message"].startswith("storage is ")]
    assert len(lines) == 1 and "degraded" in lines[0], lines
    state.fault(server, "ok")
    wait_until(lambda: state.read(server, "ann", "1").json["durable"] == 2, "it is written")
    wait_until(lambda: state.health(server)[1].get("status") == "ready", "health is well again")


def test_a_full_backlog_refuses_and_is_not_ready(start_hearthd, tmp_path):
    server = state.start(start_hearthd, tmp_path, settings=["entities.max_pending=1",
                                                            "entities.retry_max=200ms"])
    for note in "12":
        assert state.write(server, "ann", note, "zero").status == 200
    state.fault(server, "down")
    assert state.write(server, "ann", "1", "one").status == 200
    assert state.write(server, "ann", "2", "one").status == 503
    assert state.read(server, "ann", "2").json["text"] == "zero"
    wait_until(lambda: state.health(server)[0] == 503, "not ready")
    state.fault(server, "ok")
    wait_until(lambda: state.health(server)[0] == 200, "ready again")
    assert state.write(server, "ann", "2", "one").status == 200


def test_a_full_disk_refuses_changes_and_nothing_happened(start_hearthd, tmp_path):
    """RLIMIT_FSIZE bounds the journal's WAL as a full disk would."""
    server = state.start(start_hearthd, tmp_path)
    assert state.write(server, "ann", "1", "zero").status == 200
    state.fault(server, "down")
    wal = server.directory / "data/journal.db-wal"
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE,
                     (wal.stat().st_size + 20000, resource.RLIM_INFINITY))
    newest, refused = 0, 0
    for number in range(1, 300):
        reply = state.write(server, "ann", "1", str(number) + "x" * 500)
        if reply.status == 200:
            newest = number
        else:
            assert reply.status == 503
            refused += 1
            seen = state.read(server, "ann", "1").json["text"].rstrip("x")
            assert seen == (str(newest) if newest else "zero")
        if refused == 3:
            break
    assert refused == 3
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE,
                     (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert state.write(server, "ann", "1", "later").status == 200
    server.kill()
    state.fault(server, "ok")
    server.restart()
    assert state.read(server, "ann", "1").json["text"] == "later"


def test_the_journal_of_another_storage_is_refused(start_hearthd, tmp_path):
    server = state.start(start_hearthd, tmp_path)
    assert state.write(server, "ann", "1", "zero").status == 200
    state.fault(server, "down")
    assert state.write(server, "ann", "1", "one").status == 200
    server.kill()
    enabled = server.etc / "plugins.d"
    (enabled / "storage-faulty.yaml").rename(tmp_path / "storage-faulty.yaml")
    (enabled / "storage-sqlite.yaml").write_text("# defaults\n")
    run = subprocess.run(server.args, capture_output=True, text=True, timeout=60)
    assert run.returncode == 1
    assert "holds 1 changes for storage faulty:here" in run.stderr
    assert "stop it cleanly" in run.stderr
    (enabled / "storage-sqlite.yaml").unlink()
    (tmp_path / "storage-faulty.yaml").rename(enabled / "storage-faulty.yaml")
    state.fault(server, "ok")
    server.restart()
    assert server.stop() == 0
    (enabled / "storage-faulty.yaml").rename(tmp_path / "storage-faulty.yaml")
    (enabled / "storage-sqlite.yaml").write_text("# defaults\n")
    server.restart()  # nothing was left
    assert state.read(server, "ann", "1").status == 404


def test_a_slow_storage_slows_nobody_but_class_durable(start_hearthd, tmp_path):
    server = state.start(start_hearthd, tmp_path)
    assert state.write(server, "ann", "1", "zero").status == 200
    state.fault(server, "ok notes 300")
    reply = state.write(server, "ann", "1", "one")
    assert reply.status == 200 and reply.json["durable"] == 1
    reply = state.write(server, "ann", "1", "two", "durable")
    assert reply.status == 200 and reply.json["durable"] == 3


def test_changes_of_mode_exclusive_are_not_left_behind_by_mode_shared(start_hearthd, tmp_path):
    server = state.start(start_hearthd, tmp_path)
    assert state.write(server, "ann", "1", "zero", "durable").status == 200
    state.fault(server, "down")
    assert state.write(server, "ann", "1", "one").status == 200
    server.kill()
    state.fault(server, "ok")
    refused = subprocess.run([*server.args, "--set", "entities.mode=shared"], capture_output=True,
                             text=True, timeout=60)
    assert refused.returncode == 1
    assert "journal: 1 changes of mode exclusive are not in storage yet" in refused.stderr
    server.restart()
    wait_until(lambda: state.read(server, "ann", "1").json["durable"] == 2, "it is written")
    assert server.stop() == 0
    server.args += ["--set", "entities.mode=shared"]
    server.restart()
    assert state.read(server, "ann", "1").json["text"] == "one"
    assert state.write(server, "ann", "1", "two", "memory").json["durable"] == 3
