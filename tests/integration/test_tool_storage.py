"""`hearth storage copy` and `hearth conformance storage`, on a real SQLite and a real Redis."""
import json
import os
import re
import signal
import sqlite3
import subprocess
import time

import pytest

import backends
import state
from hearth import BUILD, die_with_parent, tool

MANY = 10000
FINAL = re.compile(r"(\w+): (\d+) documents read, (\d+) copied, (\d+) replaced, (\d+) there already, "
                   r"(\d+) verified")


@pytest.fixture
def redis(tmp_path):
    server = backends.Redis(tmp_path / "redis")
    yield server
    server.stop()


class Game:
    """A directory with SQLite's documents in it, and a Redis to copy them to."""

    def __init__(self, tmp_path, redis):
        self.etc, self.plugins = backends.bare_etc(tmp_path, "storage-sqlite", "storage-redis")
        self.data, self.redis = tmp_path / "data", redis
        self.words = ["--config", self.etc / "hearth.yaml", "--data-dir", self.data, "--plugin-dir",
                      self.plugins]
        empty = self.copy()  # makes the file
        assert empty.returncode == 0, empty.stderr
        self.file = next(p for p in self.data.glob("*.db") if p.name != "journal.db")

    def copy(self, source="storage-sqlite", target="storage-redis", *more):
        return tool(*map(str, self.copy_words(source, target, *more)), timeout=120)

    def copy_words(self, *words):
        redis = self.redis.settings() if "storage-redis" in words else []
        return ["storage", "copy", *words, *self.words, *redis]

    def begin_copy(self, *words):
        words = [str(BUILD / "bin/hearth"), *map(str, self.copy_words(*words))]
        return subprocess.Popen(words, stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent)

    def enable(self, plugin):
        (self.etc / "plugins.available" / f"{plugin}.yaml").write_text("# defaults\n")

    def put(self, rows):
        with sqlite3.connect(self.file) as db:
            columns = [c[1] for c in db.execute("PRAGMA table_info(documents)")]
            names = ["collection", "partition", "sort", "body", "version", "epoch", "write_id",
                     "expires_ms"]
            assert set(names) <= set(columns), columns
            db.executemany(f"REPLACE INTO documents ({','.join(names)}) "
                           f"VALUES ({','.join('?' * len(names))})", rows)
        db.close()

    def rows(self):
        db = sqlite3.connect(self.file)
        found = db.execute("SELECT collection, partition, sort, body, version, epoch, write_id, "
                           "expires_ms FROM documents ORDER BY 1, 2, 3").fetchall()
        db.close()
        return [(*r[:3], json.loads(r[3]), *r[4:]) for r in found]


@pytest.fixture
def game(tmp_path, redis):
    return Game(tmp_path, redis)


def row(n, body=None, version=None):
    return ("characters", f"user-{n % 97}", f"{n:05}", json.dumps(body or {"n": n}), version or n + 1,
            n % 3, f"dir/1/{n}", 0)


def kill_after(copy, line_start):
    """kill -9 in the middle, once it has said so much."""
    assert any(line.startswith(line_start) for line in copy.stdout)
    copy.kill()
    assert copy.wait() == -signal.SIGKILL
    copy.stdout.close()


def final(done):
    """(word, read, copied, replaced, there, verified) of the last line."""
    found = FINAL.fullmatch(done.stdout.splitlines()[-1])
    assert found, (done.stdout, done.stderr)
    return (found[1], *map(int, found.groups()[1:]))


def test_everything_of_a_document_is_kept_there_and_back(game):
    far = 4102444800000
    rows = [row(1), ("größe", "ключ 日本/#:{}'\"%", "\U0001f409 a|b\nc", '{"t":"\U0001f409 \\u0001","x":1.5}',
                     2**63 - 1, 7, "ü/2/3", far), ("c", "p", "", '{"empty":{}}', 1, 0, "", 0)]
    game.put(rows)
    before = game.rows()
    assert final(game.copy()) == ("done", 3, 3, 0, 0, 3)
    game.file.unlink()
    assert final(game.copy("storage-redis", "storage-sqlite")) == ("done", 3, 3, 0, 0, 3)
    assert game.rows() == before


