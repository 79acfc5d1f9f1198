"""Real processes for the integration tests: hearthd with etc/ as shipped but for the cost of a
password, on a port of the kernel's choosing, its data in a directory of the test's own; and a small
HTTP client."""
import array
import ctypes
import fcntl
import http.client
import json
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import termios
import threading
import time
import weakref

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = (ROOT / os.environ.get("HEARTH_BUILD", "build/dev")).resolve()
LOOPS = os.environ.get("HEARTH_LOOPS", "auto")
PASSWORD = "correct horse battery"
DEADLINE = 30.0
# A password hash as shipped takes 64 MiB and a tenth of a second, twice for each player.
CHEAP_PASSWORDS = ["--set", "auth.argon2_memory=8k", "--set", "auth.argon2_passes=1"]


def die_with_parent():
    """In a child before exec: no server outlives a test run that was killed."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def wait_until(condition, what, deadline=DEADLINE):
    """The first true value of condition(); fails after the deadline."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise AssertionError(f"not within {deadline} s: {what}")
        time.sleep(0.02)


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


class Client:
    """One address of hearthd, and perhaps somebody's token. A connection per request."""

    def __init__(self, host, port, token=None, user_id=None):
        self.host, self.port, self.token, self.user_id = host, port, token, user_id

    def request(self, method, path, body=None, headers=None, timeout=DEADLINE):
        send = dict(headers or {})
        if self.token and "Authorization" not in send:
            send["Authorization"] = "Bearer " + self.token
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if body is not None and "Content-Type" not in send:
            send["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            connection.request(method, path, body, send)
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path, **kw):
        return self.request("GET", path, **kw)

    def post(self, path, body=None, **kw):
        return self.request("POST", path, body, **kw)

    def patch(self, path, body=None, **kw):
        return self.request("PATCH", path, body, **kw)

    def delete(self, path, body=None, **kw):
        return self.request("DELETE", path, body, **kw)

    def player(self, name, password=PASSWORD):
        """A client with a new account, logged in."""
        made = self.post("/accounts", {"username": name, "password": password})
        assert made.status == 201, made
        session = self.post("/session/login", {"username": name, "password": password})
        assert session.status == 200, session
        return Client(self.host, self.port, session.json["token"], session.json["userId"])


class Hearthd(Client):
    """A running hearthd. Every line of its log is in .log, as parsed JSON (or as text)."""

    alive = weakref.WeakSet()  # each one that a test still holds
    directory = None  # its own; a test may start one without

    def __init__(self, directory, args=(), etc=None, loops=None, plugin_dir=None, env=None,
                 wait=True, prefix=(), program=None, storage=()):
        super().__init__("127.0.0.1", 0)
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.etc = pathlib.Path(etc) if etc else ROOT / "etc"
        self.storage = storage
        # What the tool is told as well, so that both mean the same game.
        self.place = ["--config", str(self.etc / "hearth.yaml"), "--data-dir",
                      str(self.directory / "data"), "--plugin-dir",
                      str(plugin_dir or BUILD / "plugins"), *storage]
        has_players = (self.etc / "plugins.d/auth.yaml").exists() and "auth" not in args
        self.args = [*prefix, str(program or BUILD / "bin/hearthd"), *self.place,
                     "--listen", "127.0.0.1:0", "--loops", str(loops or LOOPS),
                     *(CHEAP_PASSWORDS if has_players else []), *map(str, args)]
        self.env = {**os.environ, **(env or {})}
        self.process = None
        self.start(wait)

    def start(self, wait=True):
        self.lines, self.reading = [], threading.Lock()
        self.process = subprocess.Popen(self.args, stderr=subprocess.PIPE, env=self.env,
                                        preexec_fn=die_with_parent)
        self.reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self.reader.start()
        self.alive.add(self)
        if wait:
            self.wait_ready()

    def _read(self, process):
        pipe, rest = process.stderr.fileno(), b""
        readable = select.poll()
        readable.register(pipe, select.POLLIN)
        while readable.poll():
            with self.reading:
                data = os.read(pipe, 65536)
                *lines, rest = (rest + (data or b"\n")).split(b"\n")
                for line in filter(None, lines):
                    self._take(line.decode(errors="replace"))
            if not data:
                return

    def _take(self, line):
        try:
            self.lines.append(json.loads(line))
        except ValueError:
            self.lines.append({"message": line})

    def _has_more(self):
        unread = array.array("i", [0])
        fcntl.ioctl(self.process.stderr, termios.FIONREAD, unread)
        return unread[0] > 0

    @property
    def log(self):
        """All that it has written until now: what it said before it answered is there."""
        end = time.monotonic() + DEADLINE
        while self.reader.is_alive() and self._has_more() and time.monotonic() < end:
            time.sleep(0.001)
        with self.reading:
            return list(self.lines)

    def messages(self):
        return [str(line.get("message", "")) for line in self.log]

    def _address(self):
        if self.process.poll() is not None:
            self.reader.join(5)
            raise AssertionError(f"hearthd ended with {self.process.returncode}:\n" +
                                 "\n".join(self.messages()[-30:]))
        for message in self.messages():
            found = re.search(r"(?:ready|listening).*?127\.0\.0\.1:(\d+)", message)
            if found:
                return int(found.group(1))
        return None

    def wait_ready(self, deadline=DEADLINE):
        self.port = wait_until(self._address, "hearthd says where it listens", deadline)
        wait_until(lambda: self.get("/health/ready").status == 200, "/health/ready answers 200",
                   deadline)

    def stop(self, sig=signal.SIGTERM, deadline=DEADLINE):
        """Its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(sig)
        try:
            self.process.wait(deadline)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("hearthd did not end:\n" + "\n".join(self.messages()[-30:]))
        finally:
            self.reader.join(5)
        return self.process.returncode

    def kill(self):
        """As a power cut would."""
        self.process.kill()
        self.process.wait()
        self.reader.join(5)

    def restart(self):
        self.start()


def copy_etc(directory):
    """etc/ as shipped, in a directory of the test's own, to be changed."""
    target = pathlib.Path(directory) / "etc"
    shutil.copytree(ROOT / "etc", target, symlinks=True)
    return target


def tool(*args, input=None, env=None, timeout=60):
    """Runs the `hearth` command."""
    return subprocess.run([str(BUILD / "bin/hearth"), *map(str, args)], input=input, text=True,
                          capture_output=True, timeout=timeout, env={**os.environ, **(env or {})})
