"""Registered instances of hearth-gamesim, and players whose every packet a test decides."""
import contextlib
import os
import re
import signal
import struct
import subprocess
import time
import uuid

import pytest

from hearth import BUILD, DEADLINE, die_with_parent
from metadata import REGISTER_TOKEN, Metadata
from netcode import DISCONNECT, PAYLOAD, Peer

LEAVE, SNAPSHOT, WELCOME = 19, 17, 16


@pytest.fixture
def service():
    with Metadata() as made:
        yield made


@pytest.fixture
def config(tmp_path):
    def write(**settings):
        path = tmp_path / "gamesim.yaml"
        path.write_text("".join(f"{key}: {value}\n" for key, value in settings.items()))
        return "--config", path
    return write


class Instance:
    def __init__(self, service, *args, token=REGISTER_TOKEN, wait=True, listen="127.0.0.1:0"):
        env = {**os.environ, "HEARTH_TOKEN": token}
        self.process = subprocess.Popen(
            [BUILD / "bin/hearth-gamesim", "--metadata", service.url, "--listen", listen, *map(str, args)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/", env=env, preexec_fn=die_with_parent)
        if wait:
            self.wait_ready()

    def wait_ready(self):
        line = self.process.stdout.readline()
        match = re.search(r"ready on udp (\S+):(\d+)(?:, http (\S+))?", line)
        assert match, line + self.process.stderr.read()
        self.address, self.http = (match[1], int(match[2])), match[3]

    def stop(self, sig=signal.SIGTERM):
        self.process.send_signal(sig)
        return self.wait()

    def wait(self, deadline=DEADLINE):
        _, errors = self.process.communicate(timeout=deadline)
        return self.process.returncode, errors


@contextlib.contextmanager
def instance(service, *args, **how):
    made = Instance(service, *args, **how)
    try:
        yield made
        if made.process.poll() is None:
            made.process.send_signal(signal.SIGINT)  # the second signal does not wait for matches
            status, errors = made.stop()
            assert status == 0, errors
    finally:
        if made.process.poll() is None:
            made.process.kill()
            made.process.wait()


class Player:
    """One player with one token; inputs keep the match going."""

    def __init__(self, server, service, session, user=None, character=None, **how):
        self.session, self.user, self.character = session, user or uuid.uuid4(), character or uuid.uuid4()
        self.peer = Peer(server.address, service.token(session, self.user, self.character, **how))
        self.sequence = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.peer.close()

    def join(self):
        self.peer.connect()
        return self

    def input(self):
        self.sequence += 1
        self.peer.send(PAYLOAD, struct.pack("<BBIIIBbbBH", 1, 1, 0, 0, self.sequence, 1, 0, 0, 0, 0))

    def message(self, kind):
        """The next message of this type; keeps the connection alive meanwhile."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            self.peer.send(4, bytes(8))
            packet = self.peer.receive()
            if packet and packet[0] == PAYLOAD and packet[2][1] == kind:
                return packet[2]
        raise AssertionError(f"no message {kind}")

    def first_word(self):
        """The type of the first message of either kind: WELCOME or LEAVE."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            self.peer.send(4, bytes(8))
            packet = self.peer.receive()
            if packet and packet[0] == PAYLOAD and packet[2][1] in (WELCOME, LEAVE):
                return packet[2][1]
        raise AssertionError("neither a welcome nor a refusal")

    def leave_reason(self):
        reason = self.message(LEAVE)[2]
        assert self.peer.wait_for(DISCONNECT)
        return reason


def named(service, session):
    """The players of a session in the newest heartbeat, None if it is not there."""
    beat = service.newest()
    for sim in beat["gameSims"] if beat else ():
        if sim["id"] == str(session):
            return sim["players"]
    return None
