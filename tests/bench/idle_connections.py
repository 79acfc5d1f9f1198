#!/usr/bin/python3
"""What an idle keep-alive connection costs: opens many, sends a request on each, and reads the server's
memory before and after.

    tests/bench/idle_connections.py BUILD_DIR [--connections 10000]
"""
import argparse
import pathlib
import resource
import socket
import tempfile

import request_cost as bench


def ask(connection):
    connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: bench\r\n\r\n")
    return connection.recv(4096).startswith(b"HTTP/1.1 200")


def grow(pid, port, count):
    with socket.create_connection(("127.0.0.1", port)) as first:
        assert ask(first)
    before = bench.resident_bytes(pid)
    connections = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        connections.append(connection)
        assert ask(connection)
    after = bench.resident_bytes(pid)
    assert all(ask(connection) for connection in connections[::max(1, count // 100)]), "one was lost"
    print(f"{count} idle connections: {before // 1024} KiB before, {after // 1024} KiB after, "
          f"{(after - before) / count:.0f} bytes each")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--connections", type=int, default=10000)
    args = parser.parse_args()
    files = args.connections + 500
    resource.setrlimit(resource.RLIMIT_NOFILE,
                       (files, max(files, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    with tempfile.TemporaryDirectory() as dir:
        process, pid, port = bench.start_hearthd(pathlib.Path(args.build).resolve(), dir, "idle",
                                                 "journal")
        try:
            grow(pid, port, args.connections)
        finally:
            process.terminate()
            process.wait(30)


if __name__ == "__main__":
    main()
