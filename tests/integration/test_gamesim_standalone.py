"""hearth-gamesim --standalone and hearth-bot as an operator runs them: real processes, real UDP."""
import contextlib
import http.client
import json
import re
import secrets
import shutil
import signal
import socket
import subprocess

import pytest

from hearth import BUILD, DEADLINE, wait_until


def run_bot(address, key, protocol_id, *args):
    done = subprocess.run(
        [BUILD / "bin/hearth-bot", "--standalone", address, "--key", key, "--protocol-id", protocol_id,
         "--json", *map(str, args)], capture_output=True, text=True, timeout=120)
    lines = done.stdout.strip().splitlines()
    return done, json.loads(lines[-1]) if lines else None


class Gamesim:
    def __init__(self, listen="127.0.0.1:0", *args):
        self.key, self.protocol_id = secrets.token_hex(32), secrets.token_hex(8)
        self.process = subprocess.Popen(
            [BUILD / "bin/hearth-gamesim", "--standalone", "--listen", listen, "--key", self.key,
             "--protocol-id", self.protocol_id, *map(str, args)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/")
        line = self.process.stdout.readline()
        match = re.search(r"ready on udp (\S+:\d+)(?:, http (\S+))?$", line.strip())
        assert match, line + (self.process.stderr.read() if self.process.poll() is not None else "")
        self.address, self.http = match[1], match[2]

    def bot(self, *args, address=None, key=None, protocol_id=None):
        return run_bot(address or self.address, key or self.key, protocol_id or self.protocol_id, *args)

    def start_bot(self, *args):
        return subprocess.Popen(
            [BUILD / "bin/hearth-bot", "--standalone", self.address, "--key", self.key, "--protocol-id",
             self.protocol_id, "--json", *map(str, args)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def get(self, path):
        connection = http.client.HTTPConnection(self.http, timeout=DEADLINE)
        try:
            connection.request("GET", path)
            reply = connection.getresponse()
            return reply.status, reply.read().decode()
        finally:
            connection.close()

    def metric(self, name):
        """The value of a sample, by its name with labels."""
        _, text = self.get("/metrics")
        return float(next(line.split()[-1] for line in text.splitlines() if line.startswith(name + " ")))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=DEADLINE)
        return self.process.returncode, errors


@contextlib.contextmanager
def gamesim(*args):
    server = Gamesim(*args)
    try:
        yield server
        status, errors = server.stop()
        assert status == 0, errors
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
            s.bind(("::1", 0))
        return True
    except OSError:
        return False


@pytest.mark.parametrize("listen", ["127.0.0.1:0", pytest.param("[::1]:0", marks=pytest.mark.skipif(
    not has_ipv6(), reason="no IPv6 here"))])
def test_four_bots_play_a_match_to_its_end(listen):
    with gamesim(listen) as server:
        done, tally = server.bot("--players", 4)
        assert done.returncode == 0, done.stderr
        assert tally["players"] == tally["connected"] == 4
        assert tally["errors"] == 0 and tally["snapshots"] > 100
        assert set(tally) == {"players", "connected", "snapshots", "errors", "latencyMs", "lost"}
        assert 0 < tally["latencyMs"]["p50"] <= tally["latencyMs"]["p99"]


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
def test_a_dual_stack_socket_knows_ipv4_players_by_their_ipv4_address():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    with gamesim(f"[::]:{port}", "--public", f"127.0.0.1:{port}") as server:
        done, tally = server.bot("--players", 1, "--duration", 1, address=f"127.0.0.1:{port}")
        assert done.returncode == 0, done.stderr
        assert tally["connected"] == 1


def test_slots_are_netcodes_slots_and_free_at_once():
    with gamesim("127.0.0.1:0", "--slots", 3) as server:
        done, tally = server.bot("--players", 4, "--duration", 1)
        assert done.returncode == 1 and "denied" in done.stderr
        assert tally["connected"] <= 3
        for _ in range(3):
            done, tally = server.bot("--players", 3, "--duration", 1)
            assert done.returncode == 0, done.stderr
            assert tally["connected"] == 3


def test_snapshots_come_thirty_times_a_second():
    with gamesim() as server:
        done, tally = server.bot("--players", 1, "--duration", 3)
        assert done.returncode == 0, done.stderr
        assert 60 <= tally["snapshots"] + tally["lost"] <= 110


def test_the_next_match_follows_in_the_same_session():
    with gamesim() as server:
        for _ in range(2):
            done, _ = server.bot("--players", 2)
            assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("wrong", ["key", "protocol_id"])
def test_a_wrong_key_or_protocol_gets_no_answer(wrong):
    with gamesim() as server:
        value = {"key": "00" * 32, "protocol_id": "00" * 8}[wrong]
        done, tally = server.bot("--players", 1, "--duration", 1, "--token-lifetime", 31, **{wrong: value})
        assert done.returncode == 1
        assert tally["connected"] == 0 and tally["errors"] == 1
        assert "request timed out" in done.stderr


def test_a_token_that_may_be_older_than_the_server_is_refused():
    with gamesim("127.0.0.1:0", "--token-lifetime", 60) as server:
        done, _ = server.bot("--players", 1, "--duration", 1, "--token-lifetime", 8)
        assert done.returncode == 1 and "connect token expired" in done.stderr
        done, _ = server.bot("--players", 1, "--duration", 1, "--token-lifetime", 60)
        assert done.returncode == 0, done.stderr


def test_stopping_tells_the_players_why():
    with gamesim() as server:
        bot = server.start_bot("--players", 1, "--duration", 60)
        try:
            # The probe is in the same session, so once it is through, the first one is in as well.
            done, _ = server.bot("--players", 1, "--duration", 1)
            assert done.returncode == 0, done.stderr
            status, errors = server.stop()
            assert status == 0, errors
            _, bot_errors = bot.communicate(timeout=DEADLINE)
            assert bot.returncode == 1 and "reason 1" in bot_errors
        finally:
            bot.kill()


def test_noise_is_ignored_and_the_game_goes_on():
    with gamesim() as server:
        host, port = server.address.rsplit(":", 1)
        bot = server.start_bot("--players", 2, "--duration", 2)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            while bot.poll() is None:
                for size in (0, 1, 17, 18, 333, 1078, 1300, 1400, 9000):
                    s.sendto(secrets.token_bytes(size), (host, int(port)))
                try:
                    bot.wait(0.01)
                except subprocess.TimeoutExpired:
                    pass
            s.setblocking(False)
            with pytest.raises(BlockingIOError):
                s.recv(2048)
        assert bot.returncode == 0, bot.communicate()


def test_metrics_and_health():
    with gamesim("127.0.0.1:0", "--metrics", "127.0.0.1:0", "--slots", 8) as server:
        for path in ("/health/live", "/health/ready"):
            assert server.get(path) == (200, '{"status":"ok"}')
        assert server.get("/elsewhere")[0] == 404
        assert server.metric("hearth_gamesim_slots") == 8
        assert server.metric("hearth_gamesim_sessions_limit") == 2
        bot = server.start_bot("--players", 5, "--duration", 2)
        try:
            wait_until(lambda: server.metric("hearth_gamesim_players") == 5, "five players")
            assert server.metric("hearth_gamesim_sessions") == 2
            assert bot.wait(DEADLINE) == 0
        finally:
            bot.kill()
        wait_until(lambda: server.metric("hearth_gamesim_players") == 0, "all are gone")
        assert server.metric("hearth_gamesim_connects_total") == 5
        assert server.metric("hearth_gamesim_leaves_total") == 5
        assert server.metric('hearth_gamesim_tick_duration_seconds_bucket{le="+Inf"}') > 30
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            host, port = server.address.rsplit(":", 1)
            s.sendto(b"\x15" + bytes(30), (host, int(port)))
        wait_until(lambda: server.metric('hearth_gamesim_packets_dropped_total{reason="unknown_source"}') > 0,
                   "the drop is counted")
        if shutil.which("promtool"):
            _, text = server.get("/metrics")
            done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
            assert done.returncode == 0 and not done.stderr, done.stderr


@pytest.mark.parametrize("args, names", [
    ([], "--standalone"),
    (["--standalone"], "--listen"),
    (["--standalone", "--listen", "nowhere"], "--listen"),
    (["--standalone", "--listen", "127.0.0.1:0", "--key", "12"], "--key"),
    (["--standalone", "--listen", "127.0.0.1:0", "--slots", "0"], "--slots"),
    (["--standalone", "--listen", "127.0.0.1:0", "--slots"], "--slots"),
    (["--what"], "--what"),
    (["--standalone", "--listen", "127.0.0.1:0", "--key", "00" * 32, "--protocol-id", "00" * 8, "--gamedata",
      "/nowhere"], "/nowhere/dungeon.json"),
    (["--standalone", "--listen", "127.0.0.1:0", "--key", "00" * 32, "--protocol-id", "00" * 8, "--metrics",
      "nowhere"], "--metrics"),
])
def test_unusable_options_are_named(args, names):
    done = subprocess.run([BUILD / "bin/hearth-gamesim", *args], capture_output=True, text=True, timeout=DEADLINE)
    assert done.returncode == 2
    assert names in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_a_wildcard_without_a_public_address_is_warned_about():
    server = Gamesim("0.0.0.0:0")
    status, errors = server.stop()
    assert status == 0 and "--public" in errors


def test_a_taken_port_is_a_failure_that_says_so():
    with gamesim() as server:
        done = subprocess.run(
            [BUILD / "bin/hearth-gamesim", "--standalone", "--listen", server.address, "--key", "00" * 32,
             "--protocol-id", "00" * 8], capture_output=True, text=True, timeout=DEADLINE)
        assert done.returncode == 1 and server.address in done.stderr
