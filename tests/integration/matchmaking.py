"""What the tests of matchmaking share: a hearthd with the plugin, tokens for instances, and instances
that a test plays itself: they register, send heartbeats and report what it tells them to."""
import itertools
import uuid

from hearth import Client, tool, wait_until

_ports = itertools.count(20000)
WIRE_VERSION = 1


def start(start_hearthd, *settings, **options):
    """A hearthd with matchmaking; settings are `key=value` of the plugin."""
    arguments = ["--with", "matchmaking"]
    for setting in settings:
        arguments += ["--set", setting if "." in setting.split("=")[0] else "matchmaking." + setting]
    return start_hearthd(*arguments, **options)


def issue(server, scope="gamesim", subject="fleet"):
    """A token of `hearth token issue`, as an operator makes one while hearthd runs."""
    run = tool("token", "issue", *server.place, "--scope", scope, "--subject", subject)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip().splitlines()[-1]


class Instance:
    """An instance that the test plays. .client is its own; heartbeats name who is connected."""

    def __init__(self, server, token, game_sims=10, players=4, port=None, **more):
        self.server = server
        self.port = port or next(_ports)
        body = {"address": "127.0.0.1", "port": self.port, "version": "1.0.0", "wireVersion": WIRE_VERSION,
                "capacity": {"gameSims": game_sims, "players": players}, **more}
        made = Client(server.host, server.port, token).post("/gamesim-instances", body)
        assert made.status == 201, made
        self.terms, self.id, self.sequence = made.json, made.json["id"], 0
        self.token = made.json["instanceToken"]
        self.connected = {}  # session -> users

    @property
    def client(self):
        """Where hearthd listens now: it may have been started anew."""
        return Client(self.server.host, self.server.port, self.token)

    def beat(self, state="ready", sequence=None):
        self.sequence = sequence or self.sequence + 1
        sims = [{"id": sim, "players": list(users)} for sim, users in self.connected.items()]
        reply = self.client.request("PUT", f"/gamesim-instances/{self.id}/heartbeat",
                                    {"sequence": self.sequence, "state": state, "gameSims": sims})
        if reply.status == 200 and "instanceToken" in reply.json:
            self.token = reply.json["instanceToken"]
        return reply

    def report(self, session, kind, sequence, events, **more):
        return self.client.post(f"/gamesims/{session}/{kind}", {"sequence": sequence, "events": events, **more})

    def updates(self, session, sequence, *events):
        return self.report(session, "updates", sequence, list(events))

    def end(self, session, sequence, *events, outcome="victory", **more):
        return self.report(session, "end", sequence, list(events), outcome=outcome, **more)

    def shown(self):
        """Itself in the list of all instances, or None."""
        reply = self.client.get("/gamesim-instances")
        assert reply.status == 200, reply
        return next((i for i in reply.json["instances"] if i["id"] == self.id), None)


def create(hero, **more):
    """A session with this character in it: the reply's body."""
    made = wait_until(lambda: _created(hero, more), "a session can be created")
    return made.json


def _created(hero, more):
    reply = hero.owner.post("/gamesims", {"characterId": hero["id"], **more})
    assert reply.status in (201, 503), reply
    return reply if reply.status == 201 else None


def join(hero, session):
    reply = hero.owner.post(f"/gamesims/{session}/join", {"characterId": hero["id"]})
    assert reply.status == 200, reply
    return reply.json


def event(kind, hero, **fields):
    return {"type": kind, "characterId": hero if isinstance(hero, str) else hero["id"], **fields}


def stranger():
    return str(uuid.uuid4())
