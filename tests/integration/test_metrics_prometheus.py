"""GET /metrics: what it holds, that promtool finds nothing wrong, and that a real Prometheus scrapes it."""
import json
import re
import shutil
import subprocess
import urllib.parse
import urllib.request

import pytest

import backends
from hearth import wait_until

pytestmark = pytest.mark.any_storage

REQUIRED = [
    "hearth_http_requests_total", "hearth_http_request_duration_seconds_bucket",
    "hearth_http_requests_in_flight", "hearth_http_connections",
    "hearth_auth_logins_total", "hearth_entities_cache_hits_total",
    "hearth_entities_cache_misses_total", "hearth_entities_cache_evictions_total",
    "hearth_entities_pending", "hearth_entities_persistence_duration_seconds_bucket",
    "hearth_entities_storage_write_duration_seconds_bucket",
    "hearth_entities_storage_write_failures_total", "hearth_entities_dead_letters",
    "hearth_entities_journal_fsync_duration_seconds_bucket",
    "process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds",
]


def scrape(server, **headers):
    reply = server.get("/metrics", headers=headers)
    assert reply.status == 200, reply
    return reply


def test_everything_an_operator_watches_is_there(server):
    player = server.player("watched")
    made = player.post("/characters", {"race": "Human", "class": "Fighter"}).json
    player.patch(f"/characters/{made['id']}/stats/hitpoints", {"version": 1, "delta": -1})
    text = scrape(server).body.decode()
    missing = [name for name in REQUIRED if not re.search(rf"^{name}[ {{]", text, re.M)]
    assert not missing, text


def test_requests_are_counted_by_route_method_and_status(server):
    for _ in range(3):
        assert server.get("/no/such/path").status == 404
    server.player("counted").get("/characters")
    text = scrape(server).body.decode()
    assert re.search(r'hearth_http_requests_total\{[^}]*route="/characters"[^}]*\} 1\b', text), text
    lines = [line for line in text.splitlines()
             if line.startswith("hearth_http_requests_total") and 'status="404"' in line]
    assert any(line.endswith(" 3") for line in lines), lines


def test_promtool_finds_nothing_wrong(server):
    server.player("checked")
    text = scrape(server).body
    run = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True)
    assert run.returncode == 0 and not run.stdout and not run.stderr, (run.stdout, run.stderr)


def test_openmetrics_when_asked(server):
    reply = scrape(server, Accept="application/openmetrics-text; version=1.0.0")
    assert reply.headers["Content-Type"].startswith("application/openmetrics-text")
    assert reply.body.endswith(b"# EOF\n")


def test_a_real_prometheus_scrapes_it(server, tmp_path):
    port = backends.free_port()
    (tmp_path / "prometheus.yml").write_text(
        "global: {scrape_interval: 200ms, scrape_timeout: 200ms}\n"
        f"scrape_configs: [{{job_name: hearth, static_configs: [{{targets: ['127.0.0.1:{server.port}']}}]}}]\n")
    process = subprocess.Popen(
        [shutil.which("prometheus"), f"--config.file={tmp_path}/prometheus.yml",
         f"--storage.tsdb.path={tmp_path}/tsdb", f"--web.listen-address=127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def query(expression):
        try:
            url = f"http://127.0.0.1:{port}/api/v1/query?query={urllib.parse.quote(expression)}"
            with urllib.request.urlopen(url, timeout=5) as reply:
                return json.load(reply)["data"]["result"]
        except OSError:
            return []

    try:
        wait_until(lambda: any(r["value"][1] == "1" for r in query("up")), "Prometheus sees it up", 60)
        wait_until(lambda: query("process_open_fds > 0"), "its samples are stored", 60)
        assert query("hearth_http_requests_total")
    finally:
        process.terminate()
        process.wait()
