"""The ambiguous timeout, on each backend: a write arrived and its answer did not. Whatever was sent
again has happened once, with exactly the version that it was acknowledged with."""
import contextlib
import json
import sqlite3
import threading
import time
import uuid

import pytest

import backends
import state
from characters import FIGHTER, letters
from fault_proxy import FaultProxy
from hearth import wait_until

# Short, so that a lost answer is noticed and tried again within a test.
IMPATIENT = {"storage-redis": ["storage-redis.timeout=300ms"],
             "storage-dynamo": ["storage-dynamo.timeout=500ms", "storage-dynamo.retry_for=500ms"]}
SETTINGS = ["entities.retry_max=200ms"]


@pytest.fixture(params=list(IMPATIENT))
def remote(request):
    return request.param


@pytest.fixture
def proxy(remote, spaces):
    with FaultProxy(spaces.server(remote).port) as proxy:
        yield proxy


@pytest.fixture
def notes(remote, proxy, spaces, start_hearthd, tmp_path):
    """A hearthd with notes whose storage is behind the proxy; .stored() is what storage has."""
    arguments = spaces.settings(remote, proxy.port)
    server = state.start(start_hearthd, tmp_path, *arguments, storage=remote,
                         settings=[*SETTINGS, *IMPATIENT[remote]])
    name = arguments[-1].split("=")[1].rstrip(":")
    server.stored = lambda: spaces.server(remote).dump(name)
    return server


def heal(proxy):
    """The network is well again; a connection that lost an answer is of no use any more."""
    proxy.pass_through()
    proxy.cut()


def faults(proxy):
    return proxy.counters["swallowed_bytes"] + proxy.counters["cut_in_reply"]


def answered(call):
    """The reply, once storage is connected again: connections come back with a back-off."""
    return wait_until(lambda: next((r for r in [call()] if r.status not in (503, 504)), None),
                      "storage is back")


def durable(server, user, note):
    return state.read(server, user, note).json["durable"]


def assert_nothing_dead(server):
    assert state.dlq(server, "list") == (0, "")
    assert not [m for m in server.messages() if "dead letter" in m]


def in_background(call):
    replies = []
    thread = threading.Thread(target=lambda: replies.append(call()))
    thread.start()

    def result():
        thread.join()
        return replies[0]
    result.done = lambda: not thread.is_alive()
    return result


@pytest.mark.parametrize("durability", ["journal", "durable"])
def test_a_change_without_an_answer_happens_once(notes, proxy, durability):
    assert state.write(notes, "ann", "1", "zero").json["version"] == 1
    wait_until(lambda: durable(notes, "ann", "1") == 1, "the note is stored")
    proxy.swallow_replies()
    reply = in_background(lambda: state.write(notes, "ann", "1", "the-change", durability))
    wait_until(lambda: "the-change" in notes.stored(), "the write has arrived")
    wait_until(lambda: faults(proxy) > 0, "its answer has got lost")
    heal(proxy)
    assert (reply().status, reply().json["version"]) == (200, 2)
    wait_until(lambda: durable(notes, "ann", "1") == 2, "it is known to be stored")
    assert proxy.counters["swallowed_bytes"] > 0
    assert state.write(notes, "ann", "1", "next", "durable").json["version"] == 3
    assert_nothing_dead(notes)


def test_changes_go_on_upon_a_flush_without_an_answer(notes, proxy):
    """What storage has then is our own older version: the base of the newest one."""
    assert state.write(notes, "ann", "1", "zero").status == 200
    wait_until(lambda: durable(notes, "ann", "1") == 1, "the note is stored")
    proxy.swallow_replies()
    assert state.write(notes, "ann", "1", "arrived").json["version"] == 2
    wait_until(lambda: "arrived" in notes.stored(), "the flush has arrived")
    for version in (3, 4, 5):
        assert state.write(notes, "ann", "1", f"text-{version}").json["version"] == version
    heal(proxy)
    wait_until(lambda: durable(notes, "ann", "1") == 5, "the newest is stored")
    assert "text-5" in notes.stored()
    assert state.read(notes, "ann", "1").json["version"] == 5
    assert_nothing_dead(notes)


def test_a_kill_after_a_flush_without_an_answer_loses_and_doubles_nothing(notes, proxy):
    assert state.write(notes, "ann", "1", "zero").status == 200
    assert state.write(notes, "bob", "2", "zero").status == 200
    wait_until(lambda: durable(notes, "ann", "1") == durable(notes, "bob", "2") == 1, "both are stored")
    proxy.swallow_replies()
    assert state.write(notes, "ann", "1", "ann-arrived").json["version"] == 2
    assert state.write(notes, "bob", "2", "bob-arrived").json["version"] == 2
    wait_until(lambda: "ann-arrived" in notes.stored() and "bob-arrived" in notes.stored(),
               "the flushes have arrived")
    assert state.write(notes, "bob", "2", "bob-later").json["version"] == 3
    notes.kill()
    heal(proxy)
    notes.restart()
    wait_until(lambda: durable(notes, "ann", "1") == 2 and durable(notes, "bob", "2") == 3,
               "all is known to be stored")
    assert state.read(notes, "ann", "1").json["text"] == "ann-arrived"
    assert state.read(notes, "bob", "2").json["text"] == "bob-later"
    assert state.write(notes, "ann", "1", "next", "durable").json["version"] == 3
    assert_nothing_dead(notes)


