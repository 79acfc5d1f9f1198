"""A third NETCODE 1.02 client, straight from the standard's tables on libsodium by ctypes: it shares
nothing with our C code, and tests use it to send what hearth-bot never would."""
import ctypes
import ctypes.util
import os
import socket
import struct
import time

VERSION = b"NETCODE 1.02\0"
REQUEST, DENIED, CHALLENGE, RESPONSE, KEEP_ALIVE, PAYLOAD, DISCONNECT = range(7)

sodium = ctypes.CDLL(ctypes.util.find_library("sodium"))
assert sodium.sodium_init() >= 0


def _seal(function, plain, associated, nonce, key):
    out, size = ctypes.create_string_buffer(len(plain) + 16), ctypes.c_ulonglong()
    function(out, ctypes.byref(size), plain, ctypes.c_ulonglong(len(plain)), associated,
             ctypes.c_ulonglong(len(associated)), None, nonce, key)
    return out.raw


def _open(sealed, associated, nonce, key):
    if len(sealed) < 16:
        return None
    out, size = ctypes.create_string_buffer(max(len(sealed) - 16, 1)), ctypes.c_ulonglong()
    status = sodium.crypto_aead_chacha20poly1305_ietf_decrypt(
        out, ctypes.byref(size), None, sealed, ctypes.c_ulonglong(len(sealed)), associated,
        ctypes.c_ulonglong(len(associated)), nonce, key)
    return out.raw[:size.value] if status == 0 else None


def _address(host, port):
    if ":" in host:
        groups = struct.unpack(">8H", socket.inet_pton(socket.AF_INET6, host))
        return struct.pack("<B8HH", 2, *groups, port)
    return b"\1" + socket.inet_pton(socket.AF_INET, host) + struct.pack("<H", port)


class Token:
    """What a connection request needs of a connect token, and the keys."""

    def __init__(self, key, protocol_id, host, port, client_id=None, timeout=5, lifetime=30, user_data=b""):
        self.protocol_id = int(protocol_id, 16)
        self.expires = int(time.time()) + lifetime
        self.client_id = int.from_bytes(os.urandom(8), "little") if client_id is None else client_id
        self.send_key, self.receive_key, self.nonce = os.urandom(32), os.urandom(32), os.urandom(24)
        plain = struct.pack("<QiI", self.client_id, timeout, 1) + _address(host, port) + self.send_key + \
            self.receive_key + user_data.ljust(256, b"\0")
        head = struct.pack("<QQ", self.protocol_id, self.expires)
        sealed = _seal(sodium.crypto_aead_xchacha20poly1305_ietf_encrypt, plain.ljust(1008, b"\0"),
                       VERSION + head, self.nonce, bytes.fromhex(key))
        self.request = b"\0" + VERSION + head + self.nonce + sealed


class Peer:
    """One socket. It sends and reads packets, and decides nothing by itself."""

    def __init__(self, server, token):
        self.server, self.token, self.sequence = server, token, 0
        family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.settimeout(0.05)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def raw(self, datagram):
        self.socket.sendto(datagram, self.server)

    def seal(self, kind, body=b"", sequence=None, sequence_bytes=None):
        if sequence is None:
            sequence, self.sequence = self.sequence, self.sequence + 1
        size = sequence_bytes or max(1, (sequence.bit_length() + 7) // 8)
        prefix = bytes([kind | size << 4])
        associated = VERSION + struct.pack("<Q", self.token.protocol_id) + prefix
        return prefix + sequence.to_bytes(size, "little") + _seal(
            sodium.crypto_aead_chacha20poly1305_ietf_encrypt, body, associated, bytes(4) + struct.pack("<Q", sequence),
            self.token.send_key)

    def send(self, kind, body=b"", **how):
        self.raw(self.seal(kind, body, **how))

    def receive(self):
        """(type, sequence, body, size) of the next packet, or None when nothing came for 50 ms."""
        try:
            datagram, _ = self.socket.recvfrom(2048)
        except socket.timeout:
            return None
        kind, size = datagram[0] & 15, datagram[0] >> 4
        sequence = int.from_bytes(datagram[1:1 + size], "little")
        associated = VERSION + struct.pack("<Q", self.token.protocol_id) + datagram[:1]
        body = _open(datagram[1 + size:], associated, bytes(4) + struct.pack("<Q", sequence), self.token.receive_key)
        assert body is not None, "a packet that does not open"
        return kind, sequence, body, len(datagram)

    def next(self, deadline=10.0):
        """The next packet of any type."""
        end = time.monotonic() + deadline
        while time.monotonic() < end:
            packet = self.receive()
            if packet:
                return packet
        raise AssertionError(f"no packet within {deadline} s")

    def wait_for(self, kind, deadline=10.0):
        """The next packet of this type; others are passed over."""
        end = time.monotonic() + deadline
        while time.monotonic() < end:
            packet = self.next(deadline)
            if packet[0] == kind:
                return packet
        raise AssertionError(f"no packet of type {kind} within {deadline} s")

    def hears_nothing(self, seconds=0.3):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.receive():
                return False
        return True

    def connect(self):
        """(index, slots), after request, challenge, response, keep-alive."""
        self.raw(self.token.request)
        _, _, challenge, _ = self.wait_for(CHALLENGE)
        self.send(RESPONSE, challenge)
        return struct.unpack("<II", self.wait_for(KEEP_ALIVE)[2])
