"""Shards whose bytes lie in the model file are asked for, and all others are written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfjs_serve.layers_model.digests import shard_name
from tfjs_serve.layers_model.model import ArraySource, LayersModel, LayersWeight
from tfjs_serve.layers_model.sharding import cut, plan_shards
from tfjs_serve.layers_model.writer import write_layers_model
from tfjs_serve.settings import KIB, ConversionOptions, Variant

FILE = np.random.default_rng(0).standard_normal(20_000, dtype=np.float32).tobytes()


@dataclass(frozen=True)
class Placed:
    """A weight that lies in `FILE`."""

    offset: int
    shape: tuple[int, ...]
    reads: list[int]
    dtype: str = "float32"

    @property
    def place(self) -> tuple[int, int]:
        return self.offset, 4 * self.shape[0]

    def blocks(self, max_bytes: int) -> Iterator[npt.NDArray[Any]]:
        self.reads.append(self.offset)
        yield np.frombuffer(FILE, np.float32, self.shape[0], self.offset)


@pytest.fixture
def reads() -> list[int]:
    """The offsets of the weights that were read and not copied."""
    return []


def model_of(reads: list[int], sizes: Sequence[int]) -> LayersModel:
    """Make a model of weights with these sizes in floats; those below zero must be computed."""
    weights, offset = [], 8
    for number, size in enumerate(sizes):
        source = Placed(offset, (size,), reads) if size > 0 else ArraySource(np.ones(-size, "f8"))
        offset += 4 * max(0, size)
        weights.append(LayersWeight(name=f"w{number}", source=source))
    return LayersModel(topology={"model_config": {}}, weights=tuple(weights), generated_by="x")


class Copying:
    """Copies pieces of `FILE` into a folder, as the parent does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[list[tuple[int, int]]] = []

    def __call__(self, files: Sequence[Sequence[tuple[int, int]]]) -> list[str]:
        self.asked = [list(pieces) for pieces in files]
        contents = [b"".join(FILE[at : at + size] for at, size in pieces) for pieces in files]
        digests = [hashlib.sha256(content).hexdigest() for content in contents]
        for digest, content in zip(digests, contents, strict=True):
            (self.folder / shard_name(digest)).write_bytes(content)
        return digests


@pytest.mark.parametrize(
    "sizes",
    [[500], [3000], [100, 200, 300], [-500, 700, -30, 900], [3000, -20], [-10, 5000, -10, 40]],
    ids=str,
)
@pytest.mark.parametrize("variant", [Variant.FULL, Variant.UINT8])
def test_the_same_files_with_and_without_copies(
    tmp_path: Path, reads: list[int], sizes: list[int], variant: Variant
) -> None:
    options = ConversionOptions(variant=variant, shard_size_bytes=4 * KIB)
    written = {}
    for name in ("with", "without"):
        folder = tmp_path / name
        folder.mkdir()
        copy = Copying(folder) if name == "with" else None
        model = model_of(reads, sizes)
        files = write_layers_model(model, folder, options, lambda *_: None, copy).files
        written[name] = (files, {path.name: path.read_bytes() for path in folder.iterdir()})
    assert written["with"] == written["without"]


def test_what_is_copied_is_not_read_and_neighbours_are_one_piece(
    tmp_path: Path, reads: list[int]
) -> None:
    options = ConversionOptions(shard_size_bytes=4 * KIB)
    copying = Copying(tmp_path)
    seen: list[tuple[int, int]] = []
    model = model_of(reads, [100, 200, 1000])
    write_layers_model(model, tmp_path, options, lambda *at: seen.append(at), copying)
    assert reads == []
    assert copying.asked == [[(8, 1200)], [(1208, 4000)]]
    assert seen[-1] == (5200, 5200)


@given(st.lists(st.integers(0, 50)), st.integers(1, 20))
def test_pieces_follow_each_other_without_a_gap(sizes: list[int], limit: int) -> None:
    shards = plan_shards(sizes, limit)
    pieces = cut(sizes, shards)
    assert tuple(sum(piece.size_bytes for piece in shard) for shard in pieces) == shards
    places = [0] * len(sizes)
    for piece in (piece for shard in pieces for piece in shard):
        assert piece.offset == places[piece.weight]
        places[piece.weight] += piece.size_bytes
    assert places == sizes
