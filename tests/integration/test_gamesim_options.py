"""What hearth-gamesim can be told: its command line, its file, its environment."""
import http.server
import os
import socket
import ssl
import subprocess
import threading
import uuid

import pytest

from gamesim import WELCOME, Player, config, instance, service  # noqa: F401 (fixtures)
from hearth import BUILD, DEADLINE, wait_until
from metadata import REGISTER_TOKEN, Metadata
from rawhttp import make_certificate
from test_gamesim_standalone import has_ipv6, run_bot


@pytest.mark.parametrize("args,env,word", [
    (["--listen", "127.0.0.1:0"], {"HEARTH_TOKEN": "t"}, "--metadata or --standalone"),
    (["--metadata", "http://x", "--listen", "127.0.0.1:0"], {"HEARTH_TOKEN": ""}, "HEARTH_TOKEN"),
    (["--metadata", "ftp://x", "--listen", "127.0.0.1:0"], {"HEARTH_TOKEN": "t"}, "--metadata"),
    (["--metadata", "http://x", "--listen", "0.0.0.0:0"], {"HEARTH_TOKEN": "t"}, "--public"),
    (["--metadata", "http://x", "--listen", "127.0.0.1:0", "--slots", "4"], {"HEARTH_TOKEN": "t"}, "--slots"),
    (["--config", "/nowhere.yaml"], {"HEARTH_TOKEN": "t"}, "/nowhere.yaml"),
    (["--metadata", "http://x", "--listen", "127.0.0.1:0", "--ca", "/nowhere.pem"], {"HEARTH_TOKEN": "t"}, "--ca"),
    (["--metadata", "http://x", "--listen", "127.0.0.1:0", "--public", "0.0.0.0:1"], {"HEARTH_TOKEN": "t"}, "--public"),
    (["--metadata", "http://x", "--listen", "127.0.0.1:0", "--public", "1.2.3.4:0"], {"HEARTH_TOKEN": "t"}, "--public"),
    (["--metadata", "http://x", "--listen", "127.0.0.1:0", "--public", "1.2.3.4:5,"], {"HEARTH_TOKEN": "t"},
     "--public"),
    (["--metadata", "http://x", "--listen", "127.0.0.1:0", "--public", ",".join(["1.2.3.4:5"] * 5)],
     {"HEARTH_TOKEN": "t"}, "--public"),
    (["--standalone", "--listen", "127.0.0.1:0", "--key", "00" * 32, "--protocol-id", "00" * 8, "--data-dir", "/tmp"],
     {}, "--data-dir"),
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


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
def test_several_addresses_are_announced_and_each_is_good(service):  # noqa: F811
    port = free_udp_port()
    both = f"127.0.0.1:{port},[::1]:{port}"
    with instance(service, "--public", both, listen=f"[::]:{port}") as server:
        body = service.registrations[0]
        assert (body["address"], body["port"], body["addresses"]) == ("127.0.0.1", port, [f"[::1]:{port}"])
        known = service.instance()
        for number, address in enumerate(("127.0.0.1", "::1")):
            server.address = address, port
            known["address"] = address  # tokens name one of the two
            with Player(server, service, uuid.uuid4(), seat=number) as player:
                player.join().message(WELCOME)


def test_an_ipv6_address_is_announced_without_brackets(service):  # noqa: F811
    with instance(service, "--public", "[2001:db8::7]:40000"):
        body = service.registrations[0]
        assert (body["address"], body["port"]) == ("2001:db8::7", 40000) and "addresses" not in body


def tls_service(tmp_path):
    cert, key = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return Metadata(tls=context), cert


@pytest.mark.parametrize("where", ["option", "file"])
def test_a_private_authority_is_trusted_when_it_is_named(tmp_path, config, where):  # noqa: F811
    served, cert = tls_service(tmp_path)
    with served, instance(served, *(("--ca", cert) if where == "option" else config(ca=cert))):
        done = subprocess.run([BUILD / "bin/hearth-bot", "--server", served.url, "--ca", cert, "--players", "1",
                               "--duration", "1"], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr


def test_and_not_otherwise(tmp_path):
    served, _ = tls_service(tmp_path)
    with served, instance(served, wait=False) as server:
        line = wait_until(lambda: next((text for text in server.process.stderr if "not registered" in text), None),
                          "it says why it is not registered")
        assert "certificate" in line and not served.requests
        server.process.kill()
        server.process.wait()


def test_everything_can_be_in_the_file(tmp_path, config, service):  # noqa: F811
    secret = tmp_path / "token"
    secret.write_text(REGISTER_TOKEN)
    env = {name: value for name, value in os.environ.items() if name != "HEARTH_TOKEN"}
    settings = config(metadata=service.url, listen="127.0.0.1:0", public="203.0.113.7:40000", region="south",
                      token=f"file:{secret}", data_dir=tmp_path / "data", metrics="127.0.0.1:0")
    with subprocess.Popen([BUILD / "bin/hearth-gamesim", *settings], stdout=subprocess.PIPE, text=True,
                          env=env) as process:
        try:
            assert "http 127.0.0.1:" in process.stdout.readline()
        finally:
            process.terminate()
        assert process.wait(DEADLINE) == 0
    body = service.registrations[0]
    assert (body["address"], body["region"]) == ("203.0.113.7", "south")
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_stand_alone_too(tmp_path, config):  # noqa: F811
    (tmp_path / "key").write_text("11" * 32)
    settings = config(standalone="true", listen="127.0.0.1:0", key=f"file:{tmp_path / 'key'}",
                      protocol_id='"0000000000000007"', slots=2, token_lifetime=20)
    with subprocess.Popen([BUILD / "bin/hearth-gamesim", *settings], stdout=subprocess.PIPE, text=True) as process:
        try:
            address = process.stdout.readline().split()[-1]
            done, tally = run_bot(address, "11" * 32, "0000000000000007", "--players", 2, "--duration", 1,
                                  "--token-lifetime", 20)
            assert done.returncode == 0 and tally["connected"] == 2, done.stderr
        finally:
            process.terminate()
        assert process.wait(DEADLINE) == 0


def test_options_win_over_the_file(config, service):  # noqa: F811
    with instance(service, "--region", "north", *config(region="south", metadata="http://192.0.2.1")):
        assert service.registrations[0]["region"] == "north"


def test_a_data_directory_that_cannot_be_is_named(tmp_path, service):  # noqa: F811
    (tmp_path / "file").write_text("")
    with instance(service, "--data-dir", tmp_path / "file/under", wait=False) as server:
        status, errors = server.wait()
        assert status == 1 and f"--data-dir {tmp_path}/file/under" in errors
