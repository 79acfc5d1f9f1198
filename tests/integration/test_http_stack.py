"""The HTTP stack alone: time, back-pressure, TLS, proxies, CORS, requests that move and outlive."""
import json
import signal
import socket
import ssl
import threading
import time

import pytest
from hearth import wait_until
from rawhttp import HOST, Raw, Stack, client_tls, make_certificate, one

HELLO = b"GET /hello" + HOST


@pytest.fixture
def start():
    started = []

    def run(*args):
        started.append(Stack(args))
        return started[-1]

    yield run
    for stack in started:
        assert stack.stop() == 0, "".join(stack.errors)


def took(start_time, low, high):
    assert low <= time.monotonic() - start_time <= high, time.monotonic() - start_time


def drip(raw, data, pause):
    """Sends byte by byte until the server answers or closes."""
    raw.socket.settimeout(pause)
    for byte in data:
        try:
            raw.socket.sendall(bytes([byte]))
            more = raw.socket.recv(65536)
            raw.stream += more
            break
        except (socket.timeout, BlockingIOError):
            continue
        except OSError:
            break
    raw.socket.settimeout(20)


def test_slow_head_is_408_however_it_drips(start):
    stack = start("--header-timeout", 400)
    with stack.connect() as raw:
        begin = time.monotonic()
        drip(raw, b"GET /hello HTTP/1.1\r\nHost: x\r\n" + b"A: " + b"b" * 200, 0.05)
        answer = raw.answer()
        took(begin, 0.35, 5)
        assert answer.status == 408 and answer.closes
        assert json.loads(answer.body)["code"] == "REQUEST_TIMEOUT"
        assert raw.rest() == b""


def test_slow_body_is_408_however_it_drips(start):
    stack = start("--body-timeout", 400)
    for framing in (b"Content-Length: 500\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n200\r\n"):
        with stack.connect() as raw:
            begin = time.monotonic()
            raw.send(b"POST /echo HTTP/1.1\r\nHost: x\r\n" + framing)
            drip(raw, b"b" * 200, 0.05)
            answer = raw.answer()
            took(begin, 0.35, 5)
            assert answer.status == 408 and answer.closes


def test_idle_connection_is_closed_silently(start):
    stack = start("--idle-timeout", 300)
    with stack.connect() as raw:
        begin = time.monotonic()
        assert raw.rest() == b""
        took(begin, 0.25, 5)
    with stack.connect() as raw:
        raw.send(HELLO)
        assert raw.answer().status == 200
        begin = time.monotonic()
        assert raw.rest() == b""
        took(begin, 0.25, 5)


def test_requests_move_the_idle_deadline(start):
    stack = start("--idle-timeout", 400)
    with stack.connect() as raw:
        for _ in range(8):
            time.sleep(0.15)
            raw.send(HELLO)
            assert raw.answer().status == 200


def test_client_that_does_not_read_is_dropped(start):
    stack = start("--write-timeout", 300)
    with stack.connect(receive_buffer=4096) as raw:
        raw.send((b"GET /large?bytes=100000" + HOST) * 120)
        time.sleep(3)
        with stack.connect() as other:
            assert other.send(HELLO).answer().status == 200
        received = 0
        try:
            while more := raw.socket.recv(65536):
                received += len(more)
        except ConnectionError:
            pass
        assert received < 12_000_000


def test_large_reply_arrives_whole(start):
    answer = one(start(), b"GET /large?bytes=3000000" + HOST)
    assert answer.body == b"x" * 3000000


def test_reading_stops_while_a_request_is_in_flight(start):
    """A client that pipelines without end is held back by TCP, not by our memory."""
    stack = start()
    with stack.connect() as raw:
        raw.send(b"GET /slow?ms=1500" + HOST)
        raw.socket.settimeout(0.3)
        sent = 0
        try:
            while sent < 64 << 20:
                sent += raw.socket.send(HELLO * 1000)
        except socket.timeout:
            pass
        assert sent < 32 << 20
        raw.socket.settimeout(20)
        assert raw.answer().body == b"slow"
        assert raw.answer().body == b"hello"


