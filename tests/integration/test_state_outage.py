"""Storage stopped under players: what they, the health probe, the metrics and the log are told. On
Redis and DynamoDB, stopped and frozen; what SQLite cannot do is in test_state_refusals.py."""
import contextlib
import signal

import pytest

import backends
from characters import FIGHTER, Hero, player, refused
from hearth import wait_until

QUICK = {"storage-redis": ["storage-redis.timeout=300ms", "storage-redis.connect_timeout=300ms"],
         "storage-dynamo": ["storage-dynamo.timeout=500ms", "storage-dynamo.connect_timeout=300ms",
                            "storage-dynamo.retry_for=500ms"]}


@pytest.fixture(params=list(QUICK))
def remote(request):
    return request.param


@pytest.fixture
def storage_server(remote, tmp_path):
    """One of the test's own, whose data outlives a stop."""
    made = backends.Redis(tmp_path / "redis") if remote == "storage-redis" else \
        backends.DynamoDb(tmp_path / "dynamodb", durable=True)
    yield made
    with contextlib.suppress(ProcessLookupError):
        made.process.send_signal(signal.SIGCONT)
    made.stop()


@pytest.fixture
def start(remote, storage_server, start_hearthd):
    def run(*settings):
        every = ["entities.flush_interval=100ms", "entities.retry_max=300ms", *QUICK[remote],
                 *settings]
        return start_hearthd("--with", remote, "--set", f"services.storage={remote}",
                             *storage_server.settings(),
                             *(word for setting in every for word in ("--set", setting)))
    return run


def metric(server, name):
    text = server.get("/metrics").body.decode()
    return float(next(line.split()[-1] for line in text.splitlines() if line.startswith(name + " ")))


def ready(server):
    reply = server.get("/health/ready")
    return reply.status, reply.json.get("status"), [m["plugin"] for m in reply.json.get("missing", [])]


def confirmed(hero):
    reply = hero.owner.get(hero.path)
    assert reply.status == 200, reply
    return int(reply.headers["Hearth-Durable-Version"])


def stop(server):
    server.stop()


def freeze(server):
    server.process.send_signal(signal.SIGSTOP)


def bring_back(server):
    if server.process.poll() is None:
        server.process.send_signal(signal.SIGCONT)
    else:
        server.start()


@pytest.mark.parametrize("fault", [stop, freeze])
def test_the_game_goes_on_and_everybody_is_told(remote, storage_server, start, fault):
    server = start()
    heroes = [Hero(player(server), FIGHTER) for _ in range(5)]
    stranger = player(server)
    uncached = stranger.post("/characters", FIGHTER).json["id"]
    assert stranger.post("/session/logout").status == 204  # which evicts his character
    wait_until(lambda: metric(server, "hearth_entities_pending") == 0, "all is stored")
    wait_until(lambda: ready(server) == (200, "ready", []), "all is well")
    fault(storage_server)

    for hero in heroes:
        assert hero.hurt(-1).status == 200, "the journal takes it"
    wait_until(lambda: ready(server)[:2] == (200, "degraded") and "entities" in ready(server)[2],
               "health says who misses storage")
    for _ in range(3):
        for hero in heroes:
            assert hero.hurt(-1).status == 200
            seen = hero.owner.get(hero.path)
            assert (seen.status, seen.json) == (200, hero.state)
            assert seen.headers["Hearth-Durable-Version"] == "1"
    assert metric(server, "hearth_entities_pending") == len(heroes)
    assert metric(server, "hearth_entities_storage_write_failures_total") > 0
    assert metric(server, f'hearth_health{{plugin="{remote}",component="storage"}}') == 1
    assert metric(server, "hearth_ready") == 1
    assert any(line.get("level") in ("warn", "error") and "storage does not answer" in line["message"]
               for line in server.log), "the log says it"
    # What has to ask storage is refused, in time and with a time to come back.
    refused(server.post("/accounts", {"username": "new", "password": "long enough"}), 503,
            "STORAGE_UNAVAILABLE")
    refused(heroes[0].owner.get("/characters/" + uncached), 503, "STORAGE_UNAVAILABLE")

    bring_back(storage_server)
    wait_until(lambda: metric(server, "hearth_entities_pending") == 0, "the backlog drains")
    wait_until(lambda: ready(server) == (200, "ready", []), "health is well again")
    for hero in heroes:
        assert hero["version"] == 5 and confirmed(hero) == 5
    assert metric(server, "hearth_entities_dead_letters") == 0
    assert metric(server, "hearth_entities_conflicts_total") == 0


def test_a_full_backlog_is_refused_with_a_time_to_come_back(remote, storage_server, start):
    server = start("entities.max_pending=2")
    heroes = [Hero(player(server), FIGHTER) for _ in range(3)]
    wait_until(lambda: metric(server, "hearth_entities_pending") == 0, "all is stored")
    stop(storage_server)
    for hero in heroes[:2]:
        assert hero.hurt(-1).status == 200
    before = heroes[2].state
    refused(heroes[2].hurt(-1), 503, "STORAGE_UNAVAILABLE")
    assert heroes[2].reload().state == before, "nothing has changed"
    wait_until(lambda: ready(server)[0] == 503, "it wants no more")
    reply = server.get("/health/ready")
    assert reply.json["status"] == "notReady" and "backlog" in str(reply.json["missing"])
    assert metric(server, "hearth_ready") == 0
    assert metric(server, "hearth_entities_pending") == 2
    bring_back(storage_server)
    wait_until(lambda: ready(server) == (200, "ready", []), "it is ready again")
    assert heroes[2].hurt(-1).status == 200
    wait_until(lambda: all(confirmed(hero) == 2 for hero in heroes), "all is stored")
