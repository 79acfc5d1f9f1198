"""hearth-gamesim with a metadata service: registration, sessions from tokens, reports, orders, the end.
The service is tests/integration/metadata.py, which can fail and forget on purpose."""
import http.client
import json
import re
import signal
import subprocess
import time
import uuid

from gamesim import SNAPSHOT, WELCOME, Player, config, instance, named, service  # noqa: F401 (fixtures)
from hearth import BUILD, DEADLINE, wait_until
from metadata import LOST, REGISTER_TOKEN, Metadata
from netcode import DISCONNECT, Peer


def test_it_registers_and_deregisters(service):
    with instance(service, "--region", "north") as server:
        body = service.registrations[0]
        assert body == {"address": "127.0.0.1", "port": server.address[1], "version": body["version"], "wireVersion": 1,
                        "capacity": {"gameSims": 10, "players": 4}, "region": "north"}
        wait_until(lambda: service.newest(), "a heartbeat")
        beat = service.newest()
        assert (beat["sequence"], beat["state"], beat["gameSims"]) == (1, "ready", [])
        wait_until(lambda: len(service.heartbeats) >= 3, "heartbeats go on")
        status, errors = server.stop()
        assert status == 0, errors
    assert len(service.deregistered) == 1
    assert service.newest()["state"] == "draining"


def test_the_registering_token_does_nothing_else_and_never_shows(service):
    with instance(service) as server:
        wait_until(lambda: service.newest(), "a heartbeat")
        service.renew = "renewed-token"
        wait_until(lambda: service.requests[-1][3] == "renewed-token", "the renewed token is used")
        status, errors = server.stop()
        assert status == 0 and REGISTER_TOKEN not in errors and "renewed-token" not in errors
    assert [r[1] for r in service.requests if r[3] == REGISTER_TOKEN] == ["/gamesim-instances"]


def test_registration_is_retried_until_the_service_is_there(service):
    failures = []

    def fail(method, path, _):
        if path == "/gamesim-instances" and method == "POST" and len(failures) < 3:
            failures.append(time.monotonic())
            return [(0, None), (503, {}), (500, {})][len(failures) - 1]
        return None
    service.fail = fail
    with instance(service):
        pass
    gaps = [b - a for a, b in zip(failures, failures[1:])]
    assert len(failures) == 3 and min(gaps) >= 0.2


def test_a_registration_refused_for_good_is_a_clear_error(service):
    with instance(service, token="wrong", wait=False) as server:
        status, errors = server.wait()
        assert status == 1 and "401 UNAUTHENTICATED" in errors and "wrong" not in errors


def test_the_first_token_makes_the_session_and_heartbeats_name_it(service):
    service.heartbeat = 600
    session = uuid.uuid4()
    with instance(service) as server, Player(server, service, session, seat=2) as player:
        wait_until(lambda: service.newest(), "the first heartbeat")
        began = time.monotonic()
        welcome = player.join().message(WELCOME)
        assert welcome[2] == 2 and welcome[-16:] == session.bytes
        wait_until(lambda: named(service, session) == [str(player.user)], "a heartbeat names the player")
        assert service.newest()["at"] - began < 1.5
        player.peer.send(DISCONNECT)
        left = time.monotonic()
        wait_until(lambda: named(service, session) == [], "a heartbeat without the player")
        assert service.newest()["at"] - left < 1.5
        assert server.stop(signal.SIGTERM)[0] == 0


def test_a_player_comes_back_to_the_seat_and_an_older_token_does_not(service):
    session, old = uuid.uuid4(), 5
    with instance(service) as server, Player(server, service, session, admission=7) as player, \
            Player(server, service, session, seat=1) as friend:
        welcome = player.join().message(WELCOME)
        friend.join()
        player.input()
        wait_until(lambda: player.message(SNAPSHOT)[14] == 1, "the match runs")
        player.peer.send(DISCONNECT)
        wait_until(lambda: named(service, session) == [str(friend.user)], "he is gone")
        with Player(server, service, session, player.user, player.character, admission=old) as stale:
            assert stale.join().leave_reason() == 6
        with Player(server, service, session, player.user, player.character, admission=8) as again:
            assert again.join().message(WELCOME)[2:8] == welcome[2:8]  # the seat, and the same entity in it
            assert again.message(SNAPSHOT)[14] == 1  # the same match runs on


