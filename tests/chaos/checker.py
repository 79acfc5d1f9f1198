"""Judges a history: pure functions over what the clients wrote down (history.py) and what is left
at the end. It knows nothing of hearthd, or of how the workload chose its requests.

Every intent puts one gold coin on its character and leaves a number of copper coins, its token,
that no other intent leaves. So a state tells which intent made it, and its gold how many did."""
import bisect
from collections import Counter, defaultdict
from dataclasses import dataclass

# What can be wrong, and in which of the four sums it is counted.
KINDS = {
    "lost": "lost",            # an acknowledged change is not there, or another took its version
    "lost-create": "lost", "lost-delete": "lost",
    "unconfirmed": "lost",     # storage does not have what Hearth-Durable-Version promised
    "doubled": "doubled",      # an intent was applied twice
    "doubled-create": "doubled",
    "gap": "wrong",            # versions do not grow by one for each intent
    "two-states": "wrong",     # one version was shown with two states
    "nobodys-state": "wrong",  # a state that no intent made
    "refused-applied": "wrong",  # "nothing changed" was said, and it did
    "wrong-answer": "wrong",   # an acknowledgement that shows another state than it made
    "unexpected": "wrong",     # an answer that no fault explains
    "backwards": "backwards",  # a session saw an older version than it had seen
    "stale": "backwards",      # a request saw an older version than another had been shown before
    "end": "wrong",            # storage and server do not agree at the end
}

FAILING_DISK = {"disk-full", "disk-limit", "power"}


@dataclass(frozen=True)
class Violation:
    kind: str
    char: str
    subject: object  # which version, intent, ... of it: what is seen twice counts once
    text: str
    records: tuple = ()

    def __str__(self):
        return f"{self.kind}: {self.char}: {self.text}"


def check(history, final=None):
    """All violations. history: records; final: {"served": {char: seen}, "stored": {char: seen},
    "names": {char: name}}, None when there was no end to look at."""
    characters = _by_character(history)
    found = [Violation("unexpected", r.get("char") or r["device"], r["n"],
                       f"{r['op']} was answered {r['status']} {r['code']}", (r["n"],))
             for r in history if r["outcome"] == "unexpected"]
    for char, records in sorted(characters.items()):
        found += _check_answers(char, records)
        found += _check_states(char, records, final)
        found += _check_order(char, records)
        if final:
            found += _check_end(char, records, final)
    found += _check_creates(history, final)
    return found


def sums(violations):
    """The four numbers that have to be zero."""
    distinct = {(v.kind, v.char, v.subject) for v in violations}
    counted = Counter(KINDS[kind] for kind, _, _ in distinct)
    return {name: counted[name] for name in ("lost", "doubled", "backwards", "wrong")}


def _by_character(history):
    characters = defaultdict(list)
    for record in history:
        if record["op"] == "list":
            for char, seen in (record.get("seen") or {}).items():
                characters[char].append({**record, "op": "read", "char": char, "seen": seen})
        elif record.get("char"):
            characters[record["char"]].append(record)
    return characters


# ---- each answer by itself ----

def _check_answers(char, records):
    for r in records:
        if r["op"] != "intent" or r["outcome"] != "ok":
            continue
        version, copper, _ = r["seen"]
        if r.get("replayed"):
            if version <= r["base"]:
                yield Violation("wrong-answer", char, r["n"],
                                f"replay of an intent on version {r['base']} "
                                f"shows version {version}", (r["n"],))
        elif (version, copper) != (r["base"] + 1, r["token"]):
            yield Violation("wrong-answer", char, r["n"],
                            f"intent {r['token']} on version {r['base']} was "
                            f"acknowledged with version {version}, copper {copper}", (r["n"],))
        if r["cls"] == "durable" and r["durable"] < r["base"] + 1:
            yield Violation("wrong-answer", char, r["n"],
                            f"durable, but storage has {r['durable']} of "
                            f"{r['base'] + 1}", (r["n"],))
        if r["durable"] > version:
            yield Violation("wrong-answer", char, r["n"],
                            f"durable version {r['durable']} of {version}",
                            (r["n"],))


