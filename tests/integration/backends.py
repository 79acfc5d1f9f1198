"""Storage backends for the tests: each starts what it needs, on free ports, and ends it after."""
import contextlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import urllib.error
import urllib.request

from hearth import BUILD, wait_until


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Redis:
    """A real redis-server that fsyncs every write."""

    def __init__(self, directory, *args):
        self.directory, self.args = directory, args
        directory.mkdir(parents=True, exist_ok=True)
        for _ in range(5):  # somebody else may take the free port before Redis does
            self.port = free_port()
            self.start()
            if self.process.poll() is None:
                return
        raise AssertionError("redis-server does not start")

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir",
             str(self.directory), "--appendonly", "yes", "--appendfsync", "always", "--save", "",
             *self.args], stdout=subprocess.DEVNULL)
        wait_until(lambda: self.process.poll() is not None or self.command("PING") is not None,
                   "redis-server answers")

    def command(self, *words):
        """The raw answer, None without connection."""
        with contextlib.suppress(OSError):
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as s:
                s.sendall(b"*%d\r\n" % len(words) +
                          b"".join(b"$%d\r\n%s\r\n" % (len(w), w.encode()) for w in words))
                return s.recv(65536) or None
        return None

    def settings(self):
        return ["--set", f"storage-redis.address=127.0.0.1:{self.port}"]

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

    def settings(self, endpoint=None):
        """DynamoDB Local does one thing after another: more at a time only makes each wait."""
        return ["--set", f"storage-dynamo.endpoint={endpoint or f'http://127.0.0.1:{self.port}'}",
                "--set", "storage-dynamo.region=local", "--set", "storage-dynamo.create_table=true",
                "--set", f"storage-dynamo.table={self.table}",
                "--set", "storage-dynamo.max_in_flight=4", "--set", "storage-dynamo.timeout=10s"]

    def stop(self):
        self.process.kill()
        self.process.wait()


# DynamoDB Local takes any credentials, but needs some.
os.environ.setdefault("AWS_ACCESS_KEY_ID", "test")
os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "test")


class Embedded:
    """In the process itself: needs nothing."""

    def settings(self):
        return []

    def stop(self):
        pass


def start(plugin, directory):
    return {"storage-sqlite": lambda: Embedded(),
            "storage-faulty": lambda: Embedded(),
            "storage-redis": lambda: Redis(directory / "redis"),
            "storage-dynamo": lambda: DynamoDb(directory / "dynamodb")}[plugin]()


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
    for so in [*BUILD.glob("plugins/*.so"), *BUILD.glob("tests/plugins/*.so")]:
        (plugin_dir / so.name).symlink_to(so)
    return etc, plugin_dir
