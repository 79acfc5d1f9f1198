"""data_dir: its lock, control.sock, and the hand-over of the port to a successor under load."""
import os
import signal
import socket
import stat
import struct
import threading
import time

import pytest

import hearth
from hearth import wait_until


@pytest.fixture
def etc(tmp_path):
    folder = tmp_path / "etc"
    (folder / "plugins.d").mkdir(parents=True)
    (folder / "hearth.yaml").write_text("log_level: info\n")
    (folder / "plugins.d/hello.yaml").write_text("delay: 20ms\n")
    return folder


def control(server):
    return server.directory / "data/control.sock"


def ask(path, kind, payload=b"", head=None):
    """One request on control.sock; every frame of the answer as (kind, payload)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.settimeout(10)
        s.connect(str(path))
        s.sendall(head if head is not None else
                  struct.pack("<c3xI", kind, len(payload)) + payload)
        data = b""
        while chunk := s.recv(65536):
            data += chunk
    frames = []
    while data:
        kind, length = struct.unpack("<c3xI", data[:8])
        frames.append((kind, data[8:8 + length]))
        data = data[8 + length:]
    return frames


def command(*args, text=None):
    out = struct.pack("<I", len(args))
    for arg in args:
        out += struct.pack("<I", len(arg)) + arg.encode()
    return out + bytes([text is not None]) + struct.pack("<I", len(text or b"")) + (text or b"")


def test_the_socket_is_private_and_goes_away(start_hearthd, etc):
    server = start_hearthd(etc=etc)
    assert stat.S_IMODE(os.stat(control(server)).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(server.directory / "data").st_mode) == 0o700
    assert server.stop() == 0
    assert not control(server).exists()


def test_an_unknown_command_is_refused_with_a_sentence(start_hearthd, etc):
    server = start_hearthd(etc=etc)
    kind, text = ask(control(server), b"C", command("dance", "now"))[0]
    assert kind == b"E" and b"no enabled plugin has the command `dance`" in text


@pytest.mark.parametrize("head", [
    struct.pack("<c3xI", b"C", 0xFFFFFFFF),
    struct.pack("<c3xI", b"Z", 0),
    struct.pack("<c3xI", b"C", 4) + b"\xff\xff\xff\xff",
    struct.pack("<c3xI", b"C", 9) + b"\1\0\0\0\xff\xff\0\0x",
    b"GET / HTTP/1.1\r\n\r\n",
])
def test_malformed_requests_are_refused(start_hearthd, etc, head):
    server = start_hearthd(etc=etc)
    assert ask(control(server), b"", head=head)[0][0] == b"E"
    assert server.get("/hello/Ada").status == 200


def test_a_dead_process_leaves_nothing_that_hinders(start_hearthd, etc):
    server = start_hearthd(etc=etc)
    server.kill()
    assert control(server).exists()
    again = start_hearthd(etc=etc, directory=server.directory)
    assert again.get("/hello/Ada").status == 200


def test_the_successor_takes_the_port_and_the_holder_leaves(start_hearthd, etc):
    first = start_hearthd(etc=etc)
    second = start_hearthd("--listen", f"127.0.0.1:{first.port}", etc=etc,
                           directory=first.directory)
    assert second.port == first.port
    assert first.process.wait(20) == 0
    assert "taking over" in " ".join(second.messages())
    assert second.get("/hello/Ada").status == 200


@pytest.mark.parametrize("loops", [(1, 1), (2, 2), (1, 3), (3, 1)])
def test_no_request_fails_during_the_hand_over(start_hearthd, etc, loops):
    first = start_hearthd(etc=etc, loops=loops[0])
    client = hearth.Client("127.0.0.1", first.port)
    stopping, problems, done = threading.Event(), [], []

    def load(path):
        while not stopping.is_set():
            try:
                reply = client.get(path)
            except OSError as error:
                problems.append(repr(error))
                continue
            done.append(1)
            if reply.status != 200:
                problems.append(reply)

    threads = [threading.Thread(target=load, args=(path,))
               for path in ("/hello/Ada", "/hello/Ada/later") * 4]
    for thread in threads:
        thread.start()
    current = first
    for _ in range(3):
        before = len(done)
        wait_until(lambda: len(done) > before + 50 or problems, "some load")
        successor = start_hearthd("--listen", f"127.0.0.1:{first.port}", etc=etc,
                                  directory=first.directory, loops=loops[1])
        assert current.process.wait(20) == 0
        current = successor
    before = len(done)
    wait_until(lambda: len(done) > before + 50 or problems, "some more load")
    stopping.set()
    for thread in threads:
        thread.join()
    assert not problems, problems[:5]


def test_a_keep_alive_client_is_told_to_come_again(start_hearthd, etc):
    first = start_hearthd(etc=etc)
    with socket.create_connection(("127.0.0.1", first.port)) as s:
        request = b"GET /hello/Ada HTTP/1.1\r\nHost: x\r\n\r\n"
        s.sendall(request)
        assert b"Connection: close" not in s.recv(4096)
        first.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "draining" in first.messages(), "draining")
        time.sleep(0.05)
        s.sendall(request)
        answer = s.recv(4096)
        assert answer.startswith(b"HTTP/1.1 200") and b"onnection: close" in answer
    assert first.stop() == 0


def test_a_successor_that_cannot_start_leaves_the_holder_alone(start_hearthd, etc, tmp_path):
    first = start_hearthd(etc=etc)
    with pytest.raises(AssertionError):
        start_hearthd("--listen", f"127.0.0.1:{first.port}", "--set", "hello.delay=99h", etc=etc,
                      directory=first.directory)
    assert first.get("/hello/Ada").status == 200
    assert first.process.poll() is None


def test_no_player_is_refused_during_the_hand_over(start_hearthd):
    """With everything that ships: the successor lets clients in when its plugins are ready."""
    first = start_hearthd()
    player = first.player("ada")
    made = player.post("/characters", {"name": "Pykey", "race": "Elf", "subRace": "High",
                                       "class": "Wizard"})
    assert made.status == 201, made
    path, version = f"/characters/{made.json['id']}", [made.json["version"]]
    stopping, problems, done = threading.Event(), [], []

    def read():
        while not stopping.is_set():
            reply = player.get(path)
            done.append(1)
            if reply.status != 200:
                problems.append(reply)

    def change():
        while not stopping.is_set():
            reply = player.patch(path + "/stats/hitpoints", {"version": version[0], "delta": 0})
            if reply.status == 200:
                version[0] = reply.json["version"]
            else:
                problems.append(reply)
                return

    threads = [threading.Thread(target=f) for f in (read, read, read, change)]
    for thread in threads:
        thread.start()
    current = first
    for _ in range(2):
        before = len(done)
        wait_until(lambda: len(done) > before + 30 or problems, "some load")
        successor = start_hearthd("--listen", f"127.0.0.1:{first.port}", directory=first.directory)
        assert current.process.wait(20) == 0
        current = successor
    before = len(done)
    wait_until(lambda: len(done) > before + 30 or problems, "some more load")
    stopping.set()
    for thread in threads:
        thread.join()
    assert not problems, problems[:3]
    assert version[0] > made.json["version"] + 5
    # Every acknowledged change is there, and nothing else.
    assert player.get(path).json["version"] == version[0]
