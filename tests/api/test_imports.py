"""Importing the package, or its official names, costs nothing, and all that they offer is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import tfjs_serve
from tfjs_serve import tensorflowjs

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


def test_importing_the_official_names_loads_no_functions() -> None:
    assert modules_after("import tfjs_serve.tensorflowjs") == {
        "tfjs_serve",
        "tfjs_serve.version",
        "tfjs_serve.tensorflowjs",
        "tfjs_serve.tensorflowjs.quantization",
        "tfjs_serve.tensorflowjs.version",
    }
    # Each way to import them gets them.
    for line in (
        "import tfjs_serve.tensorflowjs as tfjs; converters = tfjs.converters",
        "from tfjs_serve.tensorflowjs import converters",
        "import tfjs_serve.tensorflowjs.converters as converters",
    ):
        assert "tfjs_serve.api.saving" in modules_after(f"{line}; converters.save_keras_model")


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


@pytest.mark.parametrize("name", tensorflowjs.__all__)
def test_every_official_name_is_there(name: str) -> None:
    assert name in dir(tensorflowjs)
    assert getattr(tensorflowjs, name)


@pytest.mark.parametrize("package", [tfjs_serve, tensorflowjs])
def test_other_names_are_not(package: ModuleType) -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = package.nothing
