#!/usr/bin/python3
"""What an idle keep-alive connection costs: opens COUNT of them, sends a request on each, and reads
the server's memory before and after.

usage: idle_connections.py PID HOST:PORT [COUNT]     (default 10000; the server may need ulimit -n)"""
import resource
import socket
import sys


def resident_kib(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def ask(connection):
    connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: bench\r\n\r\n")
    return connection.recv(4096).startswith(b"HTTP/1.1 200")


def main():
    pid, (host, port) = int(sys.argv[1]), sys.argv[2].rsplit(":", 1)
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 10000
    resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100, max(count + 100, resource.getrlimit(
        resource.RLIMIT_NOFILE)[1])))
    with socket.create_connection((host, int(port))) as first:
        assert ask(first)
    before = resident_kib(pid)
    connections = []
    for _ in range(count):
        connection = socket.create_connection((host, int(port)), timeout=30)
        connections.append(connection)
        assert ask(connection)
    after = resident_kib(pid)
    assert all(ask(connection) for connection in connections[::max(1, count // 100)]), "one was lost"
    print(f"{count} idle connections: {before} KiB before, {after} KiB after, "
          f"{(after - before) * 1024 / count:.0f} bytes each")


if __name__ == "__main__":
    main()
