"""The tests of the chaos run stand beside its parts, and use the integration tests' library."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]
