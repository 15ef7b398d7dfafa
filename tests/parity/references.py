"""What Keras computes on its jax backend, which takes it minutes, kept in ``tests/fixtures/``.

``python -m tests.parity.references`` writes the archives anew, and with names after it only these.
Each says of which Keras and of which cases it is; for others, the tests compute what they need.
"""

from __future__ import annotations

import hashlib
import inspect
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import keras

from . import compiled, gradients, training_models
from .keras3 import built

ROOT = Path(__file__).parents[2]
MAKERS = {
    module.__name__.rpartition(".")[2]: module for module in (compiled, gradients, training_models)
}
"""Modules that write references into a folder when they are run."""
SAME_DATE = (2020, 1, 1, 0, 0, 0)


def archive_of(name: str) -> Path:
    return ROOT / "tests" / "fixtures" / f"jax-{name}.zip"


def references(name: str, folder: Path) -> Path:
    """Return the folder with what the maker called `name` writes into it."""
    with zipfile.ZipFile(archive_of(name)) as archive:
        if archive.comment.decode() == label(name):
            archive.extractall(folder)
            return folder
    return computed(name, folder)


def computed(name: str, folder: Path, *only: str) -> Path:
    """Run a maker in a process of its own, because a backend is for good."""
    command = [sys.executable, "-m", MAKERS[name].__name__, str(folder), *only]
    subprocess.run(command, check=True, cwd=ROOT)
    return folder


def label(name: str) -> str:
    """Return of which Keras and of which cases the references are."""
    digest = hashlib.sha256(inspect.getsource(MAKERS[name]).encode())
    for part in _cases() if name == "gradients" else ():
        digest.update(part)
    return f"Keras {keras.__version__}, {digest.hexdigest()}"


def _cases() -> Iterator[bytes]:
    """Yield what ``gradients.py`` takes from tables that have much more."""
    for case in gradients.training_cases():
        model = built(case.build)
        case.prepare(case.id, model)
        arrays = (*model.get_weights(), *case.inputs(case.id, model))
        yield from (case.id.encode(), model.to_json().encode(), *(one.tobytes() for one in arrays))


def write(name: str) -> None:
    """Compute what a maker writes, and keep it."""
    with tempfile.TemporaryDirectory() as folder:
        keep(name, computed(name, Path(folder)))


def keep(name: str, folder: Path) -> None:
    """Write the archive of what is in the folder."""
    with zipfile.ZipFile(archive_of(name), "w") as archive:
        archive.comment = label(name).encode()
        for path in sorted(folder.iterdir()):
            entry = zipfile.ZipInfo(path.name, SAME_DATE)
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, compresslevel=9)


def main() -> None:
    for name in sys.argv[1:] or MAKERS:
        write(name)


if __name__ == "__main__":
    main()
