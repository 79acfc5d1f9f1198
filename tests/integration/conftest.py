"""Fixtures of the integration tests. HEARTH_BUILD names the build (default build/dev), HEARTH_LOOPS
how many loops hearthd runs (default auto); ./dev test runs everything with auto and 1, and with 4 under
ThreadSanitizer."""
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


def pytest_configure(config):
    config.addinivalue_line("markers", "any_storage: what every storage backend has to do alike; its "
                            "hearthds run on --storage PLUGIN")
    config.addinivalue_line("markers", "long: begun first, so that nobody waits for it at the end")


@pytest.fixture(scope="session")
def spaces(tmp_path_factory):
    """backends.Spaces of this worker."""
    made = backends.Spaces(tmp_path_factory.mktemp("storage"))
    yield made
    made.stop()


@pytest.fixture(scope="session")
def storage(request):
    """The id of the chosen storage plugin."""
    return request.config.getoption("--storage")


@pytest.fixture(scope="session")
def new_storage(storage, spaces):
    """new_storage(): hearthd's arguments for an empty storage on the chosen backend."""
    return lambda: ["--with", storage, "--set", f"services.storage={storage}",
                    *spaces.settings(storage)]


@pytest.fixture
def own_storage_arguments(new_storage):
    """hearthd's arguments for the chosen storage backend: two hearthd do not share a storage."""
    return new_storage()


@pytest.fixture(scope="module")
def game(new_storage, tmp_path_factory):
    """One hearthd for all tests of a module, on two loops and the chosen storage."""
    server = hearth.Hearthd(tmp_path_factory.mktemp("game"), storage=new_storage(),
                            loops=2 if hearth.LOOPS == "auto" else hearth.LOOPS)
    yield server
    assert server.stop() == 0, "\n".join(server.messages()[-30:])


def pytest_collection_modifyitems(config, items):
    """With another storage given, only what has to be alike on each; with a number of loops, only
    what runs a hearthd: the rest has run with auto."""
    depends = {True: [], False: []}
    for item in items:
        runs = hearth.LOOPS == "auto" or {"start_hearthd", "game", "fleet", "cut_off"} & \
            set(item.fixturenames)
        if config.getoption("--storage") != "storage-sqlite":
            runs = runs and item.get_closest_marker("any_storage")
        depends[bool(runs)].append(item)
    config.hook.pytest_deselected(items=depends[False])
    items[:] = sorted(depends[True], key=lambda item: item.get_closest_marker("long") is None)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport():
    """A failure shows what each hearthd said last."""
    report = (yield).get_result()
    if report.failed:
        for server in sorted(hearth.Hearthd.alive, key=lambda server: str(server.directory)):
            report.sections.append((f"log of {server.directory}", "\n".join(server.messages()[-40:])))


@pytest.fixture
def start_hearthd(request, tmp_path):
    """start_hearthd(*args, **options) starts one; each has to end cleanly, unless it was killed. In
    a test for any_storage each data directory has a space of its own there."""
    started, stored = [], {}
    numbers = itertools.count()
    new_storage = request.getfixturevalue("new_storage") if \
        request.node.get_closest_marker("any_storage") else list

    def start(*args, directory=None, **options):
        directory = directory or tmp_path / f"hearthd{next(numbers)}"
        if directory not in stored:
            stored[directory] = new_storage()
        server = hearth.Hearthd(directory, args, storage=stored[directory], **options)
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
