"""Files beside a model that become part of it: copies of them, and what a page reads in the model.

A page reads labels and metadata of a Keras model with ``model.getUserDefinedMetadata()``. What
cannot be used is left out with a note: a model is not refused because of its labels.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from io import BufferedReader
from pathlib import Path

from tfjs_serve.facts.checks import MOST_CHARACTERS
from tfjs_serve.facts.model import MOST_LABELS, ModelFacts
from tfjs_serve.facts.wording import counted
from tfjs_serve.layers_model.files import write_file
from tfjs_serve.layers_model.model import Json, LayersModel, WrittenFile
from tfjs_serve.neighbours import (
    LABELS_JSON,
    LABELS_TXT,
    MAXIMUM_NEIGHBOUR_BYTES,
    METADATA_JSON,
    size_problem,
)
from tfjs_serve.source_files import open_source
from tfjs_serve.untrusted_json import parse_strict_json

_LABELS = "labels"
_BINARY = 2
_NUMBERED = re.compile(r"([0-9]+) (.*\S.*)")
_LINE_END = re.compile(r"\r\n|\n|\r")


class UnusableNeighbourError(Exception):
    """Why a file is left out, as the rest of a sentence about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A file that becomes part of a model.

    Attributes
    ----------
    name
        Under which it is served.
    shown
        What messages call it.
    data
        What it contains.
    """

    name: str
    shown: str
    data: bytes


def read_neighbours(
    paths: Mapping[str, str],
) -> tuple[tuple[Neighbour, ...], tuple[str, ...]]:
    """Read the files at `paths`, which are given by the names under which they are served.

    Returns
    -------
    tuple
        What was read, and a note for each file that cannot be.
    """
    read, notes = [], []
    for name, path in paths.items():
        shown = Path(path).name
        try:
            read.append(Neighbour(name=name, shown=shown, data=_read(path)))
        except UnusableNeighbourError as problem:
            notes.append(_left_out(shown, problem))
    return tuple(read), tuple(notes)


def in_archive(
    contents: Mapping[str, bytes], *, replaced_by: Iterable[Neighbour]
) -> tuple[Neighbour, ...]:
    """Return the files in an archive's assets that are not `replaced_by` others."""
    replaced = {one.name for one in replaced_by}
    return tuple(
        Neighbour(name=name, shown=f"assets/{name}", data=data)
        for name, data in contents.items()
        if name not in replaced
    )


def write_neighbours(neighbours: Iterable[Neighbour], directory: Path) -> tuple[WrittenFile, ...]:
    """Write files as they are. Raises :class:`StoreError`."""
    return tuple(write_file(directory, one.name, one.data) for one in neighbours)


def describe(
    model: LayersModel, neighbours: Iterable[Neighbour], metadata: Mapping[str, Json]
) -> tuple[LayersModel, tuple[Neighbour, ...]]:
    """Return `model` with everything that is said about it, and the neighbours that can be used.

    Parameters
    ----------
    metadata
        Further members of ``userDefinedMetadata``, which replace those of the neighbours.
    """
    members, used, notes = _members_of(neighbours)
    members |= metadata
    own = model.user_defined_metadata or {}
    notes += [_taken(key) for key in own if key in members]
    described = replace(
        model,
        user_defined_metadata={**members, **own} or None,
        warnings=(*model.warnings, *notes),
    )
    return described, tuple(used)


def labels_beside(neighbours: Iterable[Neighbour]) -> tuple[str, ...]:
    """Return the class labels in the files beside the ``model.json`` of a folder."""
    members, _, _ = _members_of(one for one in neighbours if one.name in _MEMBERS)
    return labels_in(members)


def labels_in(members: Json) -> tuple[str, ...]:
    """Return the class labels in ``userDefinedMetadata``, if they are texts of usual length."""
    labels = members.get(_LABELS) if isinstance(members, dict) else None
    if not isinstance(labels, list) or len(labels) > MOST_LABELS:
        return ()
    are_texts = all(isinstance(one, str) and len(one) <= MOST_CHARACTERS for one in labels)
    return tuple(labels) if are_texts else ()


