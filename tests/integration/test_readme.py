"""The README's commands, taken from its text and run as they stand (on a port of the kernel's
choosing, and in a folder of the test's own)."""
import json
import os
import re
import subprocess

import hearth
from hearth import BUILD, ROOT


def blocks():
    return re.findall(r"^```sh\n(.*?)^```$", (ROOT / "README.md").read_text(), re.M | re.S)


def block_with(text):
    found = [block for block in blocks() if text in block]
    assert len(found) == 1, f"one block of the README has {text}"
    return found[0]


def shell(script, cwd=None, env=None):
    done = subprocess.run(["sh", "-eu"], input=script, text=True, capture_output=True, cwd=cwd,
                          env={**os.environ, **(env or {})}, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def here(block, server):
    return block.replace("127.0.0.1:8080", f"127.0.0.1:{server.port}")


def test_the_four_lines_work_as_they_stand(server):
    lines = block_with("/stats/hitpoints")
    assert len(lines.splitlines()) == 4
    for _ in range(2):  # pasted again, they work again
        answer = shell(here(lines, server))
        character = json.loads(answer[answer.rindex('{"id"'):])
        assert character["version"] == 2
        assert character["hitpoints"] == max(0, character["maxHitpoints"] - 2)


def test_dev_prints_the_same_four_lines():
    script = (ROOT / "dev").read_text()
    printed = re.search(r"^curl_lines\(\) \{\n    cat <<END\n(.*?)^END$", script, re.M | re.S).group(1)
    printed = printed.replace("$ADDRESS", "127.0.0.1:8080").replace("\\$", "$")
    for line in block_with("/stats/hitpoints").splitlines():
        assert line in printed


def test_the_first_plugin_answers(start_hearthd, tmp_path):
    """Followed word for word, in a copy of the configuration instead of etc/ itself."""
    etc = hearth.copy_etc(tmp_path)
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    for path in (BUILD / "plugins").glob("*.so"):
        (plugins / path.name).symlink_to(path)
    script = block_with("hearth new")
    script = script.replace("build/release/bin/hearth", str(BUILD / "bin/hearth") +
                            f" --plugin-dir {plugins}")
    script = script.replace("cmake -S . -B build",
                            f"cmake -S . -B build -DHearth_PLUGIN_DIR={plugins} "
                            f"-DHearth_CONFIG_DIR={etc}")
    shell(script, cwd=tmp_path)
    server = start_hearthd(etc=etc, plugin_dir=plugins)
    answer = shell(here(block_with("/Ada"), server))
    assert answer == "Hello, Ada!\n"


def test_every_link_leads_somewhere():
    pages = [ROOT / "README.md", *(ROOT / "sdk/docs").glob("*.md"), *(ROOT / "core/docs").glob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page}: {target}"
