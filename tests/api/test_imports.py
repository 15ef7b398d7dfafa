"""``import tfjs_serve`` costs nothing, and everything that it offers is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import tfjs_serve

ROOT = Path(__file__).parents[2]
HEAVY = {"aiohttp", "asyncio", "brotli", "click", "h5py", "numpy", "rich", "watchdog"}


def modules_after(code: str) -> set[str]:
    """Return what is loaded in a new Python after `code`, besides what that has by itself."""
    script = f"import sys; before = set(sys.modules)\n{code}\nprint(*set(sys.modules) - before)"
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_else() -> None:
    assert modules_after("import tfjs_serve") == {
        "tfjs_serve",
        "tfjs_serve.version",
    }


@pytest.mark.parametrize(
    ("name", "left_out"),
    [
        ("TfjsServeError", HEAVY),
        ("save_keras_model", HEAVY - {"asyncio", "brotli", "h5py", "numpy"}),
        ("convert", HEAVY - {"asyncio", "brotli"}),
    ],
)
def test_a_name_loads_what_it_needs(name: str, left_out: set[str]) -> None:
    loaded = {
        module.partition(".")[0] for module in modules_after(f"from tfjs_serve import {name}")
    }
    assert loaded & left_out == set()


@pytest.mark.parametrize("name", tfjs_serve.__all__)
def test_every_name_is_there_and_explained(name: str) -> None:
    assert name in dir(tfjs_serve)
    value = getattr(tfjs_serve, name)
    assert name == "__version__" or value.__doc__


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = tfjs_serve.nothing
