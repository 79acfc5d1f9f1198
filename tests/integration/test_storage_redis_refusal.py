"""A Redis that answers and refuses: full, without its replicas, a replica itself, or without a right
for us. Nothing is given up for what an operator can mend, and the reason is said."""
import re

import pytest

import backends
from characters import FIGHTER, Hero, player
from hearth import ROOT, wait_until


@pytest.fixture
def redis(tmp_path):
    made = backends.Redis(tmp_path / "redis")
    yield made
    made.stop()


@pytest.fixture
def start(redis, start_hearthd):
    def run(*settings, **options):
        every = ["entities.flush_interval=50ms", "entities.retry_max=100ms",
                 "entities.max_attempts=3", "auth.argon2_memory=8k", "auth.argon2_passes=1", *settings]
        return start_hearthd("--with", "storage-redis", "--set", "services.storage=storage-redis",
                             *redis.settings(), *(w for s in every for w in ("--set", s)), **options)
    return run


def metric(server, name):
    text = server.get("/metrics").body.decode()
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name + " "))


def missing(server):
    return {m["plugin"]: m["reason"] for m in server.get("/health/ready").json.get("missing", [])}


def well(server):
    return server.get("/health/ready").json == {"status": "ready"}


REFUSALS = {"OOM": (["maxmemory", "100000"], ["maxmemory", "0"]),
            "NOREPLICAS": (["min-replicas-to-write", "1"], ["min-replicas-to-write", "0"])}


@pytest.mark.parametrize("code", list(REFUSALS))
def test_changes_wait_until_redis_takes_them_again(redis, start, code):
    server = start()
    hero = Hero(player(server), FIGHTER)
    wait_until(lambda: metric(server, "hearth_entities_pending") == 0 and well(server), "all is well")
    begin, end = REFUSALS[code]
    redis.command("CONFIG", "SET", *begin)
    assert hero.hurt(-1).status == 200, "the journal takes it"
    wait_until(lambda: code in missing(server).get("storage-redis", ""), "the reason is said")
    failures = metric(server, "hearth_entities_storage_write_failures_total")
    wait_until(lambda: metric(server, "hearth_entities_storage_write_failures_total") >= failures + 10,
               "it was refused more often than max_attempts")
    assert metric(server, "hearth_entities_dead_letters") == 0
    assert metric(server, "hearth_entities_pending") == 1
    assert metric(server, "hearth_storage_redis_refusals_total") > 0
    assert "entities" in missing(server)
    for plugin in ("storage-redis", "entities"):  # said once, not with each attempt
        lines = [line["message"] for line in server.log if line.get("plugin") == plugin and
                 line["message"].startswith("storage is degraded")]
        assert len(lines) == 1, lines
    redis.command("CONFIG", "SET", *end)
    wait_until(lambda: metric(server, "hearth_entities_pending") == 0, "the change is stored")
    wait_until(lambda: well(server), "health is well again")
    assert hero.reload()["version"] == 2
    assert "try" not in str(redis.command("KEYS", "hearth:t*")), "asking leaves nothing behind"


def test_in_mode_shared_it_is_not_ready_until_redis_takes_changes_again(redis, start):
    server = start("entities.mode=shared")
    hero = Hero(player(server), FIGHTER)
    redis.command("CONFIG", "SET", "maxmemory", "100000")
    assert hero.hurt(-1).status in (503, 504)
    wait_until(lambda: server.get("/health/ready").status == 503, "it wants no traffic")
    assert any(line.get("level") == "warn" and line["message"].startswith("storage is not ready on loop")
               for line in server.log), "an outage is no start"
    redis.command("CONFIG", "SET", "maxmemory", "0")
    wait_until(lambda: well(server), "it is ready again without any traffic")


def start_unready(start, *settings, **options):
    server = start(*settings, wait=False, **options)
    server.port = wait_until(server._address, "it listens")
    return server


def test_a_missing_right_is_named(redis, start):
    redis.command("ACL", "SETUSER", "poor", "on", ">poor", "~hearth:*", "+get", "+info")
    server = start_unready(start, "storage-redis.username=poor", "storage-redis.password=env:PW",
                           env={"PW": "poor"})
    wait_until(lambda: "NOPERM" in missing(server).get("storage-redis", ""), "the right is named")
    redis.command("ACL", "SETUSER", "poor", "+@all")
    wait_until(lambda: well(server), "it is ready as soon as it may")


def test_the_rights_that_the_readme_names_are_enough(redis, start):
    text = (ROOT / "plugins/storage-redis/README.md").read_text()
    rights = re.search(r"A user of its own needs `([^`]+)`", text).group(1).split()
    redis.command("ACL", "SETUSER", "game", "on", ">game", "~hearth:*", *rights)
    server = start("storage-redis.username=game", "storage-redis.password=env:PW", env={"PW": "game"})
    hero = Hero(player(server), FIGHTER)
    assert hero.hurt(-1).status == 200 and hero.owner.get("/characters").status == 200
    assert hero.owner.delete(hero.path).status == 204
    assert metric(server, "hearth_storage_redis_refusals_total") == 0


def test_a_replica_is_named(redis, start):
    redis.command("REPLICAOF", "127.0.0.1", str(backends.free_port()))  # which is not there
    redis.command("CONFIG", "SET", "replica-serve-stale-data", "yes")
    server = start_unready(start)
    wait_until(lambda: "READONLY" in missing(server).get("storage-redis", ""), "the replica is named")
    redis.command("REPLICAOF", "NO", "ONE")
    wait_until(lambda: well(server), "it is ready as soon as this is the master")


def test_a_redis_that_throws_documents_away_is_refused(redis, start):
    redis.command("CONFIG", "SET", "maxmemory", "100mb", "maxmemory-policy", "allkeys-lru")
    server = start_unready(start)
    wait_until(lambda: "throws documents away" in missing(server).get("storage-redis", ""), "it is said")
    assert redis.command("DBSIZE") == b":0\r\n", "and nothing is written there"
    redis.command("CONFIG", "SET", "maxmemory-policy", "noeviction")
    wait_until(lambda: well(server), "it comes up by itself")


def test_a_redis_without_append_only_file_is_warned_of_once(redis, start):
    redis.command("CONFIG", "SET", "appendonly", "no")
    server = start(loops=2)
    wait_until(lambda: well(server), "it is taken all the same")
    assert sum("append-only file" in message for message in server.messages()) == 1


def test_a_start_on_a_redis_that_is_well_warns_of_nothing(start):
    server = start()
    wait_until(lambda: well(server), "all is well")
    said = [line for line in server.log if line.get("level") in ("warn", "error")]
    assert not [line for line in said if line["message"] != "request answered"]
