"""Start, signals, drain and exit status of hearthd."""
import json
import signal
import socket
import subprocess
import threading
import time

import pytest

import hearth
from hearth import wait_until


def run(*args, timeout=30):
    return subprocess.run([str(hearth.BUILD / "bin/hearthd"), *map(str, args)], text=True,
                          capture_output=True, timeout=timeout)


@pytest.fixture
def etc(tmp_path):
    """A configuration without plugins."""
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "plugins.d").mkdir()
    (folder / "hearth.yaml").write_text("listen: [{address: '127.0.0.1:0'}]\n")
    return folder


@pytest.fixture
def host(start_hearthd, etc):
    """start_hearthd without plugins but hello."""
    def start(*args, **options):
        return start_hearthd("--with", "hello", *args, etc=etc, **options)
    return start


def ready_lines(server):
    return [m for m in server.messages() if m.startswith("ready: ")]


def test_one_line_says_where_it_listens(host):
    server = host()
    assert len(ready_lines(server)) == 1
    assert f"http://127.0.0.1:{server.port}" in ready_lines(server)[0]
    assert server.get("/hello/Ada").status == 200


def test_several_addresses(host):
    server = host("--listen", "[::1]:0")
    line = ready_lines(server)[0]
    port = int(line.rsplit(":", 1)[1])
    assert "[::1]" in line
    assert hearth.Client("::1", port).get("/health/live").status == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_status_0(host, number):
    server = host()
    assert server.stop(number) == 0
    assert server.messages()[-1] == "stopped"


def test_not_ready_but_serving_during_the_drain_delay(host):
    server = host("--set", "drain_delay=1s")
    server.process.send_signal(signal.SIGTERM)
    reply = wait_until(lambda: (r := server.get("/health/ready")).status == 503 and r, "503")
    assert reply.headers["Retry-After"]
    assert reply.json["missing"][0]["reason"] == "The process is draining."
    assert server.get("/hello/Ada").status == 200
    assert server.stop() == 0


def test_the_drain_delay_begins_with_the_signal_also_after_idle_time(host):
    server = host("--set", "drain_delay=1s")
    time.sleep(1.5)  # nothing wakes the main thread for longer than the delay
    begin = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - begin >= 0.9


def test_a_request_in_flight_is_answered_before_the_end(host):
    server = host("--set", "hello.delay=700ms")
    replies = []
    thread = threading.Thread(target=lambda: replies.append(server.get("/hello/Ada/later")))
    thread.start()
    time.sleep(0.3)  # it is on its way; whether it has arrived does not matter to the promise
    server.process.send_signal(signal.SIGTERM)
    thread.join(10)
    assert replies and replies[0].status == 200
    assert server.stop() == 0


def test_a_second_signal_hurries(host):
    server = host("--set", "drain_delay=60s")
    server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: server.get("/health/ready").status == 503, "draining")
    begin = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    assert server.stop(signal.SIGTERM) == 0
    assert time.monotonic() - begin < 10


def test_a_hurried_end_says_only_what_it_cuts_off(host):
    """A second signal that comes while idle connections are being closed cuts nothing off."""
    for _ in range(5):
        server = host()
        server.process.send_signal(signal.SIGTERM)
        server.process.send_signal(signal.SIGTERM)
        assert server.stop() == 0
        assert not [m for m in server.messages() if "in flight" in m], server.messages()

    server = host("--set", "hello.delay=5s")
    with socket.create_connection(("127.0.0.1", server.port)) as s:
        s.sendall(b"GET /hello/Ada/later HTTP/1.1\r\nHost: h\r\n\r\n")
        wait_until(lambda: server.get("/health/live").status == 200, "the request is on its way")
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "draining" in server.messages(), "draining")
        assert server.stop() == 0
    assert [m for m in server.messages() if "1 requests in flight are not waited for" in m]


def test_a_request_that_takes_too_long_does_not_hold_the_end(host):
    server = host("--set", "hello.delay=5s", "--set", "drain_timeout=200ms")
    client = socket.create_connection(("127.0.0.1", server.port))
    client.sendall(b"GET /hello/Ada/later HTTP/1.1\r\nHost: x\r\n\r\n")
    time.sleep(0.2)
    begin = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - begin < 15
    client.close()


def test_idle_connections_do_not_hold_the_end(host):
    server = host()
    clients = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    for client in clients:
        client.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200" in client.recv(4096)
    assert server.stop() == 0


def test_drain_under_load_loses_no_request(host):
    server = host("--set", "drain_delay=300ms")
    failures, done = [], []
    stopping = threading.Event()

    def load():
        while not stopping.is_set():
            try:
                reply = server.get("/hello/Ada")
            except ConnectionRefusedError:
                return  # the listeners are closed: nothing was sent
            except OSError as error:
                failures.append(repr(error))
                return
            if reply.status != 200:
                failures.append(reply)
            done.append(1)

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(done) > 200, "some load")
    assert server.stop() == 0
    stopping.set()
    for thread in threads:
        thread.join()
    # A connection may be reset that the kernel had accepted when the listeners closed for good;
    # what was answered was answered well.
    assert not [f for f in failures if "reset" not in str(f).lower()], failures


def test_an_address_in_use_is_exit_status_1(etc, tmp_path):
    taken = socket.create_server(("127.0.0.1", 0))
    result = run("--config", etc / "hearth.yaml", "--data-dir", tmp_path / "d",
                 "--listen", f"127.0.0.1:{taken.getsockname()[1]}")
    assert result.returncode == 1
    assert "Address already in use" in json.loads(result.stderr.splitlines()[-2])["message"] or \
        "Address already in use" in result.stderr


