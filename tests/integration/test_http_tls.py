"""The HTTP stack alone, behind TLS."""
import signal
import ssl
import time

import pytest
from hearth import wait_until
from rawhttp import HELLO, HOST, Raw, client_tls, make_certificate, took


def test_tls(start_stack, tmp_path):
    cert, key = make_certificate(tmp_path)
    stack = start_stack("--cert", cert, "--key", key, "--loops", 2)
    with stack.connect(tls=client_tls(["h2", "http/1.1"])) as raw:
        assert raw.socket.selected_alpn_protocol() == "http/1.1"
        assert raw.socket.version() in ("TLSv1.2", "TLSv1.3")
        for _ in range(3):
            assert raw.send(HELLO).answer().body == b"hello"
        assert len(raw.send(b"GET /large?bytes=700000" + HOST).answer().body) == 700000
        body = b"b" * 60000
        raw.send(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n" + body)
        assert raw.answer().body == body
    with stack.connect(tls=client_tls(maximum=ssl.TLSVersion.TLSv1_2)) as raw:
        assert raw.socket.version() == "TLSv1.2"
        assert raw.send(HELLO * 20).answer().body == b"hello"
    for context in (client_tls(["h2"]), client_tls(maximum=ssl.TLSVersion.TLSv1_1)):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            stack.connect(tls=context)
    with Raw(stack.address) as raw:
        raw.send(HELLO)
        try:
            assert b"HTTP" not in raw.rest()
        except ConnectionError:
            pass


def test_tls_handshake_has_a_deadline(start_stack, tmp_path):
    cert, key = make_certificate(tmp_path)
    stack = start_stack("--cert", cert, "--key", key, "--header-timeout", 300)
    with Raw(stack.address) as raw:
        begin = time.monotonic()
        try:
            raw.rest()
        except ConnectionError:
            pass
        took(begin, 0.25, 5)


def test_certificate_reload(start_stack, tmp_path):
    cert, key = make_certificate(tmp_path, "first")
    stack = start_stack("--cert", cert, "--key", key)

    def subject():
        with stack.connect(tls=client_tls()) as raw:
            return raw.socket.getpeercert(True)

    first = subject()
    with stack.connect(tls=client_tls()) as old:
        assert old.send(HELLO).answer().status == 200
        make_certificate(tmp_path, "second")
        stack.process.send_signal(signal.SIGHUP)
        wait_until(lambda: subject() != first, "the new certificate")
        assert old.send(HELLO).answer().status == 200
    second = subject()
    key.write_text("broken")
    stack.process.send_signal(signal.SIGHUP)
    stack.log_has("TLS key")
    assert subject() == second
