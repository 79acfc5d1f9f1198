"""Each host interface through a tiny plugin of the same name (tests/sdk), in a real hearthd."""
import http.server
import json
import re
import socket
import subprocess
import threading
import time
import urllib.parse

import pytest

import hearth
from hearth import wait_until

PLUGINS = hearth.BUILD / "tests/sdk"
LOOPS = None if hearth.LOOPS != "auto" else 3


@pytest.fixture
def start(start_hearthd, tmp_path):
    def run(*ids, args=(), **options):
        etc = tmp_path / "etc"
        etc.mkdir(exist_ok=True)
        (etc / "hearth.yaml").write_text("log_level: info\n")
        chosen = [a for name in ids for a in ("--with", "sdk-" + name)]
        return start_hearthd(*chosen, *args, etc=etc, plugin_dir=PLUGINS,
                             loops=options.pop("loops", LOOPS), **options)
    return run


def check(server, path, times=8):
    """On several connections, so that every loop gets its turn."""
    for _ in range(times):
        reply = server.get(path)
        assert (reply.status, reply.body) == (200, b"ok"), reply


@pytest.mark.parametrize("name", ["arena", "clock", "json", "mail", "poll", "random", "timer"])
def test_interface(start, name):
    check(start(name), "/" + name)


def test_loop(start):
    server = start("loop")
    for path in ("/loop/each", "/loop/post", "/loop/open"):
        check(server, path)


def test_task(start):
    server = start("task", args=["--set", "task_queue=8"])
    check(server, "/task")
    server.get("/task/fill")
    server.stop()


def test_task_queue_is_bounded(start):
    server = start("task", args=["--set", "task_queue=8"], loops=1)
    check(server, "/task/fill", times=1)


def test_log(start):
    server = start("log")
    reply = server.get("/log", headers={"X-Request-Id": "abc-1"})
    assert reply.body == b"ok", reply
    line = wait_until(lambda: next((x for x in server.log if "of a request" in
                                    x.get("message", "")), None), "the line")
    assert line["plugin"] == "sdk-log" and line["level"] == "info"
    assert line["requestId"] == "abc-1" and re.fullmatch("[0-9a-f]{32}", line["traceId"])
    other = next(x for x in server.log if "of nobody" in x.get("message", ""))
    assert "requestId" not in other and other["message"] == 'of nobody "quoted"\n'
    assert not any("not written" in m for m in server.messages())


def test_metrics(start):
    server = start("metrics")
    for label in "aaaaabcdefgh":
        check(server, f"/metrics/count/{label}", times=1)
    loops = next(x["loops"] for x in server.log if "loops" in x)
    seen = server.get("/metrics/read").json
    assert seen["a"] + seen["other"] <= 12  # which two are kept depends on the loops they came to
    assert seen["series"] <= 3  # two and "other"
    assert (seen["observed"], seen["low"], seen["high"]) == (36, 24, 0)
    assert seen["level"] == 2 * loops and seen["host"] > 10


def test_metrics_past_the_ceiling_are_other(start):
    server = start("metrics", loops=1)
    for label in "aabcd":
        check(server, f"/metrics/count/{label}", times=1)
    seen = server.get("/metrics/read").json
    assert (seen["a"], seen["other"], seen["series"]) == (2, 2, 3)


def test_trace(start):
    server = start("trace", loops=1)
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    mine = server.get("/trace", headers={"traceparent": parent}).body.decode()
    assert mine.split("-")[1] == parent.split("-")[1] and mine.split("-")[2] != parent.split("-")[2]
    seen = server.get("/trace/seen").body.decode().splitlines()
    child = next(line for line in seen if line.startswith("child "))
    request = next(line for line in seen if line.startswith("/trace "))
    assert child.split()[1].split("-")[1] == parent.split("-")[1] and child.split()[2] == "1"
    assert request.split()[1] == mine and request.split()[3] == "b7"
    unsampled = parent[:-2] + "00"
    server.get("/trace", headers={"traceparent": unsampled})
    assert len([x for x in server.get("/trace/seen").body.decode().splitlines()
                if x.startswith("child ")]) == 1


