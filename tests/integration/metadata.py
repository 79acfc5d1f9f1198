"""What hearth-gamesim and hearth-bot see of hearthd, in one small HTTP server whose behaviour a test
decides: it can fail, forget instances, order ends and kicks, and it remembers what it was told.

It takes nothing that hearthd would refuse: fields that are unknown, missing or of another type, ids
that were never given out, other instances' tokens, gaps. Each such request is answered as hearthd
answers it and kept in .violations, which tests find empty at their end."""
import base64
import hashlib
import http.server
import ipaddress
import json
import os
import struct
import threading
import time
import uuid

import netcode

REGISTER_TOKEN = "the-token-that-registers"
LOST = "the answer is lost"  # a verdict of .fail: the request is carried out, and nothing comes back
LARGEST = 2 ** 53 - 1


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


class Refused(Exception):
    def __init__(self, status, code, **more):
        self.status, self.reply = status, {"error": f"{code}.", "code": code, "requestId": "1", **more}


# ---- what a body may hold ---------------------------------------------------------------------

def number(least, most=LARGEST):
    return lambda value: type(value) is int and least <= value <= most


def text(*choices, most=64):
    return lambda value: isinstance(value, str) and 0 < len(value) <= most and (not choices or value in choices)


def uid(value):
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value.lower()
    except ValueError:
        return False


def address(value):
    try:
        return isinstance(value, str) and not ipaddress.ip_address(value).is_unspecified
    except ValueError:
        return False


def address_and_port(value):
    host, _, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    if host.startswith("[") != (":" in host):
        return False
    return address(host.strip("[]")) and port.isdigit() and 0 < int(port) < 65536


def every(check):
    return lambda value: isinstance(value, list) and all(map(check, value))


def shape(required, optional=None):
    optional = optional or {}

    def check(value):
        return (isinstance(value, dict) and set(required) <= set(value) <= set(required) | set(optional) and
                all({**required, **optional}[key](item) for key, item in value.items()))
    return check


AMOUNT = {"characterId": uid, "amount": number(1)}
COINS = {coin: number(-LARGEST) for coin in ("copper", "silver", "electrum", "gold", "platinum")}
EVENTS = {"damage": shape({"type": text(), **AMOUNT}), "heal": shape({"type": text(), **AMOUNT}),
          "experience": shape({"type": text(), **AMOUNT}),
          "loot": shape({"type": text(), "characterId": uid, "itemId": number(1), "quantity": number(1)}),
          "currency": lambda e: shape({"type": text(), "characterId": uid}, COINS)(e) and len(e) > 2,
          "event": shape({"type": text(), "characterId": uid, "name": text()})}


def event(value):
    kind = value.get("type") if isinstance(value, dict) else None
    return isinstance(kind, str) and kind in EVENTS and EVENTS[kind](value)


REGISTRATION = shape({"address": address, "port": number(1, 65535), "version": text(), "wireVersion": number(1, 65535),
                      "capacity": shape({"gameSims": number(1), "players": number(1)})},
                     {"addresses": every(address_and_port), "region": text()})
HEARTBEAT = shape({"sequence": number(1), "state": text("ready", "draining"),
                   "gameSims": every(shape({"id": uid, "players": every(uid)}))})
UPDATES = shape({"sequence": number(1), "events": every(event)})
END = shape({"sequence": number(1), "events": every(event), "outcome": text("victory", "defeat", "abandoned"),
             "results": lambda value: isinstance(value, dict)})
CREDENTIALS = shape({"username": text(), "password": text(most=256)})
CHARACTER = shape({"race": text(), "class": text()}, {"name": text(), "subRace": text()})
SEEK = shape({"characterId": uid}, {"region": text(), "private": lambda v: isinstance(v, bool),
                                    "wireVersion": number(1, 65535)})
JOIN = shape({"characterId": uid})


