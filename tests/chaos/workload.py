"""The players: a process of its own that plays many users over HTTP and writes down what it is
told.

Each user has one character that lives through the whole run and two devices that change it at the
same time, each with a session and a connection of its own; now and then a device makes a further
character and deletes it again. Nothing may break while it sets up, which ends with the line
"ready". It plays until its standard input ends, then finishes what is under way."""
import argparse
import json
import random
import sys
import threading
import time
import traceback

from history import History
from wire import NotSent, Unknown, Wire

PASSWORD = "correct horse battery"
HERO = {"race": "Human", "class": "Fighter"}
ATTEMPTS = 6  # for one intent, then its outcome stays unknown
# What the server may say when something is wrong, and nothing has changed.
REFUSALS = {(409, "VERSION_MISMATCH"), (409, "NAME_TAKEN"), (429, "TOO_MANY_REQUESTS"),
            (503, "OVERLOADED"), (503, "STORAGE_UNAVAILABLE")}


class Stopped(Exception):
    """The run is over."""


class Hero:
    """The character that the devices of a user share. Tokens of one are never used again."""

    def __init__(self, char, name):
        self.char, self.name = char, name
        self.tokens, self.lock = 0, threading.Lock()

    def token(self):
        with self.lock:
            self.tokens += 1
            return self.tokens


def seen_of(character):
    coins = character["currency"]
    return [character["version"], coins["copper"], coins["gold"]]


class Device:
    """One session of a user. Does one thing at a time."""

    def __init__(self, game, user, number):
        self.game, self.user, self.name = game, user, f"u{user}d{number}"
        self.draw = random.Random(f"{game.seed} {self.name}")
        self.wire = Wire(game.ports[number % len(game.ports)], game.timeout)
        self.creates = True  # and deletes
        self.token = None
        self.known = {}  # char: seen, the newest that this session was shown
        self.keys = 0

    # ---- one request ----

    def send(self, op, method, path, body=None, headers=(), **fields):
        """Sends once and writes the outcome down: (record, answer), answer None when unknown.
        What was never sent is not written down: (None, None)."""
        if not self.token and not self.log_in():
            return None, None
        headers = [*headers, ("Authorization", "Bearer " + self.token)]
        t0 = time.monotonic()
        answer = None
        try:
            answer = self.wire.request(method, path, body, headers)
        except NotSent:
            self.pause(0.1)
            return None, None
        except Unknown:
            pass
        t1 = time.monotonic()
        if answer and answer.status == 401:  # the clock has jumped: another token
            self.token = None
        record = self.game.history.add(
            device=self.name, user=f"u{self.user}", op=op, t0=t0, t1=t1,
            **{**fields, **self.outcome(op, answer, fields)})
        return record, answer

    def outcome(self, op, answer, fields):
        if not answer or answer.status == 504:
            return {"outcome": "unknown", "status": answer.status if answer else 0, "code": "",
                    "seen": None}
        found = {"status": answer.status, "code": "", "seen": None,
                 "durable": answer.number("hearth-durable-version")}
        if answer.status == 304:
            return {**found, "outcome": "ok", "seen": fields["expected"]}
        if answer.status in (200, 201, 204):
            found["outcome"] = "ok"
            found["replayed"] = answer.headers.get("idempotency-replayed") == "true"
            if op == "list":
                found["seen"] = {c["id"]: seen_of(c) for c in answer.json["characters"]}
            elif answer.status != 204:
                found["seen"] = seen_of(answer.json)
            if op == "create":
                found["char"] = answer.json["id"]
            return found
        found["code"] = answer.code
        if answer.status == 404 and found["code"] == "CHARACTER_NOT_FOUND":
            return {**found, "outcome": "missing"}
        if found["code"] == "VERSION_MISMATCH":
            found["seen"] = seen_of(answer.json["character"])
        expected = (answer.status, found["code"]) in REFUSALS or answer.status == 401
        return {**found, "outcome": "refused" if expected else "unexpected"}

    def log_in(self):
        body = json.dumps({"username": f"user{self.user}", "password": PASSWORD})
        try:
            answer = self.wire.request("POST", "/session/login", body)
        except (NotSent, Unknown):
            answer = None
        if not answer or answer.status != 200:
            self.pause(0.2)
            return False
        self.token = answer.json["token"]
        return True

    def pause(self, mean):
        """A while of its own choosing; ends at once with the run."""
        if self.game.stopping.wait(min(self.draw.expovariate(1 / mean), 5 * mean)):
            raise Stopped

    def key(self, share=0.5):
        if self.draw.random() >= share:
            return ()
        self.keys += 1
        return (("Idempotency-Key", f"{self.name}-{self.keys}"),)

    # ---- what a player does ----

    def play(self):
        hero = self.game.heroes[self.user]
        try:
            while True:
                self.pause(self.game.think)
                what = self.draw.random()
                if what < 0.70:
                    self.change(hero)
                elif what < 0.90:
                    self.look(hero.char)
                elif what < 0.95:
                    self.send("list", "GET", "/characters", char=None)
                elif what < 0.98 or not self.creates:
                    self.look(hero.char, conditional=True)
                else:
                    self.short_life()
        except Stopped:
            pass
        except Exception:  # noqa: BLE001 - one player's end must not go unseen
            traceback.print_exc()
            self.game.failures += 1
        finally:
            self.wire.close()

    def look(self, char, conditional=False):
        known = self.known.get(char)
        headers = (("If-None-Match", f'"{known[0]}"'),) if conditional and known else ()
        record, _ = self.send("read", "GET", f"/characters/{char}", headers=headers, char=char,
                              expected=known)
        if record and record["seen"]:
            self.known[char] = record["seen"]
        return record

    def change(self, hero):
        """One intent, sent again while its outcome is unknown; sometimes it is given up."""
        if not self.known.get(hero.char) and not (self.look(hero.char) or {}).get("seen"):
            return
        version, copper, _ = self.known[hero.char]
        token, key = hero.token(), self.key()
        body = json.dumps({"version": version, "copper": token - copper, "gold": 1})
        for _ in range(ATTEMPTS):
            record, _ = self.send("intent", "PATCH", f"/characters/{hero.char}/currency/modify",
                                  body, key, char=hero.char, base=version, token=token,
                                  key=bool(key))
            outcome = record["outcome"] if record else "not sent"
            if record and record["seen"]:
                self.known[hero.char] = record["seen"]
                return
            if outcome in ("unexpected", "missing") or self.draw.random() < 0.1:
                break
            self.pause(0.05 if outcome == "unknown" else 0.2)
        self.known.pop(hero.char, None)

    def short_life(self):
        """A character is made, looked at and deleted."""
        char = self.create()
        if not char:
            return
        self.look(char)
        for _ in range(ATTEMPTS):
            record, _ = self.send("delete", "DELETE", f"/characters/{char}", char=char)
            if record and record["outcome"] in ("ok", "missing", "unexpected"):
                break
            self.pause(0.2)
        self.look(char)
        self.known.pop(char, None)

    def create(self):
        name = "T" + "".join(self.draw.choice("bcdfghjklmnpqrst") for _ in range(13))
        body, key = json.dumps({**HERO, "name": name}), self.key()
        for _ in range(ATTEMPTS):
            record, _ = self.send("create", "POST", "/characters", body, key, char=None, name=name,
                                  key=bool(key))
            if record and record["outcome"] in ("ok", "unexpected") or \
                    (record and record["code"] == "NAME_TAKEN"):
                return record["char"]
            self.pause(0.2)
        return None


