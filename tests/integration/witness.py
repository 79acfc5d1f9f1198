"""A proxy before hearthd that remembers what was asked and answered: what players were given, and what
instances reported. Tests hold it against what characters have in the end."""
import collections
import http.client
import http.server
import json
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def forward(self):
        witness = self.server.witness
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            connection = http.client.HTTPConnection("127.0.0.1", witness.port(), timeout=30)
            try:
                connection.request(self.command, self.path, body or None, dict(self.headers))
                reply = connection.getresponse()
                status, headers, data = reply.status, reply.headers, reply.read()
            finally:
                connection.close()
        except (OSError, http.client.HTTPException):
            witness.seen(self.command, self.path, self.headers, body, None, b"")
            self.close_connection = True  # as if this were hearthd
            return
        if witness.loses(self.command, self.path, body):
            witness.seen(self.command, self.path, self.headers, body, None, b"")
            self.close_connection = True
            return
        witness.seen(self.command, self.path, self.headers, body, status, data)
        self.send_response(status)
        for name in ("Content-Type", "Retry-After", "ETag", "WWW-Authenticate"):
            if headers.get(name):
                self.send_header(name, headers[name])
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = forward


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_):
        pass  # whoever asked is gone


Hero = collections.namedtuple("Hero", "user token character")
Report = collections.namedtuple("Report", "kind body rejected")


class Witness:
    """`port` says where hearthd listens now."""

    def __init__(self, port):
        self.port, self.lock = port, threading.Lock()
        self.loses = lambda method, path, body: False  # whether an answer gets lost on its way back
        self.users, self.heroes, self.sessions = {}, {}, {}
        self.reports = collections.defaultdict(dict)  # session -> sequence -> Report
        self.tries, self.trouble = collections.Counter(), []
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.witness = self
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def seen(self, method, path, headers, body, status, data):
        with self.lock:
            reply = json.loads(data) if data else None
            bearer = headers.get("Authorization", "").removeprefix("Bearer ")
            if path == "/session/login" and status == 200:
                self.users[reply["token"]] = reply["userId"]
            elif path == "/characters" and status == 201:
                self.heroes[reply["id"]] = Hero(self.users[bearer], bearer, reply)
            elif path.startswith("/gamesims") and path.endswith(("/updates", "/end")):
                self.report(path.split("/")[2], path.split("/")[3], json.loads(body), status, reply)
            elif path.startswith("/gamesims") and method == "POST" and status in (200, 201) and reply:
                self.sessions.setdefault(reply["gameSimId"], reply["instance"]["id"])
            elif status in (400, 403, 404, 500):
                self.trouble.append((method, path, status, reply, body))

    def report(self, session, kind, body, status, reply):
        """A repetition is the same request, and no batch follows one that was not acknowledged."""
        key = session, body["sequence"]
        self.tries[key] += 1
        known = self.reports[session].setdefault(body["sequence"], Report(kind, body, []))
        if (known.kind, known.body) != (kind, body):
            self.trouble.append(("another batch under the same number", session, body))
        if status == 200:
            known.rejected[:] = reply["rejected"]
        elif status is not None and status < 500 and status != 429:
            self.trouble.append((kind, session, status, reply))

    def earned(self, character):
        """What all sessions have reported of it: experience, coins, items."""
        experience, gold, items = 0, 0, collections.Counter()
        for reports in self.reports.values():
            for report in reports.values():
                refused = {entry["index"] for entry in report.rejected}
                for index, event in enumerate(report.body["events"]):
                    if event["characterId"] != character or index in refused:
                        continue
                    if event["type"] == "experience":
                        experience += event["amount"]
                    elif event["type"] == "currency":
                        gold += event["gold"]
                    elif event["type"] == "loot":
                        items[event["itemId"]] += event["quantity"]
        return experience, gold, items
