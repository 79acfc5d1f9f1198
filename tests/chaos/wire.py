"""A keep-alive HTTP/1.1 connection that is cheap enough for thousands of requests a second from one
Python process, and that tells a refusal from an outcome that nobody knows."""
import json
import socket


class Unknown(Exception):
    """The request may have been carried out or not: no whole answer came."""


class NotSent(Exception):
    """No connection: the server has not seen the request."""


class Answer:
    __slots__ = ("status", "headers", "body")

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The error code of a refusal."""
        try:
            return self.json.get("code", "")
        except (ValueError, AttributeError):
            return ""

    def number(self, name):
        return int(self.headers.get(name, 0))


class Wire:
    """One connection at a time to one address; opened when needed."""

    def __init__(self, port, timeout):
        self.port, self.timeout, self.socket = port, timeout, None

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket = None

    def request(self, method, path, body=None, headers=()):
        lines = [f"{method} {path} HTTP/1.1", "Host: hearth"]
        lines += [f"{name}: {value}" for name, value in headers]
        payload = b"" if body is None else body.encode()
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(payload)}"]
        message = "\r\n".join(lines).encode() + b"\r\n\r\n" + payload
        if not self.socket:
            try:
                self.socket = socket.create_connection(("127.0.0.1", self.port), self.timeout)
                self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                raise NotSent(str(error)) from None
        try:
            self.socket.sendall(message)
            return self._answer()
        except (OSError, ValueError) as error:
            self.close()
            raise Unknown(str(error)) from None

    def _answer(self):
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        lines = data[:end].decode("latin1").split("\r\n")
        status = int(lines[0].split(" ", 2)[1])
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        body = data[end + 4:]
        length = 0 if status in (204, 304) else int(headers.get("content-length", 0))
        while len(body) < length:
            body += self._more()
        if len(body) != length:
            raise ValueError("bytes after the answer")
        if headers.get("connection") == "close":
            self.close()
        return Answer(status, headers, body)

    def _more(self):
        more = self.socket.recv(65536)
        if not more:
            raise OSError("closed before a whole answer")
        return more
