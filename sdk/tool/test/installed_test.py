#!/usr/bin/python3
"""What a studio does: installs Hearth, writes a plugin with `hearth new`, builds and tests it against
the installation, enables it, and asks it something.    installed_test.py BUILD_DIR"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

BUILD = pathlib.Path(sys.argv[1]).resolve()
ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/integration"))
os.environ["HEARTH_BUILD"] = str(BUILD)
import hearth  # noqa: E402

ID = "com.example.greeter"
BACKEND = "com.example.store"


def run(*command, cwd=None):
    done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}: exit status {done.returncode}\n"
                         f"{done.stdout}{done.stderr}")
    return done.stdout


def build_backend(folder):
    """A backend of the studio's own: its sources know the installed headers and nothing else."""
    folder.mkdir()
    for source in [*(ROOT / "tests/plugins/storage-faulty").glob("*.[ch]"),
                   *(ROOT / "plugins/shared").glob("storage_*.[ch]")]:
        (folder / source.name).write_text(source.read_text().replace('"storage-faulty"', f'"{BACKEND}"'))
    (folder / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(store C)\nfind_package(Hearth REQUIRED)\n"
        "file(GLOB sources *.c)\nfind_package(Threads REQUIRED)\n"
        f"hearth_add_plugin({BACKEND} SOURCES ${{sources}} LINK Threads::Threads\n"
        "    DEFINITIONS _GNU_SOURCE OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})\n")


def test_backend(folder, prefix):
    """The installed kit finds a good backend good, and says what a bad one does."""
    build_backend(folder)
    run("cmake", "-S", folder, "-B", folder / "build", f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", folder / "build")
    kit = [str(prefix / "bin/hearth"), "conformance", "storage", str(folder / "build" / f"{BACKEND}.so")]
    good = run(*kit).splitlines()
    assert good[-1] == f"{len(good) - 1} passed, 0 failed" and len(good) > 40, good

    bad = subprocess.run([*kit, "--set", f"{BACKEND}.bug=ignores:version"], capture_output=True, text=True)
    lines = bad.stdout.splitlines()
    failed = [line for line in lines if line.startswith("FAIL ")]
    assert bad.returncode == 1 and failed, (bad.stdout, bad.stderr)
    assert lines[-1] == f"{len(lines) - 1 - len(failed)} passed, {len(failed)} failed", lines


def test_pages(pages):
    """What is installed to be read: no link leads nowhere, and the guide's example is there."""
    assert (pages / "plugins/hello/plugin.c").exists()
    for page in pages.rglob("*.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page}: {target}"


def test_staged(stage):
    """As the maker of a package installs it: everything below DESTDIR, and only once."""
    done = subprocess.run(["cmake", "--install", BUILD, "--prefix", "/opt/hearth"], capture_output=True,
                          text=True, env={**os.environ, "DESTDIR": str(stage)})
    assert done.returncode == 0, done.stderr
    top = stage / "opt/hearth"
    for path in ("bin/hearthd", "etc/hearth/hearth.yaml", "lib/hearth/plugins/hello.so"):
        assert (top / path).exists(), path
    assert [p.name for p in stage.iterdir()] == ["opt"] and [p.name for p in (stage / "opt").iterdir()] == ["hearth"]


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        prefix, plugin = folder / "prefix", folder / ID
        run("cmake", "--install", BUILD, "--prefix", prefix)
        tool, etc = prefix / "bin/hearth", prefix / "etc/hearth"
        config = ["--config", etc / "hearth.yaml"]
        run(tool, "new", ID, cwd=folder)
        run("cmake", "-S", plugin, "-B", plugin / "build")
        run("cmake", "--build", plugin / "build")
        run("ctest", "--test-dir", plugin / "build", "--output-on-failure", "--no-tests=error")
        run("cmake", "--install", plugin / "build")
        assert (prefix / "lib/hearth/plugins" / f"{ID}.so").exists()
        run(tool, *config, "enable", ID)
        assert f'"id":"{ID}"' in run(tool, *config, "inspect", ID, "--json").replace(" ", "")
        run(tool, *config, "check")

        suite = run(tool, "conformance", "storage", "storage-sqlite").splitlines()
        assert suite[-1].endswith(" passed, 0 failed"), suite

        test_backend(folder / "store", prefix)
        test_pages(prefix / "share/doc/hearth")
        test_staged(folder / "stage")

        # A second installation leaves the operator's files alone.
        (etc / f"plugins.available/{ID}.yaml").write_text("greeting: Welcome\n")
        before = (etc / "hearth.yaml").read_text() + "# mine\n"
        (etc / "hearth.yaml").write_text(before)
        run("cmake", "--install", BUILD, "--prefix", prefix)
        assert (etc / "hearth.yaml").read_text() == before

        server = hearth.Hearthd(folder / "run", etc=etc, program=prefix / "bin/hearthd",
                                plugin_dir=prefix / "lib/hearth/plugins")
        reply = server.get(f"/{ID}/Ada")
        assert (reply.status, reply.body) == (200, b"Welcome, Ada!\n"), reply
        assert server.stop() == 0
        run(tool, *config, "disable", ID)
        assert not (etc / f"plugins.d/{ID}.yaml").exists()
    print("installed, written, built, tested, enabled, answered; a backend of its own judged")
    return 0


if __name__ == "__main__":
    sys.exit(main())