def test_an_older_token_for_another_seat_does_not_win_over_a_newer_one(service):  # noqa: F811
    session = uuid.uuid4()
    with instance(service) as server, Player(server, service, session, seat=0, admission=5) as player, \
            Player(server, service, session, player.user, player.character, seat=1, admission=9) as moved, \
            Player(server, service, session, player.user, player.character, seat=0, admission=7) as stale:
        player.join().message(WELCOME)
        player.peer.send(DISCONNECT)
        assert moved.join().message(WELCOME)[2] == 1
        shown = moved.message(SNAPSHOT)
        assert shown[17] == 1 and shown[22] == 1  # one player, in the new seat
        moved.peer.send(DISCONNECT)
        assert stale.join().leave_reason() == 6


def test_tokens_that_admit_to_nothing(service, config):
    with instance(service, *config(game_sims=1)) as server:
        with Player(server, service, uuid.uuid4(), seat=4) as player:
            assert player.join().leave_reason() == 5
        with Player(server, service, uuid.uuid4()) as first, Player(server, service, uuid.uuid4()) as second:
            first.join()
            assert second.join().leave_reason() == 5  # one session is all that fits


def test_four_bots_play_to_the_end_and_everything_is_reported_once(service):
    dropped = set()

    def fail(method, path, body):
        # Each batch's first answer is lost after it was applied, or hearthd is overloaded.
        if path.endswith(("/updates", "/end")) and (path, body["sequence"]) not in dropped:
            dropped.add((path, body["sequence"]))
            if body["sequence"] % 2:
                return LOST
            return 503, {"code": "OVERLOADED"}
        return None
    service.fail = fail
    with instance(service):
        done = subprocess.run([BUILD / "bin/hearth-bot", "--server", service.url, "--players", "4", "--json"],
                              capture_output=True, text=True, timeout=180)
        assert done.returncode == 0, done.stderr
        tally = json.loads(done.stdout.splitlines()[-1])
        assert tally["connected"] == 4 and tally["errors"] == 0
        end = wait_until(lambda: service.ended(service.session), "the end is reported")
        assert end["outcome"] in ("victory", "defeat")
        assert service.gaps == []
        batches = [body for _, body in service.applied[str(service.session)]]
        assert [b["sequence"] for b in batches] == list(range(1, len(batches) + 1))
        events = [event for body in batches for event in body["events"]]
        kinds = {event["type"] for event in events}
        assert {"damage", "experience"} <= kinds
        assert {event["characterId"] for event in events} <= service.sessions[service.session].characters
        # A repetition is the same request.
        seen = {}
        for session, kind, body, _ in service.reports:
            assert seen.setdefault((session, body["sequence"]), (kind, body)) == (kind, body)
        wait_until(lambda: named(service, service.session) is None, "the session is gone from heartbeats")


def test_ended_by_the_service(service):
    session = uuid.uuid4()
    with instance(service) as server, Player(server, service, session) as player:
        player.join()
        wait_until(lambda: named(service, session) is not None, "it is named")
        service.order(end=[str(session)])
        assert player.leave_reason() == 3
        with Player(server, service, session, player.user, player.character) as again:
            assert again.join().leave_reason() == 3  # the id is remembered
        wait_until(lambda: named(service, session) is None, "it is not named any more")
        assert service.ended(session) is None