# ---- which intent made which version ----

def _observations(char, records, final):
    """(number of the record, seen) of every state that was shown or is left."""
    for r in records:
        if r.get("seen"):
            yield r["n"], r["seen"]
    for place in ("served", "stored") if final else ():
        if char in final[place]:
            yield place, final[place][char]


def _first_gold(records):
    """What the character was made with; None if nobody knows."""
    for r in records:
        if r.get("seen") and r["seen"][0] == 1:
            return r["seen"][2]
    return None


def _check_states(char, records, final):
    intents = defaultdict(list)
    for r in records:
        if r["op"] == "intent":
            intents[r["token"]].append(r)
    acknowledged = _acknowledged(records)
    states, made_by = {}, {}
    for n, seen in _observations(char, records, final):
        version, copper, _ = seen
        if version in states and states[version] != tuple(seen):
            lost = acknowledged.get(version)
            yield Violation("lost" if lost else "two-states", char, version,
                            f"version {version} was {states[version]}, then {tuple(seen)}", (n,))
            continue
        if version in states:
            continue
        states[version] = tuple(seen)
        if version == 1:
            continue
        if copper in made_by:
            yield Violation("doubled", char, copper,
                            f"intent {copper} made versions {made_by[copper]} and "
                            f"{version}", (n,))
        made_by[copper] = version
        if not any(r["base"] == version - 1 for r in intents.get(copper, ())):
            yield Violation("nobodys-state", char, version,
                            f"version {version} with copper {copper}: no "
                            f"intent was sent that makes it", (n,))
    yield from _check_acknowledged(char, acknowledged, states)
    yield from _check_gold(char, _first_gold(records), states)
    yield from _check_refused(char, intents, made_by)


def _acknowledged(records):
    """version: the token that was acknowledged for it."""
    return {r["base"] + 1: r["token"] for r in records
            if r["op"] == "intent" and r["outcome"] == "ok"}


def _check_acknowledged(char, acknowledged, states):
    for version, token in acknowledged.items():
        if version in states and states[version][1] != token:
            yield Violation("lost", char, version,
                            f"intent {token} was acknowledged as version {version}, "
                            f"which intent {states[version][1]} made")


def _check_gold(char, first, states):
    for version, (_, _, gold) in sorted(states.items()):
        if first is not None and gold - first != version - 1:
            yield Violation("doubled" if gold - first > version - 1 else "gap", char, version,
                            f"version {version} after {gold - first} intents")
            return


def _check_refused(char, intents, made_by):
    """Applied, although every time that it was sent the answer was a refusal. A disk that fails may
    keep what it refused if the process dies before it could write over it: see README.md."""
    for token, sent in intents.items():
        if token in made_by and all(r["outcome"] == "refused" for r in sent) and \
                not any(FAILING_DISK & set(r["faults"]) for r in sent):
            yield Violation("refused-applied", char, token, f"intent {token} was refused and is "
                            f"version {made_by[token]}", tuple(r["n"] for r in sent))


# ---- in which order it was seen ----

def _check_order(char, records):
    """A request that was sent after somebody had seen a version sees that or a later one."""
    shown = sorted((r for r in records if r.get("seen")), key=lambda r: r["t1"])
    ends, newest = [], []  # the newest version, and who saw it first, of all that ended by then
    for r in shown:
        if not newest or r["seen"][0] > newest[-1]["seen"][0]:
            ends.append(r["t1"])
            newest.append(r)
    for r in shown:
        index = bisect.bisect_left(ends, r["t0"]) - 1
        if index < 0 or newest[index]["seen"][0] <= r["seen"][0]:
            continue
        before = newest[index]
        acknowledged = before["op"] == "intent" and before["outcome"] == "ok"
        kind = "lost" if acknowledged else "backwards" if _saw(shown, r) else "stale"
        subject = before["seen"][0] if kind == "lost" else r["n"]
        yield Violation(kind, char, subject,
                        f"version {r['seen'][0]} was shown to {r['device']} after "
                        f"version {before['seen'][0]} had been shown to {before['device']}",
                        (before["n"], r["n"]))


