"""Hostile HTTP, against the stack alone and against hearthd: every promise of strictness."""
import json
import threading
import time

import pytest
from hearth import BUILD
from rawhttp import HOST, Raw, Stack, one


class Hearthd:
    def __init__(self, server):
        self.address = ("127.0.0.1", server.port)

    def connect(self, **options):
        return Raw(self.address, **options)


@pytest.fixture(params=["stack", "hearthd"])
def target(request):
    if request.param == "hearthd":
        if not (BUILD / "bin/hearthd").exists():
            pytest.skip("hearthd is not built")
        yield Hearthd(request.getfixturevalue("start_hearthd")())
        return
    stack = Stack(["--loops", "2"])
    yield stack
    assert stack.stop() == 0, "".join(stack.errors)


LIVE = b"GET /health/live"

MALFORMED = {
    "bare LF after the request line": LIVE + b" HTTP/1.1\nHost: x\r\n\r\n",
    "bare LF after a header": LIVE + b" HTTP/1.1\r\nHost: x\n\r\n",
    "bare LF as the closing line": LIVE + b" HTTP/1.1\r\nHost: x\r\n\n",
    "bare LF everywhere": LIVE + b" HTTP/1.1\nHost: x\n\n",
    "bare LF in front": b"\n" + LIVE + HOST,
    "two empty lines in front": b"\r\n\r\n" + LIVE + HOST,
    "bare CR in a value": LIVE + b" HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n",
    "space before the colon": LIVE + b" HTTP/1.1\r\nHost : x\r\n\r\n",
    "tab before the colon": LIVE + b" HTTP/1.1\r\nHost: x\r\nA\t: b\r\n\r\n",
    "folded header": LIVE + b" HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
    "folded first header": LIVE + b" HTTP/1.1\r\n Host: x\r\n\r\n",
    "header without a colon": LIVE + b" HTTP/1.1\r\nHost: x\r\nnothing\r\n\r\n",
    "header without a name": LIVE + b" HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n",
    "space in a header name": LIVE + b" HTTP/1.1\r\nHost: x\r\na b: c\r\n\r\n",
    "NUL in a header name": LIVE + b" HTTP/1.1\r\nHost: x\r\na\0b: c\r\n\r\n",
    "NUL in a value": LIVE + b" HTTP/1.1\r\nHost: x\r\na: b\0c\r\n\r\n",
    "no colon behind a known field": LIVE + b" HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\r\nname\r\n\r\n",
    "control character in a value": LIVE + b" HTTP/1.1\r\nHost: x\r\na: b\x01c\r\n\r\n",
    "missing Host": LIVE + b" HTTP/1.1\r\nA: b\r\n\r\n",
    "no header at all": LIVE + b" HTTP/1.1\r\n\r\n",
    "two Hosts": LIVE + b" HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "two equal Hosts": LIVE + b" HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
    "Host with a path": LIVE + b" HTTP/1.1\r\nHost: x/y\r\n\r\n",
    "Host with a user": LIVE + b" HTTP/1.1\r\nHost: a@x\r\n\r\n",
    "two spaces in the request line": b"GET  /health/live HTTP/1.1\r\nHost: x\r\n\r\n",
    "two spaces before the version": LIVE + b"  HTTP/1.1\r\nHost: x\r\n\r\n",
    "space behind the version": LIVE + b" HTTP/1.1 \r\nHost: x\r\n\r\n",
    "tab in the request line": b"GET\t/health/live HTTP/1.1\r\nHost: x\r\n\r\n",
    "HTTP/0.9": LIVE + b"\r\n\r\n",
    "HTTP/0.9 with version": LIVE + b" HTTP/0.9\r\nHost: x\r\n\r\n",
    "HTTP/1.2": LIVE + b" HTTP/1.2\r\nHost: x\r\n\r\n",
    "HTTP/2.0": LIVE + b" HTTP/2.0\r\nHost: x\r\n\r\n",
    "HTTP/1": LIVE + b" HTTP/1\r\nHost: x\r\n\r\n",
    "HTTP/1.10": LIVE + b" HTTP/1.10\r\nHost: x\r\n\r\n",
    "HTTP/01.1": LIVE + b" HTTP/01.1\r\nHost: x\r\n\r\n",
    "http/1.1": LIVE + b" http/1.1\r\nHost: x\r\n\r\n",
    "RTSP": b"DESCRIBE /health/live RTSP/1.0\r\nHost: x\r\n\r\n",
    "RTSP with GET": LIVE + b" RTSP/1.0\r\nHost: x\r\n\r\n",
    "ICE": b"SOURCE /health/live ICE/1.0\r\nHost: x\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "CONNECT": b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n",
    "asterisk with GET": b"GET * HTTP/1.1\r\nHost: x\r\n\r\n",
    "relative target": b"GET health/live HTTP/1.1\r\nHost: x\r\n\r\n",
    "other scheme": b"GET ftp://x/health/live HTTP/1.1\r\nHost: x\r\n\r\n",
    "fragment": b"GET /health/live#a HTTP/1.1\r\nHost: x\r\n\r\n",
    "raw UTF-8 in the target": "GET /häalth HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    "NUL in the target": b"GET /health\0live HTTP/1.1\r\nHost: x\r\n\r\n",
    "lower-case method is no token problem, but unknown": b"G@T /health/live HTTP/1.1\r\nHost: x\r\n\r\n",
}

