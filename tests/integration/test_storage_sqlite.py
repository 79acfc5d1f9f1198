"""What is particular to storage-sqlite: the file keeps its size whatever expires."""
import contextlib
import sqlite3
import time

from hearth import wait_until

EXPIRED = 20_000  # of 500 at a time: far more than intervals in the time that a test waits


def test_everything_that_has_expired_is_removed_at_the_next_interval(start_hearthd):
    server = start_hearthd("--set", "storage-sqlite.purge_interval=2s")
    assert server.stop() == 0
    path = next((server.directory / "data").glob("**/hearth.db"))
    with contextlib.closing(sqlite3.connect(path)) as file:
        past = int(time.time() * 1000) - 1
        file.executemany("INSERT INTO documents (collection, partition, sort, version, epoch, write_id, expires_ms, body)"
                         " VALUES ('old', ?, '', 1, 0, '', ?, '{}')", ((str(i), past) for i in range(EXPIRED)))
        file.commit()
    server.restart()

    def left():
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as file:
            return file.execute("SELECT count(*) FROM documents WHERE collection = 'old'").fetchone()[0]

    assert left() > 0
    wait_until(lambda: left() == 0, "nothing is left of what has expired")
