#!/usr/bin/python3
"""How many game sessions a second can be opened, and how long one waits for it: players who each open a
session, have it ended by its instance, and open the next, on every storage backend in turn.

    tests/bench/session_creates.py BUILD_DIR [--sessions 3000] [--clients 50] [--instances 400]
                                   [--storage storage-sqlite,storage-redis,storage-dynamo]

The latency is that of POST /gamesims as a client sees it; ends count for the rate, not for the latency.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import socket
import sys
import tempfile
import threading
import time

PLAYERS = 4  # of one client: each may have only so many tokens alive
ROOT = pathlib.Path(__file__).resolve().parents[2]


class Line:
    """A kept connection that costs little: the load must not be what is measured."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def post(self, path, token, body):
        text = json.dumps(body).encode()
        self.socket.sendall(b"POST %s HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer %s\r\n"
                            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                            % (path.encode(), token.encode(), len(text), text))
        head, _, rest = self._more(b"").partition(b"\r\n\r\n")
        length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n")
                       if line.lower().startswith(b"content-length:")), 0)
        while len(rest) < length:
            rest += self._received()
        status = int(head[9:12])
        if status not in (200, 201):
            raise SystemExit(f"POST {path} answered {status} {rest[:300]!r}")
        return json.loads(rest)

    def _more(self, text):
        while b"\r\n\r\n" not in text:
            text += self._received()
        return text

    def _received(self):
        part = self.socket.recv(65536)
        if not part:
            raise SystemExit("hearthd closed a connection")
        return part


class Run:
    def __init__(self, server, options):
        import characters
        import matchmaking
        self.server, self.options = server, options
        token = matchmaking.issue(server)

        def register(number):
            body = {"address": f"10.0.{number // 250}.{number % 250 + 1}", "port": 40000, "version": "1.0.0",
                    "wireVersion": 1, "capacity": {"gameSims": 10, "players": 4}}
            made = Line(server.port).post("/gamesim-instances", token, body)
            return made["id"], made["instanceToken"]

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            self.tokens = dict(pool.map(register, range(options.instances)))
            self.heroes = list(pool.map(lambda _: characters.Hero(characters.player(server), characters.FIGHTER),
                                        range(options.clients * PLAYERS)))

    def client(self, number, count, barrier):
        heroes = self.heroes[number * PLAYERS:(number + 1) * PLAYERS]
        line, latencies = Line(self.server.port), []
        barrier.wait()
        for turn in range(count):
            hero = heroes[turn % PLAYERS]
            began = time.perf_counter()
            made = line.post("/gamesims", hero.owner.token, {"characterId": hero["id"]})
            latencies.append(time.perf_counter() - began)
            line.post(f"/gamesims/{made['gameSimId']}/end", self.tokens[made["instance"]["id"]],
                      {"sequence": 1, "outcome": "defeat", "events": []})
        return latencies

    def measure(self, sessions):
        """Seconds, CPU seconds of hearthd, latencies."""
        import request_cost
        pid, clients = self.server.process.pid, self.options.clients
        barrier = threading.Barrier(clients + 1)
        with concurrent.futures.ThreadPoolExecutor(clients) as pool:
            running = [pool.submit(self.client, number, sessions // clients, barrier) for number in range(clients)]
            cpu, began = request_cost.cpu_ns(pid), time.perf_counter()
            barrier.wait()
            latencies = sorted(latency for one in running for latency in one.result())
            took = time.perf_counter() - began
        return took, (request_cost.cpu_ns(pid) - cpu) / 1e9, latencies


def percentile(values, share):
    return values[min(len(values) - 1, int(len(values) * share))] * 1000


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--sessions", type=int, default=3000)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--instances", type=int, default=400)
    parser.add_argument("--storage", default="storage-sqlite,storage-redis,storage-dynamo")
    options, _ = parser.parse_known_args()
    os.environ["HEARTH_BUILD"] = str(pathlib.Path(options.build).resolve())
    sys.path[:0] = [str(ROOT / "tests/integration"), str(ROOT / "tests/bench")]
    import backends
    import hearth
    print(f"{options.sessions} sessions, {options.clients} clients, {options.instances} instances of 10")
    print("| storage | sessions/s | create p50 ms | p95 | p99 | most | hearthd CPU µs per session |")
    print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
    for plugin in options.storage.split(","):
        with tempfile.TemporaryDirectory() as directory:
            directory = pathlib.Path(directory)
            backend = backends.start(plugin, directory)
            server = hearth.Hearthd(directory / "hearthd", [
                "--with", plugin, "--with", "matchmaking", "--set", f"services.storage={plugin}", *backend.settings(),
                "--set", "matchmaking.heartbeat=1h", "--set", "matchmaking.token_lifetime=5s",
                "--set", "matchmaking.max_live_tokens=64", "--set", "auth.argon2_memory=64k",
                "--set", "auth.login_address_limit=0"])
            run = Run(server, options)
            run.measure(options.clients * 2)  # warm
            took, cpu, latencies = run.measure(options.sessions)
            print(f"| {plugin} | {len(latencies) / took:.0f} | " +
                  " | ".join(f"{percentile(latencies, share):.1f}" for share in (0.5, 0.95, 0.99, 1)) +
                  f" | {cpu / len(latencies) * 1e6:.0f} |", flush=True)
            server.stop()
            backend.stop()


if __name__ == "__main__":
    main()
