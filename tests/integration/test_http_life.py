"""The HTTP stack alone: requests that move and outlive, and servers that come and go."""
import json
import resource
import signal
import socket
import threading
import time

import pytest
from hearth import wait_until
from rawhttp import HELLO, HOST, client_tls, make_certificate, one


@pytest.mark.parametrize("path", [b"/slow?ms=5000", b"/hop?loop=0&ms=5000", b"/hop?loop=1&ms=5000"])
def test_application_learns_that_the_client_is_gone(start_stack, path):
    stack = start_stack("--loops", 2)
    raw = stack.connect()
    raw.send(b"GET " + path + HOST)
    time.sleep(0.1)
    raw.reset()
    stack.log_has("gone")
    assert one(stack, HELLO).status == 200


@pytest.mark.parametrize("path", [b"/slow?ms=200&early=1", b"/hop?loop=0&ms=200&early=1",
                                  b"/hop?loop=1&ms=200&early=1"])
def test_request_outlives_its_reply_and_its_connection(start_stack, path):
    stack = start_stack("--loops", 2)
    for close in (False, True):
        with stack.connect() as raw:
            raw.send(b"GET " + path + HOST)
            answer = raw.answer()
            assert answer.status == 504 and json.loads(answer.body)["code"] == "TIMEOUT"
            if not close:
                assert raw.send(HELLO).answer().body == b"hello"
    time.sleep(0.3)


def test_requests_hop_between_loops_under_load(start_stack):
    stack = start_stack("--loops", 4)
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


def test_who_holds_a_loop_is_named(start_stack):
    stack = start_stack()
    one(stack, b"GET /stall?ms=200" + HOST)
    stack.log_has('test holds an event loop: route \\"/stall\\"')


def test_drain_finishes_what_is_in_flight(start_stack):
    stack = start_stack("--loops", 2)
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


def test_what_waits_in_the_backlog_is_served_at_the_end(start_stack):
    stack = start_stack()
    holder = stack.connect().send(b"GET /stall?ms=800" + HOST)
    time.sleep(0.2)
    stack.process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    answer = one(stack, HELLO)
    assert answer.body == b"hello" and answer.closes
    holder.close()


def cpu_seconds(process):
    with open(f"/proc/{process.pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


@pytest.mark.parametrize("how", ["plain", "paused", "tls"])
def test_waiting_for_a_handler_does_not_spin(start_stack, tmp_path, how):
    """Whatever state the connection is in meanwhile: half-closed, paused, ended by TLS."""
    args = []
    if how == "tls":
        cert, key = make_certificate(tmp_path)
        args = ["--cert", cert, "--key", key]
    stack = start_stack(*args)
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


def test_without_descriptors_it_waits_and_goes_on(start_stack):
    stack = start_stack()
    pid, hard = stack.process.pid, resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert one(stack, HELLO).status == 200
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, hard))
    with stack.connect() as raw:
        raw.send(HELLO)
        stack.log_has("cannot accept connections")
        before = cpu_seconds(stack.process)
        time.sleep(0.5)
        assert cpu_seconds(stack.process) - before < 0.3
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))
        assert raw.answer().body == b"hello"


def test_both_families_on_one_listener(start_stack):
    stack = start_stack("--listen", "*:0")
    for address, peer in (("127.0.0.1", b"127.0.0.1"), ("::1", b"::1")):
        stack.address = (address, stack.address[1])
        assert one(stack, b"GET /peer" + HOST).body == peer


def test_log_has_errors_and_slow_requests_only(start_stack):
    stack = start_stack("--slow-request", 100)
    request = b"GET %s HTTP/1.1\r\nHost: x\r\nX-Request-Id: %s\r\n\r\n"
    for path, name in ((b"/hello", b"fast"), (b"/none", b"missing"), (b"/slow?ms=150&q=secret", b"slow"),
                       (b"/nothing", b"broken")):
        one(stack, request % (path, name))
    wait_until(lambda: len(stack.errors) >= 2, "two lines")
    lines = {line["requestId"]: line for line in map(json.loads, stack.errors)}
    assert set(lines) == {"slow", "broken"}
    assert lines["slow"]["status"] == 200 and lines["slow"]["ms"] >= 100
    assert lines["slow"]["route"] == "/slow" and lines["broken"]["status"] == 500
    assert "secret" not in "".join(stack.errors)
