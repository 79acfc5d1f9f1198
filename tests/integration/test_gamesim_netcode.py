"""hearth-gamesim's netcode on the wire, seen by a client that shares no code with it."""
import time

import pytest

import netcode
from hearth import wait_until
from netcode import CHALLENGE, DENIED, DISCONNECT, KEEP_ALIVE, PAYLOAD, RESPONSE
from test_gamesim_standalone import gamesim, has_ipv6

GLOBAL_SEQUENCE = 1 << 63


class World:
    def __init__(self, server):
        self.server = server
        host, port = server.address.rsplit(":", 1)
        self.address = host.strip("[]"), int(port)

    def token(self, **how):
        return netcode.Token(self.server.key, self.server.protocol_id, *self.address, **how)

    def peer(self, token=None):
        return netcode.Peer(self.address, token or self.token())


@pytest.fixture
def world():
    with gamesim("127.0.0.1:0", "--slots", 3) as server:
        yield World(server)


def test_the_handshake_packet_by_packet(world):
    with world.peer() as peer:
        peer.raw(peer.token.request)
        kind, sequence, challenge, size = peer.next()
        assert (kind, sequence, size) == (CHALLENGE, GLOBAL_SEQUENCE, 333)
        peer.send(RESPONSE, challenge)
        kind, sequence, body, size = peer.next()
        assert (kind, sequence, body, size) == (KEEP_ALIVE, 0, bytes([0, 0, 0, 0, 3, 0, 0, 0]), 26)


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
def test_ipv6_addresses_in_tokens():
    with gamesim("[::1]:0") as server, World(server).peer() as peer:
        assert peer.connect() == (0, 40)


def test_each_payload_follows_a_keep_alive_until_the_client_speaks(world):
    with world.peer() as peer:
        peer.connect()
        kinds = [peer.next()[0] for _ in range(40)]
        assert all(a == KEEP_ALIVE for a, b in zip(kinds, kinds[1:]) if b == PAYLOAD)
        peer.send(KEEP_ALIVE, bytes(8))
        # What was on its way may still come in pairs; after that, payloads come alone.
        wait_until(lambda: [peer.next()[0] for _ in range(20)] == [PAYLOAD] * 20, "payloads alone")


def test_a_full_server_denies_and_a_freed_slot_is_free_at_once(world):
    peers = [world.peer() for _ in range(4)]
    try:
        assert [peer.connect() for peer in peers[:3]] == [(0, 3), (1, 3), (2, 3)]
        peers[3].raw(peers[3].token.request)
        assert peers[3].wait_for(DENIED)[3] == 25
        peers[1].send(DISCONNECT)
        # The same token from the same address; the lowest free slot.
        assert peers[3].connect() == (1, 3)
    finally:
        for peer in peers:
            peer.close()


def test_one_token_is_one_session(world):
    with world.peer() as peer, world.peer(peer.token) as thief:
        peer.connect()
        thief.raw(peer.token.request)
        assert thief.hears_nothing()
        peer.send(DISCONNECT)
        for other in (thief, peer):
            time.sleep(0.1)
            while other.receive():
                pass
            other.raw(peer.token.request)
            assert other.hears_nothing()


def test_a_response_is_good_for_its_own_token_only(world):
    with world.peer() as mine, world.peer() as other:
        other.raw(other.token.request)
        mine.raw(mine.token.request)
        foreign = other.wait_for(CHALLENGE)[2]
        own = mine.wait_for(CHALLENGE)[2]
        mine.send(RESPONSE, foreign)
        assert mine.hears_nothing()
        mine.send(RESPONSE, own)
        assert mine.wait_for(KEEP_ALIVE)


def test_forged_and_replayed_packets_change_nothing(world):
    with world.peer() as peer, world.peer() as stranger:
        peer.connect()
        replayed = peer.seal(KEEP_ALIVE, bytes(8))
        peer.raw(replayed)
        forged = bytearray(peer.seal(DISCONNECT, sequence=1000))
        forged[-1] ^= 1
        for _ in range(200):
            peer.raw(replayed)
            peer.raw(bytes(forged))
            stranger.raw(peer.seal(DISCONNECT, sequence=2000))
        assert stranger.hears_nothing()
        peer.send(KEEP_ALIVE, bytes(8), sequence=9, sequence_bytes=8)  # non-minimal is fine
        assert peer.wait_for(PAYLOAD)


def test_a_silent_client_times_out_without_a_word(world):
    with world.peer(world.token(timeout=1)) as peer:
        peer.connect()
        heard = []
        wait_until(lambda: not (packet := peer.receive()) and peer.hears_nothing(1) or heard.append(packet),
                   "silence")
        assert {packet[0] for packet in heard if packet} <= {KEEP_ALIVE, PAYLOAD}
        with world.peer() as next_one:
            assert next_one.connect() == (0, 3)


def test_stopping_sends_ten_disconnects():
    with gamesim() as server, World(server).peer() as peer:
        peer.connect()
        assert server.stop()[0] == 0
        kinds = []
        while (packet := peer.receive()) is not None:
            kinds.append(packet[0])
        assert kinds[-10:] == [DISCONNECT] * 10


def test_a_hundred_unreadable_payloads_are_too_many(world):
    with world.peer() as peer:
        peer.connect()
        for _ in range(100):
            peer.send(PAYLOAD, b"what?")
        while (packet := peer.wait_for(PAYLOAD))[2][:2] != b"\1\x13":
            pass
        assert packet[2] == bytes([1, 19, 2])
        assert peer.wait_for(DISCONNECT)
