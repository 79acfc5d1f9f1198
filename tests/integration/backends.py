"""Storage backends for the tests: each starts what it needs, on free ports, and ends it after."""
import contextlib
import shutil
import socket
import subprocess

from hearth import BUILD, wait_until


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Redis:
    """A real redis-server that fsyncs every write."""

    def __init__(self, directory, *args):
        self.directory, self.port, self.args = directory, free_port(), args
        directory.mkdir(parents=True, exist_ok=True)
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir",
             str(self.directory), "--appendonly", "yes", "--appendfsync", "always", "--save", "",
             *self.args], stdout=subprocess.DEVNULL)
        wait_until(lambda: self.command("PING") is not None, "redis-server answers")

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


class Embedded:
    """In the process itself: needs nothing."""

    def settings(self):
        return []

    def stop(self):
        pass


def start(plugin, directory):
    return {"storage-sqlite": lambda: Embedded(),
            "storage-faulty": lambda: Embedded(),
            "storage-redis": lambda: Redis(directory / "redis")}[plugin]()


BACKENDS = ["storage-sqlite", "storage-faulty", "storage-redis"]


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
