"""The fault proxy itself: each fault does what its name says to an echo server, and no more."""
import contextlib
import socket
import threading
import time

import pytest

from fault_proxy import FaultProxy
from hearth import wait_until


class Echo:
    """Answers every line with itself; remembers what reached it."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lines = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes the accept, which holds the port
        self.listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        try:
            with connection, connection.makefile("rb") as lines:
                for line in lines:
                    self.lines.append(line)
                    connection.sendall(line)
        except OSError:
            pass


@pytest.fixture
def echo():
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def proxy(echo):
    with FaultProxy(echo.port) as proxy:
        yield proxy


class Line:
    """A client of the echo server, through the proxy."""

    def __init__(self, proxy, timeout=10):
        self.socket = socket.create_connection(("127.0.0.1", proxy.port), timeout)

    def send(self, text):
        self.socket.sendall(text)
        return self

    def receive(self, size):
        """So many bytes, or fewer if the connection ends first."""
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                break
            data += more
        return data

    def hears_nothing(self, seconds=0.3):
        self.socket.settimeout(seconds)
        with pytest.raises(socket.timeout):
            self.socket.recv(1)
        self.socket.settimeout(10)

    def is_cut(self):
        with pytest.raises(ConnectionResetError):
            while self.socket.recv(65536):
                pass
            raise AssertionError("ended in peace")


def test_it_passes_bytes_both_ways_and_ends_in_peace(proxy):
    line = Line(proxy)
    assert line.send(b"hello\n").receive(6) == b"hello\n"
    big = b"x" * 3_000_000 + b"\n"
    threading.Thread(target=line.send, args=(big,)).start()
    assert line.receive(len(big)) == big
    line.socket.shutdown(socket.SHUT_WR)
    assert line.receive(1) == b""
    assert proxy.counters["request_bytes"] == proxy.counters["reply_bytes"] == len(big) + 6
    wait_until(lambda: proxy.open_connections == 0, "the connection is forgotten")


def test_cut_resets_what_is_open_and_welcomes_what_comes(proxy):
    lines = [Line(proxy) for _ in range(3)]
    for line in lines:
        assert line.send(b"a\n").receive(2) == b"a\n"
    proxy.cut()
    for line in lines:
        line.is_cut()
    assert proxy.counters["cut"] == 3
    assert Line(proxy).send(b"b\n").receive(2) == b"b\n"


def test_freeze_holds_everything_until_pass_through(proxy, echo):
    old = Line(proxy)
    assert old.send(b"a\n").receive(2) == b"a\n"
    proxy.freeze()
    new = Line(proxy)
    old.send(b"old\n").hears_nothing()
    new.send(b"new\n").hears_nothing()
    assert echo.lines == [b"a\n"]
    proxy.pass_through()
    assert (old.receive(4), new.receive(4)) == (b"old\n", b"new\n")


def test_a_frozen_connection_can_be_cut(proxy):
    proxy.freeze()
    line = Line(proxy).send(b"a\n")
    wait_until(lambda: proxy.open_connections == 1, "it is accepted")
    proxy.cut()
    line.is_cut()


def test_delay_holds_answers_and_not_requests(proxy, echo):
    proxy.delay(1.5)
    line = Line(proxy)
    start = time.monotonic()
    line.send(b"1\n")
    wait_until(lambda: echo.lines == [b"1\n"], "the request arrives", 1.4)
    line.send(b"2\n")
    assert line.receive(4) == b"1\n2\n"
    assert 1.5 <= time.monotonic() - start < 2.9  # held at once, not one after the other
    proxy.pass_through()
    start = time.monotonic()
    assert line.send(b"3\n").receive(2) == b"3\n"
    assert time.monotonic() - start < 1.4


def test_swallowed_replies_never_come_and_requests_arrive(proxy, echo):
    line = Line(proxy)
    assert line.send(b"a\n").receive(2) == b"a\n"
    proxy.swallow_replies()
    line.send(b"b\n").hears_nothing()
    assert echo.lines == [b"a\n", b"b\n"]
    proxy.pass_through()
    line.send(b"c\n").hears_nothing()  # an answer must not be taken for that of an earlier request
    wait_until(lambda: proxy.counters["swallowed_bytes"] == 4, "both were swallowed")
    assert Line(proxy).send(b"d\n").receive(2) == b"d\n"
    proxy.cut()
    line.is_cut()


def test_a_reply_is_cut_in_its_middle(proxy, echo):
    old = Line(proxy)
    assert old.send(b"a\n").receive(2) == b"a\n"
    proxy.cut_reply_after(4)
    for line in (old, Line(proxy)):
        line.send(b"long answer\n")
        assert line.receive(4) == b"long"
        line.is_cut()
    assert echo.lines[1:] == [b"long answer\n"] * 2
    assert proxy.counters["cut_in_reply"] == 2
    proxy.pass_through()
    assert Line(proxy).send(b"long answer\n").receive(12) == b"long answer\n"


def test_refuse_turns_new_connections_away_only(proxy):
    old = Line(proxy)
    assert old.send(b"a\n").receive(2) == b"a\n"
    proxy.refuse()
    with pytest.raises(ConnectionError):
        if not Line(proxy).send(b"b\n").socket.recv(1):
            raise ConnectionError("closed")
    assert old.send(b"c\n").receive(2) == b"c\n"
    assert proxy.counters["refused"] == 1
    proxy.pass_through()
    assert Line(proxy).send(b"d\n").receive(2) == b"d\n"


def test_an_upstream_that_is_away_ends_the_connection_and_may_come_back(proxy, echo):
    echo.close()
    with pytest.raises(ConnectionError):
        if not Line(proxy).send(b"a\n").socket.recv(1):
            raise ConnectionError("closed")
    wait_until(lambda: proxy.counters["unreachable"] == 1, "it is counted")
    again = socket.create_server(("127.0.0.1", echo.port))
    line = Line(proxy)
    server, _ = again.accept()
    server.sendall(b"back\n")
    assert line.receive(5) == b"back\n"
    server.close()
    again.close()
