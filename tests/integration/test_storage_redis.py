"""storage-redis in particular: log-in, a cluster, a lost and a frozen Redis; on Valkey too, where it
is installed."""
import os
import shutil
import signal
import subprocess

import pytest

import backends
from hearth import tool, wait_until


@pytest.fixture(params=["redis-server", "valkey-server"])
def start_redis(request, tmp_path):
    if not shutil.which(request.param):
        pytest.skip(f"no {request.param} on this machine")
    started = []

    def start(*args, **options):
        started.append(backends.Redis(tmp_path / f"redis{len(started)}", *args,
                                      program=request.param, **options))
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
    wait_until(lambda: degraded(server) and "WRONGPASS" in str(health(server)), "the refusal is visible")
    assert not any("wrong-passw0rd" in m for m in server.messages())


def test_a_redis_without_auth_does_not_get_the_password_into_the_log(start_hearthd, start_redis,
                                                                     tmp_path):
    redis = start_redis("--rename-command", "AUTH", "")
    server = start(start_hearthd, tmp_path, redis, "--set", "storage-redis.password=env:REDIS_PW",
                   env={"REDIS_PW": "s3cr3t-of-redis"})
    wait_until(lambda: degraded(server) and "AUTH was refused" in str(health(server)), "it is said")
    assert "s3cr3t" not in str(health(server))
    assert not any("s3cr3t" in message for message in server.messages())


def test_a_cluster_is_refused_in_one_sentence(start_hearthd, start_redis, tmp_path):
    redis = start_redis("--cluster-enabled", "yes", "--cluster-port", str(backends.free_port()))
    server = start(start_hearthd, tmp_path, redis)
    wait_until(lambda: degraded(server) and "this is a Redis Cluster, which is not supported" in
               str(health(server)), "the cluster is refused")


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


def two_addresses(tmp_path, name):
    """What runs a program with a name that has two addresses, in a mount namespace of its own."""
    hosts = tmp_path / "hosts"
    hosts.write_text(f"127.0.0.1 localhost {name}\n::1 {name}\n")
    prefix = ["unshare", *(["--map-root-user"] if os.geteuid() else []), "--mount", "sh", "-c",
              'mount --bind "$0" /etc/hosts && exec "$@"', str(hosts)]
    if subprocess.run([*prefix, "true"], capture_output=True).returncode:
        pytest.skip("a name of its own needs a mount namespace")
    return prefix


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_each_address_of_a_name_is_tried(start_hearthd, start_redis, tmp_path, host):
    redis = start_redis(host=host)
    name = f"both.example:{redis.port}"
    server = start(start_hearthd, tmp_path, redis, "--set", f"storage-redis.address={name}",
                   prefix=two_addresses(tmp_path, "both.example"))
    wait_until(lambda: not degraded(server), "Redis is connected")
    redis.stop()
    wait_until(lambda: f"redis {name} (127.0.0.1): " in str(health(server)), "127.0.0.1 is tried")
    wait_until(lambda: f"redis {name} (::1): " in str(health(server)), "::1 is tried")
    redis.start()
    wait_until(lambda: not degraded(server), "the return is visible")


def test_the_log_has_the_reason_for_which_an_outage_goes_on(start_hearthd, start_redis, tmp_path):
    redis = start_redis("--requirepass", "unknown")
    redis.stop()
    server = start(start_hearthd, tmp_path, redis, loops=1)

    def reasons():
        return [m.partition(": ")[2] for m in server.messages() if m.startswith("redis 127.0.0.1:")]

    wait_until(lambda: reasons() == ["Connection refused"], "that it is away is in the log")
    redis.start()
    wait_until(lambda: len(reasons()) > 1, "that it is there and refuses is in the log")
    assert len(reasons()) == 2 and reasons()[1].startswith("NOAUTH"), reasons()


@pytest.mark.parametrize("start_redis", ["valkey-server"], indirect=True)  # Redis has its own tests
def test_the_conformance_suite_passes_on_valkey(start_redis):
    done = tool("conformance", "storage", "storage-redis", *start_redis().settings(), timeout=240)
    assert done.returncode == 0 and done.stdout.endswith(" passed, 0 failed\n"), done.stdout + done.stderr


def test_a_redis_that_is_not_picked_is_nobodys_concern(start_hearthd):
    with backends.refusing_port() as port:
        server = start_hearthd("--with", "storage-redis", "--set",
                               f"storage-redis.address=127.0.0.1:{port}")
        wait_until(lambda: any("Connection refused" in m for m in server.messages()), "it is tried")
        assert health(server) == {"status": "ready"}
