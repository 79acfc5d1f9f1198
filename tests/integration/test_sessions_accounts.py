"""Accounts, and the subcommands of auth: on real processes."""
import base64
import json

import pytest

from hearth import PASSWORD, Client, tool

pytestmark = pytest.mark.any_storage


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def run_tool(server, *words, input=None):
    return tool(*words, *server.place, input=input)


def test_an_account_is_made_and_its_name_is_unique_without_regard_to_case(start_hearthd):
    server = start_hearthd("--set", "auth.argon2_memory=64m", "--set", "auth.argon2_passes=2")  # as shipped
    made = server.post("/accounts", {"username": "Pykey", "password": PASSWORD})
    assert made.status == 201
    again = server.post("/accounts", {"username": "pYKEY", "password": "another one"})
    assert (again.status, again.json["code"]) == (409, "USERNAME_TAKEN")
    login = server.post("/session/login", {"username": "PYKEY", "password": PASSWORD})
    assert login.json["userId"] == made.json["userId"]
    assert claims(login.json["token"])["sub"] == made.json["userId"]


@pytest.mark.parametrize("body, status, code", [
    ({"username": "bob", "password": "12345678", "admin": True}, 400, "INVALID_REQUEST"),
    ({"username": "bob", "password": "1234567"}, 400, "INVALID_REQUEST"),
    ({"username": "bob", "password": "x" * 257}, 400, "INVALID_REQUEST"),
    ({"username": "b b b", "password": "12345678"}, 400, "INVALID_REQUEST"),
    ({"username": "x" * 65, "password": "12345678"}, 400, "INVALID_REQUEST"),
    ({"username": None, "password": "12345678"}, 400, "INVALID_REQUEST"),
    ("[]", 400, "INVALID_REQUEST"),
    ("", 400, "INVALID_JSON"),
    ('{"username":"bob","password":"12345678","password":"12345678"}', 400, "INVALID_JSON"),
    ('{"username":"\\ud800bob","password":"12345678"}', 400, "INVALID_JSON"),
    ('{"username":"bob","password":"' + "x" * 70000 + '"}', 413, "BODY_TOO_LARGE"),
])
def test_a_bad_account_is_one_clear_error(server, body, status, code):
    reply = server.post("/accounts", body)
    assert (reply.status, reply.json["code"]) == (status, code)
    assert reply.json["requestId"] == reply.headers["X-Request-Id"]


@pytest.mark.parametrize("content_type, status", [
    ("application/json", 201), ("Application/JSON; charset=utf-8", 201), ("text/plain", 415),
    ("application/jsonp", 415), ("application/json, text/plain", 415), ("", 415)])
def test_a_body_says_that_it_is_json(start_hearthd, content_type, status):
    server = start_hearthd()
    body = json.dumps({"username": "bob", "password": PASSWORD})
    reply = server.request("POST", "/accounts", body, {"Content-Type": content_type})
    assert reply.status == status


def test_closed_registration_wants_an_admin(start_hearthd):
    server = start_hearthd("--set", "auth.registration=closed")
    body = {"username": "bob", "password": PASSWORD}
    refused = server.post("/accounts", body)
    assert refused.status == 401 and refused.headers["WWW-Authenticate"] == "Bearer"
    made = run_tool(server, "account", "add", "root", "--scope", "admin", input="top secret\n")
    assert made.returncode == 0, made.stderr
    login = server.post("/session/login", {"username": "root", "password": "top secret"})
    assert login.status == 200
    admin = Client(server.host, server.port, login.json["token"])
    assert admin.post("/accounts", body).status == 201
    player = server.post("/session/login", body).json["token"]
    denied = Client(server.host, server.port, player).post("/accounts", {**body, "username": "eve"})
    assert (denied.status, denied.json["code"]) == (403, "FORBIDDEN")


def test_account_add_and_token_issue_work_without_a_running_server(start_hearthd):
    server = start_hearthd()
    server.stop()
    made = run_tool(server, "account", "add", "carol", input=PASSWORD + "\n")
    assert made.returncode == 0, made.stderr
    again = run_tool(server, "account", "add", "CAROL", input=PASSWORD + "\n")
    assert again.returncode == 1 and "taken" in again.stderr
    issued = run_tool(server, "token", "issue", "--scope", "gamesim", "--subject", "sim-1")
    assert issued.returncode == 0, issued.stderr
    token = issued.stdout.strip().splitlines()[-1]
    assert claims(token)["sub"] == "sim-1" and claims(token)["scope"] == "gamesim"
    server.restart()
    assert server.post("/session/login", {"username": "carol", "password": PASSWORD}).status == 200
    # A token of no session is good, and has no session to end.
    reply = Client(server.host, server.port, token).post("/session/logout")
    assert (reply.status, reply.json["code"]) == (403, "FORBIDDEN")


def test_token_issue_refuses_what_it_cannot_mean(start_hearthd):
    server = start_hearthd()
    for words in (["--scope", "player", "--subject", "sim-1"], ["--scope", "gamesim"],
                  ["--scope", "gamesim", "--subject", "a/b"],
                  ["--scope", "gamesim", "--subject", "x", "--ttl", "0s"],
                  ["--scope", "gamesim", "--subject", "x", "--ttl", "400000d"]):
        refused = run_tool(server, "token", "issue", *words)
        assert refused.returncode == 1 and refused.stderr and not refused.stdout, words