def test_ten_thousand_documents_after_a_kill_in_the_middle(game):
    game.put([row(n) for n in range(MANY)])
    kill_after(game.begin_copy("storage-sqlite", "storage-redis"), "2000 read")
    done = game.copy()
    assert done.returncode == 0, done.stderr
    word, read, copied, replaced, there, verified = final(done)
    assert (word, read, replaced, verified) == ("done", MANY, 0, MANY)
    assert there >= 2000 and copied > 0 and there + copied == MANY
    assert "1000 read:" in done.stdout
    assert final(game.copy()) == ("done", MANY, 0, 0, MANY, MANY)


@pytest.fixture(scope="module")
def dynamo(tmp_path_factory):
    server = backends.DynamoDb(tmp_path_factory.mktemp("dynamodb"))
    yield server
    server.stop()


def test_the_whole_exit_plan_sqlite_redis_dynamodb_and_back(game, dynamo):
    far = 4102444800000
    body = '{"t":"\U0001f409 \\u0001","x":1.5,"deep":{"list":[1,null,true,{"a":[]}]},"":"empty name"}'
    game.put([*(row(n) for n in range(300)), ("c", "p", "", '{"empty":{}}', 1, 0, "", 0),
              ("größe", "ключ 日本/#:{}'\"%", "\U0001f409 a|b\nc", body, 2**63 - 1, 7, "ü/2/3", far)])
    before = game.rows()
    game.enable("storage-dynamo")
    for source, target in [("sqlite", "redis"), ("redis", "dynamo"), ("dynamo", "sqlite")]:
        if target == "sqlite":
            game.file.unlink()
        done = game.copy("storage-" + source, "storage-" + target,
                         *(dynamo.settings() if "dynamo" in (source, target) else []))
        assert done.returncode == 0, done.stderr
        assert final(done) == ("done", 302, 302, 0, 0, 302), target
    assert game.rows() == before


def test_a_copy_to_dynamodb_that_was_killed_is_continued(game, dynamo):
    game.put([row(n) for n in range(3000)])
    game.enable("storage-dynamo")
    settings = [*dynamo.settings(), "--set", "storage-dynamo.table=continued"]
    first = game.begin_copy("storage-sqlite", "storage-dynamo", *settings)
    kill_after(first, "1000 read")
    done = game.copy("storage-sqlite", "storage-dynamo", *settings)
    assert done.returncode == 0, done.stderr
    word, read, copied, replaced, there, verified = final(done)
    assert (word, read, replaced, verified) == ("done", 3000, 0, 3000)
    assert there >= 1000 and copied > 0 and there + copied == 3000


def test_what_differs_in_the_target_is_refused_unless_it_may_be_overwritten(game):
    game.put([row(1), row(2), row(3)])
    assert game.copy().returncode == 0
    game.put([row(1, version=9), row(2, {"other": True}), row(3, version=2)])
    done = game.copy()
    assert done.returncode == 1 and final(done)[:4] == ("failed", 3, 0, 0)
    assert "3 documents were refused" in done.stderr and "--overwrite" in done.stderr
    assert "characters/user-1/00001: version 9 in storage-sqlite, version 2, an older one" in done.stderr
    assert "another one of the same version" in done.stderr and "a newer one" in done.stderr
    assert final(game.copy("storage-sqlite", "storage-redis", "--overwrite")) == ("done", 3, 0, 3, 0, 3)


def test_what_only_the_target_has_makes_the_copy_no_good(game):
    game.put([row(1), row(2)])
    assert game.copy().returncode == 0
    db = sqlite3.connect(game.file)
    db.execute("DELETE FROM documents WHERE sort = '00002'")
    db.commit()
    db.close()
    done = game.copy()
    assert done.returncode == 1 and final(done)[0] == "failed"
    assert "characters/user-2/00002: it is in storage-redis, and missing in storage-sqlite" in done.stderr


