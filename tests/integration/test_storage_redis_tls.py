"""storage-redis over TLS: a real redis-server with --tls-port, and certificates that openssl makes."""
import socket
import subprocess

import pytest

import backends
from hearth import tool, wait_until

HOST = "localhost"  # what the certificate says, besides 127.0.0.1


def openssl(*words, cwd):
    subprocess.run(["openssl", *words], cwd=cwd, check=True, capture_output=True)


class Certificates:
    """An authority, a certificate of its for the server (names and address), one for a client."""

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir()
        for name in ["ca", "stranger"]:
            openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", f"{name}.key", "-out", f"{name}.crt", "-subj", f"/CN={name}", "-days", "2",
                    cwd=directory)
        self.issue("server", "subjectAltName=DNS:localhost,DNS:redis.game.example,IP:127.0.0.1")
        self.issue("client", "subjectAltName=DNS:hearthd")

    def issue(self, name, extension):
        (self.directory / f"{name}.ext").write_text(extension)
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}", cwd=self.directory)
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.crt", cwd=self.directory)

    def __getitem__(self, name):
        return str(self.directory / name)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("tls") / "certificates")


class TlsRedis(backends.Redis):
    """Plain text on .port, for the test itself, and TLS on .tls_port."""

    def __init__(self, directory, certificates, *args):
        self.tls_port = backends.free_port()
        super().__init__(directory, "--tls-port", str(self.tls_port), "--tls-cert-file",
                         certificates["server.crt"], "--tls-key-file", certificates["server.key"],
                         "--tls-ca-cert-file", certificates["ca.crt"], *args)

    def settings(self, host="127.0.0.1", **keys):
        words = []
        for key, value in {"address": f"{host}:{self.tls_port}", "tls": "true", **keys}.items():
            words += ["--set", f"storage-redis.{key}={value}"]
        return words


@pytest.fixture
def redis(tmp_path, certificates):
    server = TlsRedis(tmp_path / "redis", certificates, "--tls-auth-clients", "no")
    yield server
    server.stop()


def start(start_hearthd, tmp_path, settings, **options):
    etc, plugin_dir = backends.bare_etc(tmp_path, "storage-redis", "storage-conformance")
    return start_hearthd(*settings, etc=etc, plugin_dir=plugin_dir, **options)


def health(server):
    return server.get("/health/ready").json


def is_refused(server, *words):
    """It says so, and does not come up."""
    wait_until(lambda: health(server)["status"] == "degraded" and
               all(word in str(health(server)) for word in words), f"it says {words}")


@pytest.mark.parametrize("host", ["127.0.0.1", HOST])
def test_everything_works_over_tls(start_hearthd, tmp_path, redis, certificates, host):
    server = start(start_hearthd, tmp_path, redis.settings(host, tls_ca=certificates["ca.crt"]), loops=2)
    done = tool("conformance", "storage", "--config", server.etc / "hearth.yaml", "--data-dir",
                server.directory / "data", "--plugin-dir", tmp_path / "plugins", timeout=240)
    assert done.returncode == 0 and done.stdout.endswith("passed, 0 failed\n"), done.stdout + done.stderr
    clients = redis.command("CLIENT", "LIST").decode()
    assert clients.count(f"laddr=127.0.0.1:{redis.tls_port}") == 2, clients


