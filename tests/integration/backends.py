"""Storage backends for the tests: each starts what it needs, on free ports, and ends it after. A
server is slow to start, so tests that do not stop it share one, each with a space of its own in it."""
import atexit
import contextlib
import itertools
import json
import os
import pathlib
import random
import shutil
import socket
import sqlite3
import subprocess
import urllib.error
import urllib.request

from hearth import BUILD, wait_until


def free_port():
    """For a server that cannot choose its own. Below the range from which the kernel gives ports to
    connections and to whoever asks for any: there somebody could take it before the server does."""
    first = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for _ in range(1000):
        port = random.randrange(10000, first)
        with contextlib.suppress(OSError), socket.socket() as s:
            s.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port")


@contextlib.contextmanager
def refusing_port():
    """A port that refuses connections, and that nobody else can get meanwhile."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        yield s.getsockname()[1]


class Redis:
    """A real redis-server, or valkey-server, that fsyncs every write."""

    def __init__(self, directory, *args, program="redis-server", host="127.0.0.1"):
        self.directory, self.args, self.program, self.host = directory, args, program, host
        directory.mkdir(parents=True, exist_ok=True)
        for _ in range(5):  # somebody else may take the free port before Redis does
            self.port = free_port()
            self.start()
            if self.process.poll() is None:
                return
        raise AssertionError(f"{program} does not start")

    def start(self):
        self.process = subprocess.Popen(
            [self.program, "--port", str(self.port), "--bind", self.host, "--dir",
             str(self.directory), "--appendonly", "yes", "--appendfsync", "always", "--save", "",
             *self.args], stdout=subprocess.DEVNULL)
        wait_until(lambda: self.process.poll() is not None or self.command("PING") is not None,
                   f"{self.program} answers")

    def command(self, *words):
        """The raw answer, None without connection."""
        with contextlib.suppress(OSError):
            with socket.create_connection((self.host, self.port), timeout=5) as s:
                s.sendall(b"*%d\r\n" % len(words) +
                          b"".join(b"$%d\r\n%s\r\n" % (len(w), w.encode()) for w in words))
                return s.recv(65536) or None
        return None

    def settings(self, port=None):
        return ["--set", f"storage-redis.address=127.0.0.1:{port or self.port}"]

    def space(self, name, port=None):
        """Settings for a game of its own, perhaps through a proxy's port."""
        return [*self.settings(port), "--set", f"storage-redis.prefix={name}:"]

    def dump(self, name):
        """Everything that is stored in a space, as text."""
        script = """local found = {}
            for _, key in ipairs(redis.call('KEYS', ARGV[1] .. ':*')) do
                found[#found + 1] = key
                if redis.call('TYPE', key).ok == 'hash' then
                    for _, value in ipairs(redis.call('HGETALL', key)) do
                        found[#found + 1] = value
                    end
                end
            end
            return found"""
        return subprocess.run(["redis-cli", "-p", str(self.port), "--raw", "EVAL", script, "0", name],
                              capture_output=True, text=True, check=True).stdout

    def stop(self):
        self.process.kill()
        self.process.wait()


def dynamodb_local():
    """The directory of Amazon's DynamoDB Local, which `./dev deps` fetches."""
    cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    directory = pathlib.Path(cache) / "hearth" / "dynamodb-local"
    assert (directory / "DynamoDBLocal.jar").exists(), \
        f"DynamoDB Local is not in {directory}: run ./dev deps test"
    assert shutil.which("java"), "DynamoDB Local needs Java: run ./dev deps test"
    return directory


