"""Every backend keeps every promise of hearth.storage/1: the conformance suite in a real host."""
import pytest

import backends
from hearth import tool


def run_suite(server, *args):
    run = tool("conformance", "storage", "--config", server.etc / "hearth.yaml", "--data-dir",
               server.directory / "data", "--plugin-dir", server.directory.parent / "plugins",
               *args, timeout=600)
    print(run.stdout, run.stderr)
    assert run.returncode == 0
    assert run.stdout.splitlines()[-1].endswith("passed, 0 failed")
    return run.stdout


@pytest.mark.long
@pytest.mark.parametrize("backend", backends.BACKENDS)
def test_suite_passes_and_confirmed_documents_survive_a_restart(backend, spaces, start_hearthd,
                                                                 tmp_path):
    etc, plugin_dir = backends.bare_etc(tmp_path, backend, "storage-conformance")
    server = start_hearthd(*spaces.settings(backend), "--set", "storage-conformance.timeout=5m",
                           etc=etc, plugin_dir=plugin_dir, loops=2)
    assert run_suite(server).count("\nok   ") > 40
    server.kill()
    server.restart()
    run_suite(server, "--after-restart")
