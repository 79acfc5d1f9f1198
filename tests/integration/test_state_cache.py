"""A second level of memory (services.cache) beside storage: it is worth something when it works, and
whatever becomes of it nobody sees a state that is not the newest."""
import random
import re
import signal
import threading
import time
import uuid

import pytest

import backends
import hearth
from characters import FIGHTER, Hero, player


@pytest.fixture
def redis(tmp_path):
    redis = backends.Redis(tmp_path / "redis")
    yield redis
    redis.stop()


@pytest.fixture
def game(start_hearthd, redis):
    """Two loops, memory for about thirty characters, and a Redis behind it."""
    settings = ["services.cache=cache-redis", f"cache-redis.address=127.0.0.1:{redis.port}",
                "cache-redis.call_timeout=500ms", "entities.cache_wait=500ms",
                "entities.cache_size=64k", "entities.flush_interval=50ms"]
    server = start_hearthd("--with", "cache-redis", *(w for s in settings for w in ("--set", s)),
                           loops=2)
    hearth.wait_until(lambda: metric(server, "hearth_cache_redis_connects_total") == 2,
                      "both loops are connected")
    return server


def metric(server, name):
    text = server.get("/metrics").body.decode()
    return sum(float(v) for v in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.M))


def hits(server):
    return metric(server, "hearth_entities_second_level_hits_total")


def login(server, name):
    session = server.post("/session/login", {"username": name, "password": hearth.PASSWORD}).json
    return hearth.Client(server.host, server.port, session["token"], session["userId"])


def come_back(server, hero, name):
    """Logs out, so that the character leaves memory, and in again."""
    assert hero.owner.post("/session/logout").status == 204
    hearth.wait_until(lambda: metric(server, "hearth_entities_cached") == 0, "memory is empty")
    hero.owner = login(server, name)


def new_hero(server):
    name = "c" + uuid.uuid4().hex
    return Hero(server.player(name), FIGHTER), name


def field(redis, key, name):
    return redis.command("HGET", key, name).split(b"\r\n", 1)[1][:-2].decode()


def keys_of(hero):
    return "hearth-cache:characters\0" + hero["userId"] + "\0" + hero["id"]


def test_who_comes_back_is_answered_from_the_cache(game):
    hero, name = new_hero(game)
    for round_ in range(1, 4):
        assert hero.hurt(-1).status == 200
        come_back(game, hero, name)
        reply = hero.owner.get(hero.path)
        assert (reply.status, reply.json) == (200, hero.state)
        assert reply.headers["Hearth-Durable-Version"] == str(hero["version"])
        assert hits(game) == round_


def test_an_older_state_in_the_cache_is_not_shown(game, redis):
    """As after a put that was lost: even in the same generation of cache-redis."""
    hero, name = new_hero(game)
    come_back(game, hero, name)
    assert hero.owner.get(hero.path).json == hero.state
    key = keys_of(hero)
    old = {f: field(redis, key, f) for f in "gvb"}
    assert old["v"] == "1"
    for _ in range(3):
        assert hero.hurt(-1).status == 200
    come_back(game, hero, name)
    assert field(redis, key, "v") == "4"
    for f in "vb":
        redis.command("HSET", key, f, old[f])
    redis.command("HSET", key, "g", old["g"])
    before = hits(game)
    assert hero.owner.get(hero.path).json == hero.state
    assert hits(game) == before
    # And a newer one that nobody has made is not either.
    come_back(game, hero, name)
    redis.command("HSET", key, "v", "9")
    assert hero.owner.get(hero.path).json == hero.state
    assert hero.hurt(-1).json["version"] == 5


def test_what_the_cache_kept_over_a_kill_is_not_shown(game, redis):
    hero, name = new_hero(game)
    assert hero.hurt(-1).status == 200
    come_back(game, hero, name)
    redis.process.send_signal(signal.SIGSTOP)  # it does not hear of what comes now
    hero.owner.get(hero.path)
    assert hero.hurt(-1).status == 200
    game.kill()
    redis.process.send_signal(signal.SIGCONT)
    game.restart()
    hero.owner.port = game.port
    assert hero.owner.get(hero.path).json == hero.state


def test_a_frozen_cache_costs_a_moment_and_a_dead_one_nothing(game, redis):
    hero, name = new_hero(game)
    come_back(game, hero, name)
    redis.process.send_signal(signal.SIGSTOP)
    for _ in range(3):
        start = time.monotonic()
        reply = hero.owner.get(hero.path)
        assert (reply.status, reply.json) == (200, hero.state)
        assert time.monotonic() - start < 3  # far below the request's own deadline
        come_back(game, hero, name)
    redis.process.send_signal(signal.SIGCONT)
    redis.stop()
    assert hero.owner.get(hero.path).json == hero.state
    assert hero.hurt(-1).status == 200
    come_back(game, hero, name)
    assert hero.owner.get(hero.path).json == hero.state
    assert game.get("/health/ready").status == 200


def test_versions_never_go_back_however_the_cache_behaves(game, redis):
    """More characters than memory holds, changed and read while Redis is frozen, killed, emptied."""
    heroes = [Hero(player(game), FIGHTER) for _ in range(6)]
    heroes += [Hero(hero.owner, FIGHTER) for hero in heroes for _ in range(9)]
    failures, stopping = [], threading.Event()

    def play(mine, seed):
        dice = random.Random(seed)
        try:
            while not stopping.is_set():
                hero = dice.choice(mine)
                if dice.random() < 0.3:
                    assert hero.intend("PATCH", "/currency/modify", copper=1).status == 200
                    assert hero["version"] == hero["currency"]["copper"] - hero.copper + 1
                else:
                    reply = hero.owner.get(hero.path)
                    assert (reply.status, reply.json) == (200, hero.state)
        except BaseException as failure:  # told by the main thread
            failures.append(failure)
            stopping.set()

    for hero in heroes:
        hero.copper = hero["currency"]["copper"]
    threads = [threading.Thread(target=play, args=(heroes[i::3], i)) for i in range(3)]
    for thread in threads:
        thread.start()
    hearth.wait_until(lambda: stopping.is_set() or hits(game) > 50, "the cache is asked and answers")
    for _ in range(3):
        redis.process.send_signal(signal.SIGSTOP)
        stopping.wait(0.3)
        redis.process.send_signal(signal.SIGCONT)
        stopping.wait(0.2)
        redis.command("FLUSHALL")
        stopping.wait(0.2)
        redis.stop()
        stopping.wait(0.2)
        redis.start()
        before = hits(game)
        hearth.wait_until(lambda: stopping.is_set() or hits(game) > before, "the cache helps again")
    stopping.set()
    for thread in threads:
        thread.join()
    assert not failures, failures
    assert metric(game, "hearth_entities_cache_evictions_total") > 100
