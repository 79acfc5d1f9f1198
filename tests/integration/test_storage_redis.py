"""storage-redis in particular: log-in, a cluster, a lost and a frozen Redis."""
import signal

import pytest

import backends
from hearth import wait_until


@pytest.fixture
def start_redis(tmp_path):
    started = []

    def start(*args):
        started.append(backends.Redis(tmp_path / f"redis{len(started)}", *args))
        return started[-1]

    yield start
    for redis in started:
        redis.stop()


def health(server):
    return server.get("/health/ready").json


def degraded(server):
    return health(server).get("status") == "degraded"


def start(start_hearthd, tmp_path, redis, *args, **options):
    etc, plugin_dir = backends.bare_etc(tmp_path, "storage-redis")
    return start_hearthd(*redis.settings(), *args, etc=etc, plugin_dir=plugin_dir, **options)


def test_password_comes_from_the_environment_and_is_never_shown(start_hearthd, start_redis,
                                                                 tmp_path):
    redis = start_redis("--requirepass", "s3cr3t-of-redis")
    server = start(start_hearthd, tmp_path, redis, "--set", "storage-redis.password=env:REDIS_PW",
                   env={"REDIS_PW": "s3cr3t-of-redis"})
    wait_until(lambda: not degraded(server), "the log-in succeeds")
    assert not any("s3cr3t" in message for message in server.messages())


def test_a_wrong_password_is_said_and_not_shown(start_hearthd, start_redis, tmp_path):
    redis = start_redis("--requirepass", "right")
    server = start(start_hearthd, tmp_path, redis, "--set", "storage-redis.password=env:REDIS_PW",
                   env={"REDIS_PW": "wrong-passw0rd"})
    wait_until(lambda: degraded(server), "the refused log-in is visible")
    assert any("WRONGPASS" in m or "invalid" in m for m in server.messages())
    assert not any("wrong-passw0rd" in m for m in server.messages())


def test_a_cluster_is_refused_in_one_sentence(start_hearthd, start_redis, tmp_path):
    redis = start_redis("--cluster-enabled", "yes", "--cluster-port", str(backends.free_port()))
    server = start(start_hearthd, tmp_path, redis)
    wait_until(lambda: degraded(server), "the cluster is refused")
    assert any("Redis Cluster" in message for message in server.messages())


def test_a_redis_that_comes_back_is_found(start_hearthd, start_redis, tmp_path):
    redis = start_redis()
    server = start(start_hearthd, tmp_path, redis)
    wait_until(lambda: not degraded(server), "Redis is connected")
    redis.stop()
    wait_until(lambda: degraded(server), "the loss is visible")
    redis.start()
    wait_until(lambda: not degraded(server), "the return is visible")


def test_a_frozen_redis_is_taken_for_lost(start_hearthd, start_redis, tmp_path):
    redis = start_redis()
    server = start(start_hearthd, tmp_path, redis, "--set", "storage-redis.connect_timeout=200ms")
    wait_until(lambda: not degraded(server), "Redis is connected")
    # Nothing is in flight, so that only a new connection can notice: cut the old ones.
    redis.command("CLIENT", "KILL", "TYPE", "normal")
    redis.process.send_signal(signal.SIGSTOP)
    try:
        wait_until(lambda: degraded(server), "the frozen Redis is visible")
    finally:
        redis.process.send_signal(signal.SIGCONT)
    wait_until(lambda: not degraded(server), "the return is visible")
