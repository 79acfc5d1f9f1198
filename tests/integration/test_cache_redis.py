"""cache-redis: what hearth.cache/1 promises, and a Redis that is away, frozen, slow, full or comes
back with what it had: that costs hits, never an answer and never the truth."""
import re
import signal
import time

import pytest

import backends
from fault_proxy import FaultProxy
from hearth import wait_until

NEVER = 2 ** 63 - 1


@pytest.fixture
def start_redis(tmp_path):
    started = []

    def start(*args):
        started.append(backends.Redis(tmp_path / f"redis{len(started)}", *args))
        return started[-1]

    yield start
    for redis in started:
        redis.stop()


@pytest.fixture
def start_probe(start_hearthd, tmp_path):
    """start_probe(port, ...) runs a hearthd with cache-redis on that Redis and three routes."""
    made = []

    def start(port, *args, **options):
        made.append(tmp_path / f"probe{len(made)}")
        made[-1].mkdir()
        etc, plugin_dir = backends.bare_etc(made[-1], "cache-redis", "cache-probe",
                                            "metrics-prometheus")
        return start_hearthd("--set", f"cache-redis.address=127.0.0.1:{port}",
                             "--set", "cache-redis.call_timeout=1s", *args, etc=etc,
                             plugin_dir=plugin_dir, **options)

    return start


def put(server, version, body="{}", key="u/1", **query):
    arguments = "&".join(f"{k}={v}" for k, v in query.items())
    reply = server.request("PUT", f"/cache/{key}/{version}?{arguments}", body)
    assert reply.status == 204, reply


def get(server, key="u/1"):
    """The document, None on a miss: there is nothing else."""
    reply = server.get(f"/cache/{key}", timeout=10)
    assert reply.status in (200, 404), reply
    return reply.json if reply.status == 200 else None


def version(server, key="u/1"):
    found = get(server, key)
    return found and found["version"]


def invalidate(server, version, key="u/1"):
    assert server.delete(f"/cache/{key}/{version}").status == 204


def metric(server, name, **labels):
    text = server.get("/metrics").body.decode()
    total = 0.0
    for line in text.splitlines():
        found = re.match(rf"hearth_cache_redis_{name}(?:{{(.*)}})? (\S+)$", line)
        if found and all(f'{k}="{v}"' in (found.group(1) or "") for k, v in labels.items()):
            total += float(found.group(2))
    return total


def status(server):
    reply = server.get("/health/ready")
    assert reply.status == 200, reply
    return reply.json["status"]


def is_connected(server, user):
    put(server, 1, key=f"{user}/connected")
    return version(server, f"{user}/connected") == 1


def connected(server, user="u"):
    """The same hearthd, when the home loop of this user has its connection."""
    wait_until(lambda: is_connected(server, user), "cache-redis is connected")
    return server


@pytest.fixture
def probe(start_redis, start_probe):
    redis = start_redis()
    server = connected(start_probe(redis.port))
    server.redis = redis
    return server


# ---- the promises ----

def test_what_was_put_is_there_whole(probe):
    put(probe, 3, '{"text":"\\u00e4 \\"quoted\\""}', expires=NEVER)
    assert get(probe) == {"version": 3, "epoch": 7, "writeId": "probe-1", "expires": NEVER,
                          "body": {"text": 'ä "quoted"'}}
    assert metric(probe, "gets_total", result="hit") >= 1


def test_what_was_never_put_is_a_miss(probe):
    before = metric(probe, "gets_total", result="miss")
    assert get(probe) is None
    assert metric(probe, "gets_total", result="miss") == before + 1


def test_keys_do_not_run_into_each_other(probe):
    connected(connected(probe, "ab"), "a")
    put(probe, 1, key="ab/c")
    assert version(probe, "a/bc") is None
    assert version(probe, "ab/c") == 1