PATHS = [b"//", b"/health//live", b"/health/live/", b"/./health/live", b"/health/../health/live",
         b"/health/%2e%2e/live", b"/%2E/x", b"/health%2Flive", b"/health%2flive", b"/health/%00",
         b"/health/%", b"/health/%4", b"/health/%zz", b"/health/%ff", b"/health/%c0%af",
         b"/health/%ed%a0%80"]

POST = b"POST /session/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"

FRAMING = {
    "length and chunked": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked and length": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "two equal lengths": b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "list of lengths": b"Content-Length: 2, 2\r\n\r\n{}",
    "negative length": b"Content-Length: -2\r\n\r\n{}",
    "signed length": b"Content-Length: +2\r\n\r\n{}",
    "hexadecimal length": b"Content-Length: 0x2\r\n\r\n{}",
    "fractional length": b"Content-Length: 2.0\r\n\r\n{}",
    "empty length": b"Content-Length: \r\n\r\n{}",
    "overflowing length": b"Content-Length: 99999999999999999999999\r\n\r\n{}",
    "gzip, chunked": b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked, chunked": b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked, gzip": b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "identity": b"Transfer-Encoding: identity\r\n\r\n",
    "xchunked": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked in quotes": b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    "two encodings": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "vertical tab before chunked": b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
}

CHUNKS = {
    "bare LF behind a size": b"2\n{}\r\n0\r\n\r\n",
    "bare LF behind the data": b"2\r\n{}\n0\r\n\r\n",
    "bare LF behind the last size": b"2\r\n{}\r\n0\n\r\n",
    "bare LF as the last line": b"2\r\n{}\r\n0\r\n\n",
    "bare CR behind a size": b"2\r{}\r\n0\r\n\r\n",
    "too much data": b"2\r\n{}}\r\n0\r\n\r\n",
    "negative size": b"-2\r\n{}\r\n0\r\n\r\n",
    "prefixed size": b"0x2\r\n{}\r\n0\r\n\r\n",
    "size with a space in front": b" 2\r\n{}\r\n0\r\n\r\n",
    "size with a space behind": b"2 \r\n{}\r\n0\r\n\r\n",
    "empty size": b"\r\n{}\r\n0\r\n\r\n",
    "size without end": b"0" * 40 + b"2\r\n{}\r\n0\r\n\r\n",
    "control character in an extension": b"2;a=\x01\r\n{}\r\n0\r\n\r\n",
    "endless extension": b"2;" + b"a" * 5000 + b"\r\n{}\r\n0\r\n\r\n",
    "endless trailers": b"2\r\n{}\r\n0\r\n" + b"a: b\r\n" * 5000 + b"\r\n",
    "trailer without a colon": b"2\r\n{}\r\n0\r\nnothing\r\n\r\n",
    "folded trailer": b"2\r\n{}\r\n0\r\na: b\r\n c\r\n\r\n",
}


def refused(target, data, status, code):
    """One error of the one shape, then the end of the connection, without a reset."""
    with target.connect() as raw:
        raw.send(data + LIVE + HOST)
        answer = raw.answer()
        assert answer.status == status, answer.body
        body = json.loads(answer.body)
        assert set(body) == {"error", "code", "requestId"} and body["code"] == code
        assert body["requestId"] == answer.headers["x-request-id"]
        assert answer.headers["content-type"].startswith("application/json")
        assert answer.closes
        assert raw.rest() == b"", "the connection went on behind an error of framing"


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_head_is_400_and_closes(target, name):
    refused(target, MALFORMED[name], 400, "INVALID_REQUEST")