def test_a_running_hearthd_is_not_copied(game, start_hearthd):
    server = start_hearthd(*game.redis.settings(), "--set", "services.storage=storage-sqlite",
                           etc=game.etc, plugin_dir=game.plugins, loops=1)
    game.words[3] = server.directory / "data"
    done = game.copy()
    assert done.returncode == 1 and "a hearthd runs on this data directory" in done.stderr


def elsewhere(start_hearthd, tmp_path, redis, lease, mode="exclusive", **where):
    """A hearthd on another data directory that works on this Redis."""
    server = state.start(start_hearthd, tmp_path, *redis.settings(), storage="storage-redis",
                         settings=[f"entities.lease={lease}", f"entities.mode={mode}"], **where)
    assert state.write(server, "ada", "n", "x", "durable").status == 200
    return server


@pytest.mark.parametrize("direction", [("storage-sqlite", "storage-redis"),
                                       ("storage-redis", "storage-sqlite")])
def test_a_store_that_a_hearthd_elsewhere_works_on_is_not_copied(game, start_hearthd, tmp_path,
                                                                 direction):
    game.put([row(1)])
    server = elsewhere(start_hearthd, tmp_path, game.redis, "3s")
    done = game.copy(*direction)
    assert done.returncode == 1 and final(done)[:3] == ("failed", 0, 0)
    assert "a hearthd runs on redis:" in done.stderr and "stop it first" in done.stderr
    assert str(server.directory / "data") in done.stderr and f"{server.process.pid}" in done.stderr


@pytest.mark.parametrize("direction", [("storage-sqlite", "storage-redis"),
                                       ("storage-redis", "storage-sqlite")])
def test_a_store_that_hearthd_in_mode_shared_work_on_is_not_copied(game, start_hearthd, tmp_path,
                                                                   direction):
    game.put([row(1)])
    servers = [elsewhere(start_hearthd, tmp_path, game.redis, "3s", "shared", name=name)
               for name in ("one", "two")]
    done = game.copy(*direction)
    assert done.returncode == 1 and final(done)[:3] == ("failed", 0, 0)
    assert "hearthd in mode shared run on redis:" in done.stderr
    assert "stop them all first" in done.stderr
    assert any(f"(process {server.process.pid})" in done.stderr for server in servers)
    assert servers[0].stop() == 0  # one is enough
    assert game.copy(*direction).returncode == 1
    # The directory of one that has ended: its lock says nothing about the other.
    game.words[3] = servers[0].directory / "data"
    assert "in mode shared" in game.copy(*direction).stderr


def test_a_hearthd_that_ends_while_the_copy_waits_for_it_is_no_obstacle(game, start_hearthd, tmp_path):
    server = elsewhere(start_hearthd, tmp_path, game.redis, "1h")  # renewed every 20 minutes
    copy = game.begin_copy("storage-redis", "storage-sqlite")
    assert any("waiting 3600 s for a sign of it" in line for line in copy.stdout)
    assert server.stop() == 0  # and gives its lease back
    lines = copy.stdout.read().splitlines()
    copy.stdout.close()
    assert copy.wait() == 0 and FINAL.fullmatch(lines[-1])[1] == "done"


@pytest.mark.parametrize("mode", ["exclusive", "shared"])
def test_a_hearthd_that_begins_during_the_copy_makes_it_no_good(game, start_hearthd, tmp_path, mode):
    """Though it has changed nothing yet, and its lease was copied as it is."""
    game.put([row(n) for n in range(5000)])
    copy = game.begin_copy("storage-sqlite", "storage-redis", "--timeout", "5m")
    assert any(line.startswith("1000 read") for line in copy.stdout)
    copy.send_signal(signal.SIGSTOP)
    state.start(start_hearthd, tmp_path, "--set", f"storage-sqlite.path={game.file}",
                storage="storage-sqlite", settings=[f"entities.mode={mode}"])
    copy.send_signal(signal.SIGCONT)
    lines = copy.stdout.read().splitlines()
    copy.stdout.close()
    assert copy.wait() == 1
    assert FINAL.fullmatch(lines[-1])[1] == "failed"


