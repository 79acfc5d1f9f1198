"""The checker finds each kind of violation: one history that is fine, and one small change to it
for everything that can be wrong."""
import copy

import pytest

from checker import KINDS, check, sums


class Story:
    """A history in the making: each line one second after the one before."""

    def __init__(self):
        self.records, self.now = [], 0.0

    def add(self, op, outcome, **fields):
        record = {"n": len(self.records), "device": "u1d1", "user": "u1", "char": "c",
                  "t0": self.now, "t1": self.now + 0.5, "op": op, "outcome": outcome,
                  "status": 200, "code": "", "faults": [], "durable": 0, "seen": None, **fields}
        self.now += 1
        self.records.append(record)
        return record

    def intent(self, base, token, outcome="ok", **fields):
        seen = [base + 1, token, 10 + base] if outcome == "ok" else None
        return self.add("intent", outcome, **{
            "base": base, "token": token, "key": False, "seen": seen, "replayed": False,
            "cls": "journal", **fields})

    def read(self, seen, **fields):
        return self.add("read", "ok", seen=seen, **fields)


def fine():
    """Two devices, an intent of unknown outcome that was applied and one that was not, a replay, a
    refusal, and a second character that is deleted."""
    s = Story()
    s.add("create", "ok", name="Tc", key=False, seen=[1, 0, 10])
    s.intent(1, 101)
    s.intent(2, 102, device="u1d2", cls="durable", durable=3)
    s.intent(3, 103, "unknown")
    s.read([4, 103, 13])
    s.intent(4, 104, "unknown", key=True)
    s.intent(4, 104, key=True, replayed=True, seen=[5, 104, 14])
    s.intent(4, 105, "refused", seen=[5, 104, 14], status=409)
    s.intent(5, 106, "refused", status=503)
    s.intent(5, 107, "unknown")
    s.read([5, 104, 14], device="u1d2")
    s.intent(5, 108)
    s.add("create", "unknown", name="Td", char=None, key=True)
    s.add("create", "ok", name="Td", char="d", key=True, seen=[1, 0, 5])
    s.add("list", "ok", char=None, seen={"c": [6, 108, 15], "d": [1, 0, 5]})
    s.add("delete", "unknown", char="d")
    s.add("delete", "ok", char="d", status=204)
    s.add("read", "missing", char="d", status=404)
    s.add("list", "ok", char=None, seen={"c": [6, 108, 15]})
    final = {"served": {"c": [6, 108, 15]}, "stored": {"c": [6, 108, 15]}, "names": {"c": "Tc"}}
    return s, final


def find(records, **fields):
    return next(r for r in records if all(r.get(name) == value for name, value in fields.items()))


def acknowledged_and_rolled_back(s, final):
    for place in ("served", "stored"):
        final[place]["c"] = [5, 104, 14]
    s.records = [r for r in s.records if r["op"] != "list"]


def acknowledged_and_replaced(s, final):
    s.read([5, 107, 14])


def shown_and_gone(s, final):
    s.read([7, 107, 16])


def never_stored(s, final):
    final["served"], final["stored"], final["names"] = {}, {}, {}


def missing_in_between(s, final):
    s.add("read", "missing", status=404)


def deleted_at_the_first_try_and_not_there(s, final):
    s.add("delete", "missing", status=404)


def missing_in_a_list(s, final):
    find(s.records, op="list")["seen"].pop("c")


def deleted_and_back(s, final):
    s.read([1, 0, 5], char="d")


def deleted_and_left(s, final):
    final["served"]["d"] = final["stored"]["d"] = [1, 0, 5]
    final["names"]["d"] = "Td"


def confirmed_and_not_stored(s, final):
    find(s.records, token=108)["durable"] = 6
    acknowledged_and_rolled_back(s, final)


def applied_twice_in_a_row(s, final):
    s.intent(6, 109, "unknown")
    s.read([8, 109, 17])
    for place in ("served", "stored"):
        final[place]["c"] = [8, 109, 17]


def applied_twice_in_one_version(s, final):
    s.intent(6, 109, seen=[7, 109, 17])
    for place in ("served", "stored"):
        final[place]["c"] = [7, 109, 17]


def applied_again_later(s, final):
    s.read([7, 103, 16])
    s.intent(6, 103, "unknown")


def two_characters_of_one_create(s, final):
    s.add("create", "ok", name="Td", char="e", key=True, seen=[1, 0, 10])


def two_characters_of_one_attempt(s, final):
    final["served"]["e"] = final["stored"]["e"] = [1, 0, 5]
    final["names"]["e"] = "Tc"


def a_character_that_nobody_made(s, final):
    final["served"]["e"] = final["stored"]["e"] = [1, 0, 5]
    final["names"]["e"] = "Te"


