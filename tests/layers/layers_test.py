#!/usr/bin/python3
"""Who may include whom. core's layers look one way, core names no plugin, plugins know the SDK and
themselves, and the fake host knows the SDK only."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAYERS = ["base", "conf json", "net", "http", "plugin host"]
ALLOWED = {}
for place, names in enumerate(LAYERS):
    for name in names.split():
        ALLOWED[name] = {other for group in LAYERS[:place + 1] for other in group.split()}
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)


def sources(folder):
    return sorted(p for p in folder.rglob("*") if p.suffix in (".c", ".h", ".cc", ".cpp"))


def core_problems():
    plugins = [p.parent.name for p in (ROOT / "plugins").glob("*/plugin.c")]
    named = re.compile(r'"(%s)(\.so|\.yaml)?"' % "|".join(map(re.escape, plugins)))
    for path in sources(ROOT / "core"):
        layer = path.relative_to(ROOT / "core").parts[0]
        text = path.read_text()
        for kind, name in INCLUDE.findall(text):
            target = name.split("/")[0]
            if kind == '"' and layer in ALLOWED and target in ALLOWED and target not in ALLOWED[layer]:
                yield f"{path}: layer {layer} includes {name}"
            if kind == '"' and target in ("plugins", "gamesim"):
                yield f"{path}: core includes {name}"
            if layer == "base" and name == "uv.h":
                yield f"{path}: base knows no libuv"
        for match in named.finditer(re.sub(r"/\*.*?\*/", "", text, flags=re.S)):
            yield f"{path}: core names the plugin {match.group(1)}"


def within(path, name, roots):
    """The included file, if it is in one of these folders."""
    for root in (path.parent, *roots):
        file = (root / name).resolve()
        if file.is_file():
            return file
    return None


def plugin_problems():
    shared = ROOT / "plugins/shared"
    token = ROOT / "gamesim/token"
    for path in sources(ROOT / "plugins"):
        own = ROOT / "plugins" / path.relative_to(ROOT / "plugins").parts[0]
        allowed = [own, shared] + ([token] if own.name == "matchmaking" else [])
        for kind, name in INCLUDE.findall(path.read_text()):
            if kind == "<":
                continue
            file = within(path, name, [own, ROOT / "plugins", ROOT / "gamesim", ROOT, ROOT / "tests",
                                       *(p for p in own.rglob("*") if p.is_dir())])
            if name.startswith(("base/", "conf/", "json/", "net/", "http/", "host/", "plugin/")) \
                    and (file is None or own not in file.parents):
                yield f"{path}: a plugin includes core's {name}"
            elif file and not any(folder in file.parents for folder in allowed) \
                    and "test" not in path.parts:
                yield f"{path}: a plugin includes {file.relative_to(ROOT)}"


def testing_problems():
    for path in sources(ROOT / "sdk/testing"):
        for kind, name in INCLUDE.findall(path.read_text()):
            if kind == '"' and within(path, name, []) is None:
                yield f"{path}: the fake host includes {name}"


def main():
    problems = [*core_problems(), *plugin_problems(), *testing_problems()]
    print("\n".join(problems) or "every include looks the right way")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
