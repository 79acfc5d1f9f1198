"""Reads characters straight from the storage, past hearthd: what has really been kept."""
import json
import socket
import sqlite3

COPPER, GOLD = 0, 3  # places in a stored character's "coins"


def _character(version, body):
    state = (json.loads(body) if isinstance(body, (str, bytes)) else body)["state"]
    return [int(version), state["coins"][COPPER], state["coins"][GOLD]], state["name"]


def from_sqlite(path):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        rows = database.execute("SELECT sort, version, body FROM documents "
                                "WHERE collection = 'characters'").fetchall()
    return {sort: _character(version, body) for sort, version, body in rows}


class _Redis:
    """Just enough of the protocol to read replies of any size."""

    def __init__(self, port):
        self.file = socket.create_connection(("127.0.0.1", port), timeout=30).makefile("rwb")

    def command(self, *words):
        words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
        self.file.write(b"*%d\r\n" % len(words) +
                        b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
        self.file.flush()
        return self.reply()

    def reply(self):
        line = self.file.readline()[:-2]
        kind, rest = line[:1], line[1:]
        if kind == b"*":
            return [self.reply() for _ in range(int(rest))]
        if kind == b"$":
            size = int(rest)
            return None if size < 0 else self.file.read(size + 2)[:-2]
        assert kind != b"-", rest
        return rest


def from_redis(port):
    redis, found, cursor = _Redis(port), {}, b"0"
    while True:
        cursor, keys = redis.command("SCAN", cursor, "MATCH", "hearth:d:*", "COUNT", 1000)
        for key in keys:
            collection, _, sort = key.partition(b"}:")[2].partition(b"\0")
            if collection == b"characters":
                version, body = redis.command("HMGET", key, "v", "b")
                found[sort.decode()] = _character(version, body)
        if cursor == b"0":
            return found


def _plain(value):
    """From DynamoDB's typed values."""
    (kind, content), = value.items()
    if kind == "M":
        return {name: _plain(member) for name, member in content.items()}
    if kind == "L":
        return [_plain(member) for member in content]
    return int(content) if kind == "N" else content


def from_dynamo(dynamodb):
    found, more = {}, {}
    while True:
        page = dynamodb.call("Scan", TableName=dynamodb.table, ConsistentRead=True, **more)
        for item in page["Items"]:
            if item["pk"]["S"].startswith("characters#"):
                found[item["sk"]["S"][1:]] = _character(item["version"]["N"], _plain(item["body"]))
        if "LastEvaluatedKey" not in page:
            return found
        more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def journal_rows(path):
    """What the journal still holds, by state: {} after a clean end."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        return dict(database.execute("SELECT state, count(*) FROM journal GROUP BY state"))
