"""The HTTP stack alone: time, back-pressure, limits, paths, proxies, CORS."""
import json
import socket
import time

import pytest
from hearth import wait_until
from rawhttp import HELLO, HOST, one, took


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


def test_slow_head_is_408_however_it_drips(start_stack):
    stack = start_stack("--header-timeout", 400)
    with stack.connect() as raw:
        begin = time.monotonic()
        drip(raw, b"GET /hello HTTP/1.1\r\nHost: x\r\n" + b"A: " + b"b" * 200, 0.05)
        answer = raw.answer()
        took(begin, 0.35, 5)
        assert answer.status == 408 and answer.closes
        assert json.loads(answer.body)["code"] == "REQUEST_TIMEOUT"
        assert raw.rest() == b""


def test_slow_body_is_408_however_it_drips(start_stack):
    stack = start_stack("--body-timeout", 400)
    for framing in (b"Content-Length: 500\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n200\r\n"):
        with stack.connect() as raw:
            begin = time.monotonic()
            raw.send(b"POST /echo HTTP/1.1\r\nHost: x\r\n" + framing)
            drip(raw, b"b" * 200, 0.05)
            answer = raw.answer()
            took(begin, 0.35, 5)
            assert answer.status == 408 and answer.closes


def test_idle_connection_is_closed_silently(start_stack):
    stack = start_stack("--idle-timeout", 300)
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


def test_requests_move_the_idle_deadline(start_stack):
    stack = start_stack("--idle-timeout", 400)
    with stack.connect() as raw:
        for _ in range(8):
            time.sleep(0.15)
            raw.send(HELLO)
            assert raw.answer().status == 200


def test_client_that_does_not_read_is_dropped(start_stack):
    stack = start_stack("--write-timeout", 300)
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


def test_large_reply_arrives_whole(start_stack):
    answer = one(start_stack(), b"GET /large?bytes=3000000" + HOST)
    assert answer.body == b"x" * 3000000


def test_reading_stops_while_a_request_is_in_flight(start_stack):
    """A client that pipelines without end is held back by TCP, not by our memory."""
    stack = start_stack()
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


def test_continue_is_sent_when_the_body_is_wanted(start_stack):
    stack = start_stack()
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


def test_routes_limit_of_the_body_is_judged_after_the_route(start_stack):
    stack = start_stack()
    assert one(stack, b"POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 16\r\n\r\n" +
               b"a" * 16).status == 200
    assert one(stack, b"POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 17\r\n\r\n" +
               b"a" * 17).status == 413
    assert one(stack, b"POST /none HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n").status == 404
    body = bytes(range(256)) * 8192
    assert one(stack, b"POST /big HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) +
               body).body == body


def test_application_may_refuse_before_the_body(start_stack):
    stack = start_stack()
    with stack.connect() as raw:
        raw.send(b"POST /private HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n")
        answer = raw.answer()
        assert answer.status == 401 and answer.headers["www-authenticate"] == "Bearer"
        raw.send(b"x" * 60000 + HELLO)
        assert raw.answer().body == b"hello"


def test_full_loop_answers_503_at_once(start_stack):
    stack = start_stack("--max-in-flight", 2)
    waiting = [stack.connect().send(b"GET /slow?ms=700" + HOST) for _ in range(2)]
    time.sleep(0.1)
    answer = one(stack, HELLO)
    assert answer.status == 503 and json.loads(answer.body)["code"] == "OVERLOADED"
    assert int(answer.headers["retry-after"]) >= 1
    for raw in waiting:
        assert raw.answer().body == b"slow"
        raw.close()
    assert one(stack, HELLO).status == 200


def test_slow_bodies_do_not_keep_others_out(start_stack):
    stack = start_stack("--max-in-flight", 2)
    slow = [stack.connect().send(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel") for _ in range(2)]
    wait_until(lambda: one(stack, HELLO).status == 503, "both are in hand")
    wait_until(lambda: one(stack, HELLO).status == 200, "they have had their time", 5)
    assert slow[0].answer().status == 408 and slow[0].rest() == b""
    assert slow[1].send(b"lo").answer().body == b"hello"
    for raw in slow:
        raw.close()


def test_connections_above_the_maximum_get_503(start_stack):
    stack = start_stack("--max-connections", 3)
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


def test_idle_connections_do_not_keep_others_out(start_stack):
    stack = start_stack("--max-connections", 3)
    idle = [stack.connect() for _ in range(2)]
    busy = stack.connect().send(b"GET /slow?ms=8000" + HOST)
    wait_until(lambda: one(stack, HELLO).status == 503, "all are taken")
    wait_until(lambda: one(stack, HELLO).status == 200, "they have had their time", 20)
    assert idle[0].rest() == b""
    assert idle[1].send(HELLO).answer().status == 200
    assert busy.answer().body == b"slow"
    for raw in (*idle, busy):
        raw.close()


def test_unanswered_request_is_500(start_stack):
    answer = one(start_stack(), b"GET /nothing" + HOST)
    assert answer.status == 500 and json.loads(answer.body)["code"] == "INTERNAL"


def test_no_body_on_204(start_stack):
    answer = one(start_stack(), b"DELETE /items/a/parts/b" + HOST)
    assert answer.status == 204 and "content-length" not in answer.headers and answer.rest == b""


def test_parameters_are_decoded_once(start_stack):
    stack = start_stack()
    for raw, value in ((b"a%20b", b"a b"), (b"%2541", b"%41"), (b"%c3%a4", "ä".encode()),
                       (b"a+b", b"a+b"), (b"%2e%2e%2e", b"...")):
        assert one(stack, b"GET /items/" + raw + HOST).body == value
    assert one(stack, b"GET /%68ello" + HOST).body == b"hello"
    assert one(stack, b"GET /items/fixed" + HOST).body == b"/items/fixed"
    assert one(stack, b"PUT /items/fixed" + HOST).status == 200
    assert one(stack, b"POST /items/fixed" + HOST).headers["allow"] == "GET, HEAD, PUT, OPTIONS"
    assert one(stack, b"GET /query?a=1&q=a%20b+c%26&q=2" + HOST).body == b"a b c&"
    assert one(stack, b"GET /query?q" + HOST).body == b""
    assert one(stack, b"GET /query?qq=1" + HOST).body == b"(none)"


def test_repeated_headers_are_joined(start_stack):
    answer = one(start_stack(), b"GET /header?name=a-b HTTP/1.1\r\nHost: x\r\nA-B: 1\r\na-b:  2 \r\nA-B:\r\n\r\n")
    assert answer.body == b"1, 2, "


def test_ipv6(start_stack):
    stack = start_stack("--listen", "[::1]:0")
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
def test_proxy_headers_count_from_trusted_networks(start_stack, kind, header, peer):
    request = b"GET /peer HTTP/1.1\r\nHost: x\r\n" + header + b"\r\n\r\n"
    trusting = start_stack("--trust", "127.0.0.0/8", "--trust", "10.0.0.0/8", "--proxy-header", kind)
    assert one(trusting, request).body == peer
    assert one(start_stack("--trust", "10.0.0.0/8", "--proxy-header", kind), request).body == b"127.0.0.1"
    assert one(start_stack(), request).body == b"127.0.0.1"


def test_cors_answers_configured_origins_only(start_stack):
    stack = start_stack("--cors", "https://game.example")
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
    assert "vary" not in one(start_stack(), HELLO).headers
