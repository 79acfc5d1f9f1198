"""What hearth-gamesim keeps while hearthd is away, and for how long it remembers and waits."""
import json
import signal
import subprocess
import time
import uuid

import pytest

from gamesim import SNAPSHOT, WELCOME, Instance, Player, config, instance, named, service  # noqa: F401 (fixtures)
from hearth import BUILD, DEADLINE, wait_until
from metadata import LOST, Metadata
from netcode import DISCONNECT

SESSION_OVER, REFUSED = 3, 5


def instances_calls(path):
    return path.startswith("/gamesim-instances") or path.endswith(("/updates", "/end"))


@pytest.mark.parametrize("how", ["no answer", "answer lost", "503"])
def test_a_whole_match_is_reported_when_hearthd_is_back(service, how):  # noqa: F811
    away, verdict = [], {"no answer": (0, None), "answer lost": LOST, "503": (503, {"code": "OVERLOADED"})}[how]

    def fail(_, path, __):
        if not instances_calls(path) or not away:
            return None
        # What gets through while answers are lost is only the first of each.
        return verdict
    service.fail = fail
    with instance(service):
        wait_until(service.newest, "it is there")
        bots = subprocess.Popen([BUILD / "bin/hearth-bot", "--server", service.url, "--players", "4", "--json"],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            wait_until(lambda: service.session and len(named(service, service.session) or []) == 4, "all four are in")
            away.append(True)
            output, errors = bots.communicate(timeout=120)
        finally:
            bots.kill()
        assert bots.returncode == 0, errors
        assert json.loads(output.splitlines()[-1])["errors"] == 0
        assert how == "answer lost" or service.ended(service.session) is None
        away.clear()
        end = wait_until(lambda: service.ended(service.session), "the end is reported")
        assert end["outcome"] in ("victory", "defeat") and not service.gaps
        batches = [body for _, body in service.applied[service.session]]
        assert [b["sequence"] for b in batches] == list(range(1, len(batches) + 1))
        wait_until(lambda: named(service, service.session) is None, "and then it is not named any more")


def test_seats_stand_until_the_end_is_acknowledged(service, config):  # noqa: F811
    session, tries = uuid.uuid4(), []

    def fail(_, path, __):
        return (tries.append(path) or (503, {})) if path.endswith("/end") else None
    service.fail = fail
    with instance(service, *config(empty_timeout="100ms")) as server, Player(server, service, session) as player:
        player.join().message(WELCOME)
        player.peer.send(DISCONNECT)
        wait_until(lambda: tries, "its end is sent")
        seen = len(service.heartbeats)
        wait_until(lambda: len(service.heartbeats) >= seen + 3, "heartbeats go on")
        assert named(service, session) == [str(player.user)]
        service.fail = None
        wait_until(lambda: service.ended(session), "its end is taken")
        wait_until(lambda: named(service, session) is None, "it is not named any more")


def test_unreported_sessions_are_bounded(service, config):  # noqa: F811
    """Four times as many sessions as run at once may wait; then no new one is opened."""
    settings = config(game_sims=1, empty_timeout="100ms")
    with instance(service, *settings, "--metrics", "127.0.0.1:0") as server:
        wait_until(service.newest, "it is there")
        service.fail = lambda _, path, __: (503, {}) if instances_calls(path) else None
        sessions = [uuid.uuid4() for _ in range(4)]
        for session in sessions:
            with Player(server, service, session) as player:
                player.join().message(WELCOME)
                player.peer.send(DISCONNECT)
            # Its place is free when it has ended, and then it refuses its own player.
            wait_until(lambda p=player: refused(server, service, p), "the session has ended")
        with Player(server, service, uuid.uuid4()) as player:
            assert player.join().leave_reason() == REFUSED
        service.fail = None
        wait_until(lambda: all(service.ended(session) for session in sessions), "all ends are reported")

        def opens():
            with Player(server, service, uuid.uuid4()) as other:
                other.join()
                return other.first_word() == WELCOME
        wait_until(opens, "sessions open again")


def refused(server, service, player):  # noqa: F811
    time.sleep(0.2)
    with Player(server, service, player.session, player.user, player.character) as again:
        word = again.join().first_word()
        again.peer.send(DISCONNECT)
        return word != WELCOME


def test_an_ended_id_is_refused_for_a_token_lifetime_and_ten_seconds(config):  # noqa: F811
    session = uuid.uuid4()
    with Metadata(lifetime=2) as service, instance(service, *config(empty_timeout="100ms")) as server:  # noqa: F811
        with Player(server, service, session) as player:
            player.join().message(WELCOME)
            player.peer.send(DISCONNECT)
            wait_until(lambda: service.ended(session), "it has ended")
        ended, refused = time.monotonic(), 0
        while time.monotonic() < ended + 11:
            with Player(server, service, session, player.user, player.character) as again:
                assert again.join().first_word() != WELCOME
                refused += 1
            time.sleep(0.5)
        assert refused > 5
        time.sleep(max(0, ended + 12.5 - time.monotonic()))
        with Player(server, service, session, player.user, player.character) as again:
            assert again.join().first_word() == WELCOME


def test_after_the_drain_timeout_a_match_is_ended(service, config):  # noqa: F811
    session = uuid.uuid4()
    with instance(service, *config(drain_timeout="1500ms")) as server, Player(server, service, session) as player:
        player.join()
        player.input()
        wait_until(lambda: named(service, session) is not None, "it is named")
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        while time.monotonic() < began + 1:
            assert player.message(SNAPSHOT)
        assert player.leave_reason() == SESSION_OVER
        assert time.monotonic() - began > 1.4
        status, errors = server.wait()
        assert status == 0, errors
        assert service.ended(session)["outcome"] == "abandoned" and service.deregistered


def test_reports_that_hang_do_not_hold_up_heartbeats(service, config):  # noqa: F811
    service.delay = lambda _, path: 5 if path.endswith("/end") else 0
    sessions = [uuid.uuid4() for _ in range(10)]
    with instance(service, *config(empty_timeout="100ms")) as server:
        for session in sessions:
            with Player(server, service, session) as player:
                player.join().message(WELCOME)
                player.peer.send(DISCONNECT)
        began, seen = time.monotonic(), len(service.heartbeats)
        wait_until(lambda: all(service.ended(session) for session in sessions), "all ends are reported")
        times = [began] + [beat["at"] for beat in service.heartbeats[seen:]]
        assert max(b - a for a, b in zip(times, times[1:])) < 4


def test_a_session_whose_reports_are_refused_for_good_does_not_hold_up_others(service, config):  # noqa: F811
    bad, good = uuid.uuid4(), uuid.uuid4()
    service.fail = lambda _, path, __: (404, {"code": "GAMESIM_NOT_FOUND"}) if f"/{bad}/" in path else None
    with instance(service, *config(empty_timeout="100ms"), "--metrics", "127.0.0.1:0") as server:
        for session in (bad, good):
            with Player(server, service, session) as player:
                player.join().message(WELCOME)
                player.peer.send(DISCONNECT)
        wait_until(lambda: service.ended(good), "the other's end")
        wait_until(lambda: named(service, bad) is None, "it is given up")


def test_a_killed_instance_is_another_one_when_it_is_back(service):  # noqa: F811
    """The address is taken over, with another key: no token of before is good."""
    first = Instance(service)
    old = service.instance()
    first.process.kill()
    first.process.wait()
    host, port = first.address
    with instance(service, listen=f"{host}:{port}") as server:
        assert list(service.instances) == [service.instance()["id"]] and service.instance()["id"] != old["id"]
        token = service.token(uuid.uuid4(), uuid.uuid4(), uuid.uuid4(), instance=old)
        with Player(server, service, uuid.uuid4()) as player:
            player.peer.token = token
            player.peer.raw(token.request)
            assert player.peer.hears_nothing()