def test_a_kick_frees_the_seat(service):
    session = uuid.uuid4()
    with instance(service) as server, Player(server, service, session) as player, \
            Player(server, service, session, seat=1) as friend:
        player.join()
        friend.join()
        wait_until(lambda: len(named(service, session) or []) == 2, "both are named")
        service.order(kick=[{"gameSimId": str(session), "userId": str(player.user)}])
        assert player.leave_reason() == 4
        wait_until(lambda: named(service, session) == [str(friend.user)], "the kick is confirmed")
        with Player(server, service, session, seat=0) as other:
            assert other.join().message(WELCOME)[2] == 0


def test_a_kick_of_who_never_came_is_confirmed_at_once():
    with Metadata(heartbeat=600) as service:
        service.order(kick=[{"gameSimId": str(uuid.uuid4()), "userId": str(uuid.uuid4())}])
        with instance(service):
            wait_until(lambda: len(service.heartbeats) == 2, "one that carried the kick, one that confirms it")


def test_an_empty_session_ends_abandoned(service, config):
    session = uuid.uuid4()
    with instance(service, *config(empty_timeout="300ms")) as server, Player(server, service, session) as player:
        player.join()
        player.message(WELCOME)
        player.peer.send(DISCONNECT)
        end = wait_until(lambda: service.ended(session), "its end")
        assert end["outcome"] == "abandoned"
        with Player(server, service, session, player.user, player.character) as again:
            assert again.join().leave_reason() == 3


def test_a_session_that_nobody_plays_ends_abandoned(service, config):
    session = uuid.uuid4()
    with instance(service, *config(join_timeout="500ms")) as server, Player(server, service, session) as player:
        assert player.join().leave_reason() == 3
        assert wait_until(lambda: service.ended(session), "its end")["outcome"] == "abandoned"


def test_a_seat_is_kept_for_the_rejoin_time_only():
    session = uuid.uuid4()
    with Metadata(rejoin=1) as service, instance(service) as server, \
            Player(server, service, session) as player, Player(server, service, session, seat=1) as friend:
        player.join()
        friend.join()
        entities = friend.message(SNAPSHOT)[17]
        player.peer.send(DISCONNECT)
        wait_until(lambda: friend.message(SNAPSHOT)[17] == entities - 1, "the seat is given up")


def test_a_lost_instance_ends_its_sessions_and_registers_anew(service):
    session = uuid.uuid4()
    with instance(service) as server, Player(server, service, session) as player:
        player.join()
        wait_until(lambda: named(service, session) is not None, "it is named")
        old = service.instance()
        with service.lock:
            service.instances.clear()
        assert player.leave_reason() == 3
        wait_until(lambda: service.instances, "a new registration")
        assert service.instance()["connectKey"] != old["connectKey"]
        # Tokens made with the old key are nothing now, new ones are good.
        stale = Peer(server.address, service.token(uuid.uuid4(), uuid.uuid4(), uuid.uuid4(), instance=old))
        stale.raw(stale.token.request)
        assert stale.hears_nothing()
        stale.close()
        with Player(server, service, uuid.uuid4()) as other:
            other.join()


def test_matches_go_on_while_the_service_is_away(service):
    session = uuid.uuid4()
    with instance(service, "--metrics", "127.0.0.1:0") as server, Player(server, service, session) as player:
        player.join()
        player.input()
        wait_until(lambda: named(service, session) is not None, "it is named")
        service.fail = lambda *_: (503, {})
        end = time.monotonic() + 4  # well over three intervals
        while time.monotonic() < end:
            assert player.message(SNAPSHOT)
            player.input()
        service.fail = None
        seen = len(service.heartbeats)
        wait_until(lambda: len(service.heartbeats) > seen, "heartbeats again")
        assert named(service, session) == [str(player.user)]


def test_sigterm_waits_for_the_match_and_for_allocated_sessions(service):
    session, allocated = uuid.uuid4(), uuid.uuid4()
    with instance(service) as server, Player(server, service, session) as player:
        player.join()
        service.active = 1
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: service.newest() and service.newest()["state"] == "draining", "draining")
        assert player.message(SNAPSHOT)
        with Player(server, service, allocated) as late:  # its token was made before the drain
            late.join().message(WELCOME)
        service.order(end=[str(session), str(allocated)])
        assert player.leave_reason() == 3
        wait_until(lambda: service.newest()["gameSims"] == [], "a heartbeat without sessions")
        asked = service.lists
        wait_until(lambda: service.lists >= asked + 2, "it asks whether anything is allocated still")
        service.active = 0
        status, errors = server.wait()
        assert status == 0, errors
    assert service.deregistered