def test_continue_is_sent_when_the_body_is_wanted(start):
    stack = start()
    head = b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n"
    with stack.connect() as raw:
        raw.send(b"POST /echo HTTP/1.1\r\nHost: x\r\n" + head % 5)
        assert raw.answer().status == 100
        raw.send(b"abcde")
        assert raw.answer().body == b"abcde"
    for path, length, status in ((b"/none", 5, 404), (b"/small", 17, 413), (b"/private", 5, 401)):
        with stack.connect() as raw:
            raw.send(b"POST " + path + b" HTTP/1.1\r\nHost: x\r\n" + head % length)
            answer = raw.answer()
            assert answer.status == status and answer.closes
    with stack.connect() as raw:
        raw.send(b"POST /echo HTTP/1.0\r\n" + head % 5 + b"abcde")
        assert raw.answer().body == b"abcde"


def test_routes_limit_of_the_body_is_judged_after_the_route(start):
    stack = start()
    assert one(stack, b"POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 16\r\n\r\n" +
               b"a" * 16).status == 200
    assert one(stack, b"POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 17\r\n\r\n" +
               b"a" * 17).status == 413
    assert one(stack, b"POST /none HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n").status == 404
    body = bytes(range(256)) * 8192
    assert one(stack, b"POST /big HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) +
               body).body == body


def test_application_may_refuse_before_the_body(start):
    stack = start()
    with stack.connect() as raw:
        raw.send(b"POST /private HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n")
        answer = raw.answer()
        assert answer.status == 401 and answer.headers["www-authenticate"] == "Bearer"
        raw.send(b"x" * 60000 + HELLO)
        assert raw.answer().body == b"hello"


def test_full_loop_answers_503_at_once(start):
    stack = start("--max-in-flight", 2)
    waiting = [stack.connect().send(b"GET /slow?ms=700" + HOST) for _ in range(2)]
    time.sleep(0.1)
    answer = one(stack, HELLO)
    assert answer.status == 503 and json.loads(answer.body)["code"] == "OVERLOADED"
    assert int(answer.headers["retry-after"]) >= 1
    for raw in waiting:
        assert raw.answer().body == b"slow"
        raw.close()
    assert one(stack, HELLO).status == 200


def test_connections_above_the_maximum_get_503(start):
    stack = start("--max-connections", 3)
    held = [stack.connect() for _ in range(3)]
    for raw in held:
        assert raw.send(HELLO).answer().status == 200
    with stack.connect() as raw:
        answer = raw.answer()
        assert answer.status == 503 and answer.closes and "retry-after" in answer.headers
        assert raw.rest() == b""
    for raw in held:
        assert raw.send(HELLO).answer().status == 200
        raw.close()
    wait_until(lambda: one(stack, HELLO).status == 200, "room again")


@pytest.mark.parametrize("path", [b"/slow?ms=5000", b"/hop?loop=0&ms=5000", b"/hop?loop=1&ms=5000"])
def test_application_learns_that_the_client_is_gone(start, path):
    stack = start("--loops", 2)
    raw = stack.connect()
    raw.send(b"GET " + path + HOST)
    time.sleep(0.1)
    raw.reset()
    stack.log_has("gone")
    assert one(stack, HELLO).status == 200


@pytest.mark.parametrize("path", [b"/slow?ms=200&early=1", b"/hop?loop=0&ms=200&early=1",
                                  b"/hop?loop=1&ms=200&early=1"])
def test_request_outlives_its_reply_and_its_connection(start, path):
    stack = start("--loops", 2)
    for close in (False, True):
        with stack.connect() as raw:
            raw.send(b"GET " + path + HOST)
            answer = raw.answer()
            assert answer.status == 504 and json.loads(answer.body)["code"] == "TIMEOUT"
            if not close:
                assert raw.send(HELLO).answer().body == b"hello"
    time.sleep(0.3)


