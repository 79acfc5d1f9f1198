"""hearth-gamesim with a metadata service: registration, sessions from tokens, reports, orders, the end.
The service is tests/integration/metadata.py, which can fail and forget on purpose."""
import contextlib
import http.client
import http.server
import json
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time
import uuid

import pytest

from hearth import BUILD, DEADLINE, die_with_parent, wait_until
from metadata import REGISTER_TOKEN, Metadata
from netcode import DISCONNECT, PAYLOAD, Peer

LEAVE, SNAPSHOT, WELCOME = 19, 17, 16


class Instance:
    def __init__(self, service, *args, token=REGISTER_TOKEN, wait=True):
        env = {**os.environ, "HEARTH_TOKEN": token}
        self.process = subprocess.Popen(
            [BUILD / "bin/hearth-gamesim", "--metadata", service.url, "--listen", "127.0.0.1:0", *map(str, args)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/", env=env, preexec_fn=die_with_parent)
        if wait:
            self.wait_ready()

    def wait_ready(self):
        line = self.process.stdout.readline()
        match = re.search(r"ready on udp (\S+):(\d+)", line)
        assert match, line + self.process.stderr.read()
        self.address = match[1], int(match[2])

    def stop(self, sig=signal.SIGTERM):
        self.process.send_signal(sig)
        return self.wait()

    def wait(self, deadline=DEADLINE):
        _, errors = self.process.communicate(timeout=deadline)
        return self.process.returncode, errors


@contextlib.contextmanager
def instance(service, *args, **how):
    made = Instance(service, *args, **how)
    try:
        yield made
        if made.process.poll() is None:
            status, errors = made.stop()
            assert status == 0, errors
    finally:
        if made.process.poll() is None:
            made.process.kill()
            made.process.wait()


@pytest.fixture
def service():
    with Metadata() as made:
        yield made


@pytest.fixture
def config(tmp_path):
    def write(**settings):
        path = tmp_path / "gamesim.yaml"
        path.write_text("".join(f"{key}: {value}\n" for key, value in settings.items()))
        return "--config", path
    return write


class Player:
    """One player with one token; inputs keep the match going."""

    def __init__(self, server, service, session, user=None, character=None, **how):
        self.session, self.user, self.character = session, user or uuid.uuid4(), character or uuid.uuid4()
        self.peer = Peer(server.address, service.token(session, self.user, self.character, **how))
        self.sequence = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.peer.close()

    def join(self):
        self.peer.connect()
        return self

    def input(self):
        self.sequence += 1
        self.peer.send(PAYLOAD, struct.pack("<BBIIIBbbBH", 1, 1, 0, 0, self.sequence, 1, 0, 0, 0, 0))

    def message(self, kind):
        """The next message of this type; keeps the connection alive meanwhile."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            self.peer.send(4, bytes(8))
            packet = self.peer.receive()
            if packet and packet[0] == PAYLOAD and packet[2][1] == kind:
                return packet[2]
        raise AssertionError(f"no message {kind}")

    def leave_reason(self):
        reason = self.message(LEAVE)[2]
        assert self.peer.wait_for(DISCONNECT)
        return reason


def named(service, session):
    """The players of a session in the newest heartbeat, None if it is not there."""
    beat = service.newest()
    for sim in beat["gameSims"] if beat else ():
        if sim["id"] == str(session):
            return sim["players"]
    return None


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


@pytest.mark.parametrize("args,env,word", [
    (["--listen", "127.0.0.1:0"], {"HEARTH_TOKEN": "t"}, "--metadata or --standalone"),
    (["--metadata", "http://x", "--listen", "127.0.0.1:0"], {"HEARTH_TOKEN": ""}, "HEARTH_TOKEN"),
    (["--metadata", "ftp://x", "--listen", "127.0.0.1:0"], {"HEARTH_TOKEN": "t"}, "--metadata"),
    (["--metadata", "http://x", "--listen", "0.0.0.0:0"], {"HEARTH_TOKEN": "t"}, "--public"),
    (["--metadata", "http://x", "--listen", "127.0.0.1:0", "--slots", "4"], {"HEARTH_TOKEN": "t"}, "--slots"),
    (["--config", "/nowhere.yaml"], {"HEARTH_TOKEN": "t"}, "/nowhere.yaml"),
])
def test_unusable_options(args, env, word):
    done = subprocess.run([BUILD / "bin/hearth-gamesim", *args], env={**os.environ, **env}, capture_output=True,
                          text=True, timeout=DEADLINE)
    assert done.returncode == 2 and word in done.stderr


def test_an_unknown_key_in_the_file_is_named(config):
    done = subprocess.run([BUILD / "bin/hearth-gamesim", *config(game_simz=3)], capture_output=True, text=True,
                          timeout=DEADLINE)
    assert done.returncode == 2 and "game_simz" in done.stderr and "game_sims" in done.stderr


def test_the_file_sets_capacity(service, config):
    with instance(service, *config(game_sims=2, players=3)):
        assert service.registrations[0]["capacity"] == {"gameSims": 2, "players": 3}


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
        player.join()
        friend.join()
        player.input()
        before = player.message(SNAPSHOT)
        player.peer.send(DISCONNECT)
        wait_until(lambda: named(service, session) == [str(friend.user)], "he is gone")
        with Player(server, service, session, player.user, player.character, admission=old) as stale:
            assert stale.join().leave_reason() == 6
        with Player(server, service, session, player.user, player.character, admission=8) as again:
            assert again.join().message(WELCOME)[2] == 0
            assert again.message(SNAPSHOT)[14] == before[14] == 1  # phase: the same match runs on


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
                service.report(path.split("/")[2], path.split("/")[3], body, "")
                return 0, None
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
        assert {event["characterId"] for event in events} <= set(service.seats)
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
    with instance(service, "--metrics", "127.0.0.1:0", wait=False) as server:
        line = server.process.stdout.readline()
        port = int(re.search(r"http 127.0.0.1:(\d+)", line)[1])
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


def free_udp_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_on_ec2_the_public_address_comes_from_the_metadata_service(service, monkeypatch):
    asked = []

    class Imds(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_PUT(self):
            asked.append((self.path, self.headers["X-aws-ec2-metadata-token-ttl-seconds"]))
            self.reply(b"session")

        def do_GET(self):
            asked.append((self.path, self.headers["X-aws-ec2-metadata-token"]))
            self.reply(b"203.0.113.9")

        def reply(self, body):
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Imds) as imds:
        threading.Thread(target=imds.serve_forever, args=(0.02,), daemon=True).start()
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://127.0.0.1:{imds.server_address[1]}")
        port = free_udp_port()
        with instance(service, "--listen", f"127.0.0.1:{port}", "--public", "ec2"):
            assert (service.registrations[0]["address"], service.registrations[0]["port"]) == ("203.0.113.9", port)
        imds.shutdown()
    assert asked == [("/latest/api/token", "60"), ("/latest/meta-data/public-ipv4", "session")]


def test_outside_ec2_that_is_a_clear_error(service, monkeypatch):
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1")
    with instance(service, "--listen", f"127.0.0.1:{free_udp_port()}", "--public", "ec2", wait=False) as server:
        status, errors = server.wait()
        assert status == 1 and "--public ec2" in errors