def test_large_answers_and_requests_pass(redis, certificates):
    """Bodies of 350,000 bytes are many TLS records, and more than a socket takes at once."""
    done = tool("conformance", "storage", "storage-redis", *redis.settings(tls_ca=certificates["ca.crt"]),
                timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok   bodies of 350,000 bytes are taken" in done.stdout


def test_a_certificate_of_a_stranger_s_authority_is_refused(start_hearthd, tmp_path, redis, certificates):
    server = start(start_hearthd, tmp_path, redis.settings(tls_ca=certificates["stranger.crt"]))
    is_refused(server, f"redis 127.0.0.1:{redis.tls_port}: TLS: its certificate is not accepted")


def test_the_system_s_authorities_are_asked_when_none_is_named(start_hearthd, tmp_path, redis):
    is_refused(start(start_hearthd, tmp_path, redis.settings()), "TLS: its certificate is not accepted")


def test_a_certificate_for_another_name_is_refused(start_hearthd, tmp_path, redis, certificates):
    settings = redis.settings(tls_ca=certificates["ca.crt"], tls_server_name="other.example")
    is_refused(start(start_hearthd, tmp_path, settings), "its certificate is not accepted",
               "hostname mismatch")


def test_the_name_that_the_certificate_must_carry_can_be_given(start_hearthd, tmp_path, redis,
                                                               certificates):
    settings = redis.settings(tls_ca=certificates["ca.crt"], tls_server_name="redis.game.example")
    server = start(start_hearthd, tmp_path, settings)
    wait_until(lambda: health(server)["status"] == "ready", "it is connected")


def test_a_server_in_plain_text_is_refused(start_hearthd, tmp_path, redis, certificates):
    plain = TlsRedis.settings(redis, tls_ca=certificates["ca.crt"],
                              address=f"127.0.0.1:{redis.port}", connect_timeout="300ms")
    is_refused(start(start_hearthd, tmp_path, plain), f"redis 127.0.0.1:{redis.port}: ", "TLS")


def test_a_server_that_wants_tls_says_so_to_plain_text(start_hearthd, tmp_path, redis):
    settings = ["--set", f"storage-redis.address=127.0.0.1:{redis.tls_port}"]
    is_refused(start(start_hearthd, tmp_path, settings), "at once: if that port is for TLS, set tls")


def test_a_redis_that_asks_for_our_certificate_gets_it(start_hearthd, tmp_path, certificates):
    """That is how redis-server is set up when nobody says otherwise."""
    redis = TlsRedis(tmp_path / "redis", certificates)
    try:
        with_it = redis.settings(tls_ca=certificates["ca.crt"], tls_certificate=certificates["client.crt"],
                                 tls_key=certificates["client.key"])
        server = start(start_hearthd, tmp_path / "with", with_it)
        wait_until(lambda: health(server)["status"] == "ready", "it is connected")
        without = redis.settings(tls_ca=certificates["ca.crt"])
        is_refused(start(start_hearthd, tmp_path / "without", without), "TLS: ", "certificate required")
    finally:
        redis.stop()


def test_it_comes_back_over_tls(start_hearthd, tmp_path, redis, certificates):
    server = start(start_hearthd, tmp_path, redis.settings(tls_ca=certificates["ca.crt"]))
    wait_until(lambda: health(server)["status"] == "ready", "it is connected")
    redis.stop()
    wait_until(lambda: health(server)["status"] == "degraded", "the loss is visible")
    redis.start()
    wait_until(lambda: health(server)["status"] == "ready", "the return is visible")


def test_a_server_that_never_shakes_hands_is_given_up_and_learns_nothing(start_hearthd, tmp_path,
                                                                        certificates):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        server = start(start_hearthd, tmp_path, [
            "--set", f"storage-redis.address={address}", "--set", "storage-redis.tls=true", "--set",
            f"storage-redis.tls_ca={certificates['ca.crt']}", "--set", "storage-redis.connect_timeout=200ms",
            "--set", "storage-redis.password=env:REDIS_PW"], env={"REDIS_PW": "s3cr3t-of-redis"})
        is_refused(server, "no answer in time: is this a port for TLS?")
        taken, _ = silent.accept()
        with taken:
            sent = taken.recv(65536)
    assert sent[:2] == b"\x16\x03" and b"AUTH" not in sent and b"s3cr3t" not in sent


@pytest.mark.parametrize("settings, said", [
    ({"tls": "false", "tls_ca": "ca.crt"}, "tls_ca: expected tls: true with it"),
    ({"tls": "false", "tls_server_name": "x"}, "tls_server_name: expected tls: true with it"),
    ({"tls_certificate": "client.crt"}, "tls_certificate: expected tls_key with it"),
    ({"tls_key": "client.key"}, "tls_key: expected tls_certificate with it"),
    ({"tls_ca": "nowhere.crt"}, "expected certificates in PEM, found: No such file or directory"),
    ({"tls_ca": "client.key"}, "expected certificates in PEM"),
    ({"tls_certificate": "client.crt", "tls_key": "server.key"}, "tls_key: "),
    ({"tls_certificate": "client.key", "tls_key": "client.key"}, "tls_certificate: ")])
def test_an_unusable_configuration_is_found_before_the_start(tmp_path, certificates, settings, said):
    etc, plugin_dir = backends.bare_etc(tmp_path, "storage-redis")
    words = []
    for key, value in {"tls": "true", **settings}.items():
        value = certificates[value] if "." in value else value
        words += ["--set", f"storage-redis.{key}={value}"]
    done = tool("check", "--config", etc / "hearth.yaml", "--plugin-dir", plugin_dir, *words)
    assert done.returncode == 2 and said in done.stdout + done.stderr, done