class Session:
    """One that was allocated; seats hold (user, character), None is free."""

    def __init__(self, instance, seats):
        self.instance, self.seats = instance, [None] * seats
        self.sequence, self.answers, self.ended = 0, {}, False
        self.users, self.characters = set(), set()

    def sit(self, seat, user, character):
        if 0 <= seat < len(self.seats):
            self.seats[seat] = (user, character)
        self.users.add(user)
        self.characters.add(character)

    def seat_of(self, user):
        return next((i for i, seat in enumerate(self.seats) if seat and seat[0] == user), None)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def date_time_string(self, timestamp=None):
        """Its clock, which a test may set wrong by .clock_off seconds."""
        return super().date_time_string(time.time() + self.server.service.clock_off)

    def log_message(self, *_):
        pass

    def body(self):
        size = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(size)
        if raw and self.headers.get("Content-Type", "").split(";")[0] != "application/json":
            raise Refused(415, "UNSUPPORTED_MEDIA_TYPE")
        try:
            return json.loads(raw) if raw else None
        except ValueError:
            raise Refused(400, "INVALID_JSON")

    def answer(self):
        service = self.server.service
        scheme, _, bearer = (self.headers.get("Authorization") or "").partition(" ")
        try:
            body = self.body()
            time.sleep(service.delay(self.command, self.path))
            with service.lock:
                status, reply = service.handle(self.command, self.path, body, bearer if scheme == "Bearer" else "")
        except Refused as refused:
            status, reply = refused.status, refused.reply
            service.violations.append((self.command, self.path, status, reply["code"]))
        if status == 0:  # the answer is lost
            self.close_connection = True
            return
        data = b"" if reply is None else json.dumps(reply).encode()
        self.send_response(status)
        if status in (429, 503):
            self.send_header("Retry-After", str(service.retry_after))
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_DELETE = answer


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


