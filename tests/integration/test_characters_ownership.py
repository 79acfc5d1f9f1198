"""Every character route with another player's token, with none, and with a forged one."""
import pytest

import matchmaking
from characters import FIGHTER, NOBODY, Hero, player, refused
from hearth import Client

pytestmark = pytest.mark.any_storage

ROUTES = [
    ("GET", "", None),
    ("HEAD", "", None),
    ("DELETE", "", None),
    ("PATCH", "/stats/hitpoints", {"version": 1, "delta": -1}),
    ("POST", "/equipment/armor", {"version": 1, "itemId": 1410}),
    ("POST", "/equipment/shield", {"version": 1, "itemId": 1420}),
    ("POST", "/equipment/weapon", {"version": 1, "itemId": 1498}),
    ("DELETE", "/equipment/armor", {"version": 1}),
    ("POST", "/inventory/use", {"version": 1, "itemId": 1601}),
    ("PATCH", "/currency/modify", {"version": 1, "gold": 1}),
    ("POST", "/currency/exchange", {"version": 1, "from": "gold", "to": "silver", "amount": 1}),
    ("POST", "/rest", {"version": 1, "type": "long"}),
]


@pytest.fixture(scope="module")
def hero(game):
    return Hero(player(game), FIGHTER)


@pytest.fixture(scope="module")
def stranger(game):
    return player(game)


@pytest.mark.parametrize("method, rest, body", ROUTES)
def test_a_stranger_is_refused(hero, stranger, method, rest, body):
    theirs = stranger.request(method, hero.path + rest, body)
    nobodys = stranger.request(method, f"/characters/{NOBODY}{rest}", body)
    if method == "HEAD":
        assert (theirs.status, nobodys.status) == (403, 404)
    else:
        refused(theirs, 403, "FORBIDDEN")
        refused(nobodys, 404, "CHARACTER_NOT_FOUND")
    assert hero.owner.get(hero.path).json == hero.state


@pytest.mark.parametrize("method, rest, body", [*ROUTES, ("POST", None, FIGHTER),
                                                ("GET", None, None)])
def test_without_a_good_token_nothing_is_said(hero, method, rest, body):
    path = "/characters" if rest is None else hero.path + rest
    parts = hero.owner.token.split(".")
    for token in (None, "x", ".".join([parts[0], parts[1], "AAAA"])):
        reply = Client(hero.owner.host, hero.owner.port, token).request(method, path, body)
        assert reply.status == 401
        assert reply.headers["WWW-Authenticate"].startswith("Bearer")
        if method != "HEAD":
            refused(reply, 401, "UNAUTHENTICATED")
    assert hero.owner.get(hero.path).json == hero.state


def test_the_list_shows_nothing_of_others(hero, stranger):
    assert stranger.get("/characters").json == {"characters": []}


@pytest.mark.parametrize("scope", ["gamesim", "admin"])
@pytest.mark.parametrize("method, rest, body", [*ROUTES, ("POST", None, FIGHTER),
                                                ("GET", None, None)])
def test_the_routes_are_for_players(game, hero, scope, method, rest, body):
    path = "/characters" if rest is None else hero.path + rest
    reply = Client(game.host, game.port, issued(game, scope)).request(method, path, body)
    if method == "HEAD":
        assert reply.status == 403
    else:
        refused(reply, 403, "FORBIDDEN")
    assert hero.owner.get(hero.path).json == hero.state


_issued = {}


def issued(game, scope):
    """A token of an operator's making."""
    if scope not in _issued:
        _issued[scope] = matchmaking.issue(game, scope)
    return _issued[scope]
