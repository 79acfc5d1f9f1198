"""The whole stack as shipped under kill -9: what a player was told about his character is true."""
import http.client
import json
import os
import threading

import pytest

from hearth import wait_until

pytestmark = pytest.mark.any_storage

KILLS = int(os.environ.get("HEARTH_KILLS", "3"))
PLAYERS = 4


class Player:
    """Changes one character again and again and remembers the newest answer."""

    def __init__(self, server, number):
        self.server, self.client = server, server.player(f"player{number}")
        made = self.client.post("/characters", {"race": "Human", "class": "Fighter"})
        assert made.status == 201, made
        self.path, self.version, self.hitpoints = "/characters/" + made.json["id"], 1, None
        self.acknowledged, self.key = 0, None

    def play(self):
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=30)
        delta = -1
        try:
            while True:
                self.key = f"{self.version}-{self.acknowledged}"
                self.body = json.dumps({"version": self.version, "delta": delta})
                connection.request("PATCH", self.path + "/stats/hitpoints", self.body, {
                    "Authorization": "Bearer " + self.client.token, "Idempotency-Key": self.key,
                    "Content-Type": "application/json"})
                reply = connection.getresponse()
                character = json.loads(reply.read())
                assert reply.status == 200, character
                self.version, self.hitpoints = character["version"], character["hitpoints"]
                self.acknowledged, delta = self.acknowledged + 1, -delta
        except (OSError, http.client.HTTPException):
            connection.close()

    def check(self):
        """Nothing acknowledged is gone; the change without an answer happened once or not at all,
        and is applied once when it is sent again."""
        self.client.port = self.server.port
        seen = self.client.get(self.path)
        assert seen.status == 200, seen
        assert self.version <= seen.json["version"] <= self.version + 1
        again = self.client.patch(self.path + "/stats/hitpoints", self.body,
                                  headers={"Idempotency-Key": self.key})
        assert again.status == 200, again
        assert again.json["version"] == self.version + 1
        assert (again.headers.get("Idempotency-Replayed") == "true") == \
            (seen.json["version"] == self.version + 1)
        self.version = again.json["version"]


def test_players_keep_what_they_were_told(start_hearthd):
    server = start_hearthd()
    players = [Player(server, number) for number in range(PLAYERS)]
    for _ in range(KILLS):
        goal = sum(p.acknowledged for p in players) + 200
        threads = [threading.Thread(target=p.play) for p in players]
        for thread in threads:
            thread.start()
        wait_until(lambda: sum(p.acknowledged for p in players) > goal, "the players play")
        server.kill()
        for thread in threads:
            thread.join()
        server.restart()
        for player in players:
            player.check()


def test_a_deleted_character_stays_deleted_and_its_name_is_free(start_hearthd):
    server = start_hearthd()
    ann, bob = server.player("ann"), server.player("bob")
    body = {"race": "Human", "class": "Fighter", "name": "Pykey"}
    made = ann.post("/characters", body)
    assert made.status == 201, made
    assert bob.post("/characters", body).json["code"] == "NAME_TAKEN"
    assert ann.delete("/characters/" + made.json["id"]).status == 204
    server.kill()
    server.restart()
    ann.port = bob.port = server.port
    assert ann.get("/characters/" + made.json["id"]).status == 404
    assert ann.get("/characters").json["characters"] == []
    assert bob.post("/characters", body).status == 201
