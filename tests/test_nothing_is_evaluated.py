"""Nothing that a model file holds can become code: the package has no means for it.

Keras itself unpickles, imports by name and runs marshalled functions when it loads a model. Here
the sources are searched for everything that could.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "tfjs_serve"
SOURCES = sorted(PACKAGE.rglob("*.py"))
EVALUATING = {"__import__", "compile", "eval", "exec"}
"""Built-in functions that make code of text."""
MODULES = {
    *("cloudpickle", "code", "codeop", "ctypes", "dill", "imp", "jinja2", "joblib", "marshal"),
    *("pickle", "pickletools", "runpy", "shelve", "yaml", "zipimport"),
}
"""What makes objects or code of bytes, or runs code by name."""
SYSTEM_CALLS = {"worker/landlock.py", "worker/limits.py"}
"""Where ``ctypes`` makes system calls that confine the process, before a file is opened."""
TEMPLATES = "web/pages/templates.py"
"""Where Jinja makes code of the templates that come with the package, and of nothing else."""
IMPORTLIB = {"importlib.metadata", "importlib.resources"}
"""The parts of importlib that read files of packages, and import nothing."""
LOADERS = {
    *("allow_pickle", "extract", "extractall", "fromregex", "get_source", "import_module"),
    *("load_module", "loadtxt", "exec_module", "unpack_archive"),
}
"""Functions and options that do so behind a harmless module, or write what a file names."""


def found_in(source: str) -> Iterator[str]:
    """Yield what in a module could turn data into code."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if _is_forbidden(alias.name))
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name for name in names if _is_forbidden(name))
        elif isinstance(node, ast.Name) and node.id in EVALUATING:
            yield node.id
        elif isinstance(node, ast.Attribute) and node.attr in LOADERS:
            yield node.attr
        elif isinstance(node, ast.keyword) and (node.arg in LOADERS or _is_shell(node)):
            yield str(node.arg)


def _is_forbidden(module: str) -> bool:
    top = module.partition(".")[0]
    if top == "importlib":
        return not any(f"{module}.".startswith(f"{allowed}.") for allowed in IMPORTLIB)
    return top in MODULES


def _is_shell(keyword: ast.keyword) -> bool:
    return keyword.arg == "shell" and not (
        isinstance(keyword.value, ast.Constant) and keyword.value.value is False
    )


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_source_makes_code_of_data(path: Path) -> None:
    name = path.relative_to(PACKAGE).as_posix()
    found = set(found_in(path.read_text(encoding="utf-8")))
    if name == TEMPLATES:
        found = {one for one in found if not one.startswith("jinja2.")}
    assert found == ({"ctypes"} if name in SYSTEM_CALLS else set())


def test_templates_are_those_of_the_package() -> None:
    """Jinja reads no others, and makes none of a text."""
    source = (PACKAGE / TEMPLATES).read_text(encoding="utf-8")
    assert source.count("Loader(") == 1
    assert 'loader=PackageLoader("tfjs_serve.browser", "pages")' in source
    assert "from_string" not in source


@pytest.mark.parametrize(
    "source",
    [
        "eval(text)",
        "run = exec",
        "compile(text, '', 'exec')",
        "import pickle",
        "import marshal as m",
        "from pickle import loads",
        "import importlib",
        "from importlib import import_module",
        "importlib.import_module(name)",
        "__import__(name)",
        "np.load(file, allow_pickle=True)",
        "archive.extractall(folder)",
        "subprocess.run(command, shell=True)",
    ],
)
def test_the_search_finds_what_it_is_for(source: str) -> None:
    assert list(found_in(source))


@pytest.mark.parametrize(
    "source",
    ["import re\nre.compile('a')", "from importlib.metadata import version", "import json"],
)
def test_the_search_leaves_harmless_sources_alone(source: str) -> None:
    assert not list(found_in(source))
