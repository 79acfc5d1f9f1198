"""An external identity provider: a real HTTP server with a key set, tokens signed by openssl."""
import base64
import http.server
import json
import subprocess
import threading
import time

import pytest

from hearth import wait_until

pytestmark = pytest.mark.any_storage


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Provider:
    """Publishes the public half of an RSA key; hits counts the fetches."""

    def __init__(self, directory):
        self.key = directory / "provider.pem"
        subprocess.run(["openssl", "genrsa", "-out", self.key, "2048"], check=True, capture_output=True)
        modulus = subprocess.run(["openssl", "rsa", "-in", self.key, "-noout", "-modulus"], check=True,
                                 capture_output=True, text=True).stdout.strip().split("=")[1]
        self.jwk = {"kty": "RSA", "use": "sig", "alg": "RS256", "n": b64(bytes.fromhex(modulus)),
                    "e": "AQAB"}
        self.kids, self.hits = ["one"], 0
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                provider.hits += 1
                body = json.dumps({"keys": [{**provider.jwk, "kid": kid} for kid in provider.kids]}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/jwks.json"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def token(self, kid="one", **claims):
        header = {"alg": "RS256", "kid": kid}
        claims = {"iss": "https://id.test/", "aud": "game", "sub": "someone", "sid": "their-session",
                  "exp": int(time.time()) + 600, **claims}
        text = ".".join(b64(json.dumps(part).encode()) for part in (header, claims))
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], check=True,
                                   input=text.encode(), capture_output=True).stdout
        return text + "." + b64(signature)

    def settings(self):
        return ["--set", f"auth.jwks_url={self.url}", "--set", "auth.jwks_issuer=https://id.test/",
                "--set", "auth.jwks_audience=game", "--set", "auth.jwks_retry=500ms"]


@pytest.fixture
def provider(tmp_path):
    made = Provider(tmp_path)
    yield made
    made.server.shutdown()
    made.server.server_close()


def is_good(server, token):
    return server.post("/accounts", {}, headers={"Authorization": "Bearer " + token}).status == 400


def test_a_providers_token_is_taken_and_its_session_can_end(start_hearthd, provider):
    server = start_hearthd(*provider.settings())
    token = provider.token()
    wait_until(lambda: is_good(server, token), "the provider's keys were fetched")
    assert not is_good(server, provider.token(aud="another"))
    assert not is_good(server, provider.token(iss="hearth"))
    assert not is_good(server, provider.token(exp=int(time.time()) - 1))
    assert not is_good(server, provider.token(sub="../../etc"))
    denied = server.post("/accounts", {}, headers={"Authorization": "Bearer " + provider.token(scope="admin")})
    assert denied.status == 401
    bearer = {"Authorization": "Bearer " + token}
    assert server.post("/session/logout", headers=bearer).status == 204
    assert not is_good(server, token)


def test_a_new_key_is_found_without_a_restart(start_hearthd, provider):
    server = start_hearthd(*provider.settings())
    wait_until(lambda: is_good(server, provider.token()), "the provider's keys were fetched")
    provider.kids.append("two")
    before, start = provider.hits, time.monotonic()
    wait_until(lambda: is_good(server, provider.token("two")), "the new key was fetched")
    for _ in range(20):
        assert not is_good(server, provider.token("nobody"))
    elapsed = time.monotonic() - start
    assert provider.hits - before <= 2 + elapsed / 0.5


def test_our_own_accounts_work_while_the_provider_is_away(start_hearthd, provider):
    provider.server.shutdown()
    provider.server.server_close()
    server = start_hearthd(*provider.settings())
    token = server.player("bob").token
    assert is_good(server, token)
    assert not is_good(server, provider.token())
    ready = server.get("/health/ready")
    assert ready.status == 200
