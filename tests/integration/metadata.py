"""What hearth-gamesim and hearth-bot see of hearthd, in one small HTTP server whose behaviour a test
decides: it can fail, forget instances, order ends and kicks, and it remembers what it was told."""
import base64
import hashlib
import http.server
import json
import os
import struct
import threading
import time
import uuid

import netcode

REGISTER_TOKEN = "the-token-that-registers"


def claims(session, user, character, seat=0, admission=1, seed=1, hitpoints=30):
    head = struct.pack("<BBH16s16s16sQI", 1, seat, 0, session.bytes, user.bytes, character.bytes, seed, admission)
    combat = struct.pack("<BBHHH6bbBBbH16s", 5, 10, 30, hitpoints, 40, 3, 1, 2, 0, 0, 0, 7, 2, 8, 4, 5, b"Tester")
    return (head + combat).ljust(256, b"\0")


def client_id(user):
    return int.from_bytes(hashlib.blake2b(user.bytes, digest_size=8).digest(), "little")


def public_token(token, host, port, lifetime=30, timeout=5):
    """The 2048 bytes that a client is given."""
    sealed = token.request[54:]
    return (netcode.VERSION + struct.pack("<QQQ", token.protocol_id, token.expires - lifetime, token.expires) +
            token.nonce + sealed + struct.pack("<iI", timeout, 1) + netcode._address(host, port) +
            token.send_key + token.receive_key).ljust(2048, b"\0")


class Metadata:
    def __init__(self, heartbeat=1, rejoin=120):
        self.heartbeat, self.rejoin = heartbeat, rejoin
        self.lock = threading.RLock()
        self.instances, self.registrations, self.deregistered = {}, [], []
        self.heartbeats, self.reports, self.requests = [], [], []
        self.applied, self.sequences, self.gaps = {}, {}, []
        self.orders = {"drain": False, "end": [], "kick": []}
        self.active, self.fail, self.renew, self.lists = 0, None, None, 0
        self.session, self.admission, self.seats = None, 0, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self):
                size = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(size) or b"null")
                bearer = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
                with outer.lock:
                    status, reply = outer.handle(self.command, self.path, body, bearer)
                if status == 0:  # the answer is lost
                    self.close_connection = True
                    return
                data = b"" if reply is None else json.dumps(reply).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_DELETE = answer

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- what players and instances ask --------------------------------------------------------

    def handle(self, method, path, body, bearer):
        self.requests.append((method, path, body, bearer))
        parts = path.strip("/").split("/")
        if self.fail:
            verdict = self.fail(method, path, body)
            if verdict is not None:
                return verdict
        if parts[0] == "gamesim-instances":
            return self.instance_call(method, parts, body, bearer)
        if parts[0] == "gamesims" and parts[-1] in ("updates", "end"):
            return self.report(parts[1], parts[-1], body, bearer)
        return self.player_call(method, parts, body, bearer)

    def instance_call(self, method, parts, body, bearer):
        if method == "POST":
            if bearer != REGISTER_TOKEN:
                return 401, {"error": "who?", "code": "UNAUTHENTICATED"}
            self.registrations.append(body)
            made = {"id": str(uuid.uuid4()), "heartbeatSeconds": self.heartbeat, "connectKey": os.urandom(32).hex(),
                    "protocolId": os.urandom(8).hex(), "tokenLifetimeSeconds": 30, "rejoinSeconds": self.rejoin,
                    "instanceToken": "instance-" + os.urandom(8).hex()}
            self.instances[made["id"]] = dict(made, address=body["address"], port=body["port"])
            return 201, made
        if method == "GET":
            assert bearer in [i["instanceToken"] for i in self.instances.values()]
            self.lists += 1
            return 200, {"instances": [{"id": i, "activeGameSims": self.active} for i in self.instances]}
        instance = self.instances.get(parts[1])
        if instance is None:
            return 404, {"error": "gone", "code": "INSTANCE_NOT_FOUND"}
        if bearer != instance["instanceToken"]:
            return 403, {"error": "not yours", "code": "FORBIDDEN"}
        if method == "DELETE":
            del self.instances[parts[1]]
            self.deregistered.append(parts[1])
            return 204, None
        self.heartbeats.append(dict(body, id=parts[1], at=time.monotonic()))
        reply = dict(self.orders)
        self.orders = {"drain": False, "end": [], "kick": []}
        if self.renew:
            instance["instanceToken"] = reply["instanceToken"] = self.renew
            self.renew = None
        return 200, reply

    def report(self, session, kind, body, bearer):
        expected = self.sequences.get(session, 0) + 1
        if body["sequence"] > expected:
            self.gaps.append((session, body["sequence"]))
            return 409, {"error": "gap", "code": "SEQUENCE_GAP", "expected": expected}
        self.reports.append((session, kind, body, bearer))
        if body["sequence"] == expected:
            self.sequences[session] = expected
            self.applied.setdefault(session, []).append((kind, body))
        return 200, {"applied": len(body["events"]), "rejected": []}

    def player_call(self, method, parts, body, bearer):
        if parts == ["accounts"]:
            return 201, {"userId": str(uuid.uuid4())}
        if parts == ["session", "login"]:
            return 200, {"token": "player-" + str(uuid.uuid4()), "userId": str(uuid.uuid4())}
        if not bearer.startswith("player-"):
            return 401, {"error": "who?", "code": "UNAUTHENTICATED"}
        if parts == ["characters"]:
            return 201, {"id": str(uuid.uuid4()), "version": 1}
        if parts == ["gamesims", "find"]:
            if self.session is None or len(self.seats) == 4:
                self.session, self.seats = uuid.uuid4(), []
            self.seats.append(body["characterId"])
            instance = next(reversed(self.instances.values()))
            token = self.token(self.session, uuid.UUID(bearer[7:]), uuid.UUID(body["characterId"]),
                               seat=len(self.seats) - 1)
            raw = public_token(token, instance["address"], instance["port"])
            return 200, {"gameSimId": str(self.session), "connectToken": base64.b64encode(raw).decode()}
        return 404, {"error": "no such thing", "code": "NOT_FOUND"}

    # ---- what tests ask ------------------------------------------------------------------------

    def instance(self):
        return next(reversed(self.instances.values()))

    def token(self, session, user, character, seat=0, admission=None, instance=None):
        instance = instance or self.instance()
        if admission is None:
            self.admission += 1
            admission = self.admission
        return netcode.Token(instance["connectKey"], instance["protocolId"], instance["address"], instance["port"],
                             client_id=client_id(user),
                             user_data=claims(session, user, character, seat, admission))

    def order(self, **what):
        with self.lock:
            self.orders.update(what)

    def newest(self):
        with self.lock:
            return self.heartbeats[-1] if self.heartbeats else None

    def ended(self, session):
        """The body of the session's end, once it was applied."""
        with self.lock:
            return next((body for kind, body in self.applied.get(str(session), []) if kind == "end"), None)