def _saw(shown, late):
    """Whether the same session had seen more before."""
    return any(r["device"] == late["device"] and r["t1"] <= late["t0"] and
               r["seen"][0] > late["seen"][0] for r in shown)


# ---- what is left ----

def _check_end(char, records, final):
    served, stored = final["served"].get(char), final["stored"].get(char)
    newest = max([r["base"] + 1 for r in records if r["op"] == "intent" and r["outcome"] == "ok"] +
                 [r["seen"][0] for r in records if r.get("seen")], default=0)
    confirmed = max((r.get("durable") or 0 for r in records), default=0)
    deletes = [r for r in records if r["op"] == "delete"]
    for r in records:
        if r["outcome"] == "missing" and \
                not any(d["t0"] < r["t1"] and d is not r for d in deletes):
            yield Violation("lost-create", char, None,
                            f"404 for {r['device']}, and nobody had deleted it",
                            (r["n"],))
    if served != stored:
        yield Violation("end", char, None, f"the server shows {served}, storage has {stored}")
    gone = [r["t1"] for r in records
            if r["outcome"] == "missing" or (r["op"] == "delete" and r["outcome"] == "ok")]
    if gone:
        yield from _check_gone(char, records, min(gone), served, stored)
        return
    if deletes and not stored:
        return  # nobody was told whether the delete arrived; it did
    if not stored:
        if newest:
            yield Violation("lost-create", char, None,
                            f"version {newest} was acknowledged or shown, and "
                            "nothing is left")
        return
    if stored[0] < newest:
        yield Violation("lost", char, newest,
                        f"version {newest} was acknowledged or shown, {stored[0]} is "
                        "left")
    if stored[0] < confirmed:
        yield Violation("unconfirmed", char, confirmed, f"storage had confirmed version "
                        f"{confirmed}, and has {stored[0]}")


def _check_gone(char, records, since, served, stored):
    if served or stored:
        yield Violation("lost-delete", char, None, f"deleted, and still there: {served or stored}")
    for r in records:
        if r.get("seen") and r["t0"] > since:
            yield Violation("lost-delete", char, None,
                            f"deleted, and shown to {r['device']}", (r["n"],))


def _check_creates(history, final):
    """Names tell creates apart also when nobody knows their outcome. With an Idempotency-Key one
    create makes one character; without, each attempt may have made one, as soon as the name was
    free again. Two characters never have one name at a time."""
    chars, attempts, keyed = defaultdict(set), Counter(), set()
    for r in history:
        if r["op"] != "create":
            continue
        attempts[r["name"]] += 1
        if r["key"]:
            keyed.add(r["name"])
        if r["outcome"] == "ok":
            chars[r["name"]].add(r["char"])
    left = Counter(final["names"].values() if final else ())
    for char, name in final["names"].items() if final else ():
        chars[name].add(char)
    for name, made in sorted(chars.items()):
        if len(made) > (1 if name in keyed else attempts[name]) or left[name] > 1:
            yield Violation("doubled-create", ", ".join(sorted(made)), None, f"all are {name}")
    yield from _check_lists(history)


def _check_lists(history):
    """A list holds every character of its user that was there before and that nobody deleted."""
    made, deleted = defaultdict(dict), {}
    for r in history:
        if r["op"] == "create" and r["outcome"] == "ok":
            made[r["user"]].setdefault(r["char"], r["t1"])
        elif r["op"] == "delete":
            deleted[r["char"]] = min(r["t0"], deleted.get(r["char"], r["t0"]))
    for r in history:
        if r["op"] != "list" or r["outcome"] != "ok":
            continue
        for char, since in made[r["user"]].items():
            if since < r["t0"] and r["t1"] < deleted.get(char, float("inf")) and \
                    char not in r["seen"]:
                yield Violation("lost-create", char, None,
                                f"not in the list of {r['device']}", (r["n"],))
