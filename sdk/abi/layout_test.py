#!/usr/bin/python3
"""layout.py lets appends pass and nothing else: each kind of change, made to a copy of the headers."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent

# file, pattern, replacement, and what the report must say (None: the check passes)
CHANGES = [
    ("types.h", r"const char \*ptr;\n    size_t len;", "size_t len;\n    const char *ptr;",
     "hearth_str.ptr was at 0"),
    ("types.h", r"HEARTH_ENOMEM = -2", "HEARTH_ENOMEM = -11", "HEARTH_ENOMEM was -2"),
    ("types.h", r"    size_t len;\n\} hearth_str;", "    size_t len;\n    int more;\n} hearth_str;",
     "hearth_str carries no struct_size"),
    ("clock.h", r'"hearth.clock/1"', '"hearth.clock/2"', "HEARTH_CLOCK_ID was"),
    ("clock.h", r"(    uint64_t \(\*mono_ns\)\(hearth_ctx \*ctx\);)", r"    void (*early)(void);\n\1",
     "hearth_clock.mono_ns was at"),
    ("clock.h", r"    int64_t \(\*wall_ms\)\(hearth_ctx \*ctx\);", "", "hearth_clock.wall_ms is gone"),
    ("http.h", r"int64_t expires;", "int32_t expires;", "hearth_identity.expires was at"),
    ("plugin.h", r"uint16_t abi_minor;\n    uint32_t reserved;\n    char id\[64\];",
     "uint16_t abi_minor;\n    uint32_t reserved;\n    char id[65];", "hearth_manifest.id was at"),
    ("client.h", r"    int32_t status; /\* HTTP status \*/", "    int32_t code;",
     "hearth_client_response.status is gone"),
    ("random.h", r"(\} hearth_random;)", r"    void (*late)(void);\n\1", None),
    ("plugin.h", r"(\} hearth_route;)", r"    uint64_t late;\n\1", None),
    ("plugin.h", r"(\} hearth_hook;)", r"    uint64_t late;\n\1", None),
    ("types.h", r"HEARTH_EFORBIDDEN = -10", "HEARTH_EFORBIDDEN = -10, HEARTH_ENEW = -11", None),
    ("service/storage.h", r"(    uint32_t reserved;\n    uint64_t base_version;)",
     r"    uint64_t reserved;\n    uint64_t base_version;", "hearth_storage_op"),
]


def main():
    failures = 0
    for number, (name, pattern, replacement, expected) in enumerate(CHANGES):
        with tempfile.TemporaryDirectory() as folder:
            headers = pathlib.Path(folder) / "include"
            shutil.copytree(HERE.parent / "include", headers)
            path = headers / "hearth" / name
            text, count = re.subn(pattern, replacement, path.read_text(), count=1)
            path.write_text(text)
            run = subprocess.run([sys.executable, HERE / "layout.py", "--headers", headers],
                                 capture_output=True, text=True)
            passed = run.returncode == 0
            good = count == 1 and (passed if expected is None else
                                   not passed and expected in run.stdout)
            failures += not good
            if not good:
                print(f"change {number} ({name}: {pattern}): applied {count} times, expected "
                      f"{expected!r}, found exit {run.returncode}:\n{run.stdout}{run.stderr}")
    print(f"{len(CHANGES) - failures} of {len(CHANGES)} changes judged rightly")
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
