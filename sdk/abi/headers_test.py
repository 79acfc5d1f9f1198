#!/usr/bin/python3
"""Every public header stands alone and compiles without a warning, as C11 and as C++17, with gcc and
clang; and includes nothing but <stddef.h>, <stdint.h> and its own kind."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SDK = pathlib.Path(__file__).resolve().parent.parent
STRICT = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wundef", "-pedantic", "-Werror",
          "-fsyntax-only"]
COMPILERS = [("gcc", ["-std=c11", "-xc"]), ("g++", ["-std=c++17", "-xc++"]),
             ("clang", ["-std=c11", "-xc"]), ("clang++", ["-std=c++17", "-xc++"])]


def headers():
    for folder in (SDK / "include", SDK / "testing/include"):
        for path in sorted(folder.glob("hearth/**/*.h")):
            yield folder, path.relative_to(folder)


def main():
    problems, compiled = [], 0
    with tempfile.TemporaryDirectory() as directory:
        for folder, name in headers():
            text = (folder / name).read_text()
            for included in re.findall(r"^\s*#\s*include\s+(\S+)", text, re.M):
                if not re.fullmatch(r"<(stddef\.h|stdint\.h|hearth/.*)>", included):
                    problems.append(f"{name} includes {included}")
            source = pathlib.Path(directory) / "one.c"
            source.write_text(f"#include <{name}>\n#include <{name}>\nint main(void);\n")
            for compiler, flags in COMPILERS:
                if not shutil.which(compiler):
                    continue
                run = subprocess.run([compiler, *flags, *STRICT, f"-I{SDK / 'include'}",
                                      f"-I{SDK / 'testing/include'}", source],
                                     capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
                compiled += 1
                if run.returncode != 0:
                    problems.append(f"{compiler}: {name}:\n{run.stderr}")
    print("\n".join(problems) or f"{compiled} compilations without a warning")
    return 1 if problems or compiled == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