def test_the_service_can_ask_to_drain(service):
    with instance(service) as server:
        service.order(drain=True)
        status, errors = server.wait()
        assert status == 0, errors
    assert service.deregistered


def test_a_second_signal_ends_the_matches(service):
    session = uuid.uuid4()
    with instance(service) as server, Player(server, service, session) as player:
        player.join()
        wait_until(lambda: named(service, session) is not None, "it is named")
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: service.newest()["state"] == "draining", "draining")
        status, errors = server.stop()
        assert status == 0, errors
        assert service.ended(session)["outcome"] == "abandoned"


def test_reports_that_could_not_be_delivered_are_not_passed_over(service, config):
    session = uuid.uuid4()
    with instance(service, *config(empty_timeout="200ms", drain_timeout="1s")) as server, \
            Player(server, service, session) as player:
        player.join()
        service.fail = lambda method, path, _: (503, {}) if path.endswith("/end") else None
        player.peer.send(DISCONNECT)
        status, errors = server.stop()
        assert status == 1 and "not acknowledged" in errors


def test_readiness_follows_the_registration(service):
    with instance(service, "--metrics", "127.0.0.1:0") as server:
        port = int(server.http.split(":")[1])
        def get(path):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
            connection.request("GET", path)
            reply = connection.getresponse()
            return reply.status, reply.read().decode()
        assert get("/health/ready")[0] == 200
        assert "hearth_gamesim_registered 1" in get("/metrics")[1]
        service.fail = lambda method, path, _: (503, {}) if path == "/gamesim-instances" else None
        with service.lock:
            service.instances.clear()
        wait_until(lambda: get("/health/ready")[0] == 503, "not ready while not registered")
        service.fail = None
        wait_until(lambda: get("/health/ready")[0] == 200, "ready again")
        with Player(server, service, uuid.uuid4()) as player:
            player.join().message(WELCOME)
            service.order(drain=True)
            wait_until(lambda: get("/health/ready")[0] == 503, "not ready while it drains")
            assert "draining" in get("/health/ready")[1]
            assert get("/health/live")[0] == 200


def test_a_clock_that_differs_from_hearthds_is_said(service):
    with instance(service, "--metrics", "127.0.0.1:0") as server:
        address, port = server.http.split(":")

        def get(path):
            connection = http.client.HTTPConnection(address, int(port), timeout=DEADLINE)
            connection.request("GET", path)
            reply = connection.getresponse()
            return reply.status, reply.read().decode()

        def ahead():
            return int(re.search(r"^hearth_gamesim_clock_ahead_seconds (\S+)$", get("/metrics")[1], re.M)[1])

        assert (get("/health/ready")[0], ahead()) == (200, 0)
        service.clock_off = -3600
        wait_until(lambda: ahead() > 3500, "its clock is ahead")
        assert get("/health/ready") == (503, '{"status":"clock ahead of hearthd\'s"}'), "nobody gets in"
        service.clock_off = 3600
        wait_until(lambda: ahead() < -3500, "its clock is behind")
        assert get("/health/ready")[0] == 200, "tokens only live longer"
        service.clock_off = 0
        wait_until(lambda: ahead() == 0, "they agree")
        status, errors = server.stop()
        assert status == 0 and "s ahead of hearthd's" in errors and "agrees" in errors


def test_an_http_address_in_use_is_refused_and_not_shared(service):
    with instance(service, "--metrics", "127.0.0.1:0") as first:
        second = instance(service, "--metrics", first.http, wait=False)
        with second as process:
            status, errors = process.wait()
        assert status == 1 and "in use" in errors