def test_the_largest_version_is_kept_to_the_last_bit(probe):
    put(probe, NEVER - 1)
    assert version(probe) == NEVER - 1
    put(probe, NEVER)
    assert version(probe) == NEVER
    put(probe, NEVER - 1)
    assert version(probe) == NEVER


def test_an_older_version_never_overwrites(probe):
    put(probe, 10, '{"n":10}')
    put(probe, 9, '{"n":9}')
    assert get(probe)["body"] == {"n": 10}
    wait_until(lambda: metric(probe, "writes_total", result="older") == 1, "the refusal is counted")
    put(probe, 11, '{"n":11}')
    assert get(probe)["body"] == {"n": 11}


def test_an_invalidation_forgets_what_is_older_and_refuses_it_for_a_while(probe):
    put(probe, 4)
    invalidate(probe, 6)
    assert get(probe) is None
    put(probe, 5)
    assert get(probe) is None
    put(probe, 6)
    assert version(probe) == 6


def test_an_invalidation_leaves_its_own_version_and_newer_ones(probe):
    put(probe, 6)
    invalidate(probe, 6)
    invalidate(probe, 5)
    assert version(probe) == 6


def test_a_deleted_document_can_come_back_later(start_redis, start_probe):
    server = connected(start_probe(start_redis().port, "--set", "cache-redis.refuse_older=1s"))
    put(server, 5)
    invalidate(server, NEVER)
    put(server, 1)
    assert get(server) is None

    def is_back():
        put(server, 1)
        return version(server) == 1
    wait_until(is_back, "the refusal ends")


def test_a_document_that_has_expired_is_a_miss(probe):
    put(probe, 1, expires=int(time.time() * 1000) + 600)
    assert version(probe) == 1
    wait_until(lambda: get(probe) is None, "the document expires")
    put(probe, 2, expires=1)
    assert get(probe) is None


def test_a_document_is_kept_for_its_ttl(start_redis, start_probe):
    redis = start_redis()
    server = connected(start_probe(redis.port, "--set", "cache-redis.ttl=1s"))
    put(server, 1)
    assert version(server) == 1
    wait_until(lambda: redis.command("DBSIZE") == b":0\r\n", "Redis forgets it")


def test_a_document_that_is_too_large_is_not_kept_and_its_older_one_is_forgotten(start_redis,
                                                                                  start_probe):
    server = connected(start_probe(start_redis().port, "--set", "cache-redis.max_body=1k"))
    put(server, 1, '{"a":1}')
    assert version(server) == 1
    put(server, 2, '{"a":"%s"}' % ("x" * 2000))
    assert get(server) is None


def test_keys_begin_with_the_prefix(start_redis, start_probe):
    redis = start_redis()
    server = connected(start_probe(redis.port, "--set", "cache-redis.prefix=my-game:"))
    put(server, 1)
    assert version(server) == 1
    assert b"my-game:probes\0u\x001" in redis.command("KEYS", "my-game:*")


def test_another_process_is_not_believed_and_its_newer_versions_are_not_overwritten(start_redis,
                                                                                    start_probe):
    redis = start_redis()
    one, two = connected(start_probe(redis.port)), connected(start_probe(redis.port))
    put(one, 5)
    assert version(one) == 5
    assert version(two) is None
    put(two, 4)
    assert version(two) is None and version(one) == 5
    put(two, 6)
    assert version(two) == 6 and version(one) is None


# ---- a Redis in trouble ----

def test_an_absent_redis_costs_hits_only(start_probe):
    with backends.refusing_port() as port:
        server = start_probe(port)
        wait_until(lambda: status(server) == "degraded", "the loss is visible")
        began = time.monotonic()
        for _ in range(20):
            put(server, 1)
            assert get(server) is None
            invalidate(server, 2)
        assert time.monotonic() - began < 5
    assert metric(server, "gets_total", result="away") == 20
    assert metric(server, "writes_total", result="lost") == 40


