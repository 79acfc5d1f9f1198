"""Bytes on a socket: what a hostile or broken client sends, and what comes back."""
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import threading
import time
import warnings

from hearth import BUILD, DEADLINE, wait_until

HOST = b" HTTP/1.1\r\nHost: x\r\n\r\n"
HELLO = b"GET /hello" + HOST


class Answer:
    """One response of a stream; `rest` is what followed it."""

    def __init__(self, stream, head_only=False):
        head, found, rest = stream.partition(b"\r\n\r\n")
        assert found, f"no response: {stream[:200]!r}"
        lines = head.decode("latin1").split("\r\n")
        match = re.fullmatch(r"HTTP/1\.1 (\d{3}) .*", lines[0])
        assert match, lines[0]
        self.status = int(match.group(1))
        pairs = [line.split(": ", 1) for line in lines[1:]]
        assert all(len(pair) == 2 for pair in pairs), lines
        self.headers = {}
        for name, value in pairs:
            assert name.lower() not in self.headers or name.lower() == "vary", name
            self.headers[name.lower()] = value
        length = int(self.headers.get("content-length", 0))
        if head_only or self.status in (204, 304) or self.status < 200:
            length = 0
        assert len(rest) >= length, "the body is cut"
        self.body, self.rest = rest[:length], rest[length:]

    @property
    def closes(self):
        return self.headers.get("connection") == "close"


class Raw:
    """A connection."""

    def __init__(self, address, tls=None, timeout=DEADLINE, receive_buffer=None):
        self.socket = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(address)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self.stream = b""

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Closes with RST."""
        import struct
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)
        return self

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)
        return self

    def answer(self, head_only=False):
        """The next response on this connection."""
        while True:
            try:
                answer = Answer(self.stream, head_only)
                self.stream = answer.rest
                return answer
            except AssertionError as problem:
                if str(problem).split("\n")[0] not in ("the body is cut",) and \
                        not str(problem).startswith("no response"):
                    raise
            more = self.socket.recv(65536)
            assert more, f"closed before a whole response: {self.stream[:200]!r}"
            self.stream += more

    def rest(self):
        """Everything until the server closes; a reset is an error."""
        while True:
            more = self.socket.recv(65536)
            if not more:
                data, self.stream = self.stream, b""
                return data
            self.stream += more


class Stack:
    """core/net and core/http alone: tests/http_server."""

    def __init__(self, args=(), program=None):
        self.args = [str(program or BUILD / "tests/http_test_server"), *map(str, args)]
        self.process = subprocess.Popen(self.args, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True)
        self.errors = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        line = self.process.stdout.readline()
        assert line.startswith("ready "), "".join(self.errors)
        host, port = line.split()[1].rsplit(":", 1)
        self.address = (host.strip("[]"), int(port))

    def _read(self):
        for line in self.process.stderr:
            self.errors.append(line)

    def connect(self, **options):
        return Raw(self.address, **options)

    def log_has(self, text):
        wait_until(lambda: any(text in line for line in self.errors), f"log says {text}")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(DEADLINE)
        self.reader.join(5)
        self.process.stdout.close()
        self.process.stderr.close()
        return status


def one(target, data, **options):
    """Sends everything at once; the first response."""
    with target.connect(**options) as raw:
        return raw.send(data).answer()


def make_certificate(directory, name="localhost"):
    cert, key = pathlib.Path(directory) / "cert.pem", pathlib.Path(directory) / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-keyout", str(key), "-out", str(cert), "-days", "2", "-subj",
                    f"/CN={name}"], check=True, capture_output=True)
    return cert, key


def client_tls(alpn=None, maximum=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(alpn)
    if maximum:
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old versions are what is tried here
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = maximum
    return context


def took(start_time, low, high):
    assert low <= time.monotonic() - start_time <= high, time.monotonic() - start_time
