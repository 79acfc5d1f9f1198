"""Matches whose reports a test sends itself, and reporters that send them as hearth-gamesim does."""
import random
import threading
import time

import characters
import hearth
import matchmaking
from characters import FIGHTER, Hero
from matchmaking import event, stranger

ITEM = 1723  # any that nobody is created with more than once


def loot_of(state, item=ITEM):
    return next((row["quantity"] for row in state["inventory"] if row["itemId"] == item), 0)


def state_of(hero):
    reply = hero.owner.get(hero.path)
    assert reply.status == 200, reply
    return reply.json


class Instance(matchmaking.Instance):
    """In a region of its own, so that sessions that are opened there are its own."""

    def __init__(self, server, token, **more):
        self.region = "r-" + stranger()[:8]
        super().__init__(server, token, region=self.region, **more)


class Match:
    """A session with heroes in it, on an instance of the test's."""

    def __init__(self, server, instance, *recipes):
        self.instance = instance
        self.heroes = [Hero(characters.player(server), recipe) for recipe in recipes or (FIGHTER,)]
        self.id = matchmaking.create(self.heroes[0], region=instance.region)["gameSimId"]
        for hero in self.heroes[1:]:
            matchmaking.join(hero, self.id)
        self.had = [loot_of(hero.state) for hero in self.heroes]
        self.sequence = 0

    def updates(self, *events, sequence=None):
        self.sequence = sequence or self.sequence + 1
        return self.instance.updates(self.id, self.sequence, *events)

    def end(self, *events, sequence=None, **more):
        self.sequence = sequence or self.sequence + 1
        return self.instance.end(self.id, self.sequence, *events, **more)


class Reporter(threading.Thread):
    """Reports as hearth-gamesim does: one report of a session at a time, repeated with its sequence and
    its content until it has its answer."""

    def __init__(self, match, clients, stop):
        super().__init__(daemon=True)
        self.match, self.clients, self.halt = match, clients, stop
        self.answers, self.repeats, self.problems = [], 0, []

    def send(self, kind, sequence, events, **more):
        path, body = f"/gamesims/{self.match.id}/{kind}", {"sequence": sequence, "events": events, **more}
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                reply = random.choice(self.clients)().post(path, body, timeout=20)
            except (OSError, hearth.http.client.HTTPException):
                reply = None
            if reply is not None and reply.status == 200:
                return reply.body
            if reply is not None and reply.status not in (503, 504):
                break
            self.repeats += 1
            time.sleep(0.02)
        raise AssertionError(f"report {sequence} was not taken in: {reply}")

    def run(self):
        try:
            while not self.halt.is_set():
                self.answers.append(self.send("updates", len(self.answers) + 1, self.events()))
                if random.random() < 0.2:  # an answer that was given stays as it is
                    old = random.randrange(len(self.answers))
                    assert self.send("updates", old + 1, self.events()) == self.answers[old]
            self.answers.append(self.send("end", len(self.answers) + 1, self.events(), outcome="victory"))
        except Exception as problem:  # shown by the test
            self.problems.append(problem)

    def events(self):
        return [event("loot", hero, itemId=ITEM, quantity=1) for hero in self.match.heroes]

    def check(self):
        self.join(120)
        assert not self.problems and not self.is_alive(), self.problems
        for had, hero in zip(self.match.had, self.match.heroes):
            assert loot_of(state_of(hero)) == had + len(self.answers), self.match.id
            shown = hero.owner.get("/gamesims/" + self.match.id).json
            assert (shown["state"], shown["outcome"]) == ("ended", "victory")