class Metadata:
    def __init__(self, heartbeat=1, rejoin=120, lifetime=30, tls=None):
        self.heartbeat, self.rejoin, self.lifetime, self.retry_after = heartbeat, rejoin, lifetime, 1
        self.clock_off = 0
        self.lock = threading.RLock()
        self.instances, self.tokens, self.registrations, self.deregistered = {}, {}, [], []
        self.heartbeats, self.reports, self.requests, self.violations = [], [], [], []
        self.applied, self.gaps, self.sessions = {}, [], {}
        self.orders = {"drain": False, "end": [], "kick": []}
        self.delay = lambda method, path: 0  # seconds before a request is looked at
        self.active, self.fail, self.renew, self.lists = 0, None, None, 0
        self.session, self.admission = None, 0
        self.accounts, self.players, self.characters, self.receipts = {}, {}, {}, {}
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.service = self
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.url = ("https://localhost" if tls else "http://127.0.0.1") + f":{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.close()
        assert kind or not self.violations, self.violations

    # ---- what players and instances ask --------------------------------------------------------

    def handle(self, method, path, body, bearer):
        self.requests.append((method, path, body, bearer))
        verdict = self.fail(method, path, body) if self.fail else None
        if verdict is not None and verdict is not LOST:
            return verdict
        answer = self.dispatch(method, path.split("/")[1:], body, bearer)
        return (0, None) if verdict is LOST else answer

    def dispatch(self, method, parts, body, bearer):
        if parts[0] == "gamesim-instances":
            return self.instance_call(method, parts, body, bearer)
        if method == "POST" and parts[0] == "gamesims" and parts[-1] in ("updates", "end"):
            return self.report(parts[1], parts[-1], body, bearer)
        return self.player_call(method, parts, body, bearer)

    @staticmethod
    def check(body, fits):
        if not fits(body):
            raise Refused(400, "INVALID_REQUEST", body=body)

    def instance_call(self, method, parts, body, bearer):
        if method == "POST" and len(parts) == 1:
            if bearer != REGISTER_TOKEN:
                return 401, {"error": "who?", "code": "UNAUTHENTICATED"}
            self.check(body, REGISTRATION)
            return 201, self.register(body)
        if bearer not in self.tokens:
            raise Refused(401, "UNAUTHENTICATED")
        if method == "GET" and len(parts) == 1:
            self.lists += 1
            return 200, {"instances": [{"id": i, "activeGameSims": self.active} for i in self.instances]}
        if not uid(parts[1]):
            raise Refused(400, "INVALID_ID")
        if method == "PUT" and parts[2:] == ["heartbeat"]:
            self.check(body, HEARTBEAT)
        elif method != "DELETE" or parts[2:] or body is not None:
            raise Refused(404, "NOT_FOUND")
        if parts[1] not in self.instances:
            return 404, {"error": "gone", "code": "INSTANCE_NOT_FOUND"}
        if self.tokens[bearer] != parts[1]:
            raise Refused(403, "FORBIDDEN")
        if method == "DELETE":
            del self.instances[parts[1]]
            self.deregistered.append(parts[1])
            return 204, None
        return 200, self.beat(self.instances[parts[1]], body)

    def register(self, body):
        self.registrations.append(body)
        made = {"id": str(uuid.uuid4()), "heartbeatSeconds": self.heartbeat, "connectKey": os.urandom(32).hex(),
                "protocolId": os.urandom(8).hex(), "tokenLifetimeSeconds": self.lifetime,
                "rejoinSeconds": self.rejoin, "instanceToken": "instance-" + os.urandom(8).hex()}
        place = body["address"], body["port"]
        self.instances = {i: known for i, known in self.instances.items()
                          if (known["address"], known["port"]) != place}
        self.instances[made["id"]] = dict(made, address=place[0], port=place[1], capacity=body["capacity"], beats=0,
                                          state="ready", wireVersion=body["wireVersion"])
        self.tokens[made["instanceToken"]] = made["id"]
        return made

    def beat(self, instance, body):
        for sim in body["gameSims"]:
            session = self.sessions.get(sim["id"])
            if not session or session.instance != instance["id"] or not set(sim["players"]) <= session.users:
                raise Refused(400, "INVALID_REQUEST", gameSim=sim)
        if len({sim["id"] for sim in body["gameSims"]}) != len(body["gameSims"]):
            raise Refused(400, "INVALID_REQUEST", gameSims=body["gameSims"])
        if body["sequence"] <= instance["beats"]:
            return {"drain": False, "end": [], "kick": []}
        instance["beats"], instance["state"] = body["sequence"], body["state"]
        self.heartbeats.append(dict(body, id=instance["id"], at=time.monotonic()))
        reply, self.orders = self.orders, {"drain": False, "end": [], "kick": []}
        if self.renew:
            self.tokens[self.renew] = instance["id"]
            reply["instanceToken"], self.renew = self.renew, None
        return reply

    def report(self, session_id, kind, body, bearer):
        if bearer not in self.tokens:
            raise Refused(401, "UNAUTHENTICATED")
        self.check(body, END if kind == "end" else UPDATES)
        session = self.sessions.get(session_id)
        if not session:
            raise Refused(404, "GAMESIM_NOT_FOUND")
        if session.instance != self.tokens[bearer]:
            raise Refused(403, "FORBIDDEN")
        if body["sequence"] > session.sequence + 1:
            self.gaps.append((session_id, body["sequence"]))
            return 409, {"error": "gap", "code": "SEQUENCE_GAP", "expected": session.sequence + 1}
        self.reports.append((session_id, kind, body, bearer))
        if body["sequence"] <= session.sequence:
            return 200, session.answers[body["sequence"]]
        if session.ended:
            raise Refused(410, "SESSION_ENDED")
        if any(e["characterId"] not in session.characters for e in body["events"]):
            raise Refused(400, "INVALID_REQUEST", body=body)
        session.sequence = body["sequence"]
        session.ended = kind == "end"
        session.answers[body["sequence"]] = {"applied": len(body["events"]), "rejected": []}
        self.applied.setdefault(session_id, []).append((kind, body))
        return 200, session.answers[body["sequence"]]

    def player_call(self, method, parts, body, bearer):
        if method == "POST" and parts in (["accounts"], ["session", "login"]):
            self.check(body, CREDENTIALS)
            return self.account_call(parts, body)
        user = self.players.get(bearer)
        if not user:
            raise Refused(401, "UNAUTHENTICATED")
        if method == "POST" and parts == ["characters"]:
            self.check(body, CHARACTER)
            made = str(uuid.uuid4())
            self.characters[made] = user
            return 201, {"id": made, "version": 1}
        if method == "POST" and parts[0] == "gamesims" and parts[-1] == "leave":
            return self.leave(self.running(parts[1]), parts[1], user)
        if method == "POST" and parts in (["gamesims"], ["gamesims", "find"]):
            self.check(body, SEEK)
        elif method == "POST" and len(parts) == 3 and parts[0] == "gamesims" and parts[2] == "join":
            self.check(body, JOIN)
        else:
            raise Refused(404, "NOT_FOUND")
        if self.characters.get(body["characterId"]) != user:
            raise Refused(403, "FORBIDDEN")
        if len(parts) == 3:
            return self.take_seat(parts[1], self.running(parts[1]), user, body["characterId"])
        return self.seek(parts, user, body["characterId"])

    def account_call(self, parts, body):
        if parts == ["accounts"]:
            user = str(uuid.uuid4())
            self.accounts[body["username"]] = (body["password"], user)
            return 201, {"userId": user}
        password, user = self.accounts.get(body["username"], (None, None))
        if password != body["password"]:
            raise Refused(401, "INVALID_CREDENTIALS")
        bearer = "player-" + str(uuid.uuid4())
        self.players[bearer] = user
        return 200, {"token": bearer, "tokenType": "Bearer", "expiresIn": 900, "refreshToken": "r", "userId": user}

    def running(self, session_id):
        session = self.sessions.get(session_id)
        if not session:
            raise Refused(404, "GAMESIM_NOT_FOUND")
        if session.ended:
            raise Refused(410, "SESSION_ENDED")
        return session

    def mine(self, user, but=None):
        return next((i for i, session in self.sessions.items()
                     if i != but and not session.ended and session.seat_of(user) is not None), None)

    def seek(self, parts, user, character):
        other = self.mine(user)
        if other:
            return 409, {"error": "in another", "code": "ALREADY_IN_SESSION", "gameSimId": other}
        for session_id, session in self.sessions.items():
            if parts[-1] == "find" and not session.ended and None in session.seats:
                return self.take_seat(session_id, session, user, character)
        for instance in self.instances.values():
            active = sum(not s.ended for s in self.sessions.values() if s.instance == instance["id"])
            if instance["state"] == "ready" and active < instance["capacity"]["gameSims"]:
                self.session = str(uuid.uuid4())
                made = self.sessions[self.session] = Session(instance["id"], instance["capacity"]["players"])
                return 201, self.take_seat(self.session, made, user, character)[1]
        return 503, {"error": "full", "code": "NO_CAPACITY"}

    def take_seat(self, session_id, session, user, character):
        other = self.mine(user, but=session_id)
        if other:
            return 409, {"error": "in another", "code": "ALREADY_IN_SESSION", "gameSimId": other}
        seat = session.seat_of(user)
        if seat is None:
            if None not in session.seats:
                return 409, {"error": "full", "code": "SESSION_FULL"}
            seat = session.seats.index(None)
        instance = self.instances[session.instance]
        token = self.token(uuid.UUID(session_id), uuid.UUID(user), uuid.UUID(character), seat=seat, instance=instance)
        raw = public_token(token, instance["address"], instance["port"], self.lifetime)
        return 200, {"gameSimId": session_id, "seat": seat, "connectToken": base64.b64encode(raw).decode(),
                     "tokenExpiresAt": "2026-11-21T00:00:00Z",
                     "instance": {key: instance[key] for key in ("id", "address", "port")}}

    def leave(self, session, session_id, user):
        seat = session.seat_of(user)
        if seat is not None:
            session.seats[seat] = None
            self.orders["kick"].append({"gameSimId": session_id, "userId": user})
        return 204, None

    # ---- what tests ask ------------------------------------------------------------------------

    def instance(self):
        return next(reversed(self.instances.values()))

    def token(self, session, user, character, seat=0, admission=None, instance=None):
        """A token, and the seat that it is for is allocated."""
        instance = instance or self.instance()
        with self.lock:
            known = self.sessions.get(str(session))
            if known is None or known.instance != instance["id"]:
                known = self.sessions[str(session)] = Session(instance["id"], instance["capacity"]["players"])
            known.sit(seat, str(user), str(character))
            if admission is None:
                self.admission += 1
                admission = self.admission
        return netcode.Token(instance["connectKey"], instance["protocolId"], instance["address"], instance["port"],
                             client_id=client_id(user), lifetime=self.lifetime,
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
