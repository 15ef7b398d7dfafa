"""``tfjs-serve convert`` of large models, beside copying and reading them, and its memory."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from builds import Build
from keras_models import weights_of, write_model
from measuring import Cost, measured
from setting import Setting, interleaved
from tables import Goal, Row, Table, at_most

_MEBIBYTE = 1 << 20
_SMALLEST_MEGABYTES = 100
_MOST_MEMORY_MB = 150
_OFFICIAL = "official converter"
_OFFICIAL_MEGABYTES = {0.2: 1 / 30, 103.0: 1 / 20}
"""Sizes of the models that it converts too, and which part of its time is our goal."""

_IMPORT_H5PY = f'"{sys.executable}" -c "import h5py"'
_READ = """
import sys, h5py

def read(_name, item):  # returns None, or the visit would end
    if isinstance(item, h5py.Dataset):
        item[()]

with h5py.File(sys.argv[1], "r") as file:
    file.visititems(read)
"""
_NUMPY_PASS = """
import sys
import h5py
import numpy as np

def stored(weights, variant):
    if variant == "float16":
        return weights.astype("<f2")
    low, high = float(weights.min()), float(weights.max())
    scale = (high - low) / 255
    low = -round(-low / scale) * scale
    return np.clip(np.rint((weights.astype("f8") - low) / scale), 0, 255).astype("u1")

source, target, variant = sys.argv[1:]
with h5py.File(source, "r") as file, open(target, "wb") as out:
    group = file["model_weights"]
    for name in (f"dense_{number:03}" for number in range(len(group))):
        out.write(stored(group[f"{name}/{name}/kernel:0"][()], variant).data)
"""

Side = Callable[[Path, Path], Cost]
"""Makes something of a model file in an empty folder."""


def run(setting: Setting) -> Table:
    """Compare with the least that has to be done."""
    table = Table(
        "Converting large models",
        [
            "Whole commands, from start to end, into an empty folder and with an empty cache;",
            f"{setting.rounds_in_words}, the model in the page cache, nothing left to be written.",
            "Memory is the most that all processes of the command have at one time (their shares",
            "of what they use).",
        ],
    )
    conversions = _Conversions(table, setting)
    for megabytes in setting.megabytes:
        conversions.contiguous(megabytes)
    first = setting.megabytes[0]
    conversions.compressed(first)
    for variant in ("uint8", "float16"):
        conversions.quantized(first, variant)
    for megabytes in sorted({_SMALLEST_MEGABYTES, *setting.megabytes}):
        conversions.memory(megabytes)
    if setting.official:
        for size, factor in _OFFICIAL_MEGABYTES.items():
            conversions.beside_the_official_one(size, at_most(factor, _OFFICIAL))
    return table


class _Conversions:
    """Measures conversions, and enters them into the table."""

    def __init__(self, table: Table, setting: Setting) -> None:
        self._table = table
        self._setting = setting
        self._builds = {build.name: build for build in setting.builds}

    def contiguous(self, megabytes: int) -> None:
        rival = "cp + import h5py"
        row = self._table.row(f"convert, {megabytes} MiB", "s", at_most(1.3, rival))
        sides = {**self._converting(), rival: _copy}
        self._measure(row, megabytes * _MEBIBYTE, sides)

    def compressed(self, megabytes: int) -> None:
        rival = "reading with h5py"
        what = f"convert, {megabytes} MiB in chunks with gzip"
        row = self._table.row(what, "s", at_most(1.3, rival))
        sides = {**self._converting(), rival: _read}
        self._measure(row, megabytes * _MEBIBYTE, sides, compression="gzip")

    def quantized(self, megabytes: int, variant: str) -> None:
        rival = "one pass of NumPy"
        row = self._table.row(f"convert to @{variant}, {megabytes} MiB", "s", at_most(1.5, rival))

        def numpy_pass(model: Path, out: Path) -> Cost:
            command = [sys.executable, "-c", _NUMPY_PASS, model, out / "weights.bin", variant]
            return measured(command, sampled=False)

        sides = {**self._converting("--quantize", variant), rival: numpy_pass}
        self._measure(row, megabytes * _MEBIBYTE, sides, compared=True)

    def memory(self, megabytes: int) -> None:
        row = self._table.row(
            f"peak memory of convert, {megabytes} MiB", "MB", at_most(_MOST_MEMORY_MB)
        )
        size_bytes = megabytes * _MEBIBYTE
        with self._setting.folder(needed_bytes=3 * size_bytes) as folder:
            model = write_model(folder / "model.h5", size_bytes)
            for name, build in self._builds.items():
                cost = _in_empty_folder(_converting(build, sampled=True), model, folder)
                self._table.add(row, name, cost.peak_bytes / 1e6)

    def beside_the_official_one(self, megabytes: float, goal: Goal) -> None:
        program = self._setting.official

        def official(model: Path, out: Path) -> Cost:
            options = ["--input_format=keras", "--output_format=tfjs_layers_model"]
            return measured([str(program), *options, model, out / "model"], sampled=False)

        row = self._table.row(f"convert, {megabytes:g} MB, beside the official one", "s", goal)
        sides = {**self._converting(), _OFFICIAL: official}
        self._measure(row, int(megabytes * 1e6), sides)

    def _converting(self, *options: str) -> dict[str, Side]:
        return {name: _converting(build, *options) for name, build in self._builds.items()}

    def _measure(
        self,
        row: Row,
        size_bytes: int,
        sides: Mapping[str, Side],
        *,
        compression: str | None = None,
        compared: bool = False,
    ) -> None:
        """Measure all sides in turn; those that are `compared` must make the same bytes."""
        with self._setting.folder(needed_bytes=4 * size_bytes) as folder:
            model = write_model(folder / "model.h5", size_bytes, compression=compression)
            expected = None if compared else _digest(weights_of(model))
            for number, name in interleaved(list(sides), self._setting.rounds):
                cost = _in_empty_folder(sides[name], model, folder, keep=number == 0)
                self._table.add(row, name, cost.seconds)
                made = _digest_made(folder / "out") if number == 0 else None
                if made and expected not in {None, made}:
                    raise SystemExit(f"{name} made other weights: {row.what}")
                expected = expected or made


def _in_empty_folder(side: Side, model: Path, folder: Path, *, keep: bool = False) -> Cost:
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    os.sync()  # what was written before is not to slow this one down
    cost = side(model, out)
    if cost.exit_code:
        raise SystemExit(cost.printed)
    if not keep:
        shutil.rmtree(out)
    return cost


def _converting(build: Build, *options: str, sampled: bool = False) -> Side:
    def convert(model: Path, out: Path) -> Cost:
        arguments = ("convert", model, out / "model", "--cache-dir", out / "cache", *options)
        return build.measured(*arguments, sampled=sampled)

    return convert


def _copy(model: Path, out: Path) -> Cost:
    command = f'cp "{model}" "{out}" && {_IMPORT_H5PY}'
    return measured(["sh", "-c", command], sampled=False)


def _read(model: Path, _out: Path) -> Cost:
    return measured([sys.executable, "-c", _READ, model], sampled=False)


def _digest_made(out: Path) -> str | None:
    """Return the digest of the weights that were made, ``None`` if there are none."""
    if (out / "weights.bin").exists():
        return _digest([(out / "weights.bin").read_bytes()])
    document = out / "model" / "model.json"
    if not document.exists():
        return None
    groups = json.loads(document.read_bytes())["weightsManifest"]
    paths = [path for group in groups for path in group["paths"]]
    return _digest((out / "model" / path).read_bytes() for path in paths)


def _digest(pieces: Iterable[Any]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()
