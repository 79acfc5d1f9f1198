#!/usr/bin/python3
"""core/docs/configuration.md, made from the tables that the programs themselves check by.

    reference.py BUILD_DIR            fails when the page does not say what the tables say
    reference.py BUILD_DIR --update   writes it
"""
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "core/docs/configuration.md"
HEAD = """# Every key of the configuration

Made by `sdk/tool/reference.py` from the tables that `hearthd` and the plugins check by; a test compares.
`hearth inspect hearthd` and `hearth inspect ID` show the same.

`etc/hearth.yaml` holds the host's keys, each file in `etc/plugins.d/` those of one plugin. Durations are
written `250ms`, `10s`, `15m`, `24h`, `7d`; sizes `512`, `64k`, `10m`, `1g`, in powers of 1024. A secret is
`env:NAME` or `file:PATH`, and is never shown. A relative path starts at the folder of the file that says
it; of a plugin that was enabled by a link, as `hearth enable` does it, that is `plugins.available/`. Keys marked *live* are taken up by SIGHUP; any other change
needs a restart.
"""


def cell(text):
    return str(text).replace("|", "\\|")


def flags(field):
    return ", ".join(name for name, flag in (("required", "required"), ("secret", "secret"),
                                             ("live", "reloadable")) if field.get(flag))


def rows(fields, prefix=""):
    for f in fields:
        default = f"`{cell(f['default'])}`" if f.get("default") else ""
        takes = f.get("expected") or f["type"]
        yield f"| `{prefix}{cell(f['key'])}` | {cell(takes)} | {default} | {flags(f)} | {cell(f['help'])} |"
        yield from rows(f.get("items", []), f"{prefix}{f['key']}[].")


def table(fields):
    return "\n".join(["| key | takes | default | | |", "| --- | --- | --- | --- | --- |", *rows(fields)])


def inspect(build, name):
    done = subprocess.run([build / "bin/hearth", "inspect", name, "--json"], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"hearth inspect {name}: {done.stderr}")
    return json.loads(done.stdout)


def page(build):
    parts = [HEAD, "## hearthd\n", table(inspect(build, "hearthd"))]
    for source in sorted((ROOT / "plugins").glob("*/plugin.c")):
        name = source.parent.name
        plugin = inspect(build, build / "plugins" / f"{name}.so")
        parts.append(f"\n## {name}\n\n{plugin['summary']}\n")
        parts.append(table(plugin["config"]) if plugin["config"] else "It has no keys.")
    return "\n".join(parts) + "\n"


def main():
    text = page(pathlib.Path(sys.argv[1]).resolve())
    if "--update" in sys.argv:
        PAGE.write_text(text)
    elif not PAGE.exists() or PAGE.read_text() != text:
        print(f"{PAGE} does not say what the tables say: sdk/tool/reference.py {sys.argv[1]} --update")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
