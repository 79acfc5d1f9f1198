#!/usr/bin/python3
"""What a match server costs: the CPU time of one hearth-gamesim as a share of one core while bots play on
it at 30 ticks a second, and how late its ticks are.

    tests/bench/gamesim.py BUILD_DIR [--players 40] [--seconds 10]
"""
import argparse
import math
import os
import pathlib
import re
import secrets
import subprocess
import time
import urllib.request

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def samples(address):
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as reply:
        text = reply.read().decode()
    return {name: float(value) for name, value in re.findall(r"^(\S+) (\S+)$", text, re.M)}


def percentile(before, after, name, share):
    """The upper bound of the bucket below which `share` of the new observations lie."""
    found = []
    for key in after:
        match = re.fullmatch(re.escape(name) + r'_bucket\{le="(.*)"\}', key)
        if match:
            found.append((math.inf if match[1] == "+Inf" else float(match[1]), after[key] - before[key]))
    found.sort()
    return next(bound for bound, count in found if count >= share * found[-1][1])


def measure(process, address, players, seconds):
    deadline = time.monotonic() + 60
    while samples(address)["hearth_gamesim_players"] < players:
        assert time.monotonic() < deadline, "not all players got in"
        time.sleep(0.1)
    before, began, cpu = samples(address), time.monotonic(), cpu_seconds(process.pid)
    time.sleep(seconds)
    after, wall, cpu = samples(address), time.monotonic() - began, cpu_seconds(process.pid) - cpu
    assert after["hearth_gamesim_players"] == players, "somebody left"
    rate = {way: (after[name] - before[name]) / wall for way, name in (("in", "hearth_gamesim_packets_received_total"),
                                                                     ("out", "hearth_gamesim_packets_sent_total"))}
    late, took = (percentile(before, after, f"hearth_gamesim_tick_{what}_seconds", 0.99)
                  for what in ("lateness", "duration"))
    print(f"{players} players for {wall:.1f} s: {100 * cpu / wall:.1f} % of a core, "
          f"{1e6 * cpu / (rate['in'] + rate['out']) / wall:.1f} us a packet; "
          f"{rate['in']:.0f} packets in and {rate['out']:.0f} out a second; "
          f"99 % of ticks at most {1000 * late:g} ms late, and {1000 * took:g} ms long")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--players", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=10)
    args = parser.parse_args()
    key, protocol = secrets.token_hex(32), secrets.token_hex(8)
    server = subprocess.Popen([args.build / "bin/hearth-gamesim", "--standalone", "--listen", "127.0.0.1:0", "--key",
                               key, "--protocol-id", protocol, "--slots", str(args.players), "--metrics",
                               "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
    bots = None
    try:
        udp, http = re.search(r"udp (\S+), http (\S+)", server.stdout.readline()).groups()
        bots = subprocess.Popen([args.build / "bin/hearth-bot", "--standalone", udp, "--key", key, "--protocol-id",
                                 protocol, "--players", str(args.players), "--duration",
                                 str(math.ceil(args.seconds) + 5)])
        measure(server, http, args.players, args.seconds)
        assert bots.wait(60) == 0, "a bot saw an error"
    finally:
        if bots:
            bots.kill()
        server.terminate()
        server.wait(30)


if __name__ == "__main__":
    main()
