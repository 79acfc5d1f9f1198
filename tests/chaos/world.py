"""What is put to the test: real hearthd, one or several, on a real storage that they reach through
a fault proxy."""
import pathlib
import subprocess
import sys
import threading

import backends
import stored
from fault_proxy import FaultProxy
from hearth import wait_until
from node import Node

SETTINGS = {"auth.registration": "open", "auth.argon2_memory": "1m", "auth.argon2_passes": "1",
            "auth.login_limit": "0", "auth.login_address_limit": "0", "auth.access_ttl": "1d",
            "entities.retry_max": "1s"}


class SqliteLock:
    """Holds the write lock of a database until it is closed, in a process of its own: when the disk
    goes away, whoever has mapped a file on it may be ended by SIGBUS."""

    PROGRAM = ("import sqlite3, sys\n"
               "lock = sqlite3.connect(sys.argv[1], timeout=5, isolation_level=None)\n"
               "lock.execute('BEGIN IMMEDIATE')\n"
               "print('locked', flush=True)\n"
               "sys.stdin.read()\n")

    def __init__(self, path):
        self.process = subprocess.Popen([sys.executable, "-c", self.PROGRAM, str(path)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)
        self.held = self.process.stdout.readline() == b"locked\n"

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class World:
    def __init__(self, directory, storage, configuration, *, nodes=1, mounted=False, clock=True,
                 plugin_dir=None):
        """More than one node: all in mode shared."""
        self.directory, self.storage = pathlib.Path(directory), storage
        self.directory.mkdir(parents=True)
        self.own_problems, self.closing = [], threading.Event()
        self.backend = self.storage_side = self.lock = None
        self.nodes = []
        try:
            self.backend = self._start_backend()
            port = getattr(self.backend, "port", None)
            self.storage_side = FaultProxy(port) if port else None
            arguments = self._arguments("shared" if nodes > 1 else "exclusive")
            for number in range(nodes):
                self.nodes.append(Node(self.directory / f"n{number}", arguments, configuration,
                                       mounted=mounted, clock=clock, plugin_dir=plugin_dir))
        except BaseException:
            self.close()
            raise

    def _start_backend(self):
        if self.storage == "storage-redis":
            return backends.Redis(self.directory / "redis")
        if self.storage == "storage-dynamo":
            return backends.DynamoDb(self.directory / "dynamodb", durable=True)
        return backends.Embedded()

    def _arguments(self, mode):
        values = {**SETTINGS, "services.storage": self.storage, "entities.mode": mode}
        arguments = [] if self.storage == "storage-sqlite" else ["--with", self.storage]
        for name, value in values.items():
            arguments += ["--set", f"{name}={value}"]
        if self.storage == "storage-dynamo":
            arguments += self.backend.settings(f"http://127.0.0.1:{self.storage_side.port}")
            arguments += ["--set", "storage-dynamo.timeout=2s"]
        elif self.storage == "storage-redis":
            arguments += ["--set", f"storage-redis.address=127.0.0.1:{self.storage_side.port}"]
        return arguments

    # ---- what all nodes have in common ----

    @property
    def problems(self):
        return self.own_problems + [p for node in self.nodes for p in node.problems]

    @property
    def starts(self):
        return [start for node in self.nodes for start in node.starts]

    def class_between(self, since, until):
        """Of a change that was asked for and acknowledged then; the lesser one where it is not
        certain which hearthd did it. In mode shared everything is durable."""
        if len(self.nodes) > 1:
            return "durable"
        return next((start["durability"] for start in self.starts
                     if start["from"] <= since and until <= start["until"]), "journal")

    @property
    def ports(self):
        return [node.client_side.port for node in self.nodes]

    def heal(self):
        """All faults are over."""
        if self.storage_side:
            self.storage_side.pass_through()
            self.storage_side.cut()
        for node in self.nodes:
            node.heal()

    def settle(self):
        """Waits until every hearthd is well."""
        wait_until(lambda: all(node.health().get("status") == "ready" for node in self.nodes),
                   "/health/ready says ready", 10 if self.problems else 60)

    def stop(self):
        for node in self.nodes:
            node.stop()

    def close(self):
        """Also of a world that was not finished."""
        self.closing.set()
        for node in self.nodes:
            node.close()
        if self.storage_side:
            self.storage_side.close()
        if self.backend:
            self.backend.stop()

    # ---- storage ----

    def stored(self):
        """{char: (seen, name)} straight from storage."""
        if self.storage == "storage-redis":
            return stored.from_redis(self.backend.port)
        if self.storage == "storage-dynamo":
            return stored.from_dynamo(self.backend)
        return stored.from_sqlite(self.nodes[0].data / "hearth.db")

    def stop_storage(self):
        """SQLite's way to be away: somebody else holds the write lock."""
        if self.storage_side:
            self.backend.stop()
        else:
            self.lock = self.lock_storage()

    def start_storage(self):
        if self.storage_side:
            self.backend.start()
        else:
            self.lock.close()

    def lock_storage(self):
        return SqliteLock(self.nodes[0].data / "hearth.db")