def test_after_the_last_one_in_mode_shared_has_ended_its_mark_is_waited_for(game, start_hearthd,
                                                                            tmp_path):
    server = elsewhere(start_hearthd, tmp_path, game.redis, "2s", "shared")
    assert server.stop() == 0
    done = game.copy("storage-redis", "storage-sqlite")
    assert done.returncode == 0 and final(done)[0] == "done", done.stderr
    assert "in use in mode shared, last by the hearthd of" in done.stdout
    assert "waiting 2 s for a sign of any" in done.stdout


def test_a_hearthd_that_died_elsewhere_is_waited_for_and_no_longer(game, start_hearthd, tmp_path):
    server = elsewhere(start_hearthd, tmp_path, game.redis, "2s")
    server.kill()
    done = game.copy("storage-redis", "storage-sqlite")
    assert done.returncode == 0 and final(done)[0] == "done", done.stderr
    assert "waiting 2 s for a sign of it" in done.stdout
    server.restart()
    assert server.stop() == 0  # and gives it back
    done = game.copy("storage-redis", "storage-sqlite", "--overwrite")
    assert done.returncode == 0, done.stderr
    assert "redis:" not in done.stdout.partition("\n")[2], done.stdout  # not waited for


def test_the_lease_of_the_own_data_directory_is_nobody_else_s(game, start_hearthd, tmp_path):
    server = elsewhere(start_hearthd, tmp_path, game.redis, "5m")
    server.kill()
    journal = sqlite3.connect(server.directory / "data/journal.db")
    journal.execute("DELETE FROM journal")
    journal.commit()
    journal.close()
    game.words[3] = server.directory / "data"
    done = game.copy("storage-redis", "storage-sqlite")
    assert done.returncode == 0 and "waiting" not in done.stdout, done.stderr


def test_one_store_under_two_names_is_refused(game):
    """The same plugin under another id, as a studio's fork of it might be."""
    program = (BUILD / "plugins/storage-redis.so").read_bytes()
    (game.plugins / "storage-twins.so").write_bytes(program.replace(b"storage-redis\0", b"storage-twins\0"))
    game.enable("storage-twins")
    address = ["--set", f"storage-twins.address=127.0.0.1:{game.redis.port}"]
    done = game.copy("storage-redis", "storage-twins", *address)
    assert done.returncode == 2 and "done" not in done.stdout
    assert "storage-redis and storage-twins are the same store, redis:" in done.stderr
    done = game.copy("storage-redis", "storage-twins", *address, "--set", "storage-twins.database=1")
    assert done.returncode == 0, done.stderr


def test_a_store_that_does_not_move_is_given_up(game):
    game.put([row(1)])
    game.enable("storage-faulty")
    (game.data / "faults").write_text("retry characters\n")
    begun = time.monotonic()
    done = game.copy("storage-sqlite", "storage-faulty", "--timeout", "1s")
    assert done.returncode == 1 and "nothing was written for 1 s" in done.stderr, done.stderr
    (game.data / "faults").write_text("ok characters 600000\n")  # an answer, but in ten minutes
    done = game.copy("storage-sqlite", "storage-faulty", "--timeout=1s")
    assert done.returncode == 1 and "no answer for 1 s" in done.stderr, done.stderr
    (game.data / "faults").write_text("down\n")
    done = game.copy("storage-faulty", "storage-sqlite", "--timeout=1s")
    assert done.returncode == 1 and "could not be read for 1 s" in done.stderr, done.stderr
    assert time.monotonic() - begun < 60
    (game.data / "faults").unlink()
    assert final(game.copy("storage-sqlite", "storage-faulty")) == ("done", 1, 1, 0, 0, 1)
    for wrong in ["0s", "x", "25h"]:
        assert "--timeout: expected" in game.copy("storage-sqlite", "storage-faulty", "--timeout", wrong).stderr