class Target(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/slow":
            time.sleep(1)
        body = b"x" * 5000 if self.path == "/large" else \
            f"{self.command} {self.headers['X-Sent']}".encode() + self.read()
        self.send_response(302 if self.path == "/away" else 200)
        self.send_header("Location", "/elsewhere")
        self.send_header("X-Test", "seen")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            pass

    do_POST = do_PUT = do_GET

    def read(self):
        length = int(self.headers.get("Content-Length", 0))
        return b" " + self.rfile.read(length) if length else b""

    def log_message(self, *args):
        pass


@pytest.fixture
def target():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Target)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


def test_client(start, target):
    server = start("client")

    def call(url, **more):
        query = urllib.parse.urlencode({"url": url, **more})
        return server.get("/client?" + query).body.decode()

    for _ in range(6):
        assert call(target + "/") == "0 200 seen GET yes"
    assert call(target + "/", method="PUT", body="hi") == "0 200 seen PUT yes hi"
    assert call(target + "/away").startswith("0 302")  # never followed
    assert call(target + "/large").startswith("-1 0")
    assert call(target + "/slow").startswith("-6 0")
    assert call(target + "/", cancel=1).startswith("-8 0")
    assert call("file:///etc/passwd").startswith("-1 0")
    assert call("nonsense://x").startswith("-1 0")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert call(f"http://127.0.0.1:{port}/").startswith("-7 0")


def test_client_calls_have_a_ceiling(start, target):
    server = start("client", args=["--set", "client_calls=1"], loops=1)
    replies = []
    threads = [threading.Thread(target=lambda: replies.append(
        server.get("/client?" + urllib.parse.urlencode({"url": target + "/slow"})).body.decode()))
        for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(r.startswith("-2 0") for r in replies) == 3


def tool(server, *args, input=None):
    return hearth.tool("--config", server.etc / "hearth.yaml", "--data-dir",
                       server.directory / "data", "--plugin-dir", PLUGINS, "--with", "sdk-command",
                       *args, input=input)


@pytest.mark.parametrize("live", [True, False])
def test_command(start, live):
    server = start("command")
    if not live:
        assert server.stop() == 0
    result = tool(server, "test", "echo", "a", "--scope", "admin", "b", "--force", input="")
    assert result.returncode == 0, result.stderr
    assert result.stdout == "0=a\n1=b\nscope=admin\nforce=yes\n"
    assert tool(server, "test", "later", input="").stdout == "later\n"
    assert tool(server, "test", "secret", input="12345").stdout == "5 bytes\n"
    result = tool(server, "test", "refuse", input="")
    assert result.returncode == 1 and "it is not to be" in result.stderr
    result = tool(server, "test", "echo", "--nonsense", input="")
    assert result.returncode != 0 and "unknown option --nonsense" in result.stderr
    result = tool(server, "test", "nothing", input="")
    assert result.returncode != 0


def test_http_reads_and_answers(start):
    server = start("http")
    with socket.create_connection(("127.0.0.1", server.port)) as s:
        s.sendall(b"POST /http/a%20b/echo?q=1+2&empty=&q=3 HTTP/1.1\r\nHost: x\r\nX-Twice: a\r\n"
                  b"X-Twice: b\r\nX-Request-Id: my-id\r\nContent-Type: application/json\r\n"
                  b"Content-Length: 7\r\nConnection: close\r\n\r\n{\"a\":1}")
        answer = b""
        while chunk := s.recv(4096):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"ok"), answer
    assert b"X-Good: v" in answer and b"X-Hook: reply" in answer


@pytest.mark.parametrize("number, status, code", [
    (1, 400, "INVALID_REQUEST"), (2, 503, "OVERLOADED"), (3, 404, "NOT_FOUND"),
    (4, 409, "CONFLICT"), (5, 401, "UNAUTHENTICATED"), (6, 504, "TIMEOUT"),
    (7, 503, "OVERLOADED"), (8, 503, "OVERLOADED"), (9, 500, "INTERNAL"), (10, 403, "FORBIDDEN")])