def test_after_a_restart_nothing_is_believed_that_may_be_older(probe):
    """The Redis keeps its data; a put that was lost in between must not be undone by it."""
    put(probe, 1)
    assert version(probe) == 1
    probe.redis.stop()
    wait_until(lambda: status(probe) == "degraded", "the loss is visible")
    put(probe, 2)
    assert get(probe) is None
    probe.redis.start()
    wait_until(lambda: status(probe) == "ready", "the return is visible")
    assert b"probes" in probe.redis.command("KEYS", "*u*1")
    connected(probe)
    assert get(probe) is None
    put(probe, 2)
    assert version(probe) == 2


def test_a_frozen_redis_costs_one_wait_and_then_nothing(start_redis, start_probe):
    redis = start_redis()
    server = connected(start_probe(redis.port, "--set", "cache-redis.call_timeout=300ms",
                                   "--set", "cache-redis.timeout=2s", loops=1))
    put(server, 1)
    assert version(server) == 1
    redis.process.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert get(server) is None
        assert time.monotonic() - began < 1.5
        began = time.monotonic()
        for _ in range(10):
            assert get(server) is None
        assert time.monotonic() - began < 1.0
        assert metric(server, "gets_total", result="late") == 1
        assert metric(server, "gets_total", result="slow") > 0
        wait_until(lambda: status(server) == "degraded", "the frozen Redis is taken for lost")
    finally:
        redis.process.send_signal(signal.SIGCONT)
    wait_until(lambda: status(server) == "ready", "the return is visible")
    connected(server)
    put(server, 2)
    assert version(server) == 2


def test_a_slow_redis_is_a_miss_and_is_used_again_when_it_is_fast(start_redis, start_probe):
    redis = start_redis()
    with FaultProxy(redis.port) as proxy:
        server = connected(start_probe(proxy.port, "--set", "cache-redis.call_timeout=100ms",
                                       "--set", "cache-redis.timeout=10s", loops=1))
        put(server, 1)
        wait_until(lambda: version(server) == 1, "the document is there")
        proxy.delay(0.5)
        began = time.monotonic()
        assert get(server) is None
        assert time.monotonic() - began < 0.45
        assert metric(server, "gets_total", result="late") >= 1
        proxy.pass_through()
        wait_until(lambda: version(server) == 1, "the same connection serves again")
        assert metric(server, "connects_total") == 1


def test_a_put_whose_answer_was_lost_ends_what_was_believed(start_redis, start_probe):
    redis = start_redis()
    with FaultProxy(redis.port) as proxy:
        server = connected(start_probe(proxy.port, "--set", "cache-redis.timeout=10s", loops=1))
        put(server, 1)
        assert version(server) == 1
        proxy.swallow_replies()
        put(server, 2)
        wait_until(lambda: proxy.counters["swallowed_bytes"] > 0, "Redis has answered")
        proxy.pass_through()
        proxy.cut()
        wait_until(lambda: metric(server, "writes_total", result="lost") >= 1, "the loss is counted")
        connected(server)
        assert get(server) is None


def test_a_full_redis_takes_no_document_but_serves_the_others(start_redis, start_probe):
    redis = start_redis()
    server = connected(start_probe(redis.port))
    put(server, 1)
    put(server, 1, key="u/other")
    assert version(server) == 1
    redis.command("CONFIG", "SET", "maxmemory", "1")
    put(server, 2)
    assert get(server) is None
    assert b"u\x001" not in redis.command("KEYS", "*u*1")
    assert version(server, "u/other") == 1
    invalidate(server, 2, key="u/other")
    assert get(server, "u/other") is None
    put(server, 3)
    wait_until(lambda: status(server) == "degraded", "the refusal is visible")
    assert any("takes nothing" in message for message in server.messages())
    redis.command("CONFIG", "SET", "maxmemory", "0")
    put(server, 3)
    assert version(server) == 3
    wait_until(lambda: status(server) == "ready", "health follows")


