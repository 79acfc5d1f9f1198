"""The tests of the chaos run stand beside its parts, and use the integration tests' library."""
import pathlib
import shutil
import sys
import tempfile

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]


@pytest.fixture
def kept():
    """A directory with a short name: the path of a socket has at most 107 bytes."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="chaos-"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)
