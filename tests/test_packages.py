"""The wheel and the sdist: what is in them, and that the installed wheel does its work."""

from __future__ import annotations

import email
import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from email.message import Message
from pathlib import Path, PurePosixPath

import pytest

from tests.samples import SAMPLE_MODELS
from tfjs_serve import __version__

ROOT = Path(__file__).parents[1]
MOST_BYTES = 1_200_000
"""Of each package. Most of the wheel are the rules of layers and of operations."""
NAME = f"tfjs_serve-{__version__}"
SOURCES = tuple(
    PurePosixPath(f"tfjs_serve/browser/{name}")
    for name in ("layers", "training", "pages/scripts", "pages/styles")
)
"""What the scripts and styles in the package are made of, by a tool that is not."""

pytestmark = pytest.mark.xdist_group("packages")


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both, built by the backend that ``pyproject.toml`` names."""
    folder = tmp_path_factory.mktemp("packages")
    build(ROOT, folder)
    return folder


def build(project: Path, folder: Path, *options: str) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder), *options]
    subprocess.run(command, cwd=project, check=True, capture_output=True)


def wheel_of(folder: Path) -> Path:
    return folder / f"{NAME}-py3-none-any.whl"


def names_in_the_wheel(folder: Path) -> set[str]:
    with zipfile.ZipFile(wheel_of(folder)) as archive:
        return set(archive.namelist())


def names_in_the_sdist(folder: Path) -> set[str]:
    with tarfile.open(folder / f"{NAME}.tar.gz") as archive:
        return {member.name.removeprefix(f"{NAME}/") for member in archive if member.isfile()}


def files_of_the_package() -> set[str]:
    paths = (path for path in (ROOT / "tfjs_serve").rglob("*") if path.is_file())
    names = {PurePosixPath(path.relative_to(ROOT).as_posix()) for path in paths}
    left_out = {name for name in names if set(SOURCES) & set(name.parents) or name.suffix == ".pyc"}
    return {str(name) for name in names - left_out}


def metadata(folder: Path) -> Message:
    with zipfile.ZipFile(wheel_of(folder)) as archive:
        return email.message_from_bytes(archive.read(f"{NAME}.dist-info/METADATA"))


def test_the_wheel_has_the_package_and_nothing_else(packages: Path) -> None:
    names = names_in_the_wheel(packages)
    own = {name for name in names if not name.startswith(f"{NAME}.dist-info/")}
    assert own == files_of_the_package()
    assert {"tfjs_serve/py.typed", "tfjs_serve/browser/layers.json"} <= own
    assert {"entry_points.txt", "licenses/LICENSE", "METADATA", "RECORD", "WHEEL"} == {
        name.removeprefix(f"{NAME}.dist-info/") for name in names - own
    }


def test_the_sdist_has_what_the_wheel_is_made_of(packages: Path, tmp_path: Path) -> None:
    beside = {"CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml", ".gitignore"}
    assert names_in_the_sdist(packages) == files_of_the_package() | beside
    with tarfile.open(packages / f"{NAME}.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    build(tmp_path / NAME, tmp_path, "--target", "wheel")
    assert names_in_the_wheel(tmp_path) == names_in_the_wheel(packages)


def test_packages_are_small(packages: Path) -> None:
    sizes = {path.name: path.stat().st_size for path in packages.iterdir()}
    assert len(sizes) == 2
    assert max(sizes.values()) < MOST_BYTES, sizes


def test_the_metadata_says_what_it_is(packages: Path) -> None:
    told = metadata(packages)
    assert told["Requires-Python"] == ">=3.10"
    assert told["License-Expression"] == "Apache-2.0"
    classifiers = told.get_all("Classifier", [])
    assert "Typing :: Typed" in classifiers
    versions = {word.rpartition(" ")[2] for word in classifiers if ":: Python :: 3." in word}
    assert versions == {"3.10", "3.11", "3.12", "3.13"}
    frameworks = ("tensorflow", "keras", "jax", "torch", "ml-dtypes")
    needed = " ".join(told.get_all("Requires-Dist", []))
    assert [name for name in frameworks if name in needed] == []
    addresses = told.get_all("Project-URL", [])
    assert [url for url in addresses if "example" in url or "your-" in url] == []


@pytest.fixture(scope="module")
def installed(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with the wheel, and the packages that it needs."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
    options = ["install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, *options, str(wheel_of(packages))], check=True)
    # Only now, or pip would find the package in the environment of the tests, and remove it there.
    # Files with the ending .pth in that folder are not read, so the code in the clone is not found.
    (site_packages,) = folder.rglob("site-packages")
    paths = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site_packages / "beside.pth").write_text("\n".join(sorted(paths)) + "\n", encoding="utf-8")
    return python.parent


def run(program: Path, *arguments: str | Path, cwd: Path) -> str:
    command = [str(program), *map(str, arguments)]
    # No variable of the tests may help it to find anything.
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        command,
        cwd=cwd,
        env=own,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_installed_wheel_converts(installed: Path, tmp_path: Path) -> None:
    code = "import tfjs_serve; print(tfjs_serve.__file__)"
    found = run(installed / "python", "-c", code, cwd=tmp_path)
    assert Path(found.strip()).is_relative_to(installed.parent)
    command = installed / "tfjs-serve"
    assert __version__ in run(command, "--version", cwd=tmp_path)
    for name in ("digits.h5", "sequences/brackets.h5"):
        cache = ("--cache-dir", tmp_path / "cache")
        out = tmp_path / Path(name).stem
        run(command, "convert", SAMPLE_MODELS / name, out, "--training", *cache, cwd=tmp_path)
        assert {"model.json", "training.js", "training.mjs"} <= {
            path.name for path in out.iterdir()
        }
