#!/usr/bin/python3
"""How fast entities flush to storage, beside what the same server does when asked by its own tools.

Redis: entities against redis-benchmark, pipelined as deep: a plain SET of the same body, and an EVALSHA
of a script that checks a version and keeps an index, as any honest backend would have to. DynamoDB
Local: entities against wrk with as many connections, each request a conditional PutItem of the same item.

    tests/bench/flush.py BUILD_DIR [--rounds 3] [--redis 20000] [--dynamo 2000] [--storage a,b]

Every round measures all of them in turn on one server without fsync; the figures are medians. Both sides
are on this machine, so the storage server's own CPU time per write is shown as well.
"""
import argparse
import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEXT = "x" * 1100  # a stored character is about that long
CONNECTIONS = 4

SCRIPT = """local v = redis.call('HGET', KEYS[1], 'v')
if v and v ~= ARGV[1] then return redis.call('HMGET', KEYS[1], 'v', 'w', 'b') end
redis.call('HSET', KEYS[1], 'v', ARGV[1], 'w', ARGV[2], 'b', ARGV[3])
redis.call('ZADD', KEYS[2], 0, ARGV[2])
return 1"""

PUT = """
local number = 0
local body = '{"TableName":"raw","ConditionExpression":"attribute_not_exists(pk) OR version = :v",' ..
    '"ExpressionAttributeValues":{":v":{"N":"1"}},"Item":{"pk":{"S":"notes#%d"},"sk":{"S":"#n"},' ..
    '"version":{"N":"1"},"epoch":{"N":"0"},"write_id":{"S":"4d890688-e1e2-49c0-9d6d-ab6cbda89953/1/2"},' ..
    '"body":{"M":{"bodyVersion":{"N":"1"},"state":{"M":{"text":{"S":"TEXT"}}}}}}}'
local headers = {["X-Amz-Target"] = "DynamoDB_20120810.PutItem", ["Content-Type"] = "application/x-amz-json-1.0",
    ["Authorization"] = "AWS4-HMAC-SHA256 Credential=test/20260101/local/dynamodb/aws4_request, " ..
        "SignedHeaders=host, Signature=00"}
function request()
    number = number + 1
    return wrk.format("POST", "/", headers, string.format(body, number % 2000))
end
"""


def post_all(port, paths, text):
    """Pipelined, because the load must not be what is measured; every answer has to be a 200."""
    with socket.create_connection(("127.0.0.1", port)) as line:
        for start in range(0, len(paths), 32):
            part = paths[start:start + 32]
            line.sendall(b"".join(b"POST %s HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\n"
                                  b"Content-Length: %d\r\n\r\n%s" % (path.encode(), len(text), text.encode())
                                  for path in part))
            data = b""
            while data.count(b"HTTP/1.1 ") < len(part) or not data.endswith(b"}"):
                received = line.recv(1 << 20)
                if not received:
                    raise SystemExit("hearthd closed a connection")
                data += received
            if data.count(b"HTTP/1.1 200") != len(part):
                raise SystemExit(f"hearthd answered {data[:300]!r}")


def pending(server):
    text = server.get("/metrics").body.decode()
    return float(re.search(r"^hearth_entities_pending (\S+)", text, re.M)[1])


class Flush:
    """hearthd on one loop with `count` notes; measure() changes them all and times their way to storage.
    The last change reaches flush_max, which begins the flush."""

    def __init__(self, plugin, backend, count, directory):
        import backends
        import hearth
        self.backend, self.count, self.texts = backend, count, 0
        backends.bare_etc(directory, plugin, "entities", "notes", "metrics-prometheus")
        self.server = hearth.Hearthd(directory, [
            *backend.settings(), "--set", "entities.flush_interval=60s", "--set", f"entities.flush_max={count}"],
            etc=directory / "etc", plugin_dir=directory / "plugins", loops=1)
        self.paths = [f"/notes/user{number}/note{number}/memory" for number in range(count)]
        post_all(self.server.port, self.paths, TEXT)

    def measure(self):
        from request_cost import cpu_ns
        post_all(self.server.port, self.paths[:-1], TEXT)
        mine, theirs = cpu_ns(self.server.process.pid), cpu_ns(self.backend.process.pid)
        began = time.perf_counter()
        post_all(self.server.port, self.paths[-1:], TEXT)
        while pending(self.server) > 0:
            time.sleep(0.002)
        took = time.perf_counter() - began
        return (self.count / took, (cpu_ns(self.server.process.pid) - mine) / self.count / 1000,
                (cpu_ns(self.backend.process.pid) - theirs) / self.count / 1000)