def test_requests_hop_between_loops_under_load(start):
    stack = start("--loops", 4)
    failures = []

    def work(number):
        with stack.connect() as raw:
            for i in range(150):
                raw.send(b"GET /hop?loop=%d HTTP/1.1\r\nHost: x\r\nX-Request-Id: %d-%d\r\n\r\n" %
                         ((number + i) % 4, number, i))
                answer = raw.answer()
                if answer.body != b"hello" or answer.headers["x-request-id"] != f"{number}-{i}":
                    failures.append(answer.status)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_unanswered_request_is_500(start):
    answer = one(start(), b"GET /nothing" + HOST)
    assert answer.status == 500 and json.loads(answer.body)["code"] == "INTERNAL"


def test_no_body_on_204(start):
    answer = one(start(), b"DELETE /items/a/parts/b" + HOST)
    assert answer.status == 204 and "content-length" not in answer.headers and answer.rest == b""


def test_parameters_are_decoded_once(start):
    stack = start()
    for raw, value in ((b"a%20b", b"a b"), (b"%2541", b"%41"), (b"%c3%a4", "ä".encode()),
                       (b"a+b", b"a+b"), (b"%2e%2e%2e", b"...")):
        assert one(stack, b"GET /items/" + raw + HOST).body == value
    assert one(stack, b"GET /%68ello" + HOST).body == b"hello"
    assert one(stack, b"GET /items/fixed" + HOST).body == b"/items/fixed"
    assert one(stack, b"PUT /items/fixed" + HOST).status == 405
    assert one(stack, b"GET /query?a=1&q=a%20b+c%26&q=2" + HOST).body == b"a b c&"
    assert one(stack, b"GET /query?q" + HOST).body == b""
    assert one(stack, b"GET /query?qq=1" + HOST).body == b"(none)"


def test_repeated_headers_are_joined(start):
    answer = one(start(), b"GET /header?name=a-b HTTP/1.1\r\nHost: x\r\nA-B: 1\r\na-b:  2 \r\nA-B:\r\n\r\n")
    assert answer.body == b"1, 2, "


def test_who_holds_a_loop_is_named(start):
    stack = start()
    one(stack, b"GET /stall?ms=200" + HOST)
    stack.log_has('test holds an event loop: route \\"/stall\\"')


def test_ipv6(start):
    stack = start("--listen", "[::1]:0")
    assert one(stack, b"GET /peer" + HOST).body == b"::1"


PROXIES = [
    ("x-forwarded-for", b"X-Forwarded-For: 203.0.113.9", b"203.0.113.9"),
    ("x-forwarded-for", b"X-Forwarded-For: 1.1.1.1, 203.0.113.9, 10.0.0.2", b"203.0.113.9"),
    ("x-forwarded-for", b"X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 203.0.113.9", b"203.0.113.9"),
    ("x-forwarded-for", b"X-Forwarded-For: 1.1.1.1, nonsense, 10.0.0.2", b"10.0.0.2"),
    ("x-forwarded-for", b"X-Forwarded-For: 2001:db8::1", b"2001:db8::1"),
    ("x-forwarded-for", b"X-Forwarded-For: [2001:db8::1]:99", b"2001:db8::1"),
    ("x-forwarded-for", b"Forwarded: for=203.0.113.9", b"127.0.0.1"),
    ("forwarded", b"X-Forwarded-For: 203.0.113.9", b"127.0.0.1"),
    ("forwarded", b"Forwarded: for=1.1.1.1, for=203.0.113.9;proto=https, For=10.1.2.3", b"203.0.113.9"),
    ("forwarded", b'Forwarded: proto=https;for="[2001:db8::7]:4711"', b"2001:db8::7"),
    ("forwarded", b"Forwarded: for=_hidden", b"127.0.0.1"),
    ("forwarded", b'Forwarded: for="1.1.1.1,;";x="a,b"', b"127.0.0.1"),
]


@pytest.mark.parametrize("kind, header, peer", PROXIES)
def test_proxy_headers_count_from_trusted_networks(start, kind, header, peer):
    request = b"GET /peer HTTP/1.1\r\nHost: x\r\n" + header + b"\r\n\r\n"
    trusting = start("--trust", "127.0.0.0/8", "--trust", "10.0.0.0/8", "--proxy-header", kind)
    assert one(trusting, request).body == peer
    assert one(start("--trust", "10.0.0.0/8", "--proxy-header", kind), request).body == b"127.0.0.1"
    assert one(start(), request).body == b"127.0.0.1"