def test_http_negative_statuses_become_the_error_shape(start, number, status, code):
    reply = start("http", loops=1).get(f"/http/status/{number}")
    assert (reply.status, reply.json["code"]) == (status, code)
    assert set(reply.json) == {"error", "code", "requestId"}
    assert (status == 503) == ("Retry-After" in reply.headers)
    assert (status == 401) == ("WWW-Authenticate" in reply.headers)


def test_http_hooks(start):
    server = start("http")
    def me(path, token=None):
        return server.get(path, headers={"Authorization": token} if token else None)
    assert me("/http/me").status == 401
    assert me("/http/maybe").body.startswith(b"- on")
    assert me("/http/admin", "Bearer ada player").status == 403
    assert me("/http/admin", "Bearer ada player root").status == 200
    assert me("/http/me", "Bearer banned").status == 403
    assert me("/http/me", "Bearer busy").status == 429
    assert me("/http/me", "Bearer patient").status == 200
    for i in range(40):  # always at home, whatever loop the connection is on
        text = me("/http/me", f"Bearer user{i % 7}").body.decode()
        name, on, _, home = re.fullmatch(r"(\w+) on (\d+) of (\d+), home (\d+)", text).groups()
        assert name == f"user{i % 7}" and on == home
    reply = me("/http/teapot")
    assert reply.status == 418 and reply.json["cups"] == [1, 2] and \
        reply.json["error"] == "Short and stout."
    wait_until(lambda: "saw 418" in server.messages(), "the LOG hook")