@pytest.mark.parametrize("name", FRAMING)
def test_ambiguous_framing_is_400_and_closes(target, name):
    refused(target, POST + FRAMING[name], 400, "INVALID_REQUEST")


@pytest.mark.parametrize("name", CHUNKS)
def test_bad_chunks_are_400_and_close(target, name):
    path = b"/echo" if isinstance(target, Stack) else b"/session/login"
    head = POST.replace(b"/session/login", path) + b"Transfer-Encoding: chunked\r\n\r\n"
    refused(target, head + CHUNKS[name], 400, "INVALID_REQUEST")


def test_transfer_encoding_in_http10_is_400(target):
    refused(target, b"POST /session/login HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
            "INVALID_REQUEST")


@pytest.mark.parametrize("path", PATHS)
def test_unclean_path_is_400(target, path):
    answer = one(target, b"GET " + path + HOST)
    assert answer.status == 400 and json.loads(answer.body)["code"] == "INVALID_REQUEST"


def test_bytewise_delivery_changes_nothing(target):
    with target.connect() as raw:
        for byte in LIVE + HOST:
            raw.send(bytes([byte]))
        assert raw.answer().status == 200
        for byte in b"GET /health/live HTTP/1.1\nHost: x\r\n\r\n":
            try:
                raw.send(bytes([byte]))
            except OSError:
                break
        assert raw.answer().status == 400


def padded(total):
    """Header lines of exactly `total` bytes, their ends included."""
    lines = b"Host: x\r\n"
    while total - len(lines) > 1100:
        lines += b"A: " + b"b" * 995 + b"\r\n"
    return lines + b"A: " + b"b" * (total - len(lines) - 5) + b"\r\n"


def test_header_block_limit_is_inclusive(target):
    assert one(target, LIVE + b" HTTP/1.1\r\n" + padded(16384) + b"\r\n").status == 200
    refused(target, LIVE + b" HTTP/1.1\r\n" + padded(16385) + b"\r\n", 431, "HEADERS_TOO_LARGE")