def note_on_labels(facts: ModelFacts) -> tuple[str, ...]:
    """Return a note if the labels of a model are more or fewer than the numbers of its output.

    Two labels may stand for the one probability of a yes.
    """
    (shape, *more) = [output.shape or () for output in facts.outputs] or [()]
    count, size = len(facts.labels), shape[-1] if len(shape) > 1 else None
    if not count or more or size in (None, count) or (size == 1 and count == _BINARY):
        return ()
    return (
        f"It has {counted(count, 'label')}, but {counted(size, 'number')} on the last axis of its "
        "output: some labels are missing, or they belong to another model.",
    )


def _members_of(
    neighbours: Iterable[Neighbour],
) -> tuple[dict[str, Json], list[Neighbour], list[str]]:
    """Return what the files say, those that can be used, and a note for each other one."""
    members: dict[str, Json] = {}
    used, notes = [], []
    for neighbour in sorted(neighbours, key=lambda one: _ORDER.index(one.name)):
        try:
            members |= _MEMBERS[neighbour.name](neighbour.data)
            used.append(neighbour)
        except UnusableNeighbourError as problem:
            notes.append(_left_out(neighbour.shown, problem))
    return members, used, notes


def _taken(key: str) -> str:
    return (
        f"{key!r} is left out of the model's metadata: "
        f"userDefinedMetadata.{key} tells how the model's {key} are nested"
    )


def _left_out(shown: str, problem: UnusableNeighbourError) -> str:
    return f"{shown} is left out: it {problem}"


def _read(path: str) -> bytes:
    """Return the bytes of a small regular file."""
    try:
        with BufferedReader(open_source(path)) as file:
            data = file.read(MAXIMUM_NEIGHBOUR_BYTES + 1)
    except OSError as error:
        raise UnusableNeighbourError(f"cannot be read ({error.strerror})") from error
    return _limited(data)


def _limited(data: bytes) -> bytes:
    problem = size_problem(len(data))
    if problem is not None:
        raise UnusableNeighbourError(problem)
    return data


def _text(data: bytes) -> str:
    try:
        return _limited(data).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnusableNeighbourError("is not in UTF-8; save it with that encoding") from None


def _json(data: bytes) -> Json:
    try:
        return parse_strict_json(_text(data))
    except ValueError as error:
        raise UnusableNeighbourError(f"is not valid JSON ({error})") from error


def _lines(data: bytes) -> dict[str, Json]:
    """Return one label for each line; lines at the end that are empty are none."""
    lines = _LINE_END.split(_text(data))
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise UnusableNeighbourError("holds no labels: write one in each line")
    return {_LABELS: _without_numbers(lines)}


def _without_numbers(lines: list[str]) -> Json:
    """Return the names alone if every line has its own index before it, from 0 on.

    Teachable Machine writes such files, and its own example leaves the numbers out.
    """
    numbered = [_NUMBERED.fullmatch(line) for line in lines]
    names = [one[2] for at, one in enumerate(numbered) if one and one[1] == str(at)]
    return names if len(names) == len(lines) else lines


def _labels(data: bytes) -> dict[str, Json]:
    """Return the labels of a JSON file so that ``labels[index]`` is one.

    They may be a list, or the member ``labels`` of an object, or an object: from labels to indices,
    as ``class_indices`` of Keras's generators, or from indices to labels.
    """
    value = _json(data)
    if isinstance(value, dict) and isinstance(value.get(_LABELS), list | dict):
        value = value[_LABELS]
    if not value or not isinstance(value, list | dict):
        raise UnusableNeighbourError('holds no labels: write a list, such as ["cat", "dog"]')
    return {_LABELS: _by_index(value) if isinstance(value, dict) else value}


def _by_index(labels: dict[str, Json]) -> Json:
    """Return a list if either the values or the keys are the indices from 0 on."""
    indices = [str(index) for index in range(len(labels))]
    if all(type(index) is int for index in labels.values()):
        labels = {str(index): label for label, index in labels.items()}
    if set(labels) == set(indices):
        return [labels[index] for index in indices]
    raise UnusableNeighbourError(
        f"does not number its labels from 0 to {len(indices) - 1}, each once"
    )


def _members(data: bytes) -> dict[str, Json]:
    value = _json(data)
    if not isinstance(value, dict):
        raise UnusableNeighbourError('is not an object, such as {"author": "me"}')
    return value


_MEMBERS: Mapping[str, Callable[[bytes], dict[str, Json]]] = {
    METADATA_JSON: _members,
    LABELS_TXT: _lines,
    LABELS_JSON: _labels,
}
_ORDER = tuple(_MEMBERS)
"""Labels come after the metadata, because they count more than those in there."""
