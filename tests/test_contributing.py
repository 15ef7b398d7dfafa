"""``CONTRIBUTING.md`` works: its examples are added to a copy, and its commands are run there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.conversion.declared import needs_node
from tests.guide import BLOCKS, GUIDE, ROOT, Block

NODE_MODULES = Path("tests/js/node_modules")
NOT_COPIED = (".git", ".venv", "node_modules", ".*_cache", "sdist", "dist")
"""Compiled files are: they are valid for what has the same date and size, as copies have."""
EXAMPLES = (
    "A native layer",
    "A lowered layer",
    "A companion layer",
    "A function of keras.ops",
    "A command",
    "A URL of the server",
)

MINIFY = [".venv/bin/python", "tools/minify_layers.py"]
CHANGES = tuple(block for block in BLOCKS if block.section in EXAMPLES and block.path)

pytestmark = [needs_node, pytest.mark.xdist_group("contributing")]


# --- Doing what it says ---------------------------------------------------------------------


def copy_of_the_project(folder: Path) -> Path:
    """Return a copy in which Keras has what the guide adds."""
    copy = folder / "project"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*NOT_COPIED))
    try:
        (copy / NODE_MODULES).symlink_to(ROOT / NODE_MODULES, target_is_directory=True)
    except OSError:
        pytest.skip("no symbolic links here")
    (copy / "tests/__init__.py").write_text("from tests import next_keras\n")
    return copy


def apply(blocks: Iterable[Block], project: Path) -> None:
    for block in blocks:
        path = project / block.path
        if block.is_new:
            assert not path.exists(), f"{block.path} is there already"
            path.write_text(block.text, encoding="utf-8")
            continue
        old = path.read_text(encoding="utf-8")
        add = {"diff": with_diff, "python": with_python, "js": lambda old, new: f"{old}\n{new}"}
        path.write_text(add[block.language](old, block.text), encoding="utf-8")


def with_diff(old: str, diff: str) -> str:
    """Return the text with the added lines; the others must be there, once."""
    lines = [line or " " for line in diff.splitlines()]
    before = "".join(f"{line[1:]}\n" for line in lines if line[0] == " ")
    after = "".join(f"{line[1:]}\n" for line in lines)
    assert {line[0] for line in lines} <= {" ", "+"}
    assert old.count(before) == 1, f"this is there {old.count(before)} times:\n{before}"
    return old.replace(before, after)


def with_python(old: str, new: str) -> str:
    """Return the text with code at its end, and what that imports at its top."""
    imports = re.match(r"(?:(?:from|import) .*\n)*", new)
    assert imports is not None
    first = "from __future__ import annotations\n"
    head, found, tail = old.partition(first)
    assert found
    return f"{head}{first}{imports[0]}{tail.rstrip()}\n\n\n{new[imports.end() :].strip()}\n"


def run(words: Iterable[str], project: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a copy, with this interpreter."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    own.pop("PYTHONDONTWRITEBYTECODE", None)  # or each command would compile all tests
    environment: Mapping[str, str] = {**own, "PYTHONPATH": str(project), "COLUMNS": "200"}
    command = [sys.executable if word == ".venv/bin/python" else word for word in words]
    return subprocess.run(
        command,
        cwd=project,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with all examples in it, the JavaScript of each minified as it tells to."""
    project = copy_of_the_project(tmp_path_factory.mktemp("contributing"))
    apply(CHANGES, project)
    result = run(MINIFY, project)
    assert result.returncode == 0, result.stdout
    return project


# --- The tests ------------------------------------------------------------------------------


def test_each_example_has_code_and_commands() -> None:
    for section in EXAMPLES:
        own = [block for block in BLOCKS if block.section == section]
        assert any(block.path.startswith("tfjs_serve/") for block in own), section
        assert any(block.commands for block in own), section
        assert all(block.path or block.commands for block in own), section
        changes_layers = any(block.path.endswith(".js") for block in own)
        assert changes_layers == any(MINIFY in block.commands for block in own), section


@pytest.fixture(scope="module")
def run_once(project: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a command in the copy: that stays the same, so what was run is not run again."""
    return cache(lambda *command: run(command, project))


@pytest.mark.parametrize("section", EXAMPLES)
def test_the_commands_beside_an_example_pass(
    section: str, run_once: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    for block in BLOCKS:
        for command in block.commands if block.section == section else ():
            result = run_once(*command)
            assert result.returncode == 0, f"{shlex.join(command)}\n{result.stdout[-4000:]}"
            assert "no tests ran" not in result.stdout


def test_the_examples_are_formatted_as_all_code(project: Path) -> None:
    files = sorted({block.path for block in CHANGES if block.path.endswith(".py")})
    ruff = (sys.executable, "-m", "ruff")
    run((*ruff, "check", "--quiet", "--select", "I", "--fix", *files), project)
    for command in (("check", *files), ("format", "--diff", *files)):
        result = run((*ruff, *command), project)
        assert result.returncode == 0, result.stdout


FORGOTTEN = {
    "tests/parity/test_coverage.py": r"tests/parity/cases/ .*CReLU.*Snake.*Threshold.*ops\.logit",
    "tests/parity/test_grid.py": r"no subject for CReLU, Snake, Threshold: .*parity/grid/subjects/",
    "tests/conversion/layers/test_families.py": r"tfjs_serve/browser/layers/: .*Snake",
    "tests/conversion/operations/test_families.py": r"operations/: .*logit.*transcendental\.js",
    "tests/test_docs.py": r"run: python tools/generate_docs\.py",
    "tests/cli/test_usage.py": r"@_command to tfjs_serve/cli/group\.py for: .*names",
    "tests/web/test_own_urls.py": r"'What is where' in docs/serving\.md: .*/-/version",
}
"""The test of each file that notices what is missing, and what it says."""


@pytest.fixture(scope="module")
def careless(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What tests say when only the rules, the command and the URL themselves were written."""
    project = copy_of_the_project(tmp_path_factory.mktemp("careless"))
    own = [block for block in CHANGES if block.path.startswith("tfjs_serve/")]
    apply([block for block in own if block.language != "js" and "group" not in block.path], project)
    options = ("-m", "pytest", "-q", "--continue-on-collection-errors", "-p", "no:cacheprovider")
    words = ("rule or every or family or document or listed or readme or url_is",)
    return run((sys.executable, *options, "-k", *words, *FORGOTTEN), project).stdout


@pytest.mark.parametrize("file", FORGOTTEN)
def test_what_is_forgotten_is_named(file: str, careless: str) -> None:
    assert re.search(rf"^(FAILED|ERROR) {file}", careless, re.MULTILINE)
    assert re.search(FORGOTTEN[file], careless), careless[-4000:]


def test_what_the_guide_names_is_there() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    code = re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    named = {name for name in re.findall(r"`([\w./-]+/[\w./-]*)`", code) if name[0] != "/"}
    linked = {link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", code)}
    made = {block.path for block in CHANGES if block.is_new}
    assert len(named) > 30
    assert sorted(path for path in (named | linked) - made if not found(path)) == []


def found(path: str) -> bool:
    """Whether a file or folder is there, from the root or where the guide speaks of it."""
    places = ("", "tfjs_serve", "tfjs_serve/conversion")
    return any((ROOT / place / path).exists() for place in places)
