"""Measure what installing tfjs-serve costs: seconds, megabytes, packages.

    python3 bench/install.py               the package
    python3 bench/install.py --official    the official converter too, in the same run

Each goes into an empty virtual environment of its own. Nothing is asserted. The first run also
downloads; pip's cache makes later ones faster, so measure with ``--no-cache`` to compare.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FRAMEWORKS = ("tensorflow", "tensorflow_cpu", "keras", "tf_keras", "jax", "torch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """Cost of one ``pip install``; what pip itself takes up is not counted."""

    title: str
    seconds: float
    size_bytes: int
    packages: tuple[str, ...]

    @property
    def frameworks(self) -> tuple[str, ...]:
        """The machine learning frameworks among the packages."""
        names = {name.partition("-")[0] for name in self.packages}
        return tuple(name for name in FRAMEWORKS if name in names)

    def __str__(self) -> str:
        megabytes = self.size_bytes / 1e6
        frameworks = ", ".join(self.frameworks) or "none"
        count = len(self.packages)
        return (
            f"{self.title:<14}{self.seconds:7.1f} s {megabytes:9.1f} MB {count:5d} packages, "
            f"frameworks: {frameworks}"
        )


def size_bytes(folder: Path) -> int:
    """Return the sum of the sizes of all files below `folder`."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files)


def packages_in(site_packages: Path) -> set[str]:
    """Return the installed distributions, as ``name-version``."""
    return {path.stem for path in site_packages.glob("*.dist-info")}


def measure(title: str, requirements: Sequence[str], pip_options: Sequence[str]) -> Measurement:
    """Install `requirements` into a new virtual environment."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        python = Path(
            folder, *(("Scripts", "python.exe") if os.name == "nt" else ("bin", "python"))
        )
        (site_packages,) = Path(folder).rglob("site-packages")
        before_bytes, before = size_bytes(site_packages), packages_in(site_packages)
        command = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        start = time.monotonic()
        subprocess.run([*command, *pip_options, *requirements], check=True)
        seconds = time.monotonic() - start
        return Measurement(
            title=title,
            seconds=seconds,
            size_bytes=size_bytes(site_packages) - before_bytes,
            packages=tuple(sorted(packages_in(site_packages) - before)),
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--official", action="store_true", help="measure tensorflowjs as well")
    parser.add_argument("--no-cache", action="store_true", help="download everything")
    options = parser.parse_args()
    pip_options = ["--no-cache-dir"] if options.no_cache else []
    print(measure("tfjs-serve", [str(ROOT)], pip_options), flush=True)
    if options.official:
        print(measure("tensorflowjs", ["tensorflowjs"], pip_options), flush=True)


if __name__ == "__main__":
    main()