def a_version_left_out(s, final):
    s.intent(6, 109)
    s.intent(8, 110, seen=[9, 110, 17])
    for place in ("served", "stored"):
        final[place]["c"] = [9, 110, 17]


def one_version_in_two_states(s, final):
    s.intent(6, 111, "unknown")
    s.intent(6, 112, "unknown")
    s.read([7, 111, 16])
    s.read([7, 112, 16])
    for place in ("served", "stored"):
        final[place]["c"] = [7, 111, 16]


def a_state_out_of_nowhere(s, final):
    s.read([7, 999, 16])


def a_refusal_that_was_none(s, final):
    s.intent(6, 113, "refused", status=503)
    s.read([7, 113, 16])


def an_answer_with_another_state(s, final):
    find(s.records, token=101)["seen"] = [3, 102, 12]


def durable_and_not_confirmed(s, final):
    find(s.records, token=102)["durable"] = 2


def an_error_that_nothing_explains(s, final):
    s.add("list", "unexpected", char=None, status=500, code="INTERNAL")


def back_within_a_session(s, final):
    s.records.remove(find(s.records, token=108))
    s.read([6, 108, 15])
    s.read([5, 104, 14])


def older_than_another_was_shown(s, final):
    s.records = [r for r in s.records if r["op"] != "list" and r.get("token") != 108]
    s.intent(5, 108, "unknown")
    s.read([6, 108, 15])
    s.read([5, 104, 14], device="u9d9")


def storage_is_behind(s, final):
    final["served"]["c"] = [7, 114, 16]


BROKEN = {
    acknowledged_and_rolled_back: "lost", acknowledged_and_replaced: "lost", shown_and_gone: "lost",
    never_stored: "lost-create", missing_in_between: "lost-create",
    deleted_at_the_first_try_and_not_there: "lost-create", missing_in_a_list: "lost-create",
    deleted_and_back: "lost-delete", deleted_and_left: "lost-delete",
    confirmed_and_not_stored: "unconfirmed", applied_twice_in_a_row: "nobodys-state",
    applied_twice_in_one_version: "doubled", applied_again_later: "doubled",
    two_characters_of_one_create: "doubled-create",
    two_characters_of_one_attempt: "doubled-create", a_character_that_nobody_made: "doubled-create",
    a_version_left_out: "gap",
    one_version_in_two_states: "two-states", a_state_out_of_nowhere: "nobodys-state",
    a_refusal_that_was_none: "refused-applied", an_answer_with_another_state: "wrong-answer",
    durable_and_not_confirmed: "wrong-answer", an_error_that_nothing_explains: "unexpected",
    back_within_a_session: "backwards", older_than_another_was_shown: "stale",
    storage_is_behind: "end",
}


def test_a_history_without_violations_has_none():
    s, final = fine()
    assert check(s.records, final) == []
    assert sums([]) == {"lost": 0, "doubled": 0, "backwards": 0, "wrong": 0}


@pytest.mark.parametrize("spoil", BROKEN, ids=lambda f: f.__name__)
def test_it_finds(spoil):
    s, final = fine()
    untouched = copy.deepcopy((s.records, final))
    spoil(s, final)
    assert (s.records, final) != untouched
    found = check(s.records, final)
    assert BROKEN[spoil] in {v.kind for v in found}, [str(v) for v in found]
    assert sums(found)[KINDS[BROKEN[spoil]]] > 0


def test_every_kind_of_violation_has_a_history_that_shows_it():
    assert set(BROKEN.values()) == set(KINDS)


def test_what_is_seen_many_times_is_lost_once():
    s, final = fine()
    acknowledged_and_rolled_back(s, final)
    for _ in range(3):
        s.read([5, 104, 14])
    assert sums(check(s.records, final)) == {"lost": 1, "doubled": 0, "backwards": 0, "wrong": 0}


def test_a_history_can_be_judged_without_its_end():
    s, final = fine()
    assert check(s.records) == []
    acknowledged_and_replaced(s, final)
    assert sums(check(s.records))["lost"] > 0


def test_what_overlapped_may_be_seen_in_either_order():
    s, final = fine()
    late = s.read([5, 104, 14], device="u1d2")
    late["t0"] = find(s.records, token=108)["t0"] - 0.1
    assert check(s.records, final) == []


def test_a_refusal_of_a_failing_disk_may_come_true():
    """What README.md says about a journal that could not be written over before the end."""
    s, final = fine()
    s.intent(6, 113, "refused", status=503, faults=["disk-full"])
    s.read([7, 113, 16])
    for place in ("served", "stored"):
        final[place]["c"] = [7, 113, 16]
    assert check(s.records, final) == []