def test_a_read_only_redis_is_said_and_not_believed(start_redis, start_probe):
    redis = start_redis()
    server = connected(start_probe(redis.port))
    put(server, 1)
    assert version(server) == 1
    with backends.refusing_port() as port:
        redis.command("REPLICAOF", "127.0.0.1", str(port))
        put(server, 2)
        assert get(server) is None
        wait_until(lambda: status(server) == "degraded", "the refusal is visible")
    wait_until(lambda: any("READONLY" in m for m in server.messages()), "the refusal is said")


def test_a_redis_that_has_forgotten_the_scripts_is_sent_them_again(probe):
    put(probe, 1)
    assert version(probe) == 1
    probe.redis.command("SCRIPT", "FLUSH")
    put(probe, 2)
    assert version(probe) in (None, 2)
    put(probe, 3)
    assert version(probe) == 3


def test_a_flood_of_puts_is_bounded_and_never_answers_with_an_older_one(start_redis, start_probe):
    redis = start_redis()
    with FaultProxy(redis.port) as proxy:
        server = connected(start_probe(proxy.port, "--set", "cache-redis.timeout=10s",
                                       "--set", "cache-redis.max_in_flight=5", loops=1))
        put(server, 1, key="u/0")
        assert version(server, "u/0") == 1
        before = metric(server, "writes_total", result="lost")
        proxy.delay(1.0)
        for i in range(20):
            put(server, 2, key=f"u/{i % 10}")
        assert metric(server, "calls_in_flight") <= 5
        assert metric(server, "writes_total", result="lost") >= before + 10
        proxy.pass_through()
        connected(server)
        assert version(server, "u/0") in (None, 2)


def test_what_waits_to_be_sent_is_bounded_in_bytes(start_redis, start_probe):
    redis = start_redis()
    with FaultProxy(redis.port) as proxy:
        server = connected(start_probe(proxy.port, "--set", "cache-redis.timeout=10s",
                                       "--set", "cache-redis.max_buffered=10k", loops=1))
        put(server, 1, key="u/9")
        assert version(server, "u/9") == 1
        before = metric(server, "writes_total", result="lost")
        proxy.delay(1.0)
        for i in range(10):
            put(server, 2, '{"a":"%s"}' % ("x" * 3000), key=f"u/{i}")
        proxy.pass_through()
        assert wait_until(lambda: version(server, "u/0"), "the first ones are kept") == 2
        assert get(server, "u/9") is None
        assert metric(server, "writes_total", result="lost") == before


def test_a_wrong_password_is_said_and_not_shown(start_redis, start_probe):
    redis = start_redis("--requirepass", "right")
    server = start_probe(redis.port, "--set", "cache-redis.password=env:REDIS_PW",
                         env={"REDIS_PW": "wrong-passw0rd"})
    wait_until(lambda: status(server) == "degraded", "the refused log-in is visible")
    put(server, 1)
    assert get(server) is None
    assert any("WRONGPASS" in m or "invalid" in m for m in server.messages())
    assert not any("wrong-passw0rd" in m for m in server.messages())


def test_the_right_password_logs_in(start_redis, start_probe):
    redis = start_redis("--requirepass", "right-passw0rd")
    server = connected(start_probe(redis.port, "--set", "cache-redis.password=env:REDIS_PW",
                                   env={"REDIS_PW": "right-passw0rd"}))
    assert not any("right-passw0rd" in m for m in server.messages())


def test_a_drain_waits_for_what_is_on_its_way_but_not_for_a_frozen_redis(start_redis, start_probe):
    redis = start_redis()
    server = connected(start_probe(redis.port, "--set", "cache-redis.timeout=500ms"))
    redis.process.send_signal(signal.SIGSTOP)
    try:
        put(server, 2)
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 10
    finally:
        redis.process.send_signal(signal.SIGCONT)
