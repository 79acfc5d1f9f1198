"""A TCP proxy that breaks connections on command, between a client and a real server: what a network
does to a game, done on purpose. One thread moves all bytes; a fault is in force when its call returns."""
import collections
import contextlib
import queue
import selectors
import socket
import struct
import threading
import time

CHUNK = 65536
CEILING = 1 << 20  # bytes waiting in one direction before its source is no longer read


class Direction:
    """From one end to the other: bytes that wait, each chunk with the time when it may go on."""

    def __init__(self, source, sink, reply):
        self.source, self.sink, self.reply = source, sink, reply
        self.waiting, self.size, self.ended, self.shut = collections.deque(), 0, False, False


class Connection:
    def __init__(self, client, server, answered):
        self.client, self.server = client, server
        self.up = Direction(client, server, False)
        self.down = Direction(server, client, True)
        self.connecting = True
        self.mute = False  # a reply was swallowed: what follows it would make no sense
        self.cut_at = answered  # reply bytes until it is reset, or None

    def directions(self):
        return (self.up, self.down)


class FaultProxy:
    """Listens on 127.0.0.1:port and forwards to the upstream. All methods: [any thread]."""

    def __init__(self, upstream_port, upstream_host="127.0.0.1"):
        self.upstream = (upstream_host, upstream_port)
        self.counters = collections.Counter()
        self._frozen = self._swallow = self._refuse = False
        self._delay, self._cut_after = 0.0, None
        self._connections, self._by_socket = set(), {}
        self._commands, self._stopping = queue.Queue(), False
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self._waker, self._wakened = socket.socketpair()
        self._wakened.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._wakened, selectors.EVENT_READ)
        self._now = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="fault-proxy", daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- faults ----

    def pass_through(self):
        """All faults off. A connection that has lost a reply stays mute."""
        def act():
            self._frozen = self._swallow = self._refuse = False
            self._delay, self._cut_after = 0.0, None
            for connection in self._connections:
                connection.cut_at = None
        self._do(act)

    def cut(self):
        """Resets every connection; new ones are welcome."""
        self._do(lambda: [self._reset(c, "cut") for c in list(self._connections)])

    def freeze(self):
        """Connections are accepted, and nothing moves either way until pass_through."""
        self._do(lambda: setattr(self, "_frozen", True))

    def delay(self, seconds):
        """Every answer is held that long; answers in flight at once are held at once."""
        self._do(lambda: setattr(self, "_delay", seconds))

    def swallow_replies(self):
        """Requests reach the server, answers never come back; connections stay open until cut."""
        self._do(lambda: setattr(self, "_swallow", True))

    def cut_reply_after(self, n_bytes):
        """Each connection is reset once n more bytes of its replies have passed."""
        def act():
            self._cut_after = n_bytes
            for connection in self._connections:
                connection.cut_at = n_bytes
        self._do(act)

    def refuse(self):
        """New connections are closed at once; those that are open go on."""
        self._do(lambda: setattr(self, "_refuse", True))

    def retarget(self, upstream_port):
        """Where new connections go from now on: a server that came back on another port."""
        self._do(lambda: setattr(self, "upstream", (self.upstream[0], upstream_port)))

    @property
    def open_connections(self):
        return len(self._connections)

    def close(self):
        if self._thread.is_alive():
            self._do(lambda: setattr(self, "_stopping", True))
            self._thread.join()

    # ---- the thread ----

    def _do(self, action):
        done = threading.Event()
        self._commands.put((action, done))
        self._waker.send(b"x")
        while not done.wait(0.1):
            if not self._thread.is_alive():
                raise RuntimeError("the fault proxy is closed")

    def _run(self):
        while not self._stopping:
            for key, events in self._selector.select(self._timeout()):
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj is self._wakened:
                    self._obey()
                else:
                    self._serve(key.fileobj, events)
            self._now = time.monotonic()
            for connection in list(self._connections):
                self._settle(connection)
        for connection in list(self._connections):
            self._reset(connection, "closed")
        for end in (self._listener, self._waker, self._wakened, self._selector):
            end.close()

    def _timeout(self):
        """Until the next held answer is due; what was due already waits for its sink, not for time."""
        due = [d.waiting[0][0] for c in self._connections for d in c.directions()
               if d.waiting and d.waiting[0][0] > self._now]
        return max(0.0, min(due) - time.monotonic()) if due and not self._frozen else None

    def _obey(self):
        with contextlib.suppress(BlockingIOError):
            self._wakened.recv(CHUNK)
        with contextlib.suppress(queue.Empty):
            while True:
                action, done = self._commands.get_nowait()
                action()
                done.set()

    def _accept(self):
        with contextlib.suppress(OSError):
            client, _ = self._listener.accept()
            if self._refuse:
                self.counters["refused"] += 1
                self._close(client)
                return
            self.counters["connections"] += 1
            server = socket.socket()
            for end in (client, server):
                end.setblocking(False)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            server.connect_ex(self.upstream)
            connection = Connection(client, server, self._cut_after)
            self._connections.add(connection)
            self._by_socket[client] = self._by_socket[server] = connection

    def _serve(self, end, events):
        connection = self._by_socket.get(end)
        if not connection:
            return
        if end is connection.server and connection.connecting:
            if end.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                self._reset(connection, "unreachable")
                return
            connection.connecting = False
        if events & selectors.EVENT_READ:
            self._read(connection, connection.up if end is connection.client else connection.down)

    def _read(self, connection, direction):
        try:
            data = direction.source.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            self._reset(connection, "broken")
            return
        if not data:
            direction.ended = True
            return
        if direction.reply and (self._swallow or connection.mute):
            connection.mute = True
            self.counters["swallowed_bytes"] += len(data)
            return
        due = time.monotonic() + (self._delay if direction.reply else 0.0)
        direction.waiting.append((due, data))
        direction.size += len(data)

    def _settle(self, connection):
        """Moves what may move, and watches for what may come."""
        if connection not in self._connections:
            return
        if not self._frozen and not connection.connecting:
            for direction in connection.directions():
                if connection in self._connections:
                    self._forward(connection, direction)
            if connection.up.shut and connection.down.shut:
                self._forget(connection)
        if connection in self._connections:
            self._watch(connection, connection.client, connection.up, connection.down)
            self._watch(connection, connection.server, connection.down, connection.up)

    def _forward(self, connection, direction):
        while direction.waiting and direction.waiting[0][0] <= self._now:
            due, data = direction.waiting.popleft()
            allowed = connection.cut_at if direction.reply else None
            try:
                sent = direction.sink.send(data if allowed is None else data[:allowed])
            except BlockingIOError:
                sent = 0
            except OSError:
                self._reset(connection, "broken")
                return
            direction.size -= sent
            self.counters["reply_bytes" if direction.reply else "request_bytes"] += sent
            if allowed is not None:
                connection.cut_at -= sent
                if connection.cut_at == 0:
                    self._reset(connection, "cut_in_reply")
                    return
            if sent < len(data):
                direction.waiting.appendleft((due, data[sent:]))
                return
        if direction.ended and not direction.waiting and not direction.shut:
            direction.shut = True
            with contextlib.suppress(OSError):
                direction.sink.shutdown(socket.SHUT_WR)

    def _watch(self, connection, end, incoming, outgoing):
        events = 0
        if not self._frozen and not incoming.ended and incoming.size < CEILING and \
                not connection.connecting:
            events |= selectors.EVENT_READ
        due = outgoing.waiting and outgoing.waiting[0][0] <= self._now
        if (end is connection.server and connection.connecting) or (due and not self._frozen):
            events |= selectors.EVENT_WRITE
        try:
            known = self._selector.get_key(end).events
        except KeyError:
            known = 0
        if events and not known:
            self._selector.register(end, events)
        elif events and events != known:
            self._selector.modify(end, events)
        elif known and not events:
            self._selector.unregister(end)

    def _reset(self, connection, why):
        self.counters[why] += 1
        self._forget(connection)

    def _forget(self, connection):
        self._connections.discard(connection)
        for end in (connection.client, connection.server):
            self._by_socket.pop(end, None)
            with contextlib.suppress(KeyError):
                self._selector.unregister(end)
            self._close(end)

    def _close(self, end):
        """With a reset unless both sides have said goodbye already."""
        with contextlib.suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.close()
