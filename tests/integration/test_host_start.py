"""What a start meets on the machine: a data_dir that is none, few open files, a full disk."""
import contextlib
import http.client
import os
import resource
import shutil
import socket
import subprocess

import pytest

import backends
import hearth

# Starts and ends a hearthd on a small file system, fills it, and starts it again.
FILL = """set -e
mount -t tmpfs -o size=1m none "$1"
log=$2 disk=$1
shift 2
"$@" 2>"$log" &
until grep -q "ready: listening" "$log"; do kill -0 $!; sleep 0.05; done
kill -TERM $!
wait $!
cat /dev/zero >"$disk/fill" 2>/dev/null || :
exec timeout 60 "$@"
"""


def hearthd(etc, data_dir):
    return [str(hearth.BUILD / "bin/hearthd"), "--config", str(etc / "hearth.yaml"), "--data-dir",
            str(data_dir)]


def run(words):
    return subprocess.run(words, text=True, capture_output=True, timeout=2 * hearth.DEADLINE)


def test_a_data_dir_that_is_a_file_is_said(tmp_path):
    etc, _ = backends.bare_etc(tmp_path)
    (tmp_path / "file").write_text("")
    done = run(hearthd(etc, tmp_path / "file"))
    assert done.returncode == 1 and "/file: Not a directory" in done.stderr, done.stderr


def test_the_limit_of_open_files_is_raised_as_far_as_it_goes(start_hearthd, tmp_path):
    etc, plugin_dir = backends.bare_etc(tmp_path)
    server = start_hearthd(etc=etc, plugin_dir=plugin_dir, prefix=["prlimit", "--nofile=300:1500"])
    assert resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE) == (1500, 1500)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for a file system of its own")
def test_a_full_disk_is_said(tmp_path):
    """SQLite alone says "disk I/O error"."""
    etc, plugin_dir = backends.bare_etc(tmp_path, "storage-sqlite")
    disk = tmp_path / "disk"
    disk.mkdir()
    done = run(["unshare", "-m", "sh", "-c", FILL, "sh", disk, tmp_path / "log",
                *hearthd(etc, disk / "data"), "--plugin-dir", plugin_dir])
    assert done.returncode == 1 and "hearth.db: disk I/O error: the disk is full" in done.stderr, done.stderr


def test_a_data_dir_that_goes_away_is_said(start_hearthd, tmp_path):
    etc, plugin_dir = backends.bare_etc(tmp_path, "storage-sqlite")
    server = start_hearthd(etc=etc, plugin_dir=plugin_dir, directory=tmp_path / "run")
    shutil.rmtree(tmp_path / "run/data")
    reply = server.get("/health/ready")
    assert reply.status == 503 and reply.json["missing"][0]["plugin"] == "host"
    assert "data_dir was removed" in reply.json["missing"][0]["reason"]
    assert server.get("/health/ready").status == 503
    assert sum("was removed or replaced" in message for message in server.messages()) == 1


def test_closed_standard_descriptors_get_no_socket_and_no_database(tmp_path):
    """As a careless supervisor starts it: the log must not go into what took the number 2."""
    etc, plugin_dir = backends.bare_etc(tmp_path, "storage-sqlite", "entities")
    port = backends.free_port()
    process = subprocess.Popen(
        ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *hearthd(etc, tmp_path / "data"), "--plugin-dir",
         plugin_dir, "--listen", f"127.0.0.1:{port}"], preexec_fn=hearth.die_with_parent)
    client = hearth.Client("127.0.0.1", port)

    def ready():
        with contextlib.suppress(OSError):
            return client.get("/health/ready").status == 200

    try:
        hearth.wait_until(ready, "it is ready")
        for fd in range(3):
            assert os.readlink(f"/proc/{process.pid}/fd/{fd}") == "/dev/null"
        process.terminate()
        assert process.wait(hearth.DEADLINE) == 0
    finally:
        process.kill()
        process.wait()


def answers(server):
    """Whether it answers a new connection; False also if the connection is closed or not answered."""
    try:
        return server.get("/health/ready", timeout=2).status == 200
    except (OSError, http.client.HTTPException):
        return False


def test_idle_connections_leave_descriptors_for_others(start_hearthd):
    server = start_hearthd("--loops", 1, prefix=["prlimit", "--nofile=400:400"])
    idle = []
    try:
        for _ in range(600):
            idle.append(socket.create_connection((server.host, server.port), timeout=5))
        hearth.wait_until(lambda: answers(server), "who has been idle for five seconds makes room", 20)
        player = server.player("late")
        assert player.post("/characters", {"race": "Human", "class": "Fighter"}).status == 201
        assert not [m for m in server.messages() if "cannot accept" in m]
    finally:
        for one in idle:
            one.close()