def test_an_outage_shorter_than_the_timeout_only_takes_time(game):
    game.put([row(n) for n in range(5000)])
    copy = game.begin_copy("storage-sqlite", "storage-redis", "--timeout", "30s")
    assert any(line.startswith("1000 read") for line in copy.stdout)
    game.redis.stop()
    game.redis.start()
    lines = copy.stdout.read().splitlines()
    copy.stdout.close()
    assert copy.wait() == 0
    assert FINAL.fullmatch(lines[-1]).groups()[:2] == ("done", "5000"), lines


def test_a_journal_with_changes_is_refused_with_the_way_out(game):
    db = sqlite3.connect(game.data / "journal.db")
    db.executescript("CREATE TABLE journal (seq INTEGER PRIMARY KEY, state TEXT);"
                     "CREATE TABLE directory (id TEXT, starts INTEGER, storage TEXT, scrubs INTEGER);"
                     "INSERT INTO directory VALUES ('d', 1, 'sqlite:here', 0);"
                     "INSERT INTO journal VALUES (1, 'live'), (2, 'dead');")
    db.close()
    done = game.copy()
    assert done.returncode == 1 and "done" not in done.stdout
    assert "still holds 2 changes for sqlite:here, 1 of them dead letters" in done.stderr
    assert "SIGTERM" in done.stderr and "hearth dlq list" in done.stderr
    db = sqlite3.connect(game.data / "journal.db")
    db.execute("DELETE FROM journal")
    db.commit()
    db.close()
    assert game.copy().returncode == 0


@pytest.mark.parametrize("words", [["storage-sqlite", "storage-sqlite"], ["../x", "storage-redis"],
                                   ["storage-sqlite", "storage-nowhere"], ["storage-sqlite"]])
def test_a_wrong_command_line_is_said(game, words):
    done = tool("storage", "copy", *words, *game.words)
    assert done.returncode == 2 and done.stderr.startswith("hearth: ")


# ---- the conformance suite ----

def conformance(*args, **options):
    return tool("conformance", "storage", *args, timeout=240, **options)


def scratch():
    return {p for p in os.listdir("/tmp") if p.startswith("hearth-conformance-")}


@pytest.mark.parametrize("backend", ["storage-sqlite", "storage-redis"])
def test_the_suite_runs_against_a_backend_with_a_restart_in_the_middle(backend, redis):
    done = conformance(backend, *(redis.settings() if backend == "storage-redis" else []))
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(lines) > 40 and all(line.startswith("ok   ") for line in lines[:-1])
    assert lines[-2] == "ok   confirmed changes are there after kill -9"
    assert lines[-1] == f"{len(lines) - 1} passed, 0 failed"


def test_a_backend_that_keeps_nothing_fails_with_one_line(redis):
    """A Redis that is emptied between the two starts."""
    words = [str(BUILD / "bin/hearth"), "conformance", "storage",
             str(BUILD / "plugins/storage-redis.so"), *redis.settings()]
    run = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    lines = []
    for line in run.stdout:
        lines.append(line.rstrip("\n"))
        if line == "ok   documents are left for the next start\n" and lines.count(lines[-1]) == 1:
            assert redis.command("FLUSHALL").startswith(b"+OK")
    assert run.wait() == 1
    run.stdout.close()
    assert any(line.startswith("FAIL confirmed changes are there after a restart: ") for line in lines)
    assert re.fullmatch(r"\d+ passed, 1 failed", lines[-1])


def test_what_is_no_backend_is_said_and_leaves_nothing_behind(tmp_path):
    text = tmp_path / "text.so"
    text.write_text("no plugin")
    for words, status in [(["storage-nowhere"], 2), ([text], 2), (["a b"], 2),
                          (["storage-sqlite", "--set", "storage-sqlite.nonsense=1"], 2),
                          ([BUILD / "plugins/hello.so"], 2)]:
        done = conformance(*words)
        assert done.returncode == status, (words, done.stdout, done.stderr)
        assert done.stderr and "passed" not in done.stdout