def timed(backend, command, **how):
    """The output of a command, and CPU time: its own and the backend's."""
    from request_cost import cpu_ns
    theirs, before = cpu_ns(backend.process.pid), os.times()
    run = subprocess.run(command, capture_output=True, text=True, **how)
    if run.returncode != 0:
        raise SystemExit(run.stderr or run.stdout)
    after = os.times()
    mine = after.children_user + after.children_system - before.children_user - before.children_system
    return run.stdout, mine * 1e9, cpu_ns(backend.process.pid) - theirs


def redis_benchmark(backend, count, *words):
    output, mine, theirs = timed(backend, ["redis-benchmark", "-p", str(backend.port), "-c", "1", "-P", "256",
                                           "-r", str(count), "-n", str(4 * count), "--csv", *words])
    rate = float(output.splitlines()[-1].split(",")[1].strip('"'))
    return rate, mine / count / 4000, theirs / count / 4000


def raw_puts(backend, script):
    output, mine, theirs = timed(backend, ["wrk", "-t1", f"-c{CONNECTIONS}", "-d2s", "-s", str(script),
                                           f"http://127.0.0.1:{backend.port}"])
    if "Non-2xx" in output:
        raise SystemExit(output)
    count = int(re.search(r"(\d+) requests in", output)[1])
    return float(re.search(r"Requests/sec:\s+(\S+)", output)[1]), mine / count / 1000, theirs / count / 1000


def on_redis(directory, count):
    import backends
    backend = backends.Redis(directory / "redis", "--appendonly", "no")
    flush = Flush("storage-redis", backend, count, directory / "game")
    sha = backend.command("SCRIPT", "LOAD", SCRIPT).split(b"\r\n")[1].decode()
    key = "raw:__rand_int__"
    return backend, flush, [
        ("redis-benchmark SET", lambda: redis_benchmark(backend, count, "SET", key, TEXT)),
        ("redis-benchmark EVALSHA", lambda: redis_benchmark(
            backend, count, "EVALSHA", sha, "2", "doc:" + key, "index:" + key, "1", "write/1/2", TEXT))]


def on_dynamo(directory, count):
    import backends
    backend = backends.DynamoDb(directory / "dynamodb")
    flush = Flush("storage-dynamo", backend, count, directory / "game")
    backend.call("CreateTable", TableName="raw", BillingMode="PAY_PER_REQUEST",
                 KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
                 AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")])
    script = directory / "put.lua"
    script.write_text(PUT.replace("TEXT", TEXT))
    return backend, flush, [("wrk conditional PutItem", lambda: raw_puts(backend, script))]


def report(name, cases, rounds):
    rows = {}
    for _ in range(rounds):
        for case, measure in cases:
            rows.setdefault(case, []).append(measure())
    middle = {case: [statistics.median(column) for column in zip(*figures)] for case, figures in rows.items()}
    base = middle[cases[0][0]]
    print(f"{name:28} {'writes/s':>10} {'flush is x':>10} {'client us':>10} {'server us':>10}")
    for case, (rate, mine, theirs) in middle.items():
        print(f"{case:28} {rate:10.0f} {base[0] / rate:10.2f} {mine:10.1f} {theirs:10.1f}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--redis", type=int, default=20000)
    parser.add_argument("--dynamo", type=int, default=2000)
    parser.add_argument("--storage", default="storage-redis,storage-dynamo")
    options, _ = parser.parse_known_args()
    os.environ["HEARTH_BUILD"] = str(pathlib.Path(options.build).resolve())
    sys.path[:0] = [str(ROOT / "tests/integration"), str(ROOT / "tests/bench")]
    kinds = {"storage-redis": (on_redis, options.redis), "storage-dynamo": (on_dynamo, options.dynamo)}
    for plugin in options.storage.split(","):
        begin, count = kinds[plugin]
        with tempfile.TemporaryDirectory() as directory:
            backend, flush, others = begin(pathlib.Path(directory), count)
            report(plugin, [("entities", flush.measure), *others], options.rounds)
            flush.server.stop()
            backend.stop()


if __name__ == "__main__":
    main()
