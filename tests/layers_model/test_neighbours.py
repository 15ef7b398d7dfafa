from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tfjs_serve.facts.layers import TensorInfo
from tfjs_serve.facts.model import ModelFacts
from tfjs_serve.layers_model.model import LayersModel
from tfjs_serve.layers_model.neighbours import (
    Neighbour,
    describe,
    in_archive,
    note_on_labels,
    read_neighbours,
    write_neighbours,
)
from tfjs_serve.neighbours import MAXIMUM_NEIGHBOUR_BYTES


def model(metadata: dict[str, Any] | None = None) -> LayersModel:
    return LayersModel(
        topology={},
        weights=(),
        generated_by="keras",
        user_defined_metadata=metadata,
        warnings=("a",),
    )


def beside(name: str, data: bytes) -> Neighbour:
    return Neighbour(name=name, shown=f"cats.{name}", data=data)


def test_files_are_read_and_written_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "cats.labels.txt").write_bytes(b"\xff")
    read, notes = read_neighbours({"labels.txt": str(tmp_path / "cats.labels.txt")})
    assert (read, notes) == ((beside("labels.txt", b"\xff"),), ())
    (tmp_path / "out").mkdir()
    (written,) = write_neighbours(read, tmp_path / "out")
    assert (tmp_path / "out" / written.name).read_bytes() == b"\xff"


def test_what_has_become_something_else_since_it_was_found_is_left_out(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes here")
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(MAXIMUM_NEIGHBOUR_BYTES + 1)
    paths = {name: str(tmp_path / name) for name in ("gone", "pipe", "large")}
    read, notes = read_neighbours(paths)
    assert read == ()
    reasons = (
        "cannot be read",
        "cannot be read (it is not a regular file)",
        "has more than 16 MiB",
    )
    for name, note, reason in zip(paths, notes, reasons, strict=True):
        assert note.startswith(f"{name} is left out: it {reason}")


def test_what_is_beside_an_archive_replaces_what_is_in_it() -> None:
    contents = {"labels.txt": b"in", "metadata.json": b"{}"}
    (left,) = in_archive(contents, replaced_by=[beside("labels.txt", b"beside")])
    assert left == Neighbour(name="metadata.json", shown="assets/metadata.json", data=b"{}")


def test_how_inputs_and_outputs_are_nested_is_not_replaced() -> None:
    own = {"outputs": {"a": 0}}
    metadata = beside("metadata.json", b'{"outputs": 1, "inputs": 2}')
    described, used = describe(model(own), [metadata], {"facts": 3})
    assert described.user_defined_metadata == {"outputs": {"a": 0}, "inputs": 2, "facts": 3}
    assert used == (metadata,)
    first, note = described.warnings
    assert first == "a"
    assert "'outputs' is left out" in note


def test_metadata_that_is_given_counts_more_than_what_is_beside_the_model() -> None:
    labels = [beside("labels.json", b'["a"]'), beside("metadata.json", b'{"labels": ["c"]}')]
    assert describe(model(), labels, {})[0].user_defined_metadata == {"labels": ["a"]}
    described, _ = describe(model(), labels, {"labels": ["b"]})
    assert described.user_defined_metadata == {"labels": ["b"]}


def test_a_model_of_which_nothing_is_said_stays_as_it_is() -> None:
    assert describe(model(), [], {}) == (model(), ())


@pytest.mark.parametrize(
    ("count", "shapes", "is_told"),
    [
        *((3, [(None, 3)], False), (4, [(None, 3)], True), (2, [(None, 3)], True)),
        *((1, [(None, 1)], False), (2, [(None, 1)], False), (3, [(None, 1)], True)),
        *((0, [(None, 3)], False), (3, [(None, 8, 8, 5)], True), (3, [(None, None)], False)),
        *(
            (3, [(None, 4), (None, 4)], False),
            (3, [None], False),
            (3, [(4,)], False),
            (3, [], False),
        ),
    ],
)
def test_more_or_fewer_labels_than_numbers_are_told(
    count: int, shapes: list[tuple[int | None, ...] | None], is_told: bool
) -> None:
    outputs = tuple(TensorInfo(name="y", shape=shape, dtype="float32") for shape in shapes)
    labels = tuple(f"label {number}" for number in range(count))
    notes = note_on_labels(ModelFacts(outputs=outputs, labels=labels))
    assert bool(notes) is is_told
    if (count, shapes) == (3, [(None, 1)]):
        assert notes[0].startswith("It has 3 labels, but 1 number on the last axis of its output")
