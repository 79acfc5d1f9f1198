"""Fixtures of the integration tests. HEARTH_BUILD names the build (default build/dev), HEARTH_LOOPS
how many loops hearthd runs (default auto); ./dev test runs everything with auto, 1 and 4."""
import itertools
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import backends  # noqa: E402
import hearth  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--storage", default=os.environ.get("HEARTH_STORAGE", "storage-sqlite"),
                     help="id of the storage plugin for the tests that run on any (HEARTH_STORAGE)")


def _storage(request, directory):
    plugin = request.config.getoption("--storage")
    backend = backends.start(plugin, directory)
    yield ["--with", plugin, "--set", f"services.storage={plugin}", *backend.settings()]
    backend.stop()


@pytest.fixture(scope="module")
def storage_arguments(request, tmp_path_factory):
    """hearthd's arguments for the chosen storage backend, which runs as long as the module."""
    yield from _storage(request, tmp_path_factory.mktemp("storage"))


@pytest.fixture
def own_storage_arguments(request, tmp_path):
    """The same for one test: two hearthd do not share a storage."""
    yield from _storage(request, tmp_path / "storage")


@pytest.fixture(scope="module")
def game(storage_arguments, tmp_path_factory):
    """One hearthd for all tests of a module, on two loops and the chosen storage."""
    server = hearth.Hearthd(tmp_path_factory.mktemp("game"), storage_arguments,
                             loops=2 if hearth.LOOPS == "auto" else hearth.LOOPS)
    yield server
    assert server.stop() == 0, "\n".join(server.messages()[-30:])


def pytest_collection_modifyitems(config, items):
    """With a number of loops given, only what runs a hearthd: the rest has run with auto."""
    if hearth.LOOPS == "auto":
        return
    depends = {True: [], False: []}
    for item in items:
        depends[bool({"start_hearthd", "game"} & set(item.fixturenames))].append(item)
    config.hook.pytest_deselected(items=depends[False])
    items[:] = depends[True]


@pytest.fixture
def start_hearthd(tmp_path):
    """start_hearthd(*args, **options) starts one; each has to end cleanly, unless it was killed."""
    started = []
    numbers = itertools.count()

    def start(*args, directory=None, **options):
        server = hearth.Hearthd(directory or tmp_path / f"hearthd{next(numbers)}", args, **options)
        started.append(server)
        return server

    yield start
    problems = []
    for server in started:
        running = server.process.poll() is None
        status = server.stop()
        if running and status != 0:
            problems.append(f"exit status {status}:\n" + "\n".join(server.messages()[-30:]))
    assert not problems, "\n".join(problems)


@pytest.fixture
def server(start_hearthd):
    """A hearthd with etc/ as shipped."""
    return start_hearthd()


@pytest.fixture
def start_stack():
    """start_stack(*args) starts core/http alone (rawhttp.Stack); each has to end cleanly."""
    import rawhttp
    started = []

    def start(*args):
        started.append(rawhttp.Stack(args))
        return started[-1]

    yield start
    for stack in started:
        assert stack.stop() == 0, "".join(stack.errors)
