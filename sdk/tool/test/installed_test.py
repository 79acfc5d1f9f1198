#!/usr/bin/python3
"""What a studio does: installs Hearth, writes a plugin with `hearth new`, builds and tests it against
the installation, enables it, and asks it something.    installed_test.py BUILD_DIR"""
import os
import pathlib
import subprocess
import sys
import tempfile

BUILD = pathlib.Path(sys.argv[1]).resolve()
ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/integration"))
os.environ["HEARTH_BUILD"] = str(BUILD)
import hearth  # noqa: E402

ID = "com.example.greeter"


def run(*command, cwd=None):
    done = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}: exit status {done.returncode}\n"
                         f"{done.stdout}{done.stderr}")
    return done.stdout


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
    print("installed, written, built, tested, enabled, answered")
    return 0


if __name__ == "__main__":
    sys.exit(main())