def test_another_hearthd_does_not_share_the_address_unasked(host, etc, tmp_path):
    server = host()
    result = run("--config", etc / "hearth.yaml", "--data-dir", tmp_path / "other",
                 "--listen", f"127.0.0.1:{server.port}")
    assert result.returncode == 1
    assert f"127.0.0.1:{server.port}: Address already in use" in result.stderr


@pytest.mark.parametrize("args, words", [
    (["--set", "loop=3"], ["loop"]),
    (["--set", "loops=0"], ["loops", "auto or a number"]),
    (["--set", "max_body=1"], ["max_body"]),
    (["--with", "nothing-of-the-kind"], ["nothing-of-the-kind"]),
    (["--without", "helo"], ["--without", "found helo", "enabled are: "]),
    (["--with", "hello", "--without", "aut", "--without", "hello"], ["found aut;"]),
    (["--with", "hello", "--set", "hello.greetin=x"], ["greetin"]),
    (["--with", "hello", "--set", "services.storage=hello"], ["services", "does not provide"]),
    (["--listen", "nonsense"], ["nonsense"]),
    (["--listen", "127.0.0.1:9000", "--listen", "localhost:9000"],
     ["127.0.0.1:9000: expected each address once", "localhost:9000"]),
    (["--listen", "*:9000", "--listen", "[::]:9000"], ["expected each address once"]),
    (["--set", "base_path=game"], ["base_path", "/game"]),
])
def test_an_unusable_configuration_is_exit_status_2(etc, tmp_path, args, words):
    result = run("--config", etc / "hearth.yaml", "--data-dir", tmp_path / "d",
                 "--plugin-dir", hearth.BUILD / "plugins", *args)
    assert result.returncode == 2, result.stderr
    for word in words:
        assert word in result.stderr
    assert not (tmp_path / "d").exists()


def test_check_refuses_the_same_as_start(etc):
    for args, words in ((["--without", "helo"], "found helo"),
                        (["--listen", "[::1]:9000", "--listen", "[::1]:9000"], "each address once")):
        result = hearth.tool("check", "--config", etc / "hearth.yaml", *args)
        assert result.returncode == 2 and words in result.stdout + result.stderr, result


def test_what_is_available_or_enabled_may_be_left_out(start_hearthd, tmp_path):
    """Enabled, not enabled but there, and named twice by two options."""
    etc = hearth.copy_etc(tmp_path)
    for plugin in ("matchmaking", "metrics-prometheus"):
        (etc / "plugins.available" / f"{plugin}.yaml").unlink(missing_ok=True)
    server = start_hearthd("--without", "matchmaking", "--without", "metrics-prometheus",
                           "--without", "hello", "--without", "storage-redis", etc=etc)
    assert server.get("/metrics").status == 404


def test_the_kernel_may_choose_more_than_one_port(host):
    server = host("--listen", "127.0.0.1:0")
    assert ready_lines(server)[0].count("127.0.0.1:") == 2


def test_a_missing_certificate_is_named_with_the_reason(etc, tmp_path):
    (etc / "hearth.yaml").write_text(
        "listen: [{address: '127.0.0.1:0', tls_certificate: /nowhere.crt, tls_key: /nowhere.key}]\n")
    result = run("--config", etc / "hearth.yaml", "--data-dir", tmp_path / "d")
    assert result.returncode == 2
    assert "/nowhere.crt" in result.stderr and "No such file or directory" in result.stderr


def test_a_wrong_command_line_is_exit_status_2():
    assert run("--nonsense").returncode == 2
    assert run("--config").returncode == 2
    assert run("--config", "/nonexistent.yaml").returncode == 2
    assert run("--version").returncode == 0


def test_base_path_is_put_in_front(host):
    server = host("--set", "base_path=/game", wait=False)
    server.port = wait_until(server._address, "the ready line")
    assert server.get("/game/health/ready").status == 200
    assert server.get("/game/hello/Ada").status == 200
    assert server.get("/hello/Ada").status == 404


def test_hello_waits_on_its_own_loop_and_the_deadline_is_kept(host):
    server = host("--set", "hello.delay=3s", "--set", "request_timeout=200ms")
    begin = time.monotonic()
    reply = server.get("/hello/Ada/later")
    assert reply.status == 504 and reply.json["code"] == "TIMEOUT"
    assert time.monotonic() - begin < 2.5
    wait_until(lambda: "/hello/{name}/later did not answer in time: 504 was sent" in server.messages(),
               "a line that names the route, also while the plugin goes on", deadline=2)


def test_a_504_is_counted_when_it_is_sent_and_once(start_hearthd, etc):
    """Not when its plugin completes it, which may be much later."""
    server = start_hearthd("--with", "hello", "--with", "metrics-prometheus", "--set", "hello.delay=2s",
                           "--set", "request_timeout=200ms", etc=etc)

    def counted():
        lines = [line for line in server.get("/metrics").body.decode().splitlines()
                 if "/later" in line and ('status="504"' in line or "duration_seconds_count" in line)]
        return sorted(float(line.rsplit(" ", 1)[1]) for line in lines)

    begin = time.monotonic()
    assert server.get("/hello/Ada/later").status == 504
    assert counted() == [1, 1]
    assert time.monotonic() - begin < 1.5, "hello has not completed it yet"
    wait_until(lambda: "request answered" in server.messages(), "hello has completed it")
    assert counted() == [1, 1]


def test_sigpipe_and_vanished_clients_do_no_harm(host):
    server = host("--set", "hello.delay=50ms")
    for _ in range(50):
        client = socket.create_connection(("127.0.0.1", server.port))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.sendall(b"GET /hello/Ada/later HTTP/1.1\r\nHost: x\r\n\r\n")
        client.close()
    assert server.get("/hello/Ada").status == 200
