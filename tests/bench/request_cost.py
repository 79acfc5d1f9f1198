#!/usr/bin/python3
"""CPU time per request, beside nginx's constant reply, in one run.

Every target is measured in turn, several rounds, by the same load generator on the same machine; the
figure is the median of the server's own CPU time (all its threads, from schedstat) per request, and
the ratio the median of the rounds' ratios, so that what else the machine does weighs on both alike.

    tests/bench/request_cost.py BUILD_DIR [--rounds 5] [--requests 40000] [--connections 32]

HEARTH_LOOPS sets how many loops hearthd runs (default auto) and nginx has workers: what more of them
cost, smaller batches and more waking up, is then in both figures.
"""
import argparse
import http.client
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PASSWORD = "correct horse"
LOOPS = os.environ.get("HEARTH_LOOPS", "auto")
WORKERS = os.cpu_count() if LOOPS == "auto" else int(LOOPS)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_ns(*pids):
    total = 0
    for pid in pids:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat") as f:
                total += int(f.read().split()[0])
    return total


def resident_bytes(pid):
    with open(f"/proc/{pid}/status") as f:
        return int(next(line for line in f if line.startswith("VmRSS")).split()[1]) * 1024


def wait_for(port, path, deadline=20):
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        try:
            c = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            c.request("GET", path)
            if c.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise SystemExit(f"nothing answers on port {port}")


def call(port, method, path, body=None, token=None):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if token:
        headers["Authorization"] = "Bearer " + token
    c.request(method, path, json.dumps(body) if body is not None else None, headers)
    r = c.getresponse()
    text = r.read()
    if r.status >= 300:
        raise SystemExit(f"{method} {path}: {r.status} {text[:300]}")
    return json.loads(text) if text else None


def start_nginx(dir):
    """The process, the ids of its workers, the port."""
    port = free_port()
    conf = pathlib.Path(dir) / "nginx.conf"
    conf.write_text(f"""
daemon off; worker_processes {WORKERS}; pid {dir}/nginx.pid; error_log {dir}/error.log crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000; client_body_temp_path {dir}/b; proxy_temp_path {dir}/p;
  fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  server {{ listen 127.0.0.1:{port} reuseport; default_type application/json; location / {{ return 200 '{{"status":"ok"}}'; }}
    location /character {{ return 200 '{"x" * 1013}'; }} }}
}}""")
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    process = subprocess.Popen([nginx, "-p", dir, "-c", str(conf)])
    wait_for(port, "/")
    workers = []
    while len(workers) < WORKERS:
        children = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True)
        workers = [int(pid) for pid in children.stdout.split()]
    return process, workers, port


def start_hearthd(build, dir, name, durability, under=()):
    port = free_port()
    process = subprocess.Popen(
        [*under, f"{build}/bin/hearthd", "--config", str(ROOT / "etc/hearth.yaml"), "--listen",
         f"127.0.0.1:{port}", "--data-dir", f"{dir}/{name}", "--plugin-dir", f"{build}/plugins",
         "--loops", LOOPS, "--set", f"characters.durability={durability}",
         "--set", "characters.max_per_user=1000"],
        stderr=open(f"{dir}/{name}.log", "w"))
    wait_for(port, "/health/ready", 120 if under else 20)
    return process, process.pid, port


def players(port, count):
    """One user and one character for each connection; log-ins are slow on purpose."""
    result = []
    for i in range(count):
        name = f"bench{i}"
        call(port, "POST", "/accounts", {"username": name, "password": PASSWORD})
        token = call(port, "POST", "/session/login", {"username": name, "password": PASSWORD})["token"]
        made = call(port, "POST", "/characters", {"race": "Human", "class": "Fighter"}, token)
        result.append({"token": token, "id": made["id"]})
    return result


def intents(port, people):
    """A target for each player: the next hitpoint change of the character as it stands."""
    lines = []
    for p in people:
        now = call(port, "GET", f"/characters/{p['id']}", token=p["token"])
        lines.append(f"PATCH /characters/{p['id']}/stats/hitpoints {p['token']} {now['version']}\n")
    return lines


def measure(build, pids, port, targets, requests):
    pids = pids if isinstance(pids, list) else [pids]
    before = cpu_ns(*pids)
    run = subprocess.run([f"{build}/bench/bench_load", "127.0.0.1", str(port), str(requests)],
                         input="".join(targets), capture_output=True, text=True)
    if run.returncode != 0:
        raise SystemExit(run.stderr)
    figures = json.loads(run.stdout)
    figures["us"] = (cpu_ns(*pids) - before) / 1000 / requests
    return figures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=40000)
    parser.add_argument("--connections", type=int, default=32)
    args = parser.parse_args()
    build = pathlib.Path(args.build).resolve()
    classes = ["memory", "journal", "durable"]
    rows = {}
    started = []
    with tempfile.TemporaryDirectory() as dir:
        try:
            nginx, nginx_pids, nginx_port = start_nginx(dir)
            started.append(nginx)
            servers = {}
            for name in classes:
                process, pid, port = start_hearthd(build, dir, name, name)
                started.append(process)
                servers[name] = (pid, port, players(port, args.connections))
            pid, port, people = servers["journal"]
            n = args.connections
            plain = ["GET / - 0\n"] * n
            live = ["GET /health/live - 0\n"] * n
            alike = [f"GET /character {p['token']} 0\n" for p in people]
            get = [f"GET /characters/{p['id']} {p['token']} 0\n" for p in people]
            cases = [("nginx constant reply", nginx_pids, nginx_port, lambda: plain, 1),
                     ("GET /health/live", pid, port, lambda: live, 1),
                     ("nginx, request and reply as large as below", nginx_pids, nginx_port,
                      lambda: alike, 1),
                     ("GET /characters/{id}, authenticated", pid, port, lambda: get, 1)]
            for name in classes:
                cpid, cport, cpeople = servers[name]
                cases.append((f"PATCH hitpoints, class {name}", cpid, cport,
                              lambda port=cport, people=cpeople: intents(port, people), 4))
            for _ in range(args.rounds):
                for name, cpid, cport, targets, divide in cases:
                    rows.setdefault(name, []).append(
                        measure(build, cpid, cport, targets(), args.requests // divide))
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.wait(30)
    base = rows["nginx constant reply"]
    print(f"{'target':44} {'CPU us/request':>14} {'x nginx':>8} {'p50 us':>8} {'p99 us':>8}")
    for name, figures in rows.items():
        us = statistics.median(r["us"] for r in figures)
        ratio = statistics.median(r["us"] / b["us"] for r, b in zip(figures, base))
        p50 = statistics.median(r["p50"] for r in figures)
        p99 = statistics.median(r["p99"] for r in figures)
        print(f"{name:44} {us:14.1f} {ratio:8.2f} {p50:8.0f} {p99:8.0f}")


if __name__ == "__main__":
    main()
