"""Login, refresh, logout: on real processes, loops and sockets, in parallel, over restarts."""
import concurrent.futures
import pathlib
import time

import pytest

import backends
from hearth import PASSWORD, Client, wait_until

pytestmark = pytest.mark.any_storage


def account(server, name="bob"):
    assert server.post("/accounts", {"username": name, "password": PASSWORD}).status == 201


def login(server, name="bob", password=PASSWORD):
    return server.post("/session/login", {"username": name, "password": password})


def refresh(server, token):
    return server.post("/session/refresh", {"refreshToken": token})


def cpu_ns(pid):
    """What all threads of a process have used."""
    return sum(int(task.read_text().split()[0])
               for task in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"))


def is_good(server, token):
    """Whether the token is taken, asked without changing anything."""
    return server.post("/accounts", {}, headers={"Authorization": "Bearer " + token}).status == 400


def test_login_answers_with_the_promised_shape(start_hearthd):
    server = start_hearthd()
    account(server)
    reply = login(server)
    assert reply.status == 200
    assert set(reply.json) == {"token", "tokenType", "expiresIn", "refreshToken", "userId"}
    assert reply.json["tokenType"] == "Bearer" and reply.json["expiresIn"] == 900
    renewed = refresh(server, reply.json["refreshToken"])
    assert set(renewed.json) == set(reply.json)
    assert renewed.json["userId"] == reply.json["userId"]


@pytest.mark.parametrize("header", ["Basic Ym9iOnB3", "Bearer", "Bearer ", "Bearer x", "bearer a.b.c",
                                    "Token abc", ""])
def test_what_is_no_token_is_401_with_the_challenge(server, header):
    reply = server.post("/session/logout", headers={"Authorization": header})
    assert (reply.status, reply.json["code"]) == (401, "UNAUTHENTICATED")
    assert reply.headers["WWW-Authenticate"] == "Bearer"


def test_the_scheme_is_compared_without_regard_to_case(start_hearthd):
    server = start_hearthd("--set", "auth.argon2_memory=64m", "--set", "auth.argon2_passes=2")  # as shipped
    account(server)
    token = login(server).json["token"]
    assert server.post("/session/logout", headers={"Authorization": "bEARER " + token}).status == 204


def test_a_wrong_login_says_nothing_of_the_account(start_hearthd):
    server = start_hearthd()
    account(server)
    answers = {login(server, name, password).body.split(b'"requestId"')[0]
               for name, password in [("bob", "wrong"), ("nobody", "wrong"), ("", ""), ("é", "x"),
                                      ("x" * 1000, "y" * 10000)]}
    assert len(answers) == 1 and b"INVALID_CREDENTIALS" in answers.pop()


def test_a_logout_holds_on_every_loop_at_once(start_hearthd):
    server = start_hearthd(loops=4)
    account(server)
    for _ in range(10):
        session = login(server).json
        player = Client(server.host, server.port, session["token"])
        assert all(is_good(server, session["token"]) for _ in range(8))  # in the caches
        assert player.post("/session/logout").status == 204
        assert not any(is_good(server, session["token"]) for _ in range(16))
        assert refresh(server, session["refreshToken"]).status == 401


def test_sixteen_refreshes_at_once_have_one_winner(start_hearthd):
    server = start_hearthd(loops=4)
    account(server)
    token = login(server).json["refreshToken"]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        for _ in range(5):
            replies = list(pool.map(lambda _: refresh(server, token), range(16)))
            won = [reply for reply in replies if reply.status == 200]
            assert len(won) == 1
            assert {r.json["code"] for r in replies if r.status != 200} == {"INVALID_CREDENTIALS"}
            token = won[0].json["refreshToken"]


def test_a_dead_refresh_token_revokes_after_the_grace_only(start_hearthd):
    server = start_hearthd("--set", "auth.refresh_grace=1s")
    account(server)
    session = login(server).json
    second = refresh(server, session["refreshToken"]).json
    won_at = time.monotonic()
    assert refresh(server, session["refreshToken"]).status == 401
    if time.monotonic() - won_at < 0.9:  # the repeat was within the grace
        assert is_good(server, session["token"])
    wait_until(lambda: time.monotonic() - won_at > 1.1, "the grace is over")
    assert refresh(server, session["refreshToken"]).status == 401
    assert not is_good(server, session["token"]) and not is_good(server, second["token"])
    assert refresh(server, second["refreshToken"]).status == 401
    assert is_good(server, login(server).json["token"])


def test_eleven_wrong_logins_at_once_are_ten_failures(start_hearthd):
    server = start_hearthd(loops=4)
    account(server)
    account(server, "eve")
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        statuses = sorted(r.status for r in pool.map(lambda _: login(server, password="wrong"), range(20)))
    assert statuses == [401] * 10 + [429] * 10
    reply = login(server)
    assert (reply.status, reply.json["code"]) == (429, "TOO_MANY_REQUESTS")
    assert 1 <= int(reply.headers["Retry-After"]) <= 901
    assert login(server, "eve").status == 200


def test_sessions_outlive_a_restart_and_ended_ones_stay_ended(start_hearthd):
    server = start_hearthd()
    account(server)
    kept, ended = login(server).json, login(server).json
    assert Client(server.host, server.port, ended["token"]).post("/session/logout").status == 204
    server.kill()
    server.restart()
    assert is_good(server, kept["token"])
    assert not is_good(server, ended["token"])
    assert refresh(server, kept["refreshToken"]).status == 200
    assert refresh(server, ended["refreshToken"]).status == 401


def test_storage_and_log_hold_no_secret(start_hearthd, storage, spaces):
    server = start_hearthd()
    account(server)
    session = login(server).json
    login(server, password="swordfish swordfish")
    server.stop()
    stored = backends.dump(storage, server, spaces)
    logged = "\n".join(str(line) for line in server.log)
    for secret in (PASSWORD, "swordfish", session["token"], session["refreshToken"]):
        assert secret not in stored and secret not in logged
    assert "$argon2id$" in stored and "$argon2id$" not in logged


def test_a_login_costs_as_much_for_nobody_as_for_somebody(start_hearthd):
    """A hash of 64 MiB is some 50 ms; a missing one would show as a fraction of the median. In CPU
    time, because a busy machine makes any wait longer."""
    server = start_hearthd("--set", "auth.login_limit=0", "--set", "auth.login_address_limit=0")
    account(server)

    def cost(name):
        before = cpu_ns(server.process.pid)
        assert login(server, name, "wrong password").status == 401
        return cpu_ns(server.process.pid) - before

    samples = [(cost("bob"), cost("nobody")) for _ in range(9)]
    known, unknown = (sorted(column)[4] for column in zip(*samples))
    assert 0.5 < unknown / known < 2
