"""hearth-bot --server: how its players get into sessions, come back and leave."""
import collections
import json
import subprocess
import urllib.request
import uuid

import pytest

from gamesim import Player, config, instance, named, service  # noqa: F401 (fixtures)
from hearth import BUILD, DEADLINE, wait_until


def bot(served, *args):
    done = subprocess.run([BUILD / "bin/hearth-bot", "--server", served.url, "--json", *map(str, args)],
                          capture_output=True, text=True, timeout=120)
    return done, json.loads(done.stdout.splitlines()[-1])


def fetch(address, path):
    with urllib.request.urlopen(f"http://{address}{path}", timeout=DEADLINE) as reply:
        return reply.read().decode()


def paths(served):
    return [path for method, path, _, _ in served.requests if path.startswith("/gamesims") and method == "POST" and
            not path.endswith(("/updates", "/end"))]


def test_players_find_each_other(service):  # noqa: F811
    with instance(service):
        done, tally = bot(service, "--players", 5, "--duration", 1)
        assert done.returncode == 0 and tally["connected"] == 5, done.stderr
        assert paths(service) == ["/gamesims/find"] * 5
        assert sorted(len(s.characters) for s in service.sessions.values()) == [1, 4]


def test_each_creates_its_own(service):  # noqa: F811
    with instance(service):
        done, tally = bot(service, "--players", 3, "--create", "--duration", 1)
        assert done.returncode == 0 and tally["connected"] == 3, done.stderr
        assert paths(service) == ["/gamesims"] * 3
        assert [len(s.characters) for s in service.sessions.values()] == [1, 1, 1]


def test_all_join_one_session(service):  # noqa: F811
    session = uuid.uuid4()
    with instance(service) as server, Player(server, service, session) as host:
        host.join()
        done, tally = bot(service, "--players", 3, "--join", session, "--duration", 1)
        assert done.returncode == 0 and tally["connected"] == 3, done.stderr
        assert paths(service) == [f"/gamesims/{session}/join"] * 3
        assert len(service.sessions) == 1
        done, tally = bot(service, "--players", 1, "--join", session, "--duration", 1)
        assert done.returncode == 1 and "409 SESSION_FULL" in done.stderr


def test_groups_create_and_join_and_stay_together(service):  # noqa: F811
    with instance(service):
        done, tally = bot(service, "--players", 6, "--group", 3)
        assert done.returncode == 0 and tally["connected"] == 6, done.stderr
        count = collections.Counter("create" if path == "/gamesims" else path.split("/")[-1] for path in paths(service))
        assert count == {"create": 2, "join": 4}
        assert [len(s.characters) for s in service.sessions.values()] == [3, 3]


def test_a_dropped_player_comes_back_to_the_seat_with_a_new_token(service):  # noqa: F811
    with instance(service, "--metrics", "127.0.0.1:0") as server:
        done, tally = bot(service, "--players", 2, "--group", 2, "--rejoin", 1, "--duration", 4)
        assert done.returncode == 0 and tally["connected"] == 2 and tally["errors"] == 0, done.stderr
        session, = service.sessions
        assert collections.Counter(paths(service)) == {"/gamesims": 1, f"/gamesims/{session}/join": 3}
        metrics = fetch(server.http, "/metrics")
        assert "hearth_gamesim_connects_total 4\n" in metrics


def test_leaving_frees_the_seats(service):  # noqa: F811
    with instance(service):
        done, _ = bot(service, "--players", 2, "--group", 2, "--duration", 1, "--leave")
        assert done.returncode == 0, done.stderr
        session, = service.sessions
        assert paths(service)[-2:] == [f"/gamesims/{session}/leave"] * 2
        assert service.sessions[session].seats == [None] * 4
        wait_until(lambda: not named(service, session), "nobody is in there")


@pytest.mark.parametrize("status,code", [(503, "NO_CAPACITY"), (503, "OVERLOADED"), (429, "TOO_MANY_REQUESTS")])
def test_being_refused_for_now_is_waited_out(service, status, code):  # noqa: F811
    asked = []

    def fail(method, path, _):
        if path == "/gamesims/find" and len(asked) < 2:
            asked.append(path)
            return status, {"error": "later", "code": code}
        return None
    service.fail = fail
    with instance(service):
        done, tally = bot(service, "--players", 1, "--duration", 1)
        assert done.returncode == 0 and tally["errors"] == 0, done.stderr
    assert len(asked) == 2


def test_but_not_for_ever(service):  # noqa: F811
    service.fail = lambda method, path, _: (503, {"code": "NO_CAPACITY"}) if path == "/gamesims/find" else None
    with instance(service):
        done, tally = bot(service, "--players", 1, "--duration", 1, "--patience", 2)
        assert done.returncode == 1 and "503 NO_CAPACITY" in done.stderr and tally["connected"] == 0
    assert 2 <= paths(service).count("/gamesims/find") <= 4  # Retry-After is a second


def test_a_second_match_follows_the_first(service, config):  # noqa: F811
    with instance(service, *config(game_sims=1)):
        done, tally = bot(service, "--players", 2, "--group", 2, "--duration", 20)
        assert done.returncode == 0 and tally["errors"] == 0, done.stderr
        assert len(service.sessions) >= 2
        assert all(len(s.characters) == 2 for s in service.sessions.values())


@pytest.mark.parametrize("args,word", [
    (["--server", "http://x", "--players", "1", "--create", "--group", "2"], "only one of"),
    (["--server", "http://x", "--players", "1", "--join", "12"], "--join"),
    (["--server", "http://x", "--players", "1", "--group", "1"], "--group"),
    (["--server", "http://x", "--players", "1", "--rejoin", "0"], "--rejoin"),
    (["--server", "ftp://x", "--players", "1"], "--server"),
    (["--server", "http://x"], "--players"),
    (["--standalone", "127.0.0.1:1", "--key", "00" * 32, "--protocol-id", "00" * 8, "--players", "1", "--leave"],
     "--server"),
])
def test_unusable_options_are_named(args, word):
    done = subprocess.run([BUILD / "bin/hearth-bot", *args], capture_output=True, text=True, timeout=DEADLINE)
    assert done.returncode == 2 and word in done.stderr and len(done.stderr.splitlines()) == 1