def test_http_deferrals(start):
    server = start("http")
    for path in ("/http/threaded", "/http/at-once"):
        check(server, path, times=20)
    assert server.get("/http/silent").status == 500
    reply = server.get("/http/slow")
    assert reply.status == 504 and reply.json["code"] == "TIMEOUT"
    wait_until(lambda: server.get("/http/cancelled").body == b"1", "the cancel notice")
    with socket.create_connection(("127.0.0.1", server.port)) as s:
        s.sendall(b"GET /http/patient HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.1)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    wait_until(lambda: server.get("/http/cancelled").body == b"2", "the second notice")


def test_http_a_second_completion_aborts_a_debug_host(start):
    server = start("http")
    with pytest.raises(OSError):
        server.get("/http/twice")
    server.process.wait(20)
    assert server.process.returncode != 0
    wait_until(lambda: any("a second time" in m for m in server.messages()), "the line")


def test_host(start):
    server = start("host", "service")
    check(server, "/host")
    server.get("/host/weak")
    reply = server.get("/health/ready")
    assert reply.status == 200 and reply.json["status"] == "degraded"
    assert reply.json["missing"][0]["reason"] == "The pump leaks."
    assert server.stop() == 0
    said = [m for m in server.messages() if "drained on" in m]
    loops = len(said) // 2
    assert loops and all(m.startswith("user") for m in said[:loops]) and \
        all(m.startswith("provider") for m in said[loops:])


def test_host_health(start):
    server = start("host", "service", loops=1)
    server.get("/host/sick")
    reply = server.get("/health/ready")
    assert reply.status == 503 and reply.headers["Retry-After"]
    assert reply.json["missing"] == [{"plugin": "sdk-host", "component": "pump",
                                      "state": "notReady", "reason": "The pump is dry."}]
    server.get("/host/well")
    assert server.get("/health/ready").json == {"status": "ready"}


def test_host_refuses_a_gap_before_any_code_runs(tmp_path):
    (tmp_path / "hearth.yaml").write_text("log_level: info\n")
    result = subprocess.run([hearth.BUILD / "bin/hearthd", "--config", tmp_path / "hearth.yaml",
                             "--data-dir", tmp_path / "d", "--plugin-dir", PLUGINS, "--with",
                             "sdk-host"], capture_output=True, text=True, timeout=30)
    assert result.returncode == 2
    assert result.stderr.strip() == ("sdk-host uses test.number/1, which no enabled plugin "
                                     "provides: enable one that does")


def test_a_metric_that_is_used_wrongly_is_named_and_not_counted(start):
    server = start("misuse", "metrics", loops=1)
    check(server, "/metrics/count/a", times=1)
    before = server.get("/metrics/read").json
    check(server, "/misuse/metrics", times=1)
    after = server.get("/metrics/read").json
    assert {**after, "host": 0} == {**before, "host": 0}  # of another plugin
    wait_until(lambda: any("metric 99" in m for m in server.messages()), "the last line")
    said = [m for m in server.messages() if "hearth_metrics." in m or "misuse_" in m or "metric 99" in m]
    for part in ("observe: misuse_hits_total is of another kind", "observe: misuse_level is",
                 "set: misuse_hits_total is", "set: misuse_seconds is", "add: misuse_seconds is",
                 "-5 is not allowed", "misuse_hits_total has 0 labels, and was asked for with 2",
                 "metric 99 does not exist"):
        assert any(part in m for m in said), (part, said)
    assert all(x["plugin"] == "sdk-misuse" for x in server.log if x.get("message") in said)


@pytest.mark.parametrize("number", [2, 42, 2147483647, -11, -99])
def test_a_handler_that_answers_no_status_is_named(start, number):
    server = start("misuse", loops=1)
    reply = server.get(f"/misuse/status/{number}")
    assert (reply.status, reply.json["code"]) == (500, "INTERNAL")
    line = wait_until(lambda: next((x for x in server.log if "no hearth_status" in x.get("message", "")),
                                   None), "the line")
    assert line["plugin"] == "sdk-misuse" and line["level"] == "error"
    assert line["message"] == f"/misuse/status/{{number}} answered {number}, which is no hearth_status"


@pytest.mark.parametrize("size", [10, 1000, 60000, 69000])
def test_headers_have_a_ceiling_below_which_they_are_sent(start, size):
    with socket.create_connection(("127.0.0.1", start("misuse", loops=1).port)) as s:
        s.sendall(f"GET /misuse/headers/{size} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while chunk := s.recv(65536):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"ok"), answer[-200:]
    assert (b"X-Many" in answer) == (size < 65536)


def test_a_struct_without_its_size_is_refused_and_named(start):
    server = start("misuse", loops=1)
    check(server, "/misuse/no-size", times=1)
    said = "hearth_client.send: expected a request with its struct_size, found 0"
    line = wait_until(lambda: next((x for x in server.log if x.get("message") == said), None), "the line")
    assert line["plugin"] == "sdk-misuse"


def test_a_header_or_a_reply_that_comes_too_late_is_refused(start):
    server = start("misuse", "http", loops=1)
    reply = server.get("/misuse/header-after")
    assert reply.status == 200 and "X-Late" not in reply.headers and reply.headers["X-Hook"] == "reply"
    check(server, "/misuse/hook", times=1)
    line = wait_until(lambda: next((x for x in server.log if "a second reply" in x.get("message", "")),
                                   None), "the line")
    assert line["plugin"] == "sdk-misuse"


def test_a_request_that_is_never_completed_is_named_when_the_host_stops(start):
    server = start("misuse", args=["--set", "drain_timeout=1s"], loops=1)
    assert server.get("/misuse/never").status == 504
    server.stop()
    line = next(x for x in server.log if "taken over and is not completed" in x.get("message", ""))
    assert line["plugin"] == "sdk-misuse" and "/misuse/never" in line["message"]


@pytest.mark.parametrize("what, call", [("series", "hearth_metrics.add"), ("timer", "hearth_timer.start")])
def test_another_loop_s_object_ends_a_debug_host_with_the_plugin_s_name(start, what, call):
    server = start("misuse", loops=2)
    with pytest.raises(OSError):
        server.get(f"/misuse/another-loop/{what}")
    server.process.wait(20)
    assert server.process.returncode != 0
    said = f"hearth: sdk-misuse: {call} called on the wrong thread: expected loop"
    wait_until(lambda: any(m.startswith(said) for m in server.messages()), "the sentence")


@pytest.mark.parametrize("plugin, folder, sentence", [
    ("storage-conformance", "lib/hearth/conformance",
     "command `conformance storage` of storage-conformancf has the name of one of storage-conformance"),
    ("sdk-misuse", "tests/sdk", "metric misuse_hits_total of sdk-misusf has the name of one of sdk-misuse")])
def test_a_name_that_another_plugin_has_is_refused(tmp_path, plugin, folder, sentence):
    """The same plugin under another id, with routes of its own."""
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    program = (hearth.BUILD / folder / f"{plugin}.so").read_bytes()
    twin = plugin[:-1] + "f"
    (plugins / f"{plugin}.so").write_bytes(program)
    (plugins / f"{twin}.so").write_bytes(program.replace(plugin.encode() + b"\0", twin.encode() + b"\0")
                                         .replace(b"/misuse/", b"/misusf/"))
    (plugins / "storage-faulty.so").write_bytes((hearth.BUILD / "tests/plugins/storage-faulty.so").read_bytes())
    (tmp_path / "hearth.yaml").write_text("log_level: info\n")
    result = subprocess.run([hearth.BUILD / "bin/hearthd", "--config", tmp_path / "hearth.yaml", "--data-dir",
                             tmp_path / "d", "--plugin-dir", plugins, "--with", plugin, "--with", twin,
                             "--with", "storage-faulty"], capture_output=True, text=True, timeout=30)
    assert result.returncode == 2 and sentence in result.stderr, result.stderr


def test_openapi_is_valid(start):
    document = start("http", "host", "service").get("/openapi.json").json
    assert document["openapi"] == "3.1.0" and document["info"]["title"] and \
        document["info"]["version"]
    seen = set()
    for path, item in document["paths"].items():
        assert path.startswith("/")
        for method, operation in item.items():
            assert method in {"get", "put", "post", "delete", "patch"}
            assert operation["operationId"] not in seen
            seen.add(operation["operationId"])
            assert operation.get("summary", "left out")  # a route without help has none
            names = re.findall(r"\{(\w+)\}", path)
            assert [p["name"] for p in operation["parameters"]] == names
            assert all(p["in"] == "path" and p["required"] and p["schema"]
                       for p in operation["parameters"])
            assert operation["responses"]
            for response in operation["responses"].values():
                ref = response.get("$ref")
                assert ref is None or ref == "#/components/responses/Error"
                assert ref or response["description"]
            for requirement in operation["security"]:
                assert set(requirement) <= set(document["components"]["securitySchemes"])
    admin = document["paths"]["/http/admin"]["get"]
    assert admin["security"] == [{"bearer": ["admin", "root"]}]
    assert document["paths"]["/http/maybe"]["get"]["security"] == [{"bearer": []}, {}]
    assert document["components"]["schemas"]["Error"]["required"] == ["error", "code", "requestId"]
    json.dumps(document)


def test_a_plugin_that_holds_its_loop_is_named(start_hearthd, tmp_path):
    """In the log and in hearth_loop_stalls_total; metrics-prometheus shows the latter."""
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    for source in (PLUGINS / "sdk-stall.so", hearth.BUILD / "plugins/metrics-prometheus.so"):
        (plugins / source.name).symlink_to(source)
    (tmp_path / "hearth.yaml").write_text("loop_stall_warn: 100ms\n")
    server = start_hearthd("--with", "sdk-stall", "--with", "metrics-prometheus", etc=tmp_path,
                           plugin_dir=plugins, loops=2)
    assert server.get("/stall").status == 200
    wait_until(lambda: any("sdk-stall" in json.dumps(line) and "/stall" in json.dumps(line)
                           for line in server.log), "the line")
    wait_until(lambda: re.search(
        r'hearth_loop_stalls_total\{plugin="sdk-stall",route="/stall"\} 1\b',
        server.get("/metrics").body.decode()), "the metric")