class Game:
    """All devices, and what they share."""

    def __init__(self, options):
        self.ports = [int(port) for port in options.ports.split(",")]
        self.seed, self.timeout = options.seed, options.timeout
        self.think, self.users = options.think, options.users
        self.history = History(options.history)
        self.stopping = threading.Event()
        self.heroes, self.failures = {}, 0
        self.devices = [Device(self, user, number) for user in range(self.users)
                        for number in (1, 2)]
        for device in self.devices[options.creators:]:
            device.creates = False

    def set_up(self):
        for user in range(self.users):
            first = self.devices[2 * user]
            answer = first.wire.request("POST", "/accounts", json.dumps(
                {"username": f"user{user}", "password": PASSWORD}))
            assert answer.status == 201, answer.body
            char = first.create()
            assert char, "a character cannot be made"
            self.heroes[user] = Hero(char, self.history.records[-1]["name"])
            assert self.devices[2 * user + 1].log_in()

    def run(self):
        threads = [threading.Thread(target=device.play) for device in self.devices]
        for thread in threads:
            thread.start()
        sys.stdin.read()
        self.stopping.set()
        for thread in threads:
            thread.join()
        self.history.close()
        return self.failures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ports", required=True, help="of hearthd; the devices of a user take "
                        "them in turn")
    parser.add_argument("--history", required=True)
    parser.add_argument("--seed", default="0")
    parser.add_argument("--users", type=int, default=12)
    parser.add_argument("--think", type=float, default=0.02, help="mean seconds between requests")
    parser.add_argument("--creators", type=int, default=1000,
                        help="devices that also make and delete characters (default: all)")
    parser.add_argument("--timeout", type=float, default=3.0, help="seconds that a client waits")
    game = Game(parser.parse_args())
    game.set_up()
    print("ready", flush=True)
    return 1 if game.run() else 0


if __name__ == "__main__":
    sys.exit(main())
