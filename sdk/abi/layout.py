#!/usr/bin/python3
"""The layout of every public struct of the SDK, and the value of every public constant, compared
with golden.txt. Plugins that were compiled years ago depend on each of these numbers.

    layout.py                  compares; fails on any change that is not an append at the end
    layout.py --update         records appends in golden.txt; refuses anything else
    options: --headers DIR  --golden FILE  --cc CC

What may be appended: members of structs that carry struct_size, and of the descriptor's rows (the
descriptor names their size); new structs; new constants. A new member begins at or behind the old
size: in old padding, HEARTH_HAS() could not tell whether it is there.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROWS = {"hearth_use", "hearth_provide", "hearth_conf_field", "hearth_route", "hearth_hook",
        "hearth_metric", "hearth_command"}


def without_comments(text):
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.S)


def split_members(body):
    """Declarations of a struct body, split at semicolons and at top-level commas."""
    names = []
    for declaration in body.split(";"):
        declaration = " ".join(declaration.split())
        if not declaration:
            continue
        pointer = re.search(r"\(\s*\*\s*(\w+)\s*\)\s*\(", declaration)
        if pointer:
            names.append(pointer.group(1))
            continue
        for part in declaration.split(","):
            found = re.search(r"(\w+)\s*(?:\[[^\]]*\]\s*)*$", part.strip())
            if not found:
                raise SystemExit(f"layout: cannot read the member: {declaration}")
            names.append(found.group(1))
    return names


def blocks(text, pattern):
    """(name, body) of each match whose body stands in braces."""
    for match in re.finditer(pattern, text):
        depth, at = 1, match.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            at += 1
        yield match.group(1), text[match.end():at - 1]


def read_headers(directory):
    structs, constants = {}, []
    for path in sorted(directory.glob("hearth/**/*.h")):
        if "draft" in path.parts:
            continue
        text = without_comments(path.read_text())
        for name, body in blocks(text, r"\bstruct\s+(hearth_\w+)\s*\{"):
            structs[name] = split_members(body)
        for _, body in blocks(text, r"\benum\b\s*(\w*)\s*\{"):
            for item in body.split(","):
                found = re.match(r"\s*(HEARTH_\w+)", item)
                if found:
                    constants.append(found.group(1))
        for name, value in re.findall(r"^#define (HEARTH_\w+) +(\S.*)$", text, re.M):
            if not value.startswith(("__", "(")) and not name.endswith("_H"):
                constants.append(name)
    return structs, sorted(set(constants))


def program(directory, structs, constants):
    lines = ["#include <stdio.h>"]
    for path in sorted(directory.glob("hearth/**/*.h")):
        if "draft" not in path.parts:
            lines.append(f"#include <{path.relative_to(directory)}>")
    lines.append('#define SHOW(x) _Generic((x), char *: show_text, const char *: show_text, '
                 'default: show_number)')
    lines.append("static void show_text(const char *name, const char *v) "
                 '{ printf("constant %s \\"%s\\"\\n", name, v); }')
    lines.append("static void show_number(const char *name, long long v) "
                 '{ printf("constant %s %lld\\n", name, v); }')
    lines.append("int main(void)\n{")
    for name in constants:
        lines.append(f'    SHOW({name})("{name}", {name});')
    for name, members in sorted(structs.items()):
        lines.append(f'    printf("struct {name} %zu\\n", sizeof(struct {name}));')
        for member in members:
            lines.append(f'    printf("member {name}.{member} %zu %zu\\n", '
                         f"offsetof(struct {name}, {member}), "
                         f"sizeof(((struct {name} *)0)->{member}));")
    lines.append("    return 0;\n}")
    return "\n".join(lines) + "\n"


def measure(directory, cc):
    structs, constants = read_headers(directory)
    with tempfile.TemporaryDirectory() as folder:
        source, binary = pathlib.Path(folder) / "layout.c", pathlib.Path(folder) / "layout"
        source.write_text(program(directory, structs, constants))
        built = subprocess.run([cc, "-std=gnu11", f"-I{directory}", "-o", binary, source],
                               capture_output=True, text=True)
        if built.returncode != 0:
            raise SystemExit(f"layout: the headers do not compile:\n{built.stderr}")
        return subprocess.run([binary], capture_output=True, text=True, check=True).stdout


def parse(text):
    sizes, members, constants = {}, {}, {}
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        name, _, value = rest.partition(" ")
        if kind == "struct":
            sizes[name] = int(value)
        elif kind == "member":
            members[name] = tuple(map(int, value.split()))
        elif kind == "constant":
            constants[name] = value
    return sizes, members, constants


def compare(golden, found):
    """(what is broken, what was appended), in words."""
    broken, appended = [], []
    old_sizes, old_members, old_constants = parse(golden)
    sizes, members, constants = parse(found)
    for name, value in old_constants.items():
        if name == "HEARTH_ABI_MINOR":
            continue
        if name not in constants:
            broken.append(f"{name} is gone (it was {value})")
        elif constants[name] != value:
            broken.append(f"{name} was {value}, is {constants[name]}")
    for name, size in old_sizes.items():
        if name not in sizes:
            broken.append(f"struct {name} is gone")
        elif sizes[name] < size:
            broken.append(f"struct {name} shrank from {size} to {sizes[name]} bytes")
    for name, place in old_members.items():
        if name.split(".")[0] not in sizes:
            continue
        if name not in members:
            broken.append(f"{name} is gone")
        elif members[name] != place:
            broken.append(f"{name} was at {place[0]} with {place[1]} bytes, "
                          f"is at {members[name][0]} with {members[name][1]}")
    for name, place in members.items():
        struct = name.split(".")[0]
        if name in old_members or struct not in old_sizes:
            continue
        grows = struct in ROWS or f"{struct}.struct_size" in old_members
        if not grows:
            broken.append(f"{name} is new, but {struct} carries no struct_size: it cannot grow")
        elif place[0] < old_sizes[struct]:
            broken.append(f"{name} is new at {place[0]}, inside the old {old_sizes[struct]} bytes "
                          f"of {struct}: append it behind them")
        else:
            appended.append(f"{name} at {place[0]}")
    appended += [f"struct {name}" for name in sizes if name not in old_sizes]
    appended += [f"{name} = {constants[name]}" for name in constants if name not in old_constants]
    return broken, appended


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--headers", type=pathlib.Path, default=HERE.parent / "include")
    parser.add_argument("--golden", type=pathlib.Path, default=HERE / "golden.txt")
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--update", action="store_true")
    args = parser.parse_args()
    found = measure(args.headers, args.cc)
    golden = args.golden.read_text() if args.golden.exists() else ""
    broken, appended = compare(golden, found)
    for text in broken:
        print("BROKEN:", text)
    for text in appended:
        print("appended:", text)
    if broken:
        print("These changes break plugins that exist. See RULES in plugin.h.")
        return 1
    if args.update:
        args.golden.write_text(found)
    elif appended:
        print("Record it: sdk/abi/layout.py --update")
    return 0


if __name__ == "__main__":
    sys.exit(main())