def test_cors_answers_configured_origins_only(start):
    stack = start("--cors", "https://game.example")
    preflight = (b"OPTIONS /hello HTTP/1.1\r\nHost: x\r\nOrigin: %s\r\n"
                 b"Access-Control-Request-Method: GET\r\n\r\n")
    good = one(stack, preflight % b"https://game.example").headers
    assert good["access-control-allow-origin"] == "https://game.example"
    assert "GET" in good["access-control-allow-methods"] and good["vary"] == "Origin"
    assert "Authorization" in good["access-control-allow-headers"] and "access-control-max-age" in good
    bad = one(stack, preflight % b"https://evil.example").headers
    assert not any(name.startswith("access-control") for name in bad)
    for path, status in ((b"/hello", 200), (b"/none", 404)):
        answer = one(stack, b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nOrigin: https://game.example\r\n\r\n")
        assert answer.status == status
        assert answer.headers["access-control-allow-origin"] == "https://game.example"
        assert answer.headers["access-control-expose-headers"] == "X-Request-Id"
    assert "vary" not in one(start(), HELLO).headers


def test_tls(start, tmp_path):
    cert, key = make_certificate(tmp_path)
    stack = start("--cert", cert, "--key", key, "--loops", 2)
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


def test_tls_handshake_has_a_deadline(start, tmp_path):
    cert, key = make_certificate(tmp_path)
    stack = start("--cert", cert, "--key", key, "--header-timeout", 300)
    with Raw(stack.address) as raw:
        begin = time.monotonic()
        try:
            raw.rest()
        except ConnectionError:
            pass
        took(begin, 0.25, 5)


def test_certificate_reload(start, tmp_path):
    cert, key = make_certificate(tmp_path, "first")
    stack = start("--cert", cert, "--key", key)

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


def test_drain_finishes_what_is_in_flight(start):
    stack = start("--loops", 2)
    busy = stack.connect().send(b"GET /slow?ms=600" + HOST)
    idle = stack.connect().send(HELLO)
    assert idle.answer().status == 200
    time.sleep(0.1)
    stack.process.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    idle.send(HELLO)
    answer = idle.answer()
    assert answer.status == 200 and answer.closes and idle.rest() == b""
    answer = busy.answer()
    assert answer.body == b"slow" and answer.closes
    with pytest.raises(OSError):
        stack.connect()


def test_takeover_of_the_port_loses_no_request(start):
    first = start()
    stop, failures, done = threading.Event(), [], [0]

    def work():
        while not stop.is_set():
            try:
                with first.connect() as raw:
                    for _ in range(5):
                        answer = raw.send(HELLO).answer()
                        done[0] += 1
                        if answer.closes:
                            break
            except (OSError, AssertionError) as problem:
                failures.append(repr(problem))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    second = start("--listen", f"127.0.0.1:{first.address[1]}")
    assert first.stop() == 0
    time.sleep(0.3)
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures and done[0] > 100
    assert one(second, HELLO).status == 200


def cpu_seconds(process):
    with open(f"/proc/{process.pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


@pytest.mark.parametrize("how", ["plain", "paused", "tls"])
def test_waiting_for_a_handler_does_not_spin(start, tmp_path, how):
    """Whatever state the connection is in meanwhile: half-closed, paused, ended by TLS."""
    args = []
    if how == "tls":
        cert, key = make_certificate(tmp_path)
        args = ["--cert", cert, "--key", key]
    stack = start(*args)
    with stack.connect(tls=client_tls() if how == "tls" else None) as raw:
        raw.send(b"GET /slow?ms=1500" + HOST + (HELLO * 1000 if how == "paused" else b""))
        if how == "tls":
            raw.socket.settimeout(0.2)
            try:
                raw.socket.unwrap()
            except (OSError, ValueError):
                pass
            raw.socket.shutdown(socket.SHUT_WR)
        else:
            raw.half_close()
        time.sleep(0.3)
        before = cpu_seconds(stack.process)
        time.sleep(0.8)
        assert cpu_seconds(stack.process) - before < 0.4
        if how != "tls":
            assert raw.answer().body == b"slow"
