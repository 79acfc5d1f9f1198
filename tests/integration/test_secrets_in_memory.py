"""A password is gone from hearthd's memory when it has been used: what is not there cannot leak by a
core dump, a swap file or a bug that reads too far."""
import json
import re
import secrets
import socket
import ssl
import subprocess

import pytest

import hearth
from hearth import wait_until


def places_of(server, secret):
    """Where in the process's writable memory these bytes stand, with what is around them."""
    found = []
    with open(f"/proc/{server.process.pid}/maps") as maps, \
            open(f"/proc/{server.process.pid}/mem", "rb", 0) as memory:
        for line in maps:
            start, end, rights = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
            if "w" not in rights or int(end, 16) - int(start, 16) > 1 << 32:  # ASan's shadow
                continue
            try:
                memory.seek(int(start, 16))
                content = memory.read(int(end, 16) - int(start, 16))
            except (OSError, ValueError):
                continue
            for match in re.finditer(re.escape(secret), content):
                found.append((line.strip(), content[max(0, match.start() - 60):match.end() + 20]))
    return found


def assert_gone(server, secret):
    wait_until(lambda: not places_of(server, secret), "the password is gone", deadline=5)


@pytest.fixture
def password():
    return "pw-" + secrets.token_hex(16)


def test_the_search_finds_what_is_there(start_hearthd):
    server = start_hearthd("--set", "cors_origins=https://a-text-that-is-kept")
    assert places_of(server, b"a-text-that-is-kept")


def test_a_password_is_gone_when_it_was_used(server, password):
    assert server.post("/accounts", {"username": "ada", "password": password}).status == 201
    assert_gone(server, password.encode())
    assert server.post("/session/login", {"username": "ada", "password": password}).status == 200
    assert_gone(server, password.encode())


@pytest.mark.parametrize("body", ['{"username":"ada","password":"%s"', '{"password":"%s","x":1}', '["%s"]'])
def test_a_password_in_a_body_that_is_refused_is_gone_too(server, password, body):
    assert server.post("/session/login", body % password).status == 400
    assert_gone(server, password.encode())


def test_a_password_whose_sender_vanished_is_gone(server, password):
    with socket.create_connection(("127.0.0.1", server.port)) as s:
        s.sendall(b"POST /session/login HTTP/1.1\r\nHost: h\r\nContent-Length: 5000\r\n\r\n"
                  b'{"username":"ada","password":"' + password.encode())
        wait_until(lambda: places_of(server, password.encode()), "a part of the body has arrived")
    assert_gone(server, password.encode())


def test_a_password_in_pieces_and_in_chunks_is_gone(server, password):
    body = b'{"username":"ada","password":"' + password.encode() + b'"}'
    with socket.create_connection(("127.0.0.1", server.port)) as s:
        for piece in (b"POST /session/login HTTP/1.1\r\nHo", b"st: h\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n",
                      b"\r\n%x\r\n" % len(body) + body[:-1], body[-1:] + b"\r\n0", b"\r\n\r\n"):
            s.sendall(piece)
            server.get("/health/live")  # lets the piece arrive by itself
        assert s.recv(100).startswith(b"HTTP/1.1 401")
    assert_gone(server, password.encode())


def test_a_password_that_an_operator_gave_is_gone(server, password):
    done = hearth.tool("account", "add", "grace", *server.place, input=password + "\n")
    assert done.returncode == 0, done.stderr
    assert_gone(server, password.encode())


def test_a_password_over_tls_is_gone(tmp_path, password):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-nodes", "-days", "1", "-subj", "/CN=h", "-keyout", "h.key", "-out", "h.crt"],
                   cwd=tmp_path, check=True, capture_output=True)
    etc = hearth.copy_etc(tmp_path)
    text = (etc / "hearth.yaml").read_text().replace(
        "{address: 127.0.0.1:8080}", f"{{address: '127.0.0.1:0', tls_certificate: {tmp_path}/h.crt, "
                                     f"tls_key: {tmp_path}/h.key}}")
    (etc / "hearth.yaml").write_text(text)
    server = hearth.Hearthd.__new__(hearth.Hearthd)  # --listen cannot say TLS
    server.args = [str(hearth.BUILD / "bin/hearthd"), "--config", str(etc / "hearth.yaml"), "--data-dir",
                   str(tmp_path / "data"), "--plugin-dir", str(hearth.BUILD / "plugins")]
    server.env = None
    server.start(wait=False)
    try:
        port = wait_until(server._address, "the ready line")
        context = ssl.create_default_context(cafile=tmp_path / "h.crt")
        context.check_hostname = False
        body = json.dumps({"username": "ada", "password": password}).encode()

        def post(path):
            with socket.create_connection(("127.0.0.1", port)) as plain, \
                    context.wrap_socket(plain) as s:
                s.sendall(b"POST %s HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                          b"Content-Length: %d\r\n\r\n%s" % (path, len(body), body))
                status = s.recv(1000)[:12]
                assert_gone(server, password.encode())  # while the connection is still open
                return status
        wait_until(lambda: post(b"/accounts") == b"HTTP/1.1 201", "the account is made")
        assert post(b"/session/login") == b"HTTP/1.1 200"
    finally:
        assert server.stop() == 0
