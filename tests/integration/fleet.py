"""Several hearthd on one storage, for the tests of entities.mode shared."""
import http.client
import itertools
import json

import hearth


class Fleet:
    """`count` hearthd with etc/ as shipped on one storage (the fixture new_storage gives its
    arguments), each with a data directory of its own."""

    def __init__(self, storage, directory, count=2, args=(), loops=None, **options):
        self.directory = directory
        self.args = [*storage, "--set", "entities.mode=shared", *args]
        if "storage-sqlite" in storage:
            self.args += ["--set", f"storage-sqlite.path={directory}/common.db"]
        self.loops = loops or (2 if hearth.LOOPS == "auto" else hearth.LOOPS)
        self.options, self.servers, self.numbers = options, [], itertools.count()
        for _ in range(count):
            self.add()

    def add(self, *args, wait=True):
        server = hearth.Hearthd(self.directory / f"hearthd{next(self.numbers)}", [*self.args, *args],
                                loops=self.loops, wait=wait, **self.options)
        self.servers.append(server)
        return server

    def __getitem__(self, index):
        return self.servers[index]

    def __len__(self):
        return len(self.servers)

    def stop(self):
        """Each ends cleanly, unless it was killed."""
        failed = []
        for server in self.servers:
            running = server.process.poll() is None
            if server.stop() != 0 and running:
                failed += server.messages()[-30:]
        assert not failed, "\n".join(failed)


def through(server, player):
    """The same player, at another hearthd."""
    return hearth.Client(server.host, server.port, player.token, player.user_id)


class Line:
    """A kept connection of a player's."""

    def __init__(self, server, token):
        self.token = token
        self.connection = http.client.HTTPConnection(server.host, server.port, timeout=30)

    def request(self, method, path, body=None, **headers):
        self.connection.request(method, path, json.dumps(body) if body is not None else None, {
            "Authorization": "Bearer " + self.token, "Content-Type": "application/json", **headers})
        reply = self.connection.getresponse()
        text = reply.read()
        return hearth.Reply(reply.status, reply.headers, text)
