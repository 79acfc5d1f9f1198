"""The `hearth` command on real configurations and a real hearthd."""
import json
import os
import pty
import shutil
import subprocess
import time

import pytest

import hearth
from hearth import BUILD, tool


@pytest.fixture
def etc(tmp_path):
    return hearth.copy_etc(tmp_path)


def run(etc, *args, **options):
    return tool("--config", etc / "hearth.yaml", "--plugin-dir", BUILD / "plugins", *args, **options)


def test_a_good_configuration_is_ok(etc):
    done = run(etc, "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert "hearth.yaml: ok" in done.stdout


def test_a_bad_key_is_named_with_its_place(etc):
    with open(etc / "hearth.yaml", "a") as f:
        f.write("\nmax_boddy: 3\n")
    done = run(etc, "check")
    assert done.returncode == 2
    assert "hearth.yaml:" in done.stderr and "max_boddy" in done.stderr and "max_body" in done.stderr


def test_a_named_file_to_include_must_be_there(etc):
    (etc / "hearth.yaml").write_text("include: [plugins.d/*.yaml, plugins.d/auht.yaml, none/*.yaml]\n")
    done = run(etc, "check")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "hearth.yaml:1:1: include: " in done.stderr and "plugins.d/auht.yaml" in done.stderr


def test_two_plugins_with_one_route_are_an_unusable_configuration(etc, tmp_path):
    """Built by hand, as a stranger's plugin is: one header, one exported symbol."""
    plugins = tmp_path / "plugins"
    shutil.copytree(BUILD / "plugins", plugins)
    (tmp_path / "twin.c").write_text("""
#include <hearth/plugin.h>
static hearth_status no(hearth_ctx *ctx, hearth_req *req) { (void)ctx, (void)req; return HEARTH_EINVAL; }
static const hearth_route routes[] = {{.method = "GET", .path = "/metrics", .handler = no, .help = "No"}, {0}};
HEARTH_PLUGIN("twin", "1.0.0", .routes = routes);
""")
    subprocess.run(["gcc", "-shared", "-fPIC", "-fvisibility=hidden", "-I", hearth.ROOT / "sdk/include",
                    "-o", plugins / "twin.so", tmp_path / "twin.c"], check=True)
    done = run(etc, "--plugin-dir", plugins, "--with", "twin", "check")
    assert done.returncode == 2, done
    assert done.stderr.strip() == \
        'route GET "/metrics" of twin is the same as "/metrics" of metrics-prometheus'


def test_check_writes_nothing(etc, tmp_path):
    before = sorted(str(p) for p in tmp_path.rglob("*"))
    assert run(etc, "check", "--data-dir", tmp_path / "data").returncode == 0
    assert sorted(str(p) for p in tmp_path.rglob("*")) == before


def test_plugins_are_listed_with_services_and_state(etc):
    done = run(etc, "plugins", "--json")
    assert done.returncode == 0, done.stderr
    listed = {p["id"]: p for p in json.loads(done.stdout)}
    assert listed["storage-sqlite"]["state"] == "enabled"
    assert "hearth.storage/1" in listed["storage-sqlite"]["provides"]
    assert {"id": "hearth.storage/1", "provider": "storage-sqlite"} in listed["auth"]["uses"]
    text = run(etc, "plugins").stdout
    assert "uses     hearth.storage/1 from storage-sqlite" in text


def test_a_running_host_is_seen(etc, start_hearthd):
    server = start_hearthd(etc=etc)
    done = run(etc, "plugins", "--json", "--data-dir", server.directory / "data")
    assert {p["state"] for p in json.loads(done.stdout) if p["id"] == "auth"} == {"running"}


def test_enable_and_disable_check_first(etc):
    hello = etc / "plugins.d/hello.yaml"
    available = etc / "plugins.available/hello.yaml"
    available.write_text("greeting: Hi\n")
    if hello.is_symlink():
        hello.unlink()
    assert run(etc, "enable", "hello").returncode == 0
    assert hello.is_symlink() and hello.read_text() == "greeting: Hi\n"
    assert "already" in run(etc, "enable", "hello").stdout
    assert run(etc, "disable", "hello").returncode == 0
    assert not hello.exists() and available.exists()
    available.write_text("greetings: Hi\n")
    done = run(etc, "enable", "hello")
    assert done.returncode == 2 and "greeting" in done.stderr
    assert not hello.exists()
    assert run(etc, "enable", "nonsense").returncode == 2
    assert run(etc, "disable", "nonsense").returncode == 2
    assert run(etc, "enable", "../x").returncode == 2


def test_an_enabled_plugin_finds_the_secret_beside_its_file(etc):
    """In plugins.available/, where the check of `enable` has found it: the link does not move it."""
    available = etc / "plugins.available"
    (available / "storage-redis.yaml").write_text("password: file:redis-password\n")
    assert "redis-password: expected a readable file" in run(etc, "enable", "storage-redis").stderr
    (available / "redis-password").write_text("secret\n")
    assert run(etc, "enable", "storage-redis").returncode == 0
    done = run(etc, "check")
    assert done.returncode == 0, done.stderr


def test_what_others_need_stays_enabled(etc):
    done = run(etc, "disable", "storage-sqlite")
    assert done.returncode == 2 and "storage" in done.stderr
    assert (etc / "plugins.d/storage-sqlite.yaml").exists()


def test_an_operators_own_file_survives_disable(etc):
    own = etc / "plugins.d/hello.yaml"
    (etc / "plugins.available/hello.yaml").unlink(missing_ok=True)
    own.unlink(missing_ok=True)
    own.write_text("greeting: Mine\n")
    assert run(etc, "disable", "hello").returncode == 0
    assert (etc / "plugins.available/hello.yaml").read_text() == "greeting: Mine\n"
    assert not own.exists()


def test_inspect_shows_manifest_routes_and_keys(etc):
    done = run(etc, "inspect", "hello")
    assert done.returncode == 0, done.stderr
    assert "hello 1.0.0, built for SDK" in done.stdout
    assert "/hello/{name}" in done.stdout and "greeting" in done.stdout
    shown = json.loads(run(etc, "inspect", BUILD / "plugins/hello.so", "--json").stdout)
    assert shown["id"] == "hello" and shown["config"][0]["key"] == "greeting"
    assert shown["routes"][0]["path"] == "/hello/{name}"
    assert any(key["key"] == "max_body" for key in json.loads(
        run(etc, "inspect", "hearthd", "--json").stdout))


def test_inspect_refuses_what_is_no_plugin(etc, tmp_path):
    for name, content in {"text.so": b"not ELF", "empty.so": b"",
                          "cut.so": (BUILD / "plugins/hello.so").read_bytes()[:3000]}.items():
        (tmp_path / name).write_bytes(content)
        done = run(etc, "inspect", tmp_path / name)
        assert done.returncode == 1 and name in done.stderr, done
    assert run(etc, "inspect", shutil.which("true")).returncode == 1


def test_new_writes_a_plugin_that_builds_and_passes(tmp_path):
    target = tmp_path / "quest"
    done = tool("new", "com.studio.quest-log", target)
    assert done.returncode == 0, done.stderr
    for command in (["cmake", "-S", target, "-B", target / "build"],
                    ["cmake", "--build", target / "build"],
                    ["ctest", "--test-dir", target / "build", "--no-tests=error"]):
        ran = subprocess.run(command, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    assert tool("inspect", target / "build/com.studio.quest-log.so").returncode == 0
    assert tool("new", "com.studio.quest-log", target).returncode == 1
    assert tool("new", "No Good", tmp_path / "x").returncode == 2
    assert not (tmp_path / "x").exists()


def test_the_command_line_is_checked(etc):
    assert tool().returncode == 2
    assert tool("--help").returncode == 0
    for words in (["check", "--help"], ["storage", "copy", "--help"], ["dlq", "--help"]):
        assert "usage: hearth" in tool(*words).stdout, words
    for word, usage in (("storage", "storage copy FROM TO"), ("conformance", "conformance storage")):
        done = tool(word)
        assert done.returncode == 2 and "usage: hearth " + usage in done.stderr, done
    assert tool("--version").stdout.startswith("hearth ")
    assert tool("check", "--nonsense").returncode == 2
    assert tool("check", "more").returncode == 2
    done = run(etc, "no", "such", "word", "--data-dir", etc / "nowhere")
    assert done.returncode != 0 and done.stderr


def test_a_subcommand_runs_in_the_live_host(etc, start_hearthd):
    server = start_hearthd(etc=etc)
    done = run(etc, "account", "add", "keeper", "--scope", "admin", "--data-dir",
               server.directory / "data", input=hearth.PASSWORD)
    assert done.returncode == 0, done.stderr
    session = server.post("/session/login", {"username": "keeper", "password": hearth.PASSWORD})
    assert session.status == 200, session


def test_a_subcommand_runs_without_a_host(etc, start_hearthd, tmp_path):
    data = tmp_path / "run/data"
    data.mkdir(parents=True)
    done = run(etc, "account", "add", "early", "--data-dir", data, input=hearth.PASSWORD)
    assert done.returncode == 0, done.stderr
    server = start_hearthd(etc=etc, directory=tmp_path / "run")
    session = server.post("/session/login", {"username": "early", "password": hearth.PASSWORD})
    assert session.status == 200, session


def test_a_password_is_asked_for_without_echo(etc, start_hearthd):
    server = start_hearthd(etc=etc)
    child, terminal = pty.fork()
    if child == 0:
        os.execv(BUILD / "bin/hearth", [
            "hearth", "--config", str(etc / "hearth.yaml"), "--plugin-dir", str(BUILD / "plugins"),
            "--data-dir", str(server.directory / "data"), "account", "add", "typist"])
    seen = b""
    for prompt in (b"Password: ", b"Again: "):
        end = time.monotonic() + hearth.DEADLINE
        while prompt not in seen:
            assert time.monotonic() < end, seen
            seen += os.read(terminal, 1024)
        os.write(terminal, hearth.PASSWORD.encode() + b"\n")
    try:
        while part := os.read(terminal, 1024):
            seen += part
    except OSError:
        pass
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, seen
    assert hearth.PASSWORD.encode() not in seen
    session = server.post("/session/login", {"username": "typist", "password": hearth.PASSWORD})
    assert session.status == 200, session
