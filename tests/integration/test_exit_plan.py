"""The exit plan as sdk/docs/storage.md has it: the same game on SQLite, Redis, DynamoDB, and back."""
import pytest

import backends
from characters import FIGHTER, Hero, player
from hearth import BUILD, ROOT, tool

PLAN = ["storage-sqlite", "storage-redis", "storage-dynamo", "storage-sqlite"]


@pytest.fixture
def settings(tmp_path):
    redis = backends.Redis(tmp_path / "redis")
    dynamo = backends.DynamoDb(tmp_path / "dynamodb")
    yield {"storage-sqlite": [], "storage-redis": redis.settings(), "storage-dynamo": dynamo.settings()}
    dynamo.stop()
    redis.stop()


def copy(source, target, directory, settings, *more):
    return tool("storage", "copy", source, target, "--config", ROOT / "etc/hearth.yaml", "--data-dir",
                directory / "data", "--plugin-dir", BUILD / "plugins", *settings[source],
                *settings[target], *more, timeout=120)


def test_a_player_goes_on_with_his_character_after_each_move(settings, start_hearthd, tmp_path):
    """One data directory, etc/ as shipped. The last move is onto what the first left behind."""
    directory, hero = tmp_path / "game", None
    for step, storage in enumerate(PLAN):
        back = step == len(PLAN) - 1
        if step > 0:
            done = copy(PLAN[step - 1], storage, directory, settings, *(["--overwrite"] if back else []))
            assert done.returncode == 0 and "\ndone: " in done.stdout, (storage, done.stderr)
            assert "waiting" not in done.stdout, "the lease of the own data directory"
        server = start_hearthd("--with", storage, "--set", f"services.storage={storage}",
                               *settings[storage], *(["--without", "storage-sqlite"] if storage != "storage-sqlite" else []),
                               directory=directory)
        if hero is None:
            hero = Hero(player(server), FIGHTER)
        hero.owner.port = server.port
        found = hero.send("GET", "")
        assert found.status == 200 and found.json == hero.state, (storage, found)
        assert hero.hurt(-1).status == 200, storage
        assert server.stop() == 0