def test_connections_cut_anywhere_in_an_answer_double_nothing(notes, proxy):
    """After a byte of the answer, or a few, or most of it."""
    assert state.write(notes, "ann", "1", "zero", "durable").json["version"] == 1
    version = 1
    for length in (1, 2, 3, 4, 8, 30, 60, 120, 200):
        before = proxy.counters["cut_in_reply"]
        proxy.cut_reply_after(length)
        reply = in_background(lambda: state.write(notes, "ann", "1", f"cut-{length}", "durable"))
        wait_until(lambda: proxy.counters["cut_in_reply"] > before or reply.done(), "cut, or too short")
        proxy.pass_through()
        version += 1
        assert (reply().status, reply().json["version"]) == (200, version), length
        assert durable(notes, "ann", "1") == version
    assert proxy.counters["cut_in_reply"] > 2
    assert_nothing_dead(notes)


def test_a_load_over_a_network_that_loses_answers_is_counted_exactly(notes, proxy):
    """Each note counts what was acknowledged, so a lost or doubled change would show."""
    load = state.Load(notes, writers=6)
    load.begin()
    wait_until(lambda: len(load.acknowledged) == load.writers, "each has made its note")
    for _ in range(5):
        before, lost = load.count, proxy.counters["swallowed_bytes"]
        proxy.swallow_replies()
        wait_until(lambda: proxy.counters["swallowed_bytes"] > lost and load.count > before + 20,
                   "answers get lost while changes go on")
        heal(proxy)
        before = load.count
        wait_until(lambda: load.count > before + 20, "changes go on")
    load.end()
    for note, number in load.acknowledged.items():
        assert number == load.sent[note], "every change was acknowledged"
        user = note.replace("note", "user")
        assert state.read(notes, user, note).json["version"] == number
        wait_until(lambda: durable(notes, user, note) == number, "it is stored")
    load.check()
    assert_nothing_dead(notes)


def test_a_character_whose_making_was_not_answered_is_there_once(remote, proxy, spaces, start_hearthd):
    """A create is several writes: its name, its owner, itself. It is repeated with its key, after an
    answer of any of them was lost, until it is answered."""
    settings = [word for setting in [*SETTINGS, *IMPATIENT[remote]] for word in ("--set", setting)]
    server = start_hearthd("--with", remote, "--set", f"services.storage={remote}",
                           *spaces.settings(remote, proxy.port), *settings)
    ann, bob = server.player("ann"), server.player("bob")
    for after in (None, 1, 150):
        body = {"name": letters(), **FIGHTER}
        key = {"Idempotency-Key": uuid.uuid4().hex}
        before = [c["id"] for c in answered(lambda: ann.get("/characters")).json["characters"]]
        lost = faults(proxy)
        proxy.swallow_replies() if after is None else proxy.cut_reply_after(after)
        reply = in_background(lambda: ann.post("/characters", body, headers=key))
        wait_until(lambda: faults(proxy) > lost, "an answer was lost")
        heal(proxy)
        assert reply().status in (201, 503, 504), reply()
        made = answered(lambda: ann.post("/characters", body, headers=key))
        assert made.status == 201, made
        if reply().status == 201:
            assert made.json["id"] == reply().json["id"]
        now = [c["id"] for c in answered(lambda: ann.get("/characters")).json["characters"]]
        assert now == [*before, made.json["id"]]
        assert answered(lambda: bob.post("/characters", body)).json["code"] == "NAME_TAKEN"
        assert answered(lambda: ann.delete("/characters/" + made.json["id"])).status in (204, 404)
        assert answered(lambda: bob.post("/characters", body)).status == 201


def unconfirmed(server):
    """(collection, partition, sort) of each row of the journal whose very write is in storage: SQLite
    had committed it, and hearthd died before the journal knew."""
    with contextlib.closing(sqlite3.connect(server.directory / "data/journal.db")) as journal, \
            contextlib.closing(sqlite3.connect(server.directory / "data/hearth.db")) as storage:
        rows = journal.execute("SELECT collection, partition, sort, write_id FROM journal").fetchall()
        documents = set(storage.execute("SELECT collection, partition, sort, write_id FROM documents"))
    return [row[:3] for row in rows if row in documents]


def test_a_kill_between_storages_commit_and_the_journals_knowledge_of_it(start_hearthd, tmp_path):
    """SQLite's answer cannot get lost on the way but by the end of the process: killed under load until
    the files themselves show that it was in between."""
    server = state.start(start_hearthd, tmp_path, storage="storage-sqlite",
                         settings=["entities.flush_interval=10ms"])
    load, caught, end = state.Load(server, writers=4), 0, time.monotonic() + 60
    while caught < 3:
        assert time.monotonic() < end, "never killed in between"
        before = load.count
        load.begin()
        wait_until(lambda: load.count > before + 40, "the load is under way")
        server.process.kill()
        load.end()
        server.kill()
        between = unconfirmed(server)
        caught += len(between) > 0
        server.restart()
        load.check()
        for note in load.sent:  # what got no answer happened once or not at all
            found = state.read(server, note.replace("note", "user"), note).json
            wait_until(lambda: durable(server, note.replace("note", "user"), note) == found["version"],
                       "it is known to be stored")
            assert load.acknowledged[note] <= found["version"] <= load.sent[note]
            load.sent[note] = load.acknowledged[note] = found["version"]
    assert_nothing_dead(server)