def test_header_block_without_end_is_431(target):
    with target.connect() as raw:
        raw.send(LIVE + b" HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 20000)
        assert raw.answer().status == 431


def test_too_many_headers_are_431(target):
    refused(target, LIVE + b" HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 200 + b"\r\n", 431,
            "HEADERS_TOO_LARGE")


def test_target_limit_is_inclusive(target):
    fits = b"GET /health/live?" + b"a" * (8192 - 13) + HOST
    assert one(target, fits).status == 200
    refused(target, fits.replace(b"?", b"?a"), 414, "URI_TOO_LONG")


def test_target_without_end_is_414(target):
    with target.connect() as raw:
        raw.send(b"GET /" + b"a" * 9000)
        assert raw.answer().status == 414


def test_body_limit_is_inclusive(target):
    for body, status in ((b" " * 65536, None), (b" " * 65537, 413)):
        answer = one(target, POST.replace(b"/session/login", b"/echo" if isinstance(target, Stack)
                                          else b"/session/login") +
                     b"Content-Length: %d\r\n\r\n" % len(body) + body)
        assert (answer.status == 413) == (status == 413)
        if status:
            assert json.loads(answer.body)["code"] == "BODY_TOO_LARGE"


def test_chunked_body_limit_is_inclusive(target):
    path = b"/echo" if isinstance(target, Stack) else b"/session/login"
    head = POST.replace(b"/session/login", path) + b"Transfer-Encoding: chunked\r\n\r\n"
    fits = b"8000\r\n" + b" " * 32768 + b"\r\n8000\r\n" + b" " * 32768 + b"\r\n"
    assert one(target, head + fits + b"0\r\n\r\n").status != 413
    answer = one(target, head + fits + b"1\r\n \r\n0\r\n\r\n")
    assert answer.status == 413 and answer.closes


def test_huge_announced_body_is_refused_without_reading_it(target):
    answer = one(target, POST + b"Content-Length: 9000000000000\r\n\r\n")
    assert answer.status in (404, 413) and answer.closes


def test_error_is_not_lost_while_the_client_still_sends(target):
    with target.connect() as raw:
        raw.send(POST + b"Content-Length: 150000\r\n\r\n")
        for _ in range(15):
            raw.send(b"x" * 10000)
            time.sleep(0.01)
        assert raw.answer().status in (404, 413)


def test_unknown_path_is_404_and_the_connection_goes_on(target):
    with target.connect() as raw:
        raw.send(b"POST /none HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde" + LIVE + HOST)
        answer = raw.answer()
        assert answer.status == 404 and json.loads(answer.body)["code"] == "NOT_FOUND"
        assert raw.answer().status == 200


def test_wrong_method_is_405_with_allow(target):
    answer = one(target, b"DELETE /health/live" + HOST)
    assert answer.status == 405 and json.loads(answer.body)["code"] == "METHOD_NOT_ALLOWED"
    assert {"GET", "HEAD"} <= set(answer.headers["allow"].split(", "))
    assert one(target, b"FROBNICATE /health/live" + HOST).status == 405


def test_head_has_the_length_and_no_body(target):
    with target.connect() as raw:
        raw.send(b"HEAD /health/live" + HOST)
        answer = raw.answer(head_only=True)
        assert answer.status == 200 and int(answer.headers["content-length"]) > 0
        raw.send(LIVE + HOST)
        assert raw.answer().status == 200


def test_options_names_the_methods(target):
    answer = one(target, b"OPTIONS /health/live" + HOST)
    assert answer.status == 204 and "GET" in answer.headers["allow"]
    assert one(target, b"OPTIONS *" + HOST).status == 204


def test_pipelined_requests_are_answered_in_order(target):
    with target.connect() as raw:
        raw.send(b"".join(b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Request-Id: r%d\r\n\r\n" % i
                          for i in range(500)))
        for i in range(500):
            answer = raw.answer()
            assert answer.status == 200 and answer.headers["x-request-id"] == f"r{i}"


def test_half_closed_client_gets_its_answers(target):
    with target.connect() as raw:
        raw.send(LIVE + HOST + LIVE + HOST).half_close()
        assert raw.answer().status == 200
        assert raw.answer().status == 200
        assert raw.rest() == b""


def test_keep_alive_and_close(target):
    with target.connect() as raw:
        raw.send(LIVE + b" HTTP/1.0\r\n\r\n")
        answer = raw.answer()
        assert answer.status == 200 and answer.closes and raw.rest() == b""
    with target.connect() as raw:
        raw.send(LIVE + b" HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert raw.answer().headers["connection"] == "keep-alive"
        raw.send(LIVE + b" HTTP/1.1\r\nHost: x\r\nConnection: foo, Close\r\n\r\n")
        assert raw.answer().closes and raw.rest() == b""


def test_absolute_form_is_understood(target):
    assert one(target, b"GET http://example.com/health/live HTTP/1.1\r\nHost: x\r\n\r\n").status == 200


def test_upgrade_is_ignored(target):
    head = b" HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    with target.connect() as raw:
        raw.send(LIVE + head + b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n" + LIVE + HOST)
        assert raw.answer().status == 200
        assert raw.answer().status == 200


def test_unknown_expectation_is_417(target):
    answer = one(target, POST + b"Expect: a-lot\r\nContent-Length: 2\r\n\r\n{}")
    assert answer.status == 417


@pytest.mark.parametrize("given, kept", [(b"abc.D-1_", True), (b"a" * 128, True), (b"a" * 129, False),
                                         (b"", False), (b"a b", False), (b"<script>", False)])
def test_request_id_is_the_clients_when_it_is_clean(target, given, kept):
    answer = one(target, LIVE + b" HTTP/1.1\r\nHost: x\r\nX-Request-Id: " + given + b"\r\n\r\n")
    assert (answer.headers["x-request-id"].encode() == given) == kept
    assert answer.headers["x-request-id"]


def test_random_bytes_never_hurt(target):
    import random
    dice = random.Random(7)
    for _ in range(60):
        data = bytes(dice.choice(b"GET /HTP1.\r\n: \x00\xff%{}chunkedContent-Length") for _ in range(400))
        with target.connect() as raw:
            try:
                raw.send(data).half_close()
                raw.rest()
            except ConnectionError:
                pass
    assert one(target, LIVE + HOST).status == 200


def test_flood_of_connections_is_survived(target):
    def flood():
        for _ in range(40):
            with target.connect() as raw:
                raw.send(LIVE[:7])

    threads = [threading.Thread(target=flood) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert one(target, LIVE + HOST).status == 200
