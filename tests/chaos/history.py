"""What the clients write down. One record per answer, or per request that never got one, as a
plain dict; times are one machine's monotonic seconds, so they order all that did not overlap.

n         number of the record             device   which client: one session, one thing at a time
op        create | intent | read | list | delete
user, char, name                           t0, t1   when it was sent, and when its outcome was known
outcome   ok: acknowledged or shown | refused: the server said that nothing changed | missing: 404
          unknown: no whole answer, or 504
status, code                                faults   what was going wrong at t1
base, token   of an intent: the version it was decided on, and the copper coins that it leaves
key       whether it carried an Idempotency-Key; replayed: the answer said that it had been done
cls       class of an acknowledged change: journal | durable
seen      [version, copper, gold]: the state in the answer; of a list: {char: seen}
durable   Hearth-Durable-Version
"""
import json
import threading


class History:
    """Collects records, thread-safe, and writes each as a line to a file."""

    def __init__(self, path=None):
        self.records, self.lock = [], threading.Lock()
        self.file = open(path, "w", encoding="utf-8") if path else None

    def add(self, **record):
        with self.lock:
            record["n"] = len(self.records)
            self.records.append(record)
            if self.file:
                self.file.write(json.dumps(record, separators=(",", ":")) + "\n")
        return record

    def close(self):
        if self.file:
            self.file.close()
            self.file = None


def load(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]
