"""A hearthd with nothing but entities, a storage and the notes plugin of tests/, for the tests of
what survives; and a load of clients that remember every acknowledgement."""
import http.client
import json
import os
import pathlib
import threading

import backends
from hearth import tool, wait_until


def start(start_hearthd, tmp_path, *args, storage="storage-faulty", name="game", settings=(), **kw):
    directory = tmp_path / name
    if not (directory / "etc").exists():
        backends.bare_etc(directory, storage, "entities", "notes")
    options = ["--set", "entities.flush_interval=50ms"]
    for setting in settings:
        options += ["--set", setting]
    server = start_hearthd(*options, *args, directory=directory, etc=directory / "etc",
                           plugin_dir=directory / "plugins", **kw)
    return server


def fault(server, line):
    """What is to go wrong from now on: see tests/plugins/storage-faulty/faults.h."""
    data = server.directory / "data"
    data.mkdir(parents=True, exist_ok=True)
    temporary = data / "faults.new"
    temporary.write_text(line + "\n")
    temporary.rename(data / "faults")


def write(server, user, note, text, durability="journal"):
    return server.request("POST", f"/notes/{user}/{note}/{durability}", text,
                          headers={"Content-Type": "text/plain"})


def read(server, user, note):
    return server.get(f"/notes/{user}/{note}")


def dlq(server, *words):
    run = tool("dlq", *words, "--config", server.etc / "hearth.yaml", "--data-dir",
               server.directory / "data", "--plugin-dir", server.directory / "plugins")
    said = [line for line in run.stderr.splitlines() if not line.startswith('{"time"')]  # the log
    return run.returncode, run.stdout + "\n".join(said)


def health(server):
    reply = server.get("/health/ready")
    return reply.status, reply.json


class Load:
    """Writers, each with a note of its own that counts up. acknowledged[note] is the newest number
    with a 200; sent[note] the newest that was tried."""

    def __init__(self, server, writers=8, durability="journal"):
        self.server, self.durability = server, durability
        self.acknowledged, self.sent, self.count = {}, {}, 0
        self.stopping, self.lock = False, threading.Lock()
        self.writers, self.threads = writers, []

    def begin(self):
        self.stopping = False
        self.threads = [threading.Thread(target=self._write, args=(f"user{i}", f"note{i}"))
                        for i in range(self.writers)]
        for thread in self.threads:
            thread.start()

    def _write(self, user, note):
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=30)
        number = self.sent.get(note, 0)
        while not self.stopping:
            number += 1
            self.sent[note] = number
            try:
                connection.request("POST", f"/notes/{user}/{note}/{self.durability}", str(number),
                                   {"Content-Type": "text/plain"})
                reply = connection.getresponse()
                body = reply.read()
            except (OSError, http.client.HTTPException):
                break
            if reply.status == 200:
                assert json.loads(body)["text"] == str(number)
                with self.lock:
                    self.acknowledged[note] = number
                    self.count += 1
        connection.close()

    def end(self):
        self.stopping = True
        for thread in self.threads:
            thread.join()

    def check(self):
        """Every acknowledged number, or a later one that was sent, is what everybody sees."""
        for note, number in self.acknowledged.items():
            reply = read(self.server, note.replace("note", "user"), note)
            assert reply.status == 200, (note, reply)
            found = int(reply.json["text"])
            assert number <= found <= self.sent[note], (note, number, found)