class DynamoDb:
    """A real DynamoDB Local. Its data is in memory, which is ten times as fast, unless `durable`
    lets it outlive a restart."""

    def __init__(self, directory, table="hearth", durable=False):
        self.directory, self.port, self.table = directory, free_port(), table
        self.durable = durable
        self.data = ["-dbPath", str(directory)] if durable else ["-inMemory"]
        directory.mkdir(parents=True, exist_ok=True)
        self.start()

    def start(self):
        program = dynamodb_local()
        self.process = subprocess.Popen(
            ["java", "-Xmx512m", "-XX:TieredStopAtLevel=1",
             f"-Djava.library.path={program}/DynamoDBLocal_lib", "-jar",
             str(program / "DynamoDBLocal.jar"), "-port", str(self.port), "-sharedDb", *self.data],
            cwd=self.directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: self.call("ListTables") is not None, "DynamoDB Local answers", 60)

    def call(self, operation, **arguments):
        """The answer to an operation of DynamoDB's API, None without connection."""
        authorization = ("AWS4-HMAC-SHA256 Credential=test/20260101/local/dynamodb/aws4_request, "
                         "SignedHeaders=host, Signature=00")
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/", json.dumps(arguments).encode(),
            {"X-Amz-Target": "DynamoDB_20120810." + operation, "Authorization": authorization,
             "Content-Type": "application/x-amz-json-1.0"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return json.loads(error.read())
        except OSError:
            return None

    def space(self, name, port=None):
        """Settings for a game of its own, perhaps through a proxy's port."""
        endpoint = f"http://127.0.0.1:{port or self.port}"
        return [*self.settings(endpoint), "--set", f"storage-dynamo.table={name}"]

    def dump(self, name):
        """Everything that is stored in a space, as text."""
        return json.dumps(self.call("Scan", TableName=name, ConsistentRead=True)["Items"])

    def settings(self, endpoint=None):
        """DynamoDB Local does one thing after another: more at a time only makes each wait."""
        return ["--set", f"storage-dynamo.endpoint={endpoint or f'http://127.0.0.1:{self.port}'}",
                "--set", "storage-dynamo.region=local", "--set", "storage-dynamo.create_table=true",
                "--set", f"storage-dynamo.table={self.table}",
                "--set", "storage-dynamo.max_in_flight=4", "--set", "storage-dynamo.timeout=10s"]

    def stop(self):
        """Not by SIGKILL: DynamoDB Local leaves a transaction that it has acknowledged uncommitted until
        its next write, which DynamoDB does not."""
        self.process.terminate() if self.durable else self.process.kill()
        self.process.wait()


# DynamoDB Local takes any credentials, but needs some.
os.environ.setdefault("AWS_ACCESS_KEY_ID", "test")
os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "test")


class Embedded:
    """In the process itself: needs nothing."""

    def settings(self):
        return []

    def space(self, name, port=None):
        return []

    def stop(self):
        pass


def start(plugin, directory):
    return {"storage-sqlite": lambda: Embedded(),
            "storage-faulty": lambda: Embedded(),
            "storage-redis": lambda: Redis(directory / "redis"),
            "storage-dynamo": lambda: DynamoDb(directory / "dynamodb")}[plugin]()


class Spaces:
    """One server for each backend that is asked for, and a new space in it for each game."""

    def __init__(self, directory):
        self.directory, self.servers, self.numbers = directory, {}, itertools.count(1)
        atexit.register(self.stop)  # a run that was interrupted tears nothing down

    def server(self, plugin):
        if plugin not in self.servers:
            self.servers[plugin] = start(plugin, self.directory)
        return self.servers[plugin]

    def settings(self, plugin, port=None):
        """hearthd's arguments for a game of its own on this backend, which is enabled already."""
        return self.server(plugin).space(f"space-{next(self.numbers)}", port)

    def stop(self):
        while self.servers:
            self.servers.popitem()[1].stop()


def dump(plugin, server, spaces):
    """Everything in storage, as text, of a hearthd that was given a space."""
    if plugin == "storage-sqlite":
        with contextlib.closing(sqlite3.connect(server.directory / "data/hearth.db")) as database:
            return "\n".join(map(str, database.execute("SELECT * FROM documents")))
    return spaces.server(plugin).dump(server.storage[-1].split("=")[1].rstrip(":"))


BACKENDS = ["storage-sqlite", "storage-faulty", "storage-redis", "storage-dynamo"]


def bare_etc(directory, *plugins):
    """An etc/ with nothing but these plugins, and a plugin directory that has the tests' own too."""
    etc = directory / "etc"
    (etc / "plugins.d").mkdir(parents=True)
    (etc / "hearth.yaml").write_text(
        "listen: [{address: 127.0.0.1:0}]\nloops: 2\ninclude: plugins.d/*.yaml\n")
    for plugin in plugins:
        (etc / "plugins.d" / f"{plugin}.yaml").write_text("# defaults\n")
    shutil.copytree(etc / "plugins.d", etc / "plugins.available")
    plugin_dir = directory / "plugins"
    plugin_dir.mkdir()
    folders = ("plugins", "tests/plugins", "lib/hearth/conformance")
    for name, so in {so.name: so for f in folders for so in BUILD.glob(f + "/*.so")}.items():
        (plugin_dir / name).symlink_to(so)
    return etc, plugin_dir
