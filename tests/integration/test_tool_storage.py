"""`hearth storage copy` and `hearth conformance storage`, on a real SQLite and a real Redis."""
import json
import os
import re
import signal
import sqlite3
import subprocess

import pytest

import backends
from hearth import BUILD, tool

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
                      self.plugins, *redis.settings()]
        empty = self.copy()  # makes the file
        assert empty.returncode == 0, empty.stderr
        self.file = next(p for p in self.data.glob("*.db") if p.name != "journal.db")

    def copy(self, source="storage-sqlite", target="storage-redis", *more):
        return tool("storage", "copy", source, target, *self.words, *more, timeout=120)

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
    words = [str(BUILD / "bin/hearth"), "storage", "copy", "storage-sqlite", "storage-redis",
             *map(str, game.words)]
    first = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    for line in first.stdout:
        if line.startswith("2000 read"):
            break
    first.send_signal(signal.SIGKILL)
    first.wait()
    first.stdout.close()
    done = game.copy()
    assert done.returncode == 0, done.stderr
    word, read, copied, replaced, there, verified = final(done)
    assert (word, read, replaced, verified) == ("done", MANY, 0, MANY)
    assert there >= 2000 and copied > 0 and there + copied == MANY
    assert "1000 read:" in done.stdout
    assert final(game.copy()) == ("done", MANY, 0, 0, MANY, MANY)


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
    assert lines[-2] == "ok   a confirmed document is there after a restart"
    assert lines[-1] == f"{len(lines) - 1} passed, 0 failed"


def test_a_backend_that_keeps_nothing_fails_with_one_line(redis):
    """A Redis that is emptied between the two starts."""
    words = [str(BUILD / "bin/hearth"), "conformance", "storage",
             str(BUILD / "plugins/storage-redis.so"), *redis.settings()]
    run = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    lines = []
    for line in run.stdout:
        lines.append(line.rstrip("\n"))
        if line == "ok   a document is left for the next start\n":
            assert redis.command("FLUSHALL").startswith(b"+OK")
    assert run.wait() == 1
    run.stdout.close()
    assert lines[-2].startswith("FAIL a confirmed document is there after a restart: ")
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
