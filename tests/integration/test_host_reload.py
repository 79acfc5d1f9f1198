"""SIGHUP: a new configuration is taken whole, or refused with a reason and nothing changes."""
import signal
import subprocess
import threading

import pytest

import hearth
from hearth import wait_until


@pytest.fixture
def etc(tmp_path):
    folder = tmp_path / "etc"
    (folder / "plugins.d").mkdir(parents=True)
    (folder / "hearth.yaml").write_text("log_level: info\n")
    (folder / "plugins.d/hello.yaml").write_text("greeting: Hello\n")
    return folder


def hangup(server, word):
    """Sends SIGHUP and waits for its line."""
    before = len(server.messages())
    server.process.send_signal(signal.SIGHUP)
    return wait_until(lambda: next((m for m in server.messages()[before:] if word in m), None), word)


def test_a_reloadable_key_changes_on_every_loop(start_hearthd, etc):
    server = start_hearthd(etc=etc, loops=3)
    (etc / "plugins.d/hello.yaml").write_text("greeting: Salve\n")
    hangup(server, "reloaded")
    for _ in range(30):
        assert server.get("/hello/Ada").body.startswith(b"Salve, Ada")


@pytest.mark.parametrize("file, text, reason", [
    ("plugins.d/hello.yaml", "greeting: [1, 2]\n", "greeting"),
    ("plugins.d/hello.yaml", "greting: Salve\n", "greting"),
    ("plugins.d/hello.yaml", "greeting: 'a\n", "hello.yaml"),
    ("hearth.yaml", "max_header: 8k\n", "max_header cannot change without a restart"),
    ("hearth.yaml", "log_level: loud\n", "log_level"),
    ("hearth.yaml", "listen: [{address: '127.0.0.1:1'}]\nbase_path: /x\n", "base_path cannot"),
    ("plugins.d/metrics-prometheus.yaml", "", "metrics-prometheus was enabled"),
])
def test_a_refused_reload_changes_nothing(start_hearthd, etc, file, text, reason):
    server = start_hearthd(etc=etc, loops=2)
    (etc / "plugins.d/hello.yaml").write_text("greeting: Salve\n")  # good, but refused with the rest
    (etc / file).write_text(text)
    line = hangup(server, "reload refused")
    assert reason in line
    assert server.get("/hello/Ada").body.startswith(b"Hello, Ada")
    assert server.get("/health/ready").status == 200


def test_a_plugin_that_disappears_is_refused(start_hearthd, etc):
    server = start_hearthd(etc=etc)
    (etc / "plugins.d/hello.yaml").unlink()
    assert "hello was disabled" in hangup(server, "reload refused")


def test_the_command_line_still_holds_after_a_reload(start_hearthd, etc):
    server = start_hearthd("--set", "hello.greeting=Moin", etc=etc)
    (etc / "plugins.d/hello.yaml").write_text("greeting: Salve\n")
    hangup(server, "reloaded")
    assert server.get("/hello/Ada").body.startswith(b"Moin, Ada")


def test_the_log_level_changes(start_hearthd, etc):
    server = start_hearthd(etc=etc)
    (etc / "hearth.yaml").write_text("log_level: warn\n")
    server.process.send_signal(signal.SIGHUP)
    (etc / "plugins.d/hello.yaml").write_text("greeting: Salve\n")
    wait_until(lambda: server.get("/hello/Ada").status == 200, "serving")
    assert server.stop() == 0
    assert "stopped" not in server.messages()  # an info line


def test_reloads_under_load_fail_no_request(start_hearthd, etc):
    server = start_hearthd(etc=etc, loops=3)
    stopping, problems, done = threading.Event(), [], []

    def load():
        while not stopping.is_set():
            reply = server.get("/hello/Ada")
            done.append(1)
            if reply.status != 200:
                problems.append(reply)

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for i in range(8):  # more of them would be held back as repeats
        (etc / "plugins.d/hello.yaml").write_text(f"greeting: G{i}\n")
        count = sum(m == "reloaded" for m in server.messages())
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: sum(m == "reloaded" for m in server.messages()) > count, "reloaded")
    stopping.set()
    for thread in threads:
        thread.join()
    assert done and not problems


def certificate(folder, name):
    key, cert = folder / f"{name}.key", folder / f"{name}.crt"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-subj", f"/CN={name}",
                    "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


def presented(port):
    """The subject of the certificate that the listener shows."""
    result = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}"], input="",
                            capture_output=True, text=True, timeout=20)
    return next((line for line in result.stdout.splitlines() if line.startswith("subject=")), "")


def test_certificates_are_read_again(start_hearthd, etc, tmp_path):
    cert, key = certificate(tmp_path, "first")
    (etc / "hearth.yaml").write_text(
        f"listen: [{{address: '127.0.0.1:0', tls_certificate: {cert}, tls_key: {key}}}]\n")
    server = hearth.Hearthd.__new__(hearth.Hearthd)
    hearth.Client.__init__(server, "127.0.0.1", 0)
    server.args = [str(hearth.BUILD / "bin/hearthd"), "--config", str(etc / "hearth.yaml"),
                   "--data-dir", str(tmp_path / "data"), "--plugin-dir",
                   str(hearth.BUILD / "plugins")]
    server.env = None
    server.start(wait=False)
    try:
        port = wait_until(server._address, "the ready line")
        assert "first" in presented(port)
        other, other_key = certificate(tmp_path, "second")
        cert.write_text("not a certificate")
        assert "reload refused" in hangup(server, "reload refused")
        assert "first" in presented(port)
        cert.write_bytes(other.read_bytes())
        key.write_bytes(other_key.read_bytes())
        hangup(server, "reloaded")
        assert "second" in presented(port)
    finally:
        assert server.stop() == 0
